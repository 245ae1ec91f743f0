#include "datasets/record_batch.hpp"

#include "datasets/log_error.hpp"
#include "datasets/wire.hpp"

namespace sluice::datasets {

namespace {

// length, flags, time, one byte of id with its length, four empty fields
constexpr std::size_t record_bytes_min = 1 + 1 + 8 + 2 + 4;

failure damaged(std::string what)
{
    return {make_error_code(log_errc::corrupt), "damaged record batch: " + std::move(what)};
}

bool read_record(std::string_view bytes, record_view& into)
{
    wire::reader in(bytes);
    auto flags = in.get<std::uint8_t>();
    into.received_at = wall_time{std::chrono::nanoseconds{in.get<std::int64_t>()}};
    into.id = in.sized_bytes();
    if (flags & 1) into.key = in.sized_bytes();
    into.type = in.sized_bytes();
    into.datastream = in.sized_bytes();
    into.source = in.sized_bytes();
    into.extra = in.sized_bytes();
    bool is_good = in.is_good() && flags <= 1 && !into.id.empty();
    into.content = in.rest();
    return is_good;
}

}  // namespace

result<std::shared_ptr<const record_batch>> record_batch::from_payload(offset base,
                                                                       std::uint32_t count,
                                                                       std::string payload)
{
    if (count == 0 || count > payload.size() / record_bytes_min) {
        return damaged("its record count is impossible");
    }
    auto batch = std::make_shared<record_batch>();
    batch->base_ = base;
    batch->payload_ = std::move(payload);
    batch->records_.resize(count);
    wire::reader in(batch->payload_);
    for (std::uint32_t i = 0; i < count; ++i) {
        auto& record = batch->records_[i];
        record.position = base + i;
        auto bytes = in.sized_bytes();
        if (!in.is_good() || !read_record(bytes, record)) {
            return damaged(fmt::format("record {} of {} is malformed", i + 1, count));
        }
    }
    if (!in.is_at_end()) return damaged("bytes follow the last record");
    return std::shared_ptr<const record_batch>(std::move(batch));
}

std::size_t record_batch::memory_bytes() const noexcept
{
    return sizeof *this + payload_.capacity() + records_.capacity() * sizeof(record_view);
}

}  // namespace sluice::datasets
