#pragma once
// The laws of event_log, each a function that tries one on a world and says by gtest what it found.
// They hold for every engine; a law that an engine breaks is mended in the engine.

#include "tests/unit/datasets/contract/log_world.hpp"

namespace sluice::datasets::contract {

struct law {
    const char* name;
    void (*hold)(log_world&);
    ability needs = ability::nothing_special;
};

[[nodiscard]] std::vector<law> laws_of_records();
[[nodiscard]] std::vector<law> laws_of_positions();
[[nodiscard]] std::vector<law> laws_of_life();

[[nodiscard]] inline std::vector<law> all_laws()
{
    auto all = laws_of_records();
    for (auto& one : laws_of_positions()) all.push_back(one);
    for (auto& one : laws_of_life()) all.push_back(one);
    return all;
}

}  // namespace sluice::datasets::contract
