#include "ml/native/model_file.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace sinan::ml::native {
namespace {

constexpr std::string_view kMagic = "SINANML1";
constexpr size_t kPrefix = 16;  // the magic and the header's size
constexpr size_t kMostHeaderBytes = size_t{64} << 20;

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

}  // namespace

Json ModelFileWriter::put(std::span<const double> numbers) {
  Json reference = Json::array({static_cast<uint64_t>(numbers_.size()), static_cast<uint64_t>(numbers.size())});
  numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  return reference;
}

std::vector<std::byte> ModelFileWriter::finish(const Json& header) const {
  const std::string text = header.dump();
  const auto size = static_cast<uint64_t>(text.size());
  std::vector<std::byte> out(kPrefix + text.size() + numbers_.size() * sizeof(double));
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  std::memcpy(out.data() + kMagic.size(), &size, sizeof(size));
  std::memcpy(out.data() + kPrefix, text.data(), text.size());
  if (!numbers_.empty())
    std::memcpy(out.data() + kPrefix + text.size(), numbers_.data(), numbers_.size() * sizeof(double));
  return out;
}

Result<ModelFile> ModelFile::read(std::span<const std::byte> bytes) {
  if (bytes.size() < kPrefix || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return fail(Code::kData, "model is damaged: its own file is none of Sinan's");
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data() + kMagic.size(), sizeof(header_size));
  const std::span<const std::byte> body = bytes.subspan(kPrefix);
  if (header_size > kMostHeaderBytes || header_size > body.size())
    return fail(Code::kData, "model is damaged: its header is cut off");
  const std::span<const std::byte> numbers = body.subspan(static_cast<size_t>(header_size));
  if (numbers.size() % sizeof(double) != 0) return fail(Code::kData, "model is damaged: its numbers are cut off");
  ModelFile file;
  file.header_ = TRY(Json::parse({reinterpret_cast<const char*>(body.data()), static_cast<size_t>(header_size)}));
  file.numbers_.resize(numbers.size() / sizeof(double));
  if (!numbers.empty()) std::memcpy(file.numbers_.data(), numbers.data(), numbers.size());
  for (const double value : file.numbers_)
    if (!std::isfinite(value)) return fail(Code::kData, "model is damaged: a number is not finite");
  return file;
}

Result<std::vector<double>> ModelFile::numbers(const Json& reference) const {
  const auto& parts = reference.items();
  if (!reference.is_array() || parts.size() != 2) return fail(Code::kData, "model is damaged: numbers are missing");
  const int64_t at = TRY(parts[0].as_int());
  const int64_t count = TRY(parts[1].as_int());
  const auto size = static_cast<int64_t>(numbers_.size());
  if (at < 0 || count < 0 || at > size || count > size - at)
    return fail(Code::kData, "model is damaged: numbers outside of the file");
  return std::vector<double>(numbers_.begin() + at, numbers_.begin() + at + count);
}

Result<std::vector<double>> ModelFile::numbers(const Json& reference, size_t count, std::string_view what) const {
  std::vector<double> out = TRY(numbers(reference));
  if (out.size() != count)
    return fail(Code::kData, fmt::format("model is damaged: {} {} instead of {}", what, out.size(), count));
  return out;
}

Result<size_t> count_member(const Json& object, std::string_view name, size_t most) {
  const auto value = object.at(name).as_int();
  if (!value || *value < 0 || static_cast<uint64_t>(*value) > most)
    return fail(Code::kData, fmt::format("model is damaged: impossible {}", name));
  return static_cast<size_t>(*value);
}

}  // namespace sinan::ml::native
