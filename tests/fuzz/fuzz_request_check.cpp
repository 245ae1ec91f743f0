// Fuzz target: bytes of a connection through the session's machine, in one piece and in two. Both
// must give the same answers, whatever the bytes are.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/http/session_machine.hpp"

namespace {

using namespace sluice::gateway;

struct peer {
    peer() : machine(tools, "127.0.0.1") {}

    bool feed(std::string_view bytes)
    {
        for (;;) {
            switch (machine.next()) {
                case session_step::read: {
                    if (bytes.empty()) return false;
                    const auto room = machine.room();
                    const auto count = std::min(room.size(), bytes.size());
                    std::copy_n(bytes.data(), count, room.data());
                    machine.on_read(count);
                    bytes.remove_prefix(count);
                    break;
                }
                case session_step::call:
                    served.append(machine.request().method).append(machine.request().target);
                    served.append(machine.request().body).push_back('\n');
                    machine.on_response({});
                    break;
                case session_step::write:
                    // the interim answer depends on timing by design; the others do not
                    if (!machine.output().starts_with("HTTP/1.1 100"))
                        served += machine.output().substr(9, 3);
                    machine.on_written();
                    break;
                default:
                    return true;
            }
        }
    }

    sluice::config::http_limits limits;
    router routes = [] {
        router added;
        added.add("POST", "/*", [](const http_request&) -> boost::asio::awaitable<http_response> {
            co_return http_response{};
        });
        return added;
    }();
    http_stats stats;
    session_tools tools{limits, routes, stats, request_id_source{1}, {}};
    session_machine machine;
    std::string served;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto cut = data[0] * bytes.size() / 256;
    peer whole;
    peer parts;
    const bool closed = whole.feed(bytes);
    if (closed != (parts.feed(bytes.substr(0, cut)) || parts.feed(bytes.substr(cut)))) std::abort();
    if (whole.served != parts.served) std::abort();
    return 0;
}
