# The shared module that holds everything that uses Apache Arrow (batch/arrow_module). It is no dependency of
# the program: the program loads it when Parquet is first needed, and says so when it is not there.
# Arrow's own packages come first; else the wheel that `make deps` unpacked; else a build without Parquet.

find_package(Arrow QUIET)
find_package(Parquet QUIET)
if(TARGET Arrow::arrow_shared AND TARGET Parquet::parquet_shared)
  set(arrow_libraries Arrow::arrow_shared Parquet::parquet_shared)
elseif(EXISTS ${SLUICE_DEPS_DIR}/arrow/version)
  set(arrow_root ${SLUICE_DEPS_DIR}/arrow)
  foreach(name arrow parquet)
    file(GLOB file ${arrow_root}/lib/lib${name}.so.*)
    get_filename_component(soname "${file}" NAME)
    add_library(arrow_wheel_${name} SHARED IMPORTED)
    set_target_properties(arrow_wheel_${name} PROPERTIES IMPORTED_LOCATION "${file}" IMPORTED_SONAME "${soname}"
                          INTERFACE_INCLUDE_DIRECTORIES "${arrow_root}/include")
  endforeach()
  target_link_libraries(arrow_wheel_parquet INTERFACE arrow_wheel_arrow)
  set(arrow_libraries arrow_wheel_parquet arrow_wheel_arrow)
endif()

if(NOT arrow_libraries)
  message(STATUS "Apache Arrow not found: exports as Parquet are off; `make deps` fetches it")
else()
  file(GLOB arrow_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/batch/arrow_module/*.cpp)
  add_library(sluice_arrow SHARED ${arrow_sources})
  # Nothing of ours is linked in but header-only fmt: code of the program must not exist twice in one process.
  target_include_directories(sluice_arrow PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(sluice_arrow PRIVATE ${arrow_libraries} fmt::fmt-header-only)
  target_compile_options(sluice_arrow PRIVATE -Wall -Wextra -Werror -Wno-unused-parameter -fvisibility=hidden)
  if(SLUICE_SANITIZE)
    # Arrow itself is not instrumented; neither is the thin layer over it, so their inline code agrees.
    message(STATUS "The Arrow module is built without sanitizers")
  endif()
  set_target_properties(sluice_arrow PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                        BUILD_RPATH_USE_ORIGIN OFF)
  foreach(user sluice_batch)
    if(TARGET ${user})
      get_target_property(kind ${user} TYPE)
      if(NOT kind STREQUAL "INTERFACE_LIBRARY")
        target_compile_definitions(${user} PRIVATE SLUICE_ARROW_MODULE_DIR="${PROJECT_BINARY_DIR}")
        add_dependencies(${user} sluice_arrow)
      endif()
    endif()
  endforeach()
endif()
