#include "datasets/spool/refused_events.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets {

namespace {

void append_text(std::string& out, std::string_view text)
{
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", c);
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_field(std::string& out, std::string_view name, std::string_view text)
{
    append_text(out, name);
    out += ':';
    append_text(out, text);
    out += ',';
}

/// The event as it is; line ends, which JSON allows between tokens only, would end the line.
std::string line_of(const partition_ref& from, const new_record& event, std::string_view reason)
{
    std::string line = "{";
    append_field(line, "dataset", from.dataset.value());
    line += fmt::format("\"partition\":{},", from.partition.value());
    append_field(line, "id", event.id);
    if (event.key) append_field(line, "key", *event.key);
    append_field(line, "datastream", event.datastream);
    append_field(line, "source", event.source);
    append_field(line, "received_at", format_time(event.received_at));
    append_field(line, "reason", reason);
    line += "\"event\":";
    for (const char c : event.content) line += c == '\n' || c == '\r' ? ' ' : c;
    line += "}\n";
    return line;
}

failure broken(const std::string& file)
{
    return {make_error_code(log_errc::io),
            fmt::format("{} can't be written: {}", file, std::strerror(errno))};
}

/// A file or folder; closed with its owner.
class opened {
public:
    explicit opened(int handle) : handle_(handle) {}
    ~opened()
    {
        if (handle_ >= 0) ::close(handle_);
    }
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return handle_ >= 0; }
    [[nodiscard]] bool sync() const { return ::fsync(handle_) == 0; }
    [[nodiscard]] bool write(std::string_view bytes) const
    {
        while (!bytes.empty()) {
            const auto written = ::write(handle_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return sync();
    }

private:
    const int handle_;
};

}  // namespace

result<void> refused_events::keep(const partition_ref& from, const new_record& event,
                                  std::string_view reason) const
{
    const opened file(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!file.is_open() || !file.write(line_of(from, event, reason))) return broken(file_);
    // the file itself may be new
    const auto folder = std::filesystem::absolute(file_).parent_path();
    const opened holder(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!holder.is_open() || !holder.sync()) return broken(file_);
    return {};
}

}  // namespace sluice::datasets
