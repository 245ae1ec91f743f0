#include "datasets/embedded/rocksdb_logger.hpp"

#include <spdlog/spdlog.h>

#include <cstdarg>
#include <cstdio>

namespace sluice::datasets::embedded {

namespace {

class spdlog_logger final : public rocksdb::Logger {
public:
    spdlog_logger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

    using Logger::Logv;
    void Logv(const char* format, va_list arguments) override
    {
        char line[512];
        std::vsnprintf(line, sizeof line, format, arguments);
        spdlog::warn("store: {}", line);
    }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocksdb_logger()
{
    return std::make_shared<spdlog_logger>();
}

}  // namespace sluice::datasets::embedded
