#include "gateway/dataset_setup.hpp"

#include <fmt/format.h>

#include "datasets/log_error.hpp"

namespace sluice::gateway {

namespace {

failure named(const datasets::dataset_spec& spec, const failure& trouble)
{
    return {trouble.code, fmt::format("dataset {}: {}", spec.name.value(), trouble.message)};
}

/// Fewer partitions would put the later events of a key into another partition than the earlier
/// ones, and leave what lies in the others to nobody.
result<void> check_partitions(const datasets::event_log& log, const std::string& name,
                              std::uint32_t wanted)
{
    for (const auto& spec : log.list_datasets()) {
        if (spec.name.value() != name || spec.partitions <= wanted) continue;
        return failure{
            make_error_code(datasets::log_errc::bad_request),
            fmt::format("dataset {} has {} partitions and the configuration asks for {}: "
                        "partitions can't be taken away. Set `partitions: {}`, or name a new "
                        "dataset",
                        name, spec.partitions, wanted, spec.partitions)};
    }
    return {};
}

std::vector<datasets::dataset_spec> specs_of(const config::settings& settings)
{
    std::vector<datasets::dataset_spec> all;
    for (const auto& [name, of] : settings.datasets) {
        auto& spec = all.emplace_back();
        spec.name = dataset_name{name};
        spec.partitions = of.partitions;
        spec.age_max = of.retention.age_max;
        spec.bytes_max = of.retention.bytes_max;
        spec.trim_unread = of.retention.past_unread;
        spec.quota_bytes = of.quota_bytes;
    }
    return all;
}

}  // namespace

result<void> prepare_datasets(datasets::event_log& log, const config::settings& settings)
{
    for (const auto& spec : specs_of(settings)) {
        if (auto r = check_partitions(log, spec.name.value(), spec.partitions); r.has_error())
            return r;
    }
    for (const auto& spec : specs_of(settings)) {
        if (auto r = log.prepare_dataset(spec); r.has_error()) return named(spec, r.error());
    }
    return {};
}

result<void> open_datasets(datasets::event_log& log, const config::settings& settings)
{
    if (auto r = prepare_datasets(log, settings); r.has_error()) return r;
    for (const auto& spec : specs_of(settings)) {
        if (auto r = log.open_dataset(spec); r.has_error()) return named(spec, r.error());
        // a cluster tells how many there are only now
        if (auto r = check_partitions(log, spec.name.value(), spec.partitions); r.has_error())
            return r;
    }
    return {};
}

}  // namespace sluice::gateway
