#pragma once
// A local folder as storage: write to a temporary name, fsync, rename, fsync the folders.

#include <filesystem>

#include "batch/storage/storage.hpp"

namespace sluice::batch {

class directory_storage final : public storage {
public:
    /// Makes the folder when it is missing and tries that it can be written to.
    static result<std::unique_ptr<directory_storage>> open(const std::string& directory);

    result<std::unique_ptr<upload>> begin(const std::string& scratch_name) override;

private:
    explicit directory_storage(std::filesystem::path root) : root_(std::move(root)) {}
    std::filesystem::path root_;
};

}  // namespace sluice::batch
