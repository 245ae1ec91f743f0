#include "datasets/embedded/key_layout.hpp"

#include "datasets/crc32c.hpp"
#include "datasets/wire.hpp"

namespace sluice::datasets::embedded {

namespace {

constexpr std::uint8_t cursor_version = 1;
constexpr std::uint8_t spec_version = 1;

std::int64_t nanoseconds(wall_time t)
{
    return t.time_since_epoch().count();
}
wall_time from_nanoseconds(std::int64_t n)
{
    return wall_time{std::chrono::nanoseconds{n}};
}

void put_partition(std::string& out, partition_number p)
{
    wire::put_big32(out, p.dataset);
    wire::put_big32(out, p.partition);
}

}  // namespace

batch_key::batch_key(partition_number p, offset base) noexcept
{
    auto dataset = __builtin_bswap32(p.dataset);
    auto partition = __builtin_bswap32(p.partition);
    auto first = __builtin_bswap64(base.value());
    std::memcpy(bytes_.data(), &dataset, 4);
    std::memcpy(bytes_.data() + 4, &partition, 4);
    std::memcpy(bytes_.data() + 8, &first, 8);
}

std::optional<std::pair<partition_number, offset>> parse_batch_key(std::string_view key)
{
    wire::reader in(key);
    partition_number p;
    p.dataset = in.big32();
    p.partition = in.big32();
    offset base{in.big64()};
    if (!in.is_at_end()) return std::nullopt;
    return std::pair{p, base};
}

std::array<char, 40> encode_index(const index_entry& e) noexcept
{
    std::array<char, 40> out;
    char* at = out.data();
    auto put = [&at](auto value) {
        std::memcpy(at, &value, sizeof value);
        at += sizeof value;
    };
    put(e.count);
    put(e.payload_bytes);
    put(e.stored_bytes);
    put(std::uint32_t{0});
    put(nanoseconds(e.appended_at));
    put(nanoseconds(e.received_at_max));
    put(e.durable_through.value());
    return out;
}

std::optional<index_entry> decode_index(std::string_view value)
{
    wire::reader in(value);
    index_entry e;
    e.count = in.get<std::uint32_t>();
    e.payload_bytes = in.get<std::uint32_t>();
    e.stored_bytes = in.get<std::uint32_t>();
    in.get<std::uint32_t>();
    e.appended_at = from_nanoseconds(in.get<std::int64_t>());
    e.received_at_max = from_nanoseconds(in.get<std::int64_t>());
    e.durable_through = offset{in.get<std::uint64_t>()};
    if (!in.is_at_end() || e.count == 0) return std::nullopt;
    return e;
}

std::string cursor_key(partition_number partition, const cursor_name& name)
{
    std::string out;
    put_partition(out, partition);
    return out += name.value();
}

std::optional<std::pair<partition_number, cursor_name>> parse_cursor_key(std::string_view key)
{
    wire::reader in(key);
    partition_number p;
    p.dataset = in.big32();
    p.partition = in.big32();
    if (!in.is_good()) return std::nullopt;
    return std::pair{p, cursor_name{std::string(in.rest())}};
}

std::string encode_cursor(const cursor_state& s)
{
    std::string out;
    wire::put(out, cursor_version);
    for (std::uint64_t n : {s.next.value(), s.start.value(), s.counts.delivered, s.counts.filtered,
                            s.counts.dead, s.counts.retrying, s.counts.expired}) {
        wire::put(out, n);
    }
    wire::put(out, crc32c(0, out));
    return out;
}

std::optional<cursor_state> decode_cursor(std::string_view value)
{
    wire::reader in(value);
    auto version = in.get<std::uint8_t>();
    cursor_state s;
    s.next = offset{in.get<std::uint64_t>()};
    s.start = offset{in.get<std::uint64_t>()};
    for (auto* n : {&s.counts.delivered, &s.counts.filtered, &s.counts.dead, &s.counts.retrying,
                    &s.counts.expired}) {
        *n = in.get<std::uint64_t>();
    }
    auto crc = in.get<std::uint32_t>();
    if (!in.is_at_end() || version != cursor_version) return std::nullopt;
    if (crc != crc32c(0, value.substr(0, value.size() - sizeof crc))) return std::nullopt;
    return s;
}

std::string document_key(std::string_view collection, std::string_view key)
{
    std::string out(collection);
    out += '\0';
    return out += key;
}

std::string trim_key(partition_number partition)
{
    std::string out(trim_prefix);
    put_partition(out, partition);
    return out;
}

std::string lost_key(partition_number partition, offset begin)
{
    std::string out(lost_prefix);
    put_partition(out, partition);
    wire::put_big64(out, begin.value());
    return out;
}

std::string stock_key(partition_number partition)
{
    std::string out(stock_prefix);
    put_partition(out, partition);
    return out;
}

std::string encode_stock(const stock_entry& entry)
{
    std::string out;
    for (auto n : {entry.begin, entry.end, entry.bytes}) wire::put(out, n);
    wire::put(out, crc32c(0, out));
    return out;
}

std::optional<stock_entry> decode_stock(std::string_view value)
{
    wire::reader in(value);
    stock_entry out;
    for (auto* n : {&out.begin, &out.end, &out.bytes}) *n = in.get<std::uint64_t>();
    auto crc = in.get<std::uint32_t>();
    if (!in.is_at_end() || crc != crc32c(0, value.substr(0, value.size() - sizeof crc))) {
        return std::nullopt;
    }
    return out;
}

std::string encode_offset(offset value)
{
    std::string out;
    wire::put(out, value.value());
    return out;
}

std::optional<offset> decode_offset(std::string_view value)
{
    wire::reader in(value);
    offset out{in.get<std::uint64_t>()};
    if (!in.is_at_end()) return std::nullopt;
    return out;
}

std::string encode_spec(std::uint32_t number, const dataset_spec& spec)
{
    std::string out;
    wire::put(out, spec_version);
    wire::put(out, number);
    wire::put(out, spec.partitions);
    wire::put(out, std::int64_t{spec.age_max ? spec.age_max->count() : -1});
    wire::put(out, std::int64_t(spec.bytes_max ? static_cast<std::int64_t>(*spec.bytes_max) : -1));
    wire::put(out,
              std::int64_t(spec.quota_bytes ? static_cast<std::int64_t>(*spec.quota_bytes) : -1));
    wire::put(out, static_cast<std::uint8_t>(spec.trim_unread));
    return out;
}

std::optional<std::pair<std::uint32_t, dataset_spec>> decode_spec(std::string_view name,
                                                                  std::string_view value)
{
    wire::reader in(value);
    auto version = in.get<std::uint8_t>();
    auto number = in.get<std::uint32_t>();
    dataset_spec spec;
    spec.name = dataset_name{std::string(name)};
    spec.partitions = in.get<std::uint32_t>();
    auto age = in.get<std::int64_t>();
    auto bytes = in.get<std::int64_t>();
    auto quota = in.get<std::int64_t>();
    spec.trim_unread = in.get<std::uint8_t>() != 0;
    if (!in.is_at_end() || version != spec_version) return std::nullopt;
    if (age >= 0) spec.age_max = std::chrono::milliseconds{age};
    if (bytes >= 0) spec.bytes_max = static_cast<std::uint64_t>(bytes);
    if (quota >= 0) spec.quota_bytes = static_cast<std::uint64_t>(quota);
    return std::pair{number, spec};
}

}  // namespace sluice::datasets::embedded
