// The own file of Sinan's native models ("native.sinan"): a JSON header and the numbers it refers to, which JSON would make
// long and slow (docs/formats/native.md).
//
//     ModelFileWriter file;
//     Json header = Json::object({{"kind", "linear"}, {"weights", file.put(weights)}});
//     std::vector<std::byte> bytes = file.finish(header);
//     ModelFile file = TRY(ModelFile::read(bytes));
//     std::vector<double> weights = TRY(file.numbers(file.header().at("weights")));
//
// The file is foreign: sizes are checked against the bytes that are there before anything is allocated. Errors: kData.
// Values; not thread-safe while being written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace sinan::ml::native {

class ModelFileWriter {
 public:
  Json put(std::span<const double> numbers);
  std::vector<std::byte> finish(const Json& header) const;

 private:
  std::vector<double> numbers_;
};

class ModelFile {
 public:
  static Result<ModelFile> read(std::span<const std::byte> bytes);
  const Json& header() const { return header_; }
  // What put() returned. Every number is finite.
  Result<std::vector<double>> numbers(const Json& reference) const;
  // The same, with the count that the model's other parts ask for.
  Result<std::vector<double>> numbers(const Json& reference, size_t count, std::string_view what) const;

 private:
  Json header_;
  std::vector<double> numbers_;
};

// A member that counts something: an integer in [0, most]. Errors: kData naming it.
Result<size_t> count_member(const Json& object, std::string_view name, size_t most);

}  // namespace sinan::ml::native
