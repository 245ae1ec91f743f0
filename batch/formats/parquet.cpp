#include "batch/formats/parquet.hpp"

#include <set>

#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

constexpr std::size_t sample_values_max = 1000;
constexpr std::size_t sample_values_min = 100;

parquet_compression to_parquet(config::export_compression compression)
{
    using config::export_compression;
    switch (compression) {
        case export_compression::none:
            return parquet_compression::none;
        case export_compression::gzip:
            return parquet_compression::gzip;
        case export_compression::snappy:
            return parquet_compression::snappy;
        case export_compression::automatic:
        case export_compression::zstd:
            break;
    }
    return parquet_compression::zstd;
}

/// A dictionary pays when values repeat: judged by the first values of the file's first group.
bool hardly_repeats(const column_buffer& column)
{
    std::set<std::string_view> distinct;
    std::size_t count = 0;
    for (std::size_t i = 0; i < column.length && count < sample_values_max; ++i) {
        const auto begin = static_cast<std::size_t>(column.offsets[i]);
        const auto size = static_cast<std::size_t>(column.offsets[i + 1]) - begin;
        if (size == 0) continue;
        ++count;
        distinct.insert(std::string_view(column.bytes).substr(begin, size));
    }
    return count >= sample_values_min && distinct.size() * 2 > count;
}

void find_unique(const column_buffer& column, const std::string& path,
                 std::vector<std::string>& out)
{
    if (column.kind == column_kind::text && hardly_repeats(column)) out.push_back(path);
    for (const auto& child : column.children) {
        find_unique(child, column.kind == column_kind::list ? path : path + "." + child.name, out);
    }
}

}  // namespace

parquet_format::parquet_format(const arrow_module& module, config::export_compression compression,
                               row_schema learnt)
    : module_(module), compression_(to_parquet(compression)), learnt_(std::move(learnt))
{
}

result<void> parquet_format::open_file(byte_sink& sink)
{
    sink_ = &sink;
    sink_failure_.reset();
    file_.reset();
    if (!builder_ || schema_ != learnt_) {
        schema_ = learnt_;
        builder_ = std::make_unique<row_builder>(schema_);
    }
    return {};
}

failure parquet_format::failed(const std::string& why) const
{
    if (sink_failure_) return *sink_failure_;
    return export_failure(export_errc::format, "the Parquet writer failed: " + why);
}

result<void> parquet_format::begin_file()
{
    parquet_options options{.compression = compression_, .created_by = "sluice " SLUICE_VERSION};
    for (const auto& column : builder_->columns()) {
        find_unique(column, column.name, options.unique_columns);
    }
    auto to_sink = [this](std::string_view bytes) {
        auto written = sink_->write(bytes);
        if (!written) sink_failure_ = written.error();
        return written.has_value();
    };
    const auto why = module_.create(builder_->columns(), options, to_sink, file_);
    if (!why.empty()) return failed(why);
    return {};
}

result<group_outcome> parquet_format::write_group(const row_group& group, bool is_last_try)
{
    if (builder_->build(group)) {
        bool has_grown = false;
        for (const auto* row : group.rows) has_grown |= learnt_.learn(row->content);
        if (has_grown && file_ && !is_last_try) return group_outcome::restart;
        if (has_grown && !file_) {
            schema_ = learnt_;
            builder_ = std::make_unique<row_builder>(schema_);
            builder_->build(group);
        }
    }
    if (!file_) {
        if (auto begun = begin_file(); !begun) return begun.error();
    }
    if (auto why = file_->write_group(builder_->columns()); !why.empty()) return failed(why);
    return group_outcome::written;
}

result<void> parquet_format::close_file()
{
    if (!file_) return {};
    auto why = file_->close();
    file_.reset();
    sink_ = nullptr;
    if (!why.empty() || sink_failure_) return failed(why);
    return {};
}

void parquet_format::abandon_file()
{
    if (file_) {
        // Arrow wants its writer closed; what it still writes goes nowhere.
        struct nowhere final : byte_sink {
            result<void> write(std::string_view) override { return {}; }
        } sink;
        sink_ = &sink;
        (void)file_->close();
        file_.reset();
    }
    sink_ = nullptr;
}

}  // namespace sluice::batch
