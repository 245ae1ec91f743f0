#pragma once
// Events of 1 KB like those of a shop, for the programs that measure the event log. Each text
// starts elsewhere, so no two are the same and compression finds what it would find in real ones.

#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

namespace sluice::loadtest {

constexpr std::size_t shop_event_bytes = 1024;

inline std::vector<std::string> make_shop_events()
{
    std::mt19937_64 random(4);
    std::vector<std::string> out;
    for (int i = 0; i < 4096; ++i) {
        std::string text =
            fmt::format(R"({{"type":"purchase","visitor":"{:016x}","items":[)", random());
        while (text.size() < shop_event_bytes - 120) {
            text += fmt::format(R"({{"sku":"SKU-{}","price":{}.{:02},"name":"article {}"}},)",
                                random() % 900'000, random() % 300, random() % 100, random() % 500);
        }
        text += R"({}],"end":")";
        text.resize(shop_event_bytes - 2, 'x');
        out.push_back(text + "\"}");
    }
    return out;
}

}  // namespace sluice::loadtest
