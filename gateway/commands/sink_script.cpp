#include "gateway/commands/sink_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::gateway {

namespace {

template <class T>
std::optional<T> to_number(std::string_view text)
{
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
    return value;
}

failure bad_usage(std::string message)
{
    return {boost::system::errc::make_error_code(boost::system::errc::invalid_argument),
            std::move(message)};
}

}  // namespace

result<status_sequence> status_sequence::parse(std::string_view text)
{
    status_sequence sequence;
    while (true) {
        const auto comma = text.find(',');
        const auto item = text.substr(0, comma);
        const auto times = item.find('x');
        const auto status = to_number<int>(item.substr(0, times));
        const auto count = times == std::string_view::npos
                               ? std::optional<std::uint64_t>{1}
                               : to_number<std::uint64_t>(item.substr(times + 1));
        if (!status || *status < 200 || *status > 599 || !count || *count == 0) {
            return bad_usage(
                fmt::format("`{}` is no list of statuses; write statuses from 200 to 599, each "
                            "with an optional "
                            "count, such as 503x3,200",
                            item));
        }
        sequence.parts_.push_back({*status, *count});
        if (comma == std::string_view::npos) return sequence;
        text.remove_prefix(comma + 1);
    }
}

int status_sequence::next() noexcept
{
    if (parts_.empty()) return 200;
    if (used_ >= parts_[current_].count && current_ + 1 < parts_.size()) {
        ++current_;
        used_ = 0;
    }
    ++used_;
    return parts_[current_].status;
}

result<std::chrono::milliseconds> parse_sink_duration(std::string_view text)
{
    const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = to_number<std::int64_t>(text.substr(0, unit_at));
    const auto unit = text.substr(unit_at);
    if (number && *number < 86'400'000) {
        if (unit.empty() || unit == "ms") return std::chrono::milliseconds{*number};
        if (unit == "s") return std::chrono::milliseconds{*number * 1000};
        if (unit == "m") return std::chrono::milliseconds{*number * 60'000};
    }
    return bad_usage(fmt::format("`{}` is no duration; write for example 50ms, 2s or 1m", text));
}

result<sink_script> sink_script::make(const sink_script_settings& settings)
{
    sink_script script;
    script.settings_ = settings;
    auto otherwise = status_sequence::parse(settings.status);
    if (!otherwise) return otherwise.error();
    script.otherwise_ = *otherwise;
    auto delay = parse_sink_duration(settings.delay);
    if (!delay) return delay.error();
    script.delay_ = *delay;
    if (settings.fail_share < 0.0 || settings.fail_share > 1.0) {
        return bad_usage("the share of failures must lie between 0 and 1");
    }
    for (const auto& text : settings.on) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0 || text.front() != '/') {
            return bad_usage(
                fmt::format("`{}` is no script of a path; write for example /crm=503x2,200", text));
        }
        auto statuses = status_sequence::parse(std::string_view(text).substr(equals + 1));
        if (!statuses) return statuses.error();
        script.paths_.push_back({text.substr(0, equals), *statuses});
    }
    std::stable_sort(script.paths_.begin(), script.paths_.end(), [](const auto& a, const auto& b) {
        return a.prefix.size() > b.prefix.size();
    });
    return script;
}

sink_answer sink_script::answer(std::string_view target, random_source& random)
{
    const auto path = std::find_if(paths_.begin(), paths_.end(), [&](const path_script& p) {
        return target.starts_with(p.prefix);
    });
    sink_answer answer;
    answer.status = path == paths_.end() ? otherwise_.next() : path->statuses.next();
    if (settings_.fail_share > 0.0 && answer.status < 300) {
        const double draw = static_cast<double>(random.next() >> 11) * 0x1.0p-53;
        if (draw < settings_.fail_share) answer.status = settings_.fail_status;
    }
    answer.delay = delay_;
    answer.hang = settings_.hang;
    if (answer.status >= 300) answer.retry_after = settings_.retry_after;
    return answer;
}

}  // namespace sluice::gateway
