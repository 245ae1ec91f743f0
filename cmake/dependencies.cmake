# Everything that is not ours. Versions are what Debian 12 packages; `make deps` installs them.

set(SLUICE_DEPS_DIR ${PROJECT_SOURCE_DIR}/.deps CACHE PATH "Where make deps puts what Debian does not package")

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)

pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-cpp)
add_library(sluice_yaml INTERFACE)
target_link_libraries(sluice_yaml INTERFACE PkgConfig::yaml)

find_package(re2 QUIET)
if(NOT TARGET re2::re2)
  pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
  add_library(re2::re2 ALIAS PkgConfig::re2)
endif()

find_path(CCTZ_INCLUDE cctz/time_zone.h REQUIRED)
find_library(CCTZ_LIBRARY cctz REQUIRED)
add_library(cctz::cctz INTERFACE IMPORTED)
target_link_libraries(cctz::cctz INTERFACE ${CCTZ_LIBRARY})

find_package(RocksDB REQUIRED)
add_library(sluice_rocksdb INTERFACE)
target_link_libraries(sluice_rocksdb INTERFACE $<IF:$<TARGET_EXISTS:RocksDB::rocksdb-shared>,RocksDB::rocksdb-shared,RocksDB::rocksdb>)

pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka)
add_library(sluice_rdkafka INTERFACE)
target_link_libraries(sluice_rdkafka INTERFACE PkgConfig::rdkafka)
if(SLUICE_SANITIZE MATCHES "thread")
  add_library(sluice_c11_threads OBJECT ${PROJECT_SOURCE_DIR}/tests/support/c11_threads.cpp)
  target_link_libraries(sluice_c11_threads PRIVATE sluice_options)
  target_link_libraries(sluice_rdkafka INTERFACE $<TARGET_OBJECTS:sluice_c11_threads>)
endif()
# `make deps-kafka` puts a newer one there, with the same interface; programs find it at their next start,
# LD_LIBRARY_PATH goes before it, and without that folder the packaged one is used
target_link_options(sluice_rdkafka INTERFACE -Wl,--enable-new-dtags -Wl,-rpath,${SLUICE_DEPS_DIR}/librdkafka)

add_library(sluice_deflate INTERFACE)
target_link_libraries(sluice_deflate INTERFACE deflate z)

add_library(sluice_boost INTERFACE)
target_link_libraries(sluice_boost INTERFACE Boost::headers Threads::Threads)
target_link_libraries(sluice_options INTERFACE Boost::headers Threads::Threads fmt::fmt)
