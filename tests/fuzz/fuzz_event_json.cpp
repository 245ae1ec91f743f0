// Fuzz target: the event scanner accepts nothing that simdjson's parser refuses, numbers aside:
// those are kept as text and may have any size.

#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/edge/event_json.hpp"
#include "gateway/edge/event_splitter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace sluice::gateway;
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    static event_scanner scanner;
    text_arena decoded;
    const auto facts = scanner.scan(json, {}, decoded);
    if (facts.position > size) std::abort();
    if (facts.defect == event_defect::none) {
        simdjson::dom::parser parser;
        const auto error = parser.parse(simdjson::padded_string(json)).error();
        // numbers beyond 64 bits are events all the same, which this parser refuses
        if (error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR) std::abort();
    }
    std::vector<incoming_event> events;
    for (const auto form : {body_form::json, body_form::lines, body_form::unknown}) {
        events.clear();
        static_cast<void>(split_events(json, form, 100, events));
        for (const auto& event : events) {
            if (event.json.data() < json.data() ||
                event.json.data() + event.json.size() > json.data() + size) {
                std::abort();
            }
        }
    }
    return 0;
}
