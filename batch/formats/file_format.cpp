#include "batch/formats/file_format.hpp"

#include "batch/formats/ndjson.hpp"

namespace sluice::batch {

result<std::unique_ptr<file_format>> make_format(const config::export_settings& settings,
                                                 const std::string& state)
{
    if (settings.format == config::export_format::ndjson) {
        return std::unique_ptr<file_format>(std::make_unique<ndjson_format>(settings.compression));
    }
    (void)state;
    return std::unique_ptr<file_format>{};
}

}  // namespace sluice::batch
