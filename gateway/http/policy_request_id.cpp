#include "gateway/http/policy_request_id.hpp"

#include <algorithm>
#include <ctime>

#include "gateway/http/ascii.hpp"

namespace sluice::gateway {
namespace {

constexpr std::size_t client_id_bytes_max = 64;
constexpr byte_set id_bytes = make_byte_set("-._");

bool is_plain(std::string_view id) noexcept
{
    return !id.empty() && id.size() <= client_id_bytes_max &&
           std::all_of(id.begin(), id.end(), [](char c) { return contains(id_bytes, c); });
}

void append_hex(std::string& out, std::uint64_t value, int digits)
{
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
        out.push_back("0123456789abcdef"[(value >> shift) & 15]);
    }
}

}  // namespace

/// Seconds in front, so that ids sort by time; behind them a bijection of a counter, so that none
/// repeats.
void request_id_source::next(std::string& out)
{
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    out.clear();
    append_hex(out, static_cast<std::uint64_t>(std::time(nullptr)), 8);
    append_hex(out, mixed ^ (mixed >> 31), 16);
}

bool assign_request_id(policy_context& context, http_response&)
{
    const auto sent = context.request.header("x-request-id");
    if (is_plain(sent)) {
        context.request_id.assign(sent);
    } else {
        context.ids.next(context.request_id);
    }
    context.request.request_id = context.request_id;
    return true;
}

}  // namespace sluice::gateway
