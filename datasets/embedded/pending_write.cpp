#include "datasets/embedded/pending_write.hpp"

#include "datasets/log_error.hpp"
#include "datasets/record_encoder.hpp"

namespace sluice::datasets::embedded {

namespace {

constexpr std::size_t record_bytes_limit = 64u << 20;

result<void> encode_part(const append_part& part, std::uint32_t index, partition_state* to,
                         std::uint64_t value_bytes_max, pending_write& out)
{
    std::size_t bytes = 0;
    for (const auto& r : part.records) {
        auto size = encoded_size(r);
        if (size > record_bytes_limit) {
            return failure{make_error_code(log_errc::too_large),
                           fmt::format("event {} has {} bytes, the log stores up to {}; lower "
                                       "`event_bytes_max` so that it is refused earlier",
                                       r.id, size, record_bytes_limit)};
        }
        bytes += size;
    }
    out.payload.reserve(out.payload.size() + bytes);
    std::size_t start = out.payload.size();
    pending_write::chunk chunk{to, index, 0, start, start, 0, wall_time::min()};
    for (const auto& r : part.records) {
        if (chunk.count > 0 && chunk.end - chunk.begin + encoded_size(r) > value_bytes_max) {
            out.chunks.push_back(chunk);
            chunk = {to, index, 0, chunk.end, chunk.end, 0, wall_time::min()};
        }
        encode_record(out.payload, r);
        chunk.end = out.payload.size();
        ++chunk.count;
        chunk.content_bytes += r.content.size();
        chunk.received_at_max = std::max(chunk.received_at_max, r.received_at);
    }
    if (chunk.count > 0) out.chunks.push_back(chunk);
    return {};
}

}  // namespace

result<std::unique_ptr<pending_write>> encode_write(const log_write& what,
                                                    const partition_table& table,
                                                    std::uint64_t value_bytes_max)
{
    auto out = std::make_unique<pending_write>();
    out->is_internal = what.is_internal;
    out->receipt.bases.resize(what.appends.size());
    for (std::uint32_t i = 0; i < what.appends.size(); ++i) {
        auto to = table.find(what.appends[i].to);
        if (!to) return to.error();
        out->receipt.bases[i] = offset{(*to)->end.load()};  // for a part without records
        auto encoded = encode_part(what.appends[i], i, *to, value_bytes_max, *out);
        if (!encoded) return encoded.error();
    }
    for (const auto& cursor : what.cursors) {
        auto at = table.find(cursor.at);
        if (!at) return at.error();
        auto key = cursor_key((*at)->number, cursor.name);
        if (!table.has_cursor(key)) {
            out->puts.push_back({family::documents, document_key(cursor_collection, key), "1"});
            out->new_cursors.push_back(key);
        }
        out->puts.push_back({family::cursors, std::move(key), encode_cursor(cursor.state)});
    }
    for (const auto& document : what.documents) {
        out->puts.push_back(
            {family::documents, document_key(document.collection, document.key), document.value});
    }
    return out;
}

}  // namespace sluice::datasets::embedded
