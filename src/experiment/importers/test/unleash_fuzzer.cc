// The importer of unleash never crashes on any bytes; what it takes can be published, stored and read again.
#include "experiment/importers/test/import_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sinan::experiment::fuzz_import(sinan::experiment::Platform::kUnleash, data, size);
}
