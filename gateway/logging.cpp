#include "gateway/logging.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace sluice::gateway {

namespace {

/// The message with quotes, backslashes and control bytes escaped; safe inside a JSON string.
class escaped_message final : public spdlog::custom_flag_formatter {
public:
    explicit escaped_message(bool for_json) : for_json_(for_json) {}

    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override
    {
        for (const char c : message.payload) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || byte == 0x7f) {
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
            } else {
                if (for_json_ && (c == '"' || c == '\\')) out.push_back('\\');
                out.push_back(c);
            }
        }
    }

    std::unique_ptr<custom_flag_formatter> clone() const override
    {
        return std::make_unique<escaped_message>(for_json_);
    }

private:
    bool for_json_;
};

}  // namespace

void set_up_logging(std::string_view level, std::string_view format)
{
    const bool is_json = format == "json";
    auto logger = spdlog::stderr_logger_mt("sluice");
    auto pattern = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    pattern->add_flag<escaped_message>('*', is_json);
    pattern->set_pattern(is_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","message":"%*"})"
                                 : "%Y-%m-%dT%H:%M:%S.%eZ %l %*");
    logger->set_formatter(std::move(pattern));
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::info);
    spdlog::drop("");
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace sluice::gateway
