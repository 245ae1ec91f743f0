# Load generator and micro benchmarks; nothing here is needed to build or test the product.

option(SLUICE_BENCH "Build the load generator and the micro benchmarks" OFF)
if(NOT SLUICE_BENCH)
  return()
endif()

add_executable(load_client loadtest/load_client.cpp)
target_link_libraries(load_client PRIVATE sluice_options CLI11::CLI11)

# for the cases of the event log: a big log, and sustained appends beside RocksDB alone
add_executable(fill_log loadtest/fill_log.cpp)
add_executable(append_rate loadtest/append_rate.cpp)
add_executable(kafka_rate loadtest/kafka_rate.cpp)
foreach(name fill_log append_rate kafka_rate)
  target_link_libraries(${name} PRIVATE sluice_datasets CLI11::CLI11)
endforeach()

# Each loadtest/micro/<what>_bench.cpp becomes a program of its name.
find_package(benchmark REQUIRED)
file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/loadtest/micro/*_bench.cpp)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  set(tested sluice_gateway)
  if(name MATCHES "^(rules|expression)_")
    set(tested sluice_rules)  # built in a minute, for work on the rules alone
  endif()
  target_link_libraries(${name} PRIVATE ${tested} benchmark::benchmark benchmark::benchmark_main)
endforeach()
