#include "datasets/record_encoder.hpp"

#include "datasets/wire.hpp"

namespace sluice::datasets {

namespace {

std::size_t sized(std::string_view bytes) noexcept
{
    return wire::varint_size(static_cast<std::uint32_t>(bytes.size())) + bytes.size();
}

std::size_t body_size(const new_record& r) noexcept
{
    return 1 + 8 + sized(r.id) + (r.key ? sized(*r.key) : 0) + sized(r.type) + sized(r.datastream) +
           sized(r.source) + sized(r.extra) + r.content.size();
}

char* put_sized(char* out, std::string_view bytes) noexcept
{
    out = wire::put_varint(out, static_cast<std::uint32_t>(bytes.size()));
    return wire::put_bytes(out, bytes);
}

}  // namespace

std::size_t encoded_size(const new_record& record) noexcept
{
    auto body = body_size(record);
    return wire::varint_size(static_cast<std::uint32_t>(body)) + body;
}

void encode_record(std::string& payload, const new_record& r)
{
    auto body = body_size(r);
    auto start = payload.size();
    payload.resize(start + wire::varint_size(static_cast<std::uint32_t>(body)) + body);
    char* out = payload.data() + start;
    out = wire::put_varint(out, static_cast<std::uint32_t>(body));
    *out++ = r.key ? 1 : 0;
    const std::int64_t received = r.received_at.time_since_epoch().count();
    out = wire::put_bytes(out, {reinterpret_cast<const char*>(&received), sizeof received});
    out = put_sized(out, r.id);
    if (r.key) out = put_sized(out, *r.key);
    out = put_sized(out, r.type);
    out = put_sized(out, r.datastream);
    out = put_sized(out, r.source);
    out = put_sized(out, r.extra);
    wire::put_bytes(out, r.content);
}

}  // namespace sluice::datasets
