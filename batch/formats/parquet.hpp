#pragma once
// Events as columns in Parquet files. Builds each row group in memory along the learnt schema and
// hands it to the Arrow module. When a group brings new members, the schema grows: at the start of
// a file the group is built again, later the file is begun again (or, after some restarts, the
// members wait in `_rescued` for the next file). One object per run.

#include "batch/arrow_module/arrow_module.hpp"
#include "batch/formats/file_format.hpp"
#include "batch/rows/row_builder.hpp"

namespace sluice::batch {

class parquet_format final : public file_format {
public:
    parquet_format(const arrow_module& module, config::export_compression compression,
                   row_schema learnt);

    result<void> open_file(byte_sink& sink) override;
    result<group_outcome> write_group(const row_group& group, bool is_last_try) override;
    result<void> close_file() override;
    void abandon_file() override;
    [[nodiscard]] std::string state() const override { return learnt_.to_json(); }
    [[nodiscard]] std::string schema_id() const override { return schema_.id(); }

private:
    result<void> begin_file();
    [[nodiscard]] failure failed(const std::string& why) const;

    const arrow_module& module_;
    parquet_compression compression_;
    row_schema learnt_;  ///< what the next file will have
    row_schema schema_;  ///< what this file has
    std::unique_ptr<row_builder> builder_;
    std::unique_ptr<parquet_file> file_;
    byte_sink* sink_ = nullptr;
    std::optional<failure> sink_failure_;
};

}  // namespace sluice::batch
