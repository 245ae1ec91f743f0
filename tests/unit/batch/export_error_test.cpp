#include "batch/export_error.hpp"

#include <gtest/gtest.h>

#include "datasets/log_error.hpp"

namespace sluice::batch {

/// An outage of a cluster must not make exports wait for minutes after its end.
TEST(ExportErrors, WhatTheLogCouldNotAnswerIsNotHeldAgainstTheExport)
{
    EXPECT_TRUE(is_of_log({make_error_code(datasets::log_errc::refusing), "no broker"}));
    EXPECT_TRUE(is_of_log({make_error_code(datasets::log_errc::io), "no answer"}));
    EXPECT_TRUE(is_of_log(export_failure(export_errc::log, "no record where one should be")));
    EXPECT_FALSE(is_of_log(export_failure(export_errc::storage, "no space")));
    EXPECT_FALSE(is_of_log(export_failure(export_errc::bad_settings, "no such format")));
}

}  // namespace sluice::batch
