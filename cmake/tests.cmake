# One test program per folder of tests/unit; files are found by name (*_test.cpp).

find_package(GTest REQUIRED)
include(GoogleTest)

function(sluice_tests folder pch)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${folder} ${sources})
  target_link_libraries(test_${folder} PRIVATE sluice_${folder} GTest::gtest GTest::gmock GTest::gtest_main ${ARGN})
  # -fPIC like the precompiled header, which -fPIE would not fit
  set_target_properties(test_${folder} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(test_${folder} PRIVATE -fPIC)
  target_precompile_headers(test_${folder} REUSE_FROM sluice_pch_${pch})
  target_compile_definitions(test_${folder} PRIVATE SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # whole programs, not one process per case: start-up of a sanitized binary costs more than most cases
  add_test(NAME unit_${folder} COMMAND test_${folder})
endfunction()

sluice_tests(config std)
sluice_tests(rules std)
sluice_tests(datasets std)
sluice_tests(actions asio)
if(TARGET test_actions)
  target_sources(test_actions PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/http_imposter.cpp)
endif()
sluice_tests(batch std)
if(TARGET test_batch)
  target_sources(test_batch PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/memory_log.cpp)
endif()
sluice_tests(gateway asio)
