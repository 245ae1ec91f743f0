#include "batch/formats/file_format.hpp"

#include "batch/formats/arrow_loader.hpp"
#include "batch/formats/ndjson.hpp"
#include "batch/formats/parquet.hpp"

namespace sluice::batch {

result<std::unique_ptr<file_format>> make_format(const config::export_settings& settings,
                                                 const std::string& state)
{
    if (settings.format == config::export_format::ndjson) {
        return std::unique_ptr<file_format>(std::make_unique<ndjson_format>(settings.compression));
    }
    auto module = load_arrow();
    if (!module) return module.error();
    auto learnt = row_schema::from_json(state);
    if (!learnt) return learnt.error();
    return std::unique_ptr<file_format>(
        std::make_unique<parquet_format>(**module, settings.compression, std::move(*learnt)));
}

}  // namespace sluice::batch
