// Files in memory, for the test and the fuzzer of the Arrow reader.
#pragma once

#include <algorithm>
#include <string>

#include "io/file_system.h"

namespace sinan::run {

class BytesFile final : public io::ReadableFile {
 public:
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  Result<size_t> read_at(uint64_t offset, std::span<char> out) const override {
    if (offset >= bytes_.size()) return 0;
    const std::string_view rest = std::string_view(bytes_).substr(offset, out.size());
    std::ranges::copy(rest, out.begin());
    return rest.size();
  }

 private:
  std::string bytes_;
};

}  // namespace sinan::run
