# Libraries outside the repository, as imported targets. Which room may use which is tools/layers.toml's to say.
#
# Debian's come from the system (deps/debian.txt); the others were put into the dependency cache by deps/fetch, which wrote
# build/deps.cmake with their paths.

set(deps_file "${CMAKE_SOURCE_DIR}/build/deps.cmake")
if(EXISTS "${deps_file}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${deps_file}")
  include("${deps_file}")
else()
  message(WARNING "build/deps.cmake is missing: run deps/fetch (rooms that need DuckDB will not build)")
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)           # fmt::fmt
find_package(simdjson REQUIRED)      # simdjson::simdjson
find_package(tomlplusplus REQUIRED)  # tomlplusplus::tomlplusplus
find_package(CLI11 REQUIRED)         # CLI11::CLI11
find_package(spdlog REQUIRED)        # spdlog::spdlog
find_package(SQLite3 REQUIRED)       # SQLite::SQLite3
find_package(CURL REQUIRED)          # CURL::libcurl
find_package(OpenSSL REQUIRED)       # OpenSSL::SSL, OpenSSL::Crypto
find_package(Boost 1.74 REQUIRED)    # Boost::headers: Beast and Asio
if(SINAN_TESTS)
  find_package(GTest REQUIRED)       # GTest::gtest_main, GTest::gmock
  find_package(rapidcheck REQUIRED)  # rapidcheck
endif()
find_package(benchmark QUIET)        # benchmark::benchmark

# A library that ships neither a CMake package nor a pkg-config file worth reading: one header, one library.
function(sinan_system_library target header library)
  find_path(${target}_INCLUDE_DIR ${header} REQUIRED)
  find_library(${target}_LIBRARY ${library} REQUIRED)
  mark_as_advanced(${target}_INCLUDE_DIR ${target}_LIBRARY)
  add_library(${target}::${target} UNKNOWN IMPORTED)
  set_target_properties(${target}::${target} PROPERTIES IMPORTED_LOCATION "${${target}_LIBRARY}"
                                                        INTERFACE_INCLUDE_DIRECTORIES "${${target}_INCLUDE_DIR}")
endfunction()
sinan_system_library(utf8proc utf8proc.h utf8proc)
sinan_system_library(xxhash xxhash.h xxhash)
sinan_system_library(libedit editline/readline.h edit)
sinan_system_library(re2 re2/re2.h re2)

if(SINAN_DUCKDB_LIBRARY)
  add_library(DuckDB::duckdb SHARED IMPORTED)
  set_target_properties(DuckDB::duckdb PROPERTIES IMPORTED_LOCATION "${SINAN_DUCKDB_LIBRARY}"
                                                  INTERFACE_INCLUDE_DIRECTORIES "${SINAN_DUCKDB_INCLUDE_DIR}")
endif()

# Loaded at run time (src/solve/library.cc): the target is its C header alone.
if(SINAN_HIGHS_INCLUDE_DIR)
  add_library(HiGHS::headers INTERFACE IMPORTED)
  target_include_directories(HiGHS::headers INTERFACE "${SINAN_HIGHS_INCLUDE_DIR}")
  list(APPEND SINAN_RUNTIME_LIBRARIES "${SINAN_HIGHS_LIBRARY}")
endif()

# What a program finds beside it (see sinan_program): links in the build tree, copies when installed.
foreach(library IN ITEMS "${SINAN_DUCKDB_LIBRARY}" "${SINAN_XGBOOST_LIBRARY}" "${SINAN_LIGHTGBM_LIBRARY}")
  if(library)
    list(APPEND SINAN_RUNTIME_LIBRARIES "${library}")
  endif()
endforeach()
if(SINAN_XGBOOST_LIBS_DIR)
  file(GLOB openmp "${SINAN_XGBOOST_LIBS_DIR}/libgomp-*")
  list(APPEND SINAN_RUNTIME_LIBRARIES ${openmp})
endif()
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/lib/sinan")
foreach(library IN LISTS SINAN_RUNTIME_LIBRARIES)
  cmake_path(GET library FILENAME file)
  file(CREATE_LINK "${library}" "${CMAKE_BINARY_DIR}/lib/sinan/${file}" SYMBOLIC)
endforeach()
install(FILES ${SINAN_RUNTIME_LIBRARIES} DESTINATION lib/sinan)

# DuckDB's extensions, in the layout that it looks for: <folder>/v<version>/<platform>/<name>.duckdb_extension.
foreach(folder IN ITEMS "${SINAN_DUCKDB_MYSQL_DIR}" "${SINAN_DUCKDB_POSTGRES_DIR}")
  if(folder)
    file(GLOB_RECURSE extensions RELATIVE "${folder}" "${folder}/*.duckdb_extension")
    foreach(extension IN LISTS extensions)
      cmake_path(GET extension PARENT_PATH place)
      file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/lib/sinan/extensions/${place}")
      file(CREATE_LINK "${folder}/${extension}" "${CMAKE_BINARY_DIR}/lib/sinan/extensions/${extension}" SYMBOLIC)
      install(FILES "${folder}/${extension}" DESTINATION "lib/sinan/extensions/${place}")
    endforeach()
  endif()
endforeach()
