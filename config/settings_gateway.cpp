// Tabular: the declarations of these settings; how they are read stands in schema/.
#include "config/settings_gateway.hpp"

#include <boost/asio/ip/address.hpp>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

void check_listener(binding& in, const node& value, const listener_settings& listener)
{
    boost::system::error_code failed;
    boost::asio::ip::make_address(listener.address, failed);
    if (failed) {
        in.error_at(value, "address", fmt::format("is '{}', not an IP address", listener.address),
                    "write 127.0.0.1 for this machine only, 0.0.0.0 or :: for all interfaces");
    }
}

void check_ports(binding& in, const node& value, const settings& all)
{
    const listener_settings& edge = all.gateway.edge;
    const listener_settings& admin = all.gateway.admin;
    if (edge.port == 0 || edge.port != admin.port || edge.address != admin.address) return;
    in.error(value.where, fmt::format("has both listeners at {}:{}", edge.address, edge.port),
             "give 'edge' or 'admin' another port");
}

template <class Member>
auto of_gateway(Member member)
{
    return [member](auto& all) -> auto&
    {
        return all.gateway.*member;
    };
}

object_shape declare_gateway()
{
    using g = gateway_settings;
    return object_schema<settings>("gateway")
        .field("edge", of_gateway(&g::edge),
               {.help = "Listener for SDK clients: /v1/events, Adobe Edge, Segment"})
        .field("admin", of_gateway(&g::admin),
               {.help = "Listener for operators: console, metrics, API"})
        .field(
            "threads", of_gateway(&g::threads),
            {.help = "Threads that serve connections and lanes; 0: one per processor", .max = 256})
        .field("data_dir", of_gateway(&g::data_dir),
               {.help = "Folder of the event log and all state; only one gateway may use it"})
        .field("drain_timeout", of_gateway(&g::drain_timeout),
               {.help = "Time from SIGTERM to exit for what is in flight",
                .min = 0,
                .max = 10 * minutes})
        .field("ingest", of_gateway(&g::ingest), {.help = "Limits of what clients may post"})
        .field("rule_limits", of_gateway(&g::rule_limits),
               {.help = "What one expression of a rule may cost to load and to evaluate"})
        .field("store", [](auto& all) -> auto& { return all.embedded; },
               {.help = "The store that all embedded datasets share"})
        .field("kafka", [](auto& all) -> auto& { return all.kafka; },
               {.help = "The cluster of all datasets with engine kafka"})
        .field("log_level", of_gateway(&g::log_level),
               {.help = "Least severe messages that are logged",
                .one_of = {"trace", "debug", "info", "warn", "error"}})
        .field("log_format", of_gateway(&g::log_format),
               {.help = "Form of the log lines", .one_of = {"text", "json"}})
        .field("batch_cache_bytes_max", of_gateway(&g::batch_cache_bytes_max),
               {.help = "Memory for decoded batches that several lanes read",
                .min = mib,
                .max = 64 * gib,
                .is_bytes = true})
        .check(check_ports)
        .build();
}

}  // namespace

const object_shape& gateway_section()
{
    static const object_shape shape = declare_gateway();
    return shape;
}

template <>
const object_shape& schema_of<http_limits>()
{
    using l = http_limits;
    static const object_shape shape =
        object_schema<l>("http_limits")
            .field("request_line_bytes_max", &l::request_line_bytes_max,
                   {.help = "Longest request line; then 414",
                    .min = 256,
                    .max = mib,
                    .is_bytes = true})
            .field("header_bytes_max", &l::header_bytes_max,
                   {.help = "All header lines together; then 431",
                    .min = kib,
                    .max = mib,
                    .is_bytes = true})
            .field("headers_max", &l::headers_max,
                   {.help = "Number of header lines; then 431", .min = 8, .max = 10'000})
            .field("body_bytes_max", &l::body_bytes_max,
                   {.help = "Largest request body; then 413",
                    .min = kib,
                    .max = gib,
                    .is_bytes = true})
            .field("connections_max", &l::connections_max,
                   {.help = "Open connections; further ones wait in the backlog",
                    .min = 1,
                    .max = 1'000'000})
            .field("header_timeout", &l::header_timeout,
                   {.help = "First byte to end of header; then 408", .min = 100, .max = hours})
            .field("body_timeout", &l::body_timeout,
                   {.help = "End of header to end of body; then 408", .min = 100, .max = hours})
            .field("idle_timeout", &l::idle_timeout,
                   {.help = "Between two requests of one connection; then it is closed",
                    .min = 100,
                    .max = days})
            .field("response_timeout", &l::response_timeout,
                   {.help = "To write one response; then the connection is closed",
                    .min = 100,
                    .max = hours})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<listener_settings>()
{
    using l = listener_settings;
    static const object_shape shape =
        object_schema<l>("listener")
            .field("address", &l::address, {.help = "IP address to listen at"})
            .field("port", &l::port, {.help = "TCP port; 0: any free one"})
            .field("limits", &l::limits, {.help = "Limits and deadlines of each connection"})
            .check(check_listener)
            .build();
    return shape;
}

template <>
const object_shape& schema_of<ingest_settings>()
{
    using i = ingest_settings;
    static const object_shape shape =
        object_schema<i>("ingest")
            .field("events_per_request_max", &i::events_per_request_max,
                   {.help = "Events in one request; then 413", .min = 1, .max = 1'000'000})
            .field("event_bytes_max", &i::event_bytes_max,
                   {.help = "Largest single event; it alone is refused",
                    .min = 256,
                    .max = 256 * mib,
                    .is_bytes = true})
            .field("nesting_max", &i::nesting_max,
                   {.help = "Deepest nesting of objects and arrays in an event",
                    .min = 4,
                    .max = 1'000})
            .field("in_flight_bytes_max", &i::in_flight_bytes_max,
                   {.help = "Bytes accepted but not yet durable; then 503 with Retry-After",
                    .min = mib,
                    .max = 64 * gib,
                    .is_bytes = true})
            .field("append_timeout", &i::append_timeout,
                   {.help = "Wait for an append to be durable; then 503, the outcome being unknown",
                    .min = 100,
                    .max = 10 * minutes})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<rule_limit_settings>()
{
    using r = rule_limit_settings;
    static const object_shape shape =
        object_schema<r>("rule_limits")
            .field("expression_code_points_max", &r::expression_code_points_max,
                   {.help = "Characters of one expression; else an error at load",
                    .min = 100,
                    .max = 10'000'000})
            .field("nesting_max", &r::nesting_max,
                   {.help = "Parentheses, calls, indexes within each other; else an error at load",
                    .min = 32,
                    .max = 500})
            .field("tree_height_max", &r::tree_height_max,
                   {.help = "Operators in a chain such as a + b + c; else an error at load",
                    .min = 100,
                    .max = 2'000})
            .field("loop_steps_max", &r::loop_steps_max,
                   {.help = "Steps of all(), map() and their kind in one evaluation, nested ones "
                            "counted; then the expression is an error",
                    .min = 100,
                    .max = 10'000'000})
            .field("regex_characters_max", &r::regex_characters_max,
                   {.help = "Characters of a regular expression", .min = 100, .max = 100'000})
            .field("regex_instructions_max", &r::regex_instructions_max,
                   {.help = "Instructions of a compiled regular expression; most have 20 to 50",
                    .min = 100,
                    .max = 1'000'000})
            .field("regex_memory_bytes_max", &r::regex_memory_bytes_max,
                   {.help = "Memory of one regular expression",
                    .min = 64 * kib,
                    .max = gib,
                    .is_bytes = true})
            .field("value_bytes_max", &r::value_bytes_max,
                   {.help = "One text made by an expression; else the expression is an error",
                    .min = kib,
                    .max = gib,
                    .is_bytes = true})
            .field("value_elements_max", &r::value_elements_max,
                   {.help = "Elements of one list or map made by an expression",
                    .min = 100,
                    .max = 10'000'000})
            .field("arena_bytes_max", &r::arena_bytes_max,
                   {.help = "All that the expressions of one dataset make for one event",
                    .min = 64 * kib,
                    .max = 4 * gib,
                    .is_bytes = true})
            .field("cost_units_max", &r::cost_units_max,
                   {.help = "Cost of one evaluation: 1 a node, 0.1 a byte scanned or built, 10 a "
                            "list, 30 a map; then the expression is an error",
                    .min = 100,
                    .max = 1'000'000'000})
            .build();
    return shape;
}

template <>
const object_shape& schema_of<datastream_settings>()
{
    using d = datastream_settings;
    static const object_shape shape =
        object_schema<d>("datastream")
            .field("dataset", &d::dataset,
                   {.help = "Dataset that receives the events", .required = true})
            .field("description", &d::description, {.help = "For people"})
            .field("key", &d::key,
                   {.help = "CEL expression over `event` that gives the ordering key; without it "
                            "events have none",
                    .example = "event.user.id"})
            .field("id_path", &d::id_path,
                   {.help = "Dotted path of the event's own id; by default that of its dialect",
                    .example = "data.order_id"})
            .field("tokens", &d::tokens,
                   {.help = "Bearer tokens that may post; without any the datastream is open"})
            .field("enabled", &d::enabled, {.help = "false: events are refused with 403"})
            .build();
    return shape;
}

}  // namespace sluice::config
