// The module's side of the seam: wraps column buffers as Arrow arrays without copying, writes
// Parquet.

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>

#include "batch/arrow_module/arrow_module.hpp"
#include "batch/arrow_module/parquet_reader.hpp"

namespace sluice::batch {
namespace {

std::shared_ptr<arrow::DataType> to_arrow_type(const column_buffer& column)
{
    switch (column.kind) {
        case column_kind::boolean:
            return arrow::boolean();
        case column_kind::int64:
            return arrow::int64();
        case column_kind::float64:
            return arrow::float64();
        case column_kind::text:
            return arrow::utf8();
        case column_kind::timestamp:
            return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
        case column_kind::list:
            return arrow::list(arrow::field("element", to_arrow_type(column.children.at(0))));
        case column_kind::structure:
            break;
    }
    arrow::FieldVector fields;
    for (const auto& child : column.children) {
        fields.push_back(arrow::field(child.name, to_arrow_type(child)));
    }
    return arrow::struct_(std::move(fields));
}

template <class T>
std::shared_ptr<arrow::Buffer> view_of(const std::vector<T>& values)
{
    return std::make_shared<arrow::Buffer>(reinterpret_cast<const std::uint8_t*>(values.data()),
                                           static_cast<std::int64_t>(values.size() * sizeof(T)));
}

std::shared_ptr<arrow::ArrayData> to_arrow_data(const column_buffer& column,
                                                const std::shared_ptr<arrow::DataType>& type)
{
    std::vector<std::shared_ptr<arrow::Buffer>> buffers{
        column.null_count == 0 ? nullptr : view_of(column.validity)};
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    switch (column.kind) {
        case column_kind::boolean:
            buffers.push_back(view_of(column.bits));
            break;
        case column_kind::int64:
        case column_kind::timestamp:
            buffers.push_back(view_of(column.integers));
            break;
        case column_kind::float64:
            buffers.push_back(view_of(column.doubles));
            break;
        case column_kind::text:
            buffers.push_back(view_of(column.offsets));
            buffers.push_back(std::make_shared<arrow::Buffer>(
                reinterpret_cast<const std::uint8_t*>(column.bytes.data()),
                static_cast<std::int64_t>(column.bytes.size())));
            break;
        case column_kind::list:
            buffers.push_back(view_of(column.offsets));
            break;
        case column_kind::structure:
            break;
    }
    for (std::size_t i = 0; i < column.children.size(); ++i) {
        children.push_back(
            to_arrow_data(column.children[i], type->field(static_cast<int>(i))->type()));
    }
    return arrow::ArrayData::Make(type, static_cast<std::int64_t>(column.length),
                                  std::move(buffers), std::move(children),
                                  static_cast<std::int64_t>(column.null_count));
}

/// Arrow's output stream over our receiver.
class receiver_stream final : public arrow::io::OutputStream {
public:
    explicit receiver_stream(byte_receiver to) : to_(std::move(to)) {}
    arrow::Status Close() override
    {
        is_closed_ = true;
        return arrow::Status::OK();
    }
    bool closed() const override { return is_closed_; }
    arrow::Result<std::int64_t> Tell() const override { return position_; }
    arrow::Status Write(const void* data, std::int64_t size) override
    {
        position_ += size;
        const auto bytes =
            std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
        return to_(bytes) ? arrow::Status::OK() : arrow::Status::IOError("the receiver refused");
    }

private:
    byte_receiver to_;
    std::int64_t position_ = 0;
    bool is_closed_ = false;
};

/// Paths of Parquet leaves are long ("items.list.element.sku"); ours leave the list levels out.
void set_encodings(const column_buffer& column, const std::string& ours, const std::string& theirs,
                   const parquet_options& options, parquet::WriterProperties::Builder& builder)
{
    if (column.kind == column_kind::list) {
        set_encodings(column.children[0], ours, theirs + ".list.element", options, builder);
    }
    if (column.kind == column_kind::structure) {
        for (const auto& child : column.children) {
            set_encodings(child, ours + "." + child.name, theirs + "." + child.name, options,
                          builder);
        }
    }
    const auto& unique = options.unique_columns;
    const bool is_unique = std::find(unique.begin(), unique.end(), ours) != unique.end();
    if (column.is_delta || is_unique) builder.disable_dictionary(theirs);
    if (column.is_delta) builder.encoding(theirs, parquet::Encoding::DELTA_BINARY_PACKED);
}

std::shared_ptr<parquet::WriterProperties> writer_properties(
    const std::vector<column_buffer>& shape, const parquet_options& options)
{
    parquet::WriterProperties::Builder builder;
    builder.created_by(options.created_by);
    builder.memory_pool(arrow::system_memory_pool());
    builder.version(parquet::ParquetVersion::PARQUET_2_6);
    builder.max_row_group_length(std::int64_t{1} << 40);  // a group is what the caller says
    switch (options.compression) {
        case parquet_compression::none:
            builder.compression(parquet::Compression::UNCOMPRESSED);
            break;
        case parquet_compression::zstd:
            builder.compression(parquet::Compression::ZSTD);
            break;
        case parquet_compression::gzip:
            builder.compression(parquet::Compression::GZIP);
            break;
        case parquet_compression::snappy:
            builder.compression(parquet::Compression::SNAPPY);
            break;
    }
    for (const auto& column : shape) {
        set_encodings(column, column.name, column.name, options, builder);
    }
    return builder.build();
}

class parquet_file_writer final : public parquet_file {
public:
    arrow::Status open(const std::vector<column_buffer>& shape, const parquet_options& options,
                       byte_receiver to)
    {
        arrow::FieldVector fields;
        for (const auto& c : shape) fields.push_back(arrow::field(c.name, to_arrow_type(c)));
        schema_ = arrow::schema(std::move(fields));
        stream_ = std::make_shared<receiver_stream>(std::move(to));
        const auto arrow_properties = parquet::ArrowWriterProperties::Builder()
                                          .store_schema()
                                          ->set_use_threads(false)
                                          ->build();
        return parquet::arrow::FileWriter::Open(*schema_, arrow::system_memory_pool(), stream_,
                                                writer_properties(shape, options), arrow_properties)
            .Value(&writer_);
    }

    std::string write_group(const std::vector<column_buffer>& columns) override
    {
        return guarded([&] { return try_write(columns); });
    }

    std::string close() override
    {
        return guarded([&] { return writer_->Close(); });
    }

private:
    arrow::Status try_write(const std::vector<column_buffer>& columns)
    {
        ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto& type = schema_->field(static_cast<int>(i))->type();
            ARROW_RETURN_NOT_OK(
                writer_->WriteColumnChunk(*arrow::MakeArray(to_arrow_data(columns[i], type))));
        }
        return arrow::Status::OK();
    }

    template <class Work>
    static std::string guarded(Work work)
    {
        try {
            const arrow::Status status = work();
            return status.ok() ? std::string{} : status.ToString();
        } catch (const std::exception& ex) {
            return ex.what();
        }
    }

    std::shared_ptr<arrow::Schema> schema_;
    std::shared_ptr<receiver_stream> stream_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

class module_over_arrow final : public arrow_module {
public:
    std::string create(const std::vector<column_buffer>& shape, const parquet_options& options,
                       byte_receiver to, std::unique_ptr<parquet_file>& file) const override
    {
        try {
            auto writer = std::make_unique<parquet_file_writer>();
            const auto status = writer->open(shape, options, std::move(to));
            if (!status.ok()) return status.ToString();
            file = std::move(writer);
            return {};
        } catch (const std::exception& ex) {
            return ex.what();
        }
    }

    std::string read(const std::string& path,
                     const std::function<bool(std::string_view)>& row) const override
    {
        try {
            const auto status = read_parquet(path, row);
            return status.ok() ? std::string{} : status.ToString();
        } catch (const std::exception& ex) {
            return ex.what();
        }
    }
};

}  // namespace
}  // namespace sluice::batch

extern "C" __attribute__((visibility("default"))) const sluice::batch::arrow_module*
sluice_arrow_module(std::uint32_t version)
{
    static const sluice::batch::module_over_arrow module;
    return version == sluice::batch::arrow_module_version ? &module : nullptr;
}
