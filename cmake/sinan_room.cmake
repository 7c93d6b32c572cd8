# How a room is built. A room's CMakeLists.txt is one call:
#
#     sinan_room(engine/duckdb DEPS base arrow engine LIBS DuckDB::duckdb PRIVATE_LIBS fmt::fmt)
#
# which makes the static library sinan_engine_duckdb (sinan::engine_duckdb) of the folder's *.cc, and, when there are any
# test/*_test.cc, the one executable engine_duckdb_test. Nested rooms are rooms of their own.

# sinan_room(<name> [DEPS rooms...] [LIBS targets...] [PRIVATE_LIBS targets...] [TEST_DEPS rooms...] [TEST_DEFINES K=V...]
#            [FOLDERS folders...])
#   DEPS          rooms that this room's headers or sources include; tools/check_layers holds the code to it
#   LIBS          imported targets whose headers this room's headers include
#   PRIVATE_LIBS  imported targets that only the sources use
#   TEST_DEPS     rooms that only the tests use
#   TEST_DEFINES  definitions for the test executable
#   FOLDERS       sub-folders that are part of the room: their *.cc, and the tests and fuzzers in their test/
# A folder without *.cc is an INTERFACE library. main.cc and *_main.cc belong to programs (sinan_program).
# In test/, *_test.cc and any other *.cc but *_fuzzer.cc and *_main.cc make the test executable, build/<preset>/test/<id>_test.
function(sinan_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS;LIBS;PRIVATE_LIBS;TEST_DEPS;TEST_DEFINES;FOLDERS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sinan_room(${name}): unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "/" "_" id "${name}")
  set(target sinan_${id})

  set(folders "${CMAKE_CURRENT_SOURCE_DIR}")
  foreach(folder IN LISTS ARG_FOLDERS)
    list(APPEND folders "${CMAKE_CURRENT_SOURCE_DIR}/${folder}")
  endforeach()
  list(TRANSFORM folders APPEND "/*.cc" OUTPUT_VARIABLE patterns)
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(FILTER sources EXCLUDE REGEX "(/|_)main\\.cc$")
  if(sources)
    add_library(${target} STATIC ${sources})
    set(public PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
  endif()
  add_library(sinan::${id} ALIAS ${target})
  target_include_directories(${target} ${public} "${CMAKE_SOURCE_DIR}/src")
  sinan_rooms_to_targets(deps ${ARG_DEPS})
  target_link_libraries(${target} ${public} ${deps} ${ARG_LIBS} Threads::Threads)
  if(sources)
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE_LIBS})
  endif()
  set_property(GLOBAL APPEND PROPERTY SINAN_ROOMS ${id})
  set_property(GLOBAL PROPERTY SINAN_ROOM_NEEDS_${id} ${ARG_DEPS} ${ARG_TEST_DEPS})

  if(SINAN_TESTS)
    sinan_room_test(${id} ${target})
    sinan_room_fuzzers(${id} ${target})
  endif()
endfunction()

# Puts an executable into <build>/<folder>/, from where ../lib/sinan leads to the libraries, as from an installed bin/.
# RPATH rather than RUNPATH, so that libraries that are loaded at run time find their own dependencies there too.
function(sinan_beside_libraries target folder)
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${folder}"
                                             BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../lib/sinan")
endfunction()

# The test executable of a room. One add_test per executable: gtest shards cost more to start than they save here.
macro(sinan_room_test id target)
  list(TRANSFORM folders APPEND "/test/*_test.cc" OUTPUT_VARIABLE patterns)
  file(GLOB tests CONFIGURE_DEPENDS ${patterns})
  list(TRANSFORM folders APPEND "/test/*.cc" OUTPUT_VARIABLE patterns)
  file(GLOB support CONFIGURE_DEPENDS ${patterns})
  list(FILTER support EXCLUDE REGEX "_(test|fuzzer|main)\\.cc$")
  if(tests)
    add_executable(${id}_test ${tests} ${support})
    sinan_rooms_to_targets(test_deps ${ARG_TEST_DEPS})
    target_link_libraries(${id}_test PRIVATE ${target} ${test_deps} ${ARG_PRIVATE_LIBS} fmt::fmt GTest::gtest_main
                                             GTest::gmock rapidcheck)
    target_compile_definitions(${id}_test PRIVATE ${ARG_TEST_DEFINES})
    sinan_beside_libraries(${id}_test test)
    add_test(NAME ${id}_test COMMAND ${id}_test --gtest_brief=1 WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${id}_test PROPERTIES LABELS "unit")
  endif()
endmacro()

# Fuzzers: test/<name>_fuzzer.cc defines LLVMFuzzerTestOneInput. With clang and SINAN_FUZZ they are libFuzzer programs;
# always they are built as a regression test that runs every file of test/corpus/<name>_fuzzer/ and mutations of it (run_corpus.cc).
macro(sinan_room_fuzzers id target)
  list(TRANSFORM folders APPEND "/test/*_fuzzer.cc" OUTPUT_VARIABLE patterns)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${patterns})
  foreach(source IN LISTS fuzzers)
    cmake_path(GET source STEM fuzzer)
    cmake_path(GET source PARENT_PATH folder)
    set(corpus "${folder}/corpus/${fuzzer}")
    if(SINAN_FUZZ)
      add_executable(${fuzzer} ${source})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      set(arguments -runs=0)
    else()
      add_executable(${fuzzer} ${source} "${CMAKE_SOURCE_DIR}/cmake/run_corpus.cc")
      set(arguments)
    endif()
    target_link_libraries(${fuzzer} PRIVATE ${target} ${ARG_PRIVATE_LIBS} fmt::fmt)
    sinan_beside_libraries(${fuzzer} test)
    add_dependencies(fuzzers ${fuzzer})
    if(EXISTS "${corpus}")
      add_test(NAME ${fuzzer} COMMAND ${fuzzer} ${arguments} "${corpus}")
      set_tests_properties(${fuzzer} PROPERTIES LABELS "fuzz")
    endif()
  endforeach()
endmacro()

# sinan_program(<name> SOURCES files... [DEPS rooms...] [LIBS targets...]): an executable that `make build` installs as
# bin/<name>, beside lib/sinan/*.so.
function(sinan_program name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS;LIBS")
  add_executable(${name} ${ARG_SOURCES})
  sinan_rooms_to_targets(deps ${ARG_DEPS})
  target_link_libraries(${name} PRIVATE ${deps} ${ARG_LIBS})
  sinan_beside_libraries(${name} bin)
  install(TARGETS ${name} DESTINATION bin)
  add_dependencies(program ${name})
endfunction()

# sinan_benchmark(<name> SOURCES files... [DEPS rooms...] [LIBS targets...]): a program of the target `benchmarks`.
function(sinan_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS;LIBS")
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  sinan_rooms_to_targets(deps ${ARG_DEPS})
  target_link_libraries(${name} PRIVATE ${deps} ${ARG_LIBS} fmt::fmt)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  sinan_beside_libraries(${name} bench)
  add_dependencies(benchmarks ${name})
endfunction()

function(sinan_rooms_to_targets out)
  set(targets)
  foreach(room IN LISTS ARGN)
    string(REPLACE "/" "_" id "${room}")
    if(EXISTS "${CMAKE_SOURCE_DIR}/src/${room}/CMakeLists.txt")
      list(APPEND targets sinan::${id})
    endif()
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# Called once all rooms are known: names the rooms that DEPS ask for and that do not exist.
function(sinan_check_rooms)
  get_property(rooms GLOBAL PROPERTY SINAN_ROOMS)
  foreach(id IN LISTS rooms)
    get_property(needs GLOBAL PROPERTY SINAN_ROOM_NEEDS_${id})
    foreach(room IN LISTS needs)
      if(NOT EXISTS "${CMAKE_SOURCE_DIR}/src/${room}/CMakeLists.txt")
        message(WARNING "room ${id} names ${room} in DEPS, but there is no src/${room}/CMakeLists.txt")
      endif()
    endforeach()
  endforeach()
endfunction()
