#include "gateway/edge/event_splitter.hpp"

#include <algorithm>

#include "gateway/edge/json_bytes.hpp"

namespace sluice::gateway {
namespace {

constexpr std::string_view blanks = " \t\r\n";

constexpr split_failure empty_body{"Empty body",
                                   "Send one event, an array of events, or one event per line."};
constexpr split_failure broken_array{
    "Malformed JSON",
    "The array of events is not well-formed: check its commas and its closing bracket."};
constexpr split_failure too_many{
    "Too many events", "Send fewer events per request or raise ingest.events_per_request_max."};

std::string_view trimmed_blanks(std::string_view text)
{
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<split_failure> split_lines(std::string_view body, std::size_t events_max,
                                         std::vector<incoming_event>& out)
{
    while (!body.empty()) {
        const auto end = std::min(body.find('\n'), body.size());
        const auto line = trimmed_blanks(body.substr(0, end));
        body.remove_prefix(std::min(end + 1, body.size()));
        if (line.empty()) continue;
        if (out.size() >= events_max) return too_many;
        out.push_back({line, {}, {}});
    }
    return {};
}

/// `array` begins with its bracket and ends with the last byte of the body that is no blank.
std::optional<split_failure> split_array(std::string_view array, std::size_t events_max,
                                         std::vector<incoming_event>& out)
{
    const char* at = array.data() + 1;
    const char* const end = array.data() + array.size();
    for (;;) {
        const char* from = at;
        // an element ends at a comma or at the bracket; a line feed inside means nothing here
        do {
            at = skip_value(at, end);
            while (at != end && blanks.find(*at) != std::string_view::npos) ++at;
        } while (at != end && *at != ',' && *at != ']' && *at != '}');
        if (at == end || *at == '}') return broken_array;
        const auto element = trimmed_blanks({from, static_cast<std::size_t>(at - from)});
        const bool is_last = *at++ == ']';
        if (element.empty()) {
            return is_last && out.empty() && at == end ? std::optional<split_failure>{}
                                                       : broken_array;
        }
        if (out.size() >= events_max) return too_many;
        out.push_back({element, {}, {}});
        if (is_last) return at == end ? std::optional<split_failure>{} : broken_array;
    }
}

/// An object with another value behind it on a later line.
bool looks_like_lines(std::string_view body)
{
    const char* const end = body.data() + body.size();
    return body.front() == '{' && skip_value(body.data(), end) != end;
}

}  // namespace

std::optional<split_failure> split_events(std::string_view body, body_form form,
                                          std::size_t events_max, std::vector<incoming_event>& out)
{
    const auto text = trimmed_blanks(body);
    if (text.empty()) return empty_body;
    if (form == body_form::lines || (form == body_form::unknown && looks_like_lines(text))) {
        return split_lines(text, events_max, out);
    }
    if (text.front() == '[') {
        auto failed = split_array(text, events_max, out);
        if (!failed && out.empty()) return empty_body;
        return failed;
    }
    out.push_back({text, {}, {}});
    return {};
}

}  // namespace sluice::gateway
