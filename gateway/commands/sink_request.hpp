#pragma once
// One HTTP/1.1 request read from a buffer, for the test receiver. It trusts its peer (our own
// client or a load generator on the same machine), so it is short and fast where gateway/http is
// strict. Pure functions over the caller's buffer; the views of a request live as long as that
// buffer.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gateway {

struct sink_request {
    std::string_view method;
    std::string_view target;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;  ///< in the buffer, or in `assembled` when the body was chunked
    std::string assembled;
    bool keep_alive = true;
    bool expects_continue = false;

    /// First header of that name, ASCII case ignored; empty when absent.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

enum class sink_parse : std::uint8_t { need_more, complete, bad };

/// Reads the first request of `buffer`. `complete`: `into` is filled and `used` bytes belong to it.
/// `need_more`: `into.expects_continue` says whether the peer waits for `100 Continue`.
[[nodiscard]] sink_parse parse_sink_request(std::string_view buffer, sink_request& into,
                                            std::size_t& used);

}  // namespace sluice::gateway
