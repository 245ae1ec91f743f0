#include "gateway/commands/sink_recorder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace sluice::gateway {

namespace {

/// A receiver of paths with ids in them must not grow without bound.
constexpr std::size_t distinct_paths_max = 10'000;
constexpr std::string_view other_paths = "(other)";

std::string json_string(std::string_view text)
{
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string rfc3339(wall_time at)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at - seconds).count();
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
        fmt::gmtime(std::chrono::system_clock::to_time_t(
            std::chrono::time_point_cast<std::chrono::system_clock::duration>(seconds))),
        micros);
}

std::string lower_case(std::string_view text)
{
    std::string lowered(text);
    for (char& c : lowered) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return lowered;
}

std::string headers_json(const sink_request& request)
{
    std::map<std::string, std::string> joined;
    for (const auto& [name, value] : request.headers) {
        auto& text = joined[lower_case(name)];
        if (!text.empty()) text += ", ";
        text += value;
    }
    std::string json = "{";
    for (const auto& [name, value] : joined) {
        if (json.size() > 1) json += ',';
        json += json_string(name) + ':' + json_string(value);
    }
    return json + '}';
}

std::string body_json(std::string_view body)
{
    if (body.empty()) return "null";
    if (!nlohmann::json::accept(body)) return json_string(body);
    // A line end in valid JSON is always blank space between tokens; a record must stay on one
    // line.
    std::string one_line(body);
    std::replace(one_line.begin(), one_line.end(), '\n', ' ');
    std::replace(one_line.begin(), one_line.end(), '\r', ' ');
    return one_line;
}

}  // namespace

std::string to_ndjson(const sink_request& request, int status, wall_time at)
{
    return fmt::format(
        R"({{"time":"{}","method":{},"target":{},"headers":{},"body":{},"status":{}}})",
        rfc3339(at), json_string(request.method), json_string(request.target),
        headers_json(request), body_json(request.body), status);
}

result<std::unique_ptr<sink_recorder>> sink_recorder::open(const sink_recorder_settings& settings)
{
    std::unique_ptr<sink_recorder> recorder(new sink_recorder(settings));
    if (settings.count_only) return recorder;
    if (settings.file == "-") {
        recorder->out_ = stdout;
        return recorder;
    }
    recorder->out_ = std::fopen(settings.file.c_str(), "ae");
    if (recorder->out_ == nullptr) {
        const int error = errno;
        return failure{
            boost::system::error_code(error, boost::system::system_category()),
            fmt::format("can't write to {}: {}; name a file in a folder that exists and is "
                        "writable, or - for stdout",
                        settings.file, std::strerror(error))};
    }
    recorder->owns_out_ = true;
    return recorder;
}

sink_recorder::~sink_recorder()
{
    flush();
    if (owns_out_) std::fclose(out_);
}

void sink_recorder::record(const sink_request& request, int status, wall_time at)
{
    ++requests_;
    body_bytes_ += request.body.size();
    ++by_status_[status];
    const auto path = request.target.substr(0, request.target.find('?'));
    if (const auto known = by_path_.find(path); known != by_path_.end()) {
        ++known->second;
    } else {
        ++by_path_[std::string(by_path_.size() < distinct_paths_max ? path : other_paths)];
    }
    if (settings_.count_only) return;

    auto line = to_ndjson(request, status, at);
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fputc('\n', out_);
    dirty_ = true;
    if (settings_.keep == 0) return;
    if (last_.size() == settings_.keep) last_.pop_front();
    last_.push_back(std::move(line));
}

void sink_recorder::flush()
{
    if (dirty_) std::fflush(out_);
    dirty_ = false;
}

std::string sink_recorder::stats_json() const
{
    nlohmann::json paths = nlohmann::json::object();
    for (const auto& [path, count] : by_path_) paths[path] = count;
    nlohmann::json statuses = nlohmann::json::object();
    for (const auto& [status, count] : by_status_) statuses[std::to_string(status)] = count;
    const nlohmann::json stats = {{"requests", requests_},
                                  {"body_bytes", body_bytes_},
                                  {"by_path", std::move(paths)},
                                  {"by_status", std::move(statuses)}};
    return stats.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string sink_recorder::requests_json(std::size_t count) const
{
    std::string json = "[";
    const auto first = last_.size() > count ? last_.size() - count : 0;
    for (auto i = first; i < last_.size(); ++i) {
        if (i != first) json += ',';
        json += last_[i];
    }
    return json + ']';
}

}  // namespace sluice::gateway
