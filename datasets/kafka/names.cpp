#include "datasets/kafka/names.hpp"

#include <fmt/format.h>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

namespace {

constexpr std::size_t topic_bytes_max = 249;  // Kafka's own limit

bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_';
}

std::optional<unsigned> hex_value(std::string_view two)
{
    unsigned value = 0;
    for (char c : two) {
        if (c >= '0' && c <= '9') {
            value = value * 16 + static_cast<unsigned>(c - '0');
        } else if (c >= 'A' && c <= 'F') {
            value = value * 16 + static_cast<unsigned>(c - 'A') + 10;
        } else {
            return std::nullopt;
        }
    }
    return value;
}

/// Replaces `mark` and two hexadecimal digits by the byte they stand for.
std::optional<std::string> decode(std::string_view text, std::string_view mark)
{
    std::string out;
    while (!text.empty()) {
        if (!text.starts_with(mark)) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        text.remove_prefix(mark.size());
        if (text.size() < 2) return std::nullopt;
        const auto value = hex_value(text.substr(0, 2));
        if (!value) return std::nullopt;
        out += static_cast<char>(*value);
        text.remove_prefix(2);
    }
    return out;
}

}  // namespace

result<std::string> names::topic_of(const dataset_name& dataset) const
{
    const std::string_view name = dataset.value();
    auto topic = prefix_;
    for (std::size_t i = 0; i < name.size(); ++i) {
        // a dash before an x would look like an escape
        const bool is_kept = name[i] == '-' ? name.substr(i + 1, 1) != "x" : is_plain(name[i]);
        if (is_kept) {
            topic += name[i];
        } else {
            topic += fmt::format("-x{:02X}", static_cast<unsigned char>(name[i]));
        }
    }
    if (name.empty() || topic.size() > topic_bytes_max || topic == documents_topic()) {
        return failure{
            make_error_code(log_errc::unknown_dataset),
            fmt::format("dataset \"{}\" can't be a Kafka topic: \"{}\" is {}; choose "
                        "another name or `topic_prefix`",
                        name, topic,
                        topic == documents_topic() ? "the topic of the gateway's own documents"
                                                   : "empty or longer than 249 bytes")};
    }
    return topic;
}

std::optional<dataset_name> names::dataset_of(std::string_view topic) const
{
    if (!topic.starts_with(prefix_) || topic == documents_topic()) return std::nullopt;
    auto name = decode(topic.substr(prefix_.size()), "-x");
    if (!name || name->empty()) return std::nullopt;
    return dataset_name{std::move(*name)};
}

std::string names::group_of(const cursor_name& cursor) const
{
    const std::string_view name = cursor.value();
    const auto slash = name.find('/');
    auto group = prefix_;
    for (char c : name.substr(0, slash)) {
        if (c == '.' || c == '%') {
            group += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            group += c;
        }
    }
    if (slash != std::string_view::npos) {
        group += '.';
        group += name.substr(slash + 1);
    }
    return group;
}

std::optional<cursor_name> names::cursor_of(std::string_view group) const
{
    if (!group.starts_with(prefix_)) return std::nullopt;
    group.remove_prefix(prefix_.size());
    const auto dot = group.find('.');
    auto name = decode(group.substr(0, dot), "%");
    if (!name || name->empty() || *name == "_logs") return std::nullopt;
    if (dot != std::string_view::npos) {
        *name += '/';
        *name += group.substr(dot + 1);
    }
    return cursor_name{std::move(*name)};
}

}  // namespace sluice::datasets::kafka
