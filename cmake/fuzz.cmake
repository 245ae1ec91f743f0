# One libFuzzer program per parser, each built from the sources it tests: cmake --preset fuzz, then
# cmake --build build/fuzz --target fuzzers. clang 14 is needed for libFuzzer, and it does not accept everything
# that the rest of the tree uses (structured bindings in lambda captures), so fuzz_yaml and fuzz_rule_set wait for
# a newer clang.

add_custom_target(fuzzers)

# sluice_fuzzer(<name> SOURCES patterns... LINK libs...)
function(sluice_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  add_executable(${name} EXCLUDE_FROM_ALL tests/fuzz/${name}.cpp ${sources})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined
    -include ${PROJECT_SOURCE_DIR}/cmake/pch_std.hpp)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE fmt::fmt spdlog::spdlog Threads::Threads ${ARG_LINK})
  add_dependencies(fuzzers ${name})
endfunction()

set(http ${PROJECT_SOURCE_DIR}/gateway/http)
sluice_fuzzer(fuzz_request_check
  SOURCES ${http}/request_check.cpp ${http}/head_rules.cpp ${http}/field_scanner.cpp ${http}/body_reader.cpp
          ${http}/message.cpp ${http}/session_machine.cpp ${http}/response_writer.cpp ${http}/policies.cpp
          ${http}/policy_content_coding.cpp ${http}/policy_request_id.cpp ${http}/problem.cpp ${http}/router.cpp
          ${PROJECT_SOURCE_DIR}/config/clock.cpp
  LINK zstd z deflate)
set(edge ${PROJECT_SOURCE_DIR}/gateway/edge)
sluice_fuzzer(fuzz_event_json
  SOURCES ${edge}/event_json.cpp ${edge}/json_bytes.cpp ${edge}/event_splitter.cpp LINK simdjson::simdjson)
set(data ${PROJECT_SOURCE_DIR}/datasets)
sluice_fuzzer(fuzz_record_batch
  SOURCES ${data}/record_batch.cpp ${data}/record_encoder.cpp ${data}/stored_batch.cpp ${data}/crc32c.cpp
          ${data}/log_error.cpp
  LINK zstd)
sluice_fuzzer(fuzz_expression
  SOURCES ${PROJECT_SOURCE_DIR}/rules/expression/*.cpp ${PROJECT_SOURCE_DIR}/config/clock.cpp
          ${PROJECT_SOURCE_DIR}/config/diagnostic.cpp
  LINK simdjson::simdjson re2::re2 cctz::cctz utf8proc OpenSSL::Crypto)
