# One libFuzzer program per parser, each built from the sources it tests: `make fuzz` builds and runs all,
# SECONDS each; by hand cmake --preset fuzz, then cmake --build --preset fuzz. Needs clang (Debian's clang-14).

add_custom_target(fuzzers)
set(fuzz_flags -fsanitize=address,undefined -fno-sanitize-recover=all)

# sluice_fuzz_objects(<name> patterns...): sources that several targets share, compiled once.
function(sluice_fuzz_objects name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARGN})
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link ${fuzz_flags}
    -include ${PROJECT_SOURCE_DIR}/cmake/pch_std.hpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
endfunction()

# sluice_fuzzer(<source> OBJECTS names... LINK libs...)
function(sluice_fuzzer source)
  get_filename_component(name ${source} NAME_WE)
  cmake_parse_arguments(ARG "" "" "OBJECTS;LINK" ${ARGN})
  set(objects)
  foreach(part ${ARG_OBJECTS})
    list(APPEND objects $<TARGET_OBJECTS:${part}>)
  endforeach()
  add_executable(${name} EXCLUDE_FROM_ALL ${source} ${objects})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer ${fuzz_flags}
    -include ${PROJECT_SOURCE_DIR}/cmake/pch_std.hpp)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer ${fuzz_flags})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE SLUICE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE fmt::fmt spdlog::spdlog Threads::Threads ${ARG_LINK})
  add_dependencies(fuzzers ${name})
endfunction()

set(root ${PROJECT_SOURCE_DIR})
set(http ${root}/gateway/http)
sluice_fuzz_objects(fuzz_http
  ${http}/request_check.cpp ${http}/head_rules.cpp ${http}/field_scanner.cpp ${http}/body_reader.cpp
  ${http}/message.cpp ${http}/session_machine.cpp ${http}/response_writer.cpp ${http}/policies.cpp
  ${http}/policy_content_coding.cpp ${http}/policy_request_id.cpp ${http}/problem.cpp ${http}/router.cpp
  ${root}/config/clock.cpp)
set(edge ${root}/gateway/edge)
sluice_fuzz_objects(fuzz_edge ${edge}/event_json.cpp ${edge}/json_bytes.cpp ${edge}/event_splitter.cpp)
set(data ${root}/datasets)
sluice_fuzz_objects(fuzz_data ${data}/record_batch.cpp ${data}/record_encoder.cpp ${data}/stored_batch.cpp
  ${data}/crc32c.cpp ${data}/log_error.cpp)
sluice_fuzz_objects(fuzz_config ${root}/config/*.cpp)
sluice_fuzz_objects(fuzz_rules ${root}/rules/*.cpp)
set(rules_libraries sluice_yaml simdjson::simdjson re2::re2 cctz::cctz utf8proc OpenSSL::Crypto)

sluice_fuzzer(tests/fuzz/fuzz_request_check.cpp OBJECTS fuzz_http LINK zstd z deflate)
sluice_fuzzer(tests/fuzz/fuzz_event_json.cpp OBJECTS fuzz_edge LINK simdjson::simdjson)
sluice_fuzzer(tests/fuzz/fuzz_record_batch.cpp OBJECTS fuzz_data LINK zstd)
sluice_fuzzer(tests/fuzz/fuzz_yaml.cpp OBJECTS fuzz_config LINK sluice_yaml OpenSSL::Crypto)
sluice_fuzzer(tests/fuzz/fuzz_expression.cpp OBJECTS fuzz_config fuzz_rules LINK ${rules_libraries})
sluice_fuzzer(tests/fuzz/fuzz_evaluate.cpp OBJECTS fuzz_config fuzz_rules LINK ${rules_libraries})
sluice_fuzzer(tests/fuzz/fuzz_template.cpp OBJECTS fuzz_config fuzz_rules LINK ${rules_libraries})
sluice_fuzzer(tests/fuzz/fuzz_rule_set.cpp OBJECTS fuzz_config fuzz_rules LINK ${rules_libraries})
sluice_fuzzer(tests/fuzz/fuzz_canary.cpp)
