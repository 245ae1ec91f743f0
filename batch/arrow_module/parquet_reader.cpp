#include "batch/arrow_module/parquet_reader.hpp"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>

#include <ctime>

namespace sluice::batch {
namespace {

void append_quoted(std::string_view text, std::string& out)
{
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_time(std::int64_t micros, std::string& out)
{
    constexpr std::int64_t per_second = 1'000'000;
    const auto fraction = (micros % per_second + per_second) % per_second;
    const std::time_t seconds = (micros - fraction) / per_second;
    std::tm t{};
    gmtime_r(&seconds, &t);
    out += fmt::format("\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z\"", t.tm_year + 1900,
                       t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, fraction);
}

void append_value(const arrow::Array& array, std::int64_t i, std::string& out);

void append_members(const arrow::StructArray& row, std::int64_t i, std::string& out)
{
    out += '{';
    bool is_first = true;
    for (int c = 0; c < row.num_fields(); ++c) {
        const auto& child = *row.field(c);
        if (child.IsNull(i)) continue;
        if (!is_first) out += ',';
        is_first = false;
        append_quoted(row.struct_type()->field(c)->name(), out);
        out += ':';
        append_value(child, i, out);
    }
    out += '}';
}

void append_value(const arrow::Array& array, std::int64_t i, std::string& out)
{
    if (array.IsNull(i)) {
        out += "null";
        return;
    }
    switch (array.type_id()) {
        case arrow::Type::BOOL:
            out += static_cast<const arrow::BooleanArray&>(array).Value(i) ? "true" : "false";
            break;
        case arrow::Type::INT64:
            out += fmt::format("{}", static_cast<const arrow::Int64Array&>(array).Value(i));
            break;
        case arrow::Type::DOUBLE:
            out += fmt::format("{}", static_cast<const arrow::DoubleArray&>(array).Value(i));
            break;
        case arrow::Type::STRING:
            append_quoted(static_cast<const arrow::StringArray&>(array).GetView(i), out);
            break;
        case arrow::Type::TIMESTAMP:
            append_time(static_cast<const arrow::TimestampArray&>(array).Value(i), out);
            break;
        case arrow::Type::LIST: {
            const auto& list = static_cast<const arrow::ListArray&>(array);
            out += '[';
            for (auto at = list.value_offset(i); at < list.value_offset(i + 1); ++at) {
                if (at != list.value_offset(i)) out += ',';
                append_value(*list.values(), at, out);
            }
            out += ']';
            break;
        }
        case arrow::Type::STRUCT:
            append_members(static_cast<const arrow::StructArray&>(array), i, out);
            break;
        default:
            append_quoted(array.GetScalar(i).ValueOrDie()->ToString(), out);
    }
}

}  // namespace

arrow::Status read_parquet(const std::string& path,
                           const std::function<bool(std::string_view)>& row)
{
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
    ARROW_ASSIGN_OR_RAISE(auto reader, parquet::arrow::OpenFile(file, arrow::system_memory_pool()));
    std::string text;
    for (int group = 0; group < reader->num_row_groups(); ++group) {
        ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadRowGroup(group));
        arrow::TableBatchReader batches(*table);
        std::shared_ptr<arrow::RecordBatch> batch;
        for (;;) {
            ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
            if (!batch) break;
            ARROW_ASSIGN_OR_RAISE(const auto rows, batch->ToStructArray());
            for (std::int64_t i = 0; i < rows->length(); ++i) {
                text.clear();
                append_members(*rows, i, text);
                if (!row(text)) return arrow::Status::OK();
            }
        }
    }
    return arrow::Status::OK();
}

}  // namespace sluice::batch
