#pragma once
// Every metric of the gateway: name, kind, help. One table, so that a name is declared once and the
// documentation can be printed from it.

#include <span>
#include <string_view>

namespace sluice::gateway::metric {

struct declaration {
    std::string_view name;
    std::string_view kind;  ///< counter, gauge, histogram
    std::string_view help;
};

inline constexpr std::string_view connections_accepted = "sluice_http_connections_accepted_total";
inline constexpr std::string_view connections_open = "sluice_http_connections_open";
inline constexpr std::string_view connections_refused = "sluice_http_connections_refused_total";
inline constexpr std::string_view requests = "sluice_http_requests_total";
inline constexpr std::string_view responses_2xx = "sluice_http_responses_2xx_total";
inline constexpr std::string_view responses_4xx = "sluice_http_responses_4xx_total";
inline constexpr std::string_view responses_5xx = "sluice_http_responses_5xx_total";
inline constexpr std::string_view framing_errors = "sluice_http_framing_errors_total";
inline constexpr std::string_view timeouts = "sluice_http_timeouts_total";
inline constexpr std::string_view bytes_received = "sluice_http_bytes_received_total";
inline constexpr std::string_view bytes_sent = "sluice_http_bytes_sent_total";
inline constexpr std::string_view events_accepted = "sluice_events_accepted_total";
inline constexpr std::string_view events_rejected = "sluice_events_rejected_total";
inline constexpr std::string_view events_refused = "sluice_events_refused_total";
inline constexpr std::string_view events_unknown = "sluice_events_unknown_total";
inline constexpr std::string_view event_bytes = "sluice_event_bytes_total";
inline constexpr std::string_view ingest_in_flight = "sluice_ingest_in_flight_bytes";
inline constexpr std::string_view dataset_records = "sluice_dataset_records";
inline constexpr std::string_view dataset_end = "sluice_dataset_end_offset";
inline constexpr std::string_view dataset_bytes = "sluice_dataset_bytes";
inline constexpr std::string_view dataset_lost = "sluice_dataset_lost_records_total";
inline constexpr std::string_view log_healthy = "sluice_log_healthy";
inline constexpr std::string_view log_refused = "sluice_log_refused_events_total";
inline constexpr std::string_view log_trimmed = "sluice_dataset_trimmed_records_total";
inline constexpr std::string_view log_counts = "sluice_log_engine_total";
inline constexpr std::string_view log_gauges = "sluice_log_engine";
inline constexpr std::string_view dataset_owned = "sluice_dataset_partition_owned";
inline constexpr std::string_view lane_state = "sluice_lane_running";
inline constexpr std::string_view lane_lag = "sluice_lane_lag_events";
inline constexpr std::string_view lane_in_flight = "sluice_lane_in_flight_events";
inline constexpr std::string_view lane_retrying = "sluice_lane_retrying_events";
inline constexpr std::string_view lane_accepted = "sluice_lane_accepted_total";
inline constexpr std::string_view lane_delivered = "sluice_lane_delivered_total";
inline constexpr std::string_view lane_filtered = "sluice_lane_filtered_total";
inline constexpr std::string_view lane_dead = "sluice_lane_dead_total";
inline constexpr std::string_view lane_expired = "sluice_lane_expired_total";
inline constexpr std::string_view lane_pending = "sluice_lane_pending_events";
inline constexpr std::string_view lane_commits = "sluice_lane_commits_total";
inline constexpr std::string_view lane_latency = "sluice_lane_accept_to_delivered_seconds";
inline constexpr std::string_view lane_steps = "sluice_lane_steps_total";
inline constexpr std::string_view delivery_attempts = "sluice_delivery_attempts_total";
inline constexpr std::string_view delivery_outcomes = "sluice_delivery_outcomes_total";
inline constexpr std::string_view delivery_breaker = "sluice_delivery_breaker_open";
inline constexpr std::string_view delivery_connections = "sluice_delivery_connections_open";
inline constexpr std::string_view rule_events = "sluice_rule_events_total";
inline constexpr std::string_view export_runs = "sluice_export_runs_total";
inline constexpr std::string_view export_rows = "sluice_export_rows_total";
inline constexpr std::string_view export_bytes = "sluice_export_bytes_total";
inline constexpr std::string_view export_last = "sluice_export_last_success_timestamp_seconds";
inline constexpr std::string_view cache_bytes = "sluice_batch_cache_bytes";
inline constexpr std::string_view cache_hits = "sluice_batch_cache_hits_total";
inline constexpr std::string_view cache_misses = "sluice_batch_cache_misses_total";
inline constexpr std::string_view resident = "process_resident_memory_bytes";
inline constexpr std::string_view cpu = "process_cpu_seconds_total";
inline constexpr std::string_view build_info = "sluice_build_info";

inline constexpr declaration declarations[] = {
    {connections_accepted, "counter", "Connections accepted by the edge listener"},
    {connections_open, "gauge", "Connections open at the edge listener"},
    {connections_refused, "counter", "Connections refused because of connections_max"},
    {requests, "counter", "Requests whose header was read"},
    {responses_2xx, "counter", "Answers 2xx"},
    {responses_4xx, "counter", "Answers 4xx"},
    {responses_5xx, "counter", "Answers 5xx"},
    {framing_errors, "counter", "Requests refused by the framing check"},
    {timeouts, "counter", "Connections closed by a deadline"},
    {bytes_received, "counter", "Bytes read from clients"},
    {bytes_sent, "counter", "Bytes written to clients"},
    {events_accepted, "counter", "Events made durable and acknowledged"},
    {events_rejected, "counter", "Events refused with a reason"},
    {events_refused, "counter", "Events sent back with 503: overload, disk full, quota"},
    {events_unknown, "counter", "Events answered 503 that may still be in the log"},
    {event_bytes, "counter", "Bytes of accepted events"},
    {ingest_in_flight, "gauge", "Bytes accepted but not yet durable"},
    {dataset_records, "gauge", "Records kept"},
    {dataset_end, "gauge", "One past the newest offset"},
    {dataset_bytes, "gauge", "Uncompressed bytes kept, approximately"},
    {dataset_lost, "counter", "Records that damage has taken"},
    {log_healthy, "gauge", "1 while the log accepts events"},
    {log_refused, "counter",
     "Events the log refused: quota, space, queue (full), store (reopening), spool (full)"},
    {log_trimmed, "counter", "Records removed: age, bytes (retention), operator"},
    {log_counts, "counter", "What the engine of the log counts, by kind: Kafka and the spool"},
    {log_gauges, "gauge", "What the engine of the log holds now, by kind: Kafka and the spool"},
    {dataset_owned, "gauge", "1 for a partition that this gateway delivers, 0 for others"},
    {lane_state, "gauge", "1 running, 0 paused, disabled or stopped"},
    {lane_lag, "gauge", "Records between the lane's cursor and the end of its datasets"},
    {lane_in_flight, "gauge", "Events in the lane's window"},
    {lane_retrying, "gauge", "Events in the lane's retry log"},
    {lane_accepted, "counter", "Events appended since the lane began"},
    {lane_delivered, "counter", "Events delivered"},
    {lane_filtered, "counter", "Events that no rule of the lane wanted"},
    {lane_dead, "counter", "Events in the dead letters"},
    {lane_expired, "counter", "Events trimmed or lost before the lane read them"},
    {lane_pending, "gauge", "Accepted minus delivered, filtered, dead and expired"},
    {lane_commits, "counter", "Cursor commits"},
    {lane_latency, "histogram", "Time from acceptance to delivery"},
    {lane_steps, "counter", "Steps of rules by result: sent, skipped, failed"},
    {delivery_attempts, "counter", "Requests sent to the destination"},
    {delivery_outcomes, "counter", "Final outcomes by class"},
    {delivery_breaker, "gauge", "1 while the circuit breaker is open"},
    {delivery_connections, "gauge", "Connections open to the destination"},
    {rule_events, "counter", "Events evaluated by result"},
    {export_runs, "counter", "Flow runs by result"},
    {export_rows, "counter", "Rows exported"},
    {export_bytes, "counter", "Bytes of exported files"},
    {export_last, "gauge", "End of the last successful run"},
    {cache_bytes, "gauge", "Decoded batches kept for the lanes"},
    {cache_hits, "counter", "Batches a lane found decoded"},
    {cache_misses, "counter", "Batches a lane had to decode"},
    {resident, "gauge", "Resident memory"},
    {cpu, "counter", "CPU time used"},
    {build_info, "gauge", "Version of the program and hash of the rules"},
};

}  // namespace sluice::gateway::metric
