# One libFuzzer program per parser, each built from the sources it tests: cmake --preset fuzz, then
# cmake --build --preset fuzz. clang 14 does not accept all that config/ and rules/ use (structured bindings in
# lambda captures), so the two targets that need these folders are left out there.

add_custom_target(fuzzers)

# sluice_fuzzer(<source> SOURCES patterns... LINK libs...)
function(sluice_fuzzer source)
  get_filename_component(name ${source} NAME_WE)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  add_executable(${name} EXCLUDE_FROM_ALL ${source} ${sources})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined
    -include ${PROJECT_SOURCE_DIR}/cmake/pch_std.hpp)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE fmt::fmt spdlog::spdlog Threads::Threads ${ARG_LINK})
  add_dependencies(fuzzers ${name})
endfunction()

set(http ${PROJECT_SOURCE_DIR}/gateway/http)
sluice_fuzzer(tests/fuzz/fuzz_request_check.cpp
  SOURCES ${http}/request_check.cpp ${http}/head_rules.cpp ${http}/field_scanner.cpp ${http}/body_reader.cpp
          ${http}/message.cpp ${http}/session_machine.cpp ${http}/response_writer.cpp ${http}/policies.cpp
          ${http}/policy_content_coding.cpp ${http}/policy_request_id.cpp ${http}/problem.cpp ${http}/router.cpp
          ${PROJECT_SOURCE_DIR}/config/clock.cpp
  LINK zstd z deflate)
set(edge ${PROJECT_SOURCE_DIR}/gateway/edge)
sluice_fuzzer(tests/fuzz/fuzz_event_json.cpp
  SOURCES ${edge}/event_json.cpp ${edge}/json_bytes.cpp ${edge}/event_splitter.cpp LINK simdjson::simdjson)
set(data ${PROJECT_SOURCE_DIR}/datasets)
sluice_fuzzer(tests/fuzz/fuzz_record_batch.cpp
  SOURCES ${data}/record_batch.cpp ${data}/record_encoder.cpp ${data}/stored_batch.cpp ${data}/crc32c.cpp
          ${data}/log_error.cpp
  LINK zstd)
sluice_fuzzer(tests/fuzz/fuzz_expression.cpp
  SOURCES ${PROJECT_SOURCE_DIR}/rules/expression/*.cpp ${PROJECT_SOURCE_DIR}/config/clock.cpp
          ${PROJECT_SOURCE_DIR}/config/diagnostic.cpp
  LINK simdjson::simdjson re2::re2 cctz::cctz utf8proc OpenSSL::Crypto)

if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 16)
  set(yaml_sources ${PROJECT_SOURCE_DIR}/config/*.cpp)
  sluice_fuzzer(tests/fuzz/fuzz_yaml.cpp SOURCES ${yaml_sources} LINK sluice_yaml OpenSSL::Crypto)
  sluice_fuzzer(tests/fuzz/fuzz_rule_set.cpp SOURCES ${yaml_sources} ${PROJECT_SOURCE_DIR}/rules/*.cpp
    LINK sluice_yaml simdjson::simdjson re2::re2 cctz::cctz utf8proc OpenSSL::Crypto)
endif()
