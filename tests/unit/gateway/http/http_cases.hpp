#pragma once
// The framing cases of tests/http/cases.json as values. Every character of `send` is one byte.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway::test {

enum class closing { closes, stays, either };

struct http_case {
    std::string id;
    std::string level;
    std::string send;
    std::string later;
    bool half_closes = false;
    bool has_fill = false;
    std::vector<int> status;
    closing close = closing::either;
    std::size_t answers = 1;
    bool may_be_silent = false;
    std::optional<bool> interim;  ///< must come, must not come
    std::optional<std::string> body;
    std::vector<std::string> has;
};

[[nodiscard]] std::vector<http_case> load_http_cases();

/// What came back on a connection.
struct heard_answers {
    std::vector<int> status;
    std::size_t interims = 0;
    bool is_malformed = false;
    std::string last_head;
    std::string last_body;
};

/// Splits the bytes of a connection into answers.
[[nodiscard]] heard_answers parse_answers(std::string_view bytes,
                                          const std::vector<bool>& head_only);

/// Empty when the answers are what the case expects, else what is wrong.
[[nodiscard]] std::string judge(const http_case& wanted, const heard_answers& heard,
                                bool was_closed);

}  // namespace sluice::gateway::test
