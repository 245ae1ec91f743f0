# Warnings, sanitizers, ccache, precompiled headers and the helper that makes one library of one folder.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sluice_options INTERFACE
  -pthread -Wall -Wextra -Wpedantic -Werror -Wno-psabi -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fno-omit-frame-pointer)
target_compile_definitions(sluice_options INTERFACE SLUICE_VERSION="${PROJECT_VERSION}")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely in coroutines and in inlined standard containers.
  target_compile_options(sluice_options INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete
    -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread -Wno-dangling-pointer
    -Wno-missing-field-initializers -fpch-preprocess)
endif()

if(SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "thread")
    target_compile_options(sluice_options INTERFACE -Wno-tsan)
  endif()
endif()

# Two precompiled headers serve the whole tree.
foreach(kind std asio)
  file(WRITE ${PROJECT_BINARY_DIR}/pch_${kind}.cpp "")
  add_library(sluice_pch_${kind} OBJECT ${PROJECT_BINARY_DIR}/pch_${kind}.cpp)
  target_precompile_headers(sluice_pch_${kind} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch_${kind}.hpp)
  target_link_libraries(sluice_pch_${kind} PRIVATE sluice_options)
endforeach()

# sluice_library(<folder> PCH std|asio LINK libs... [EXCLUDE paths...])
function(sluice_library folder)
  cmake_parse_arguments(ARG "" "PCH" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${folder}/*.cpp)
  foreach(path ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "^${path}")
  endforeach()
  if(NOT sources)
    add_library(sluice_${folder} INTERFACE)
    target_link_libraries(sluice_${folder} INTERFACE sluice_options ${ARG_LINK})
    return()
  endif()
  add_library(sluice_${folder} STATIC ${sources})
  target_link_libraries(sluice_${folder} PUBLIC sluice_options ${ARG_LINK})
  target_precompile_headers(sluice_${folder} REUSE_FROM sluice_pch_${ARG_PCH})
endfunction()
