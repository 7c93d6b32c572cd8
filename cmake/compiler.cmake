# Language level, warnings and build kinds, the same for every target.
#
# Kinds (CMAKE_BUILD_TYPE): Release -O2 with line tables; Debug with DCHECK; Asan (address + undefined behaviour); Tsan.
# CHECK is on in all of them. The baseline is x86-64-v2: files that want AVX2 or AVX-512 choose at run time.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)  # statement expressions: TRY
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, Asan or Tsan" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_ASAN "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all")
set(CMAKE_CXX_FLAGS_TSAN "-O1 -g -fno-omit-frame-pointer -fsanitize=thread")
set(CMAKE_EXE_LINKER_FLAGS_ASAN "-fsanitize=address,undefined")
set(CMAKE_EXE_LINKER_FLAGS_TSAN "-fsanitize=thread")

# Paths in messages and debug information are relative to the repository: the same file built in two clones is the same
# object, which lets ccache share it.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
# One warning of -Wextra is off: designated initializers leave out what has a good default.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Werror)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-march=x86-64-v2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fdiagnostics-color=auto)
  # With sanitizers gcc 12 takes what they insert for uses of values never set, in the standard library too.
  if(CMAKE_BUILD_TYPE MATCHES "^(Asan|Tsan)$")
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-fcolor-diagnostics)
endif()

if(SINAN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SINAN_FUZZ needs clang: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(SINAN_CCACHE ccache)
if(SINAN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      "${SINAN_CCACHE}")
endif()
find_program(SINAN_MOLD mold)
if(SINAN_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
# Two links at a time are enough for two cores and keep the memory of sanitizer builds in bounds.
set_property(GLOBAL PROPERTY JOB_POOLS link=2)
set(CMAKE_JOB_POOL_LINK link)
