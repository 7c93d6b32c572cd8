// Reader of UBJSON (ubjson.org, draft 12), the binary JSON in which XGBoost writes its models, into a tree of values whose
// long number arrays stay packed. JSON text becomes the same tree, so that a model has one reader.
//
// Input is foreign: depth, counts and lengths are checked against the bytes that are there before anything is allocated.
// Errors: Code::kData with the offset. Values own their content. Not thread-safe while being built, constant afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace sinan::ml {

class ModelValue {
 public:
  using Array = std::vector<ModelValue>;
  using Object = std::vector<std::pair<std::string, ModelValue>>;
  using Data = std::variant<std::nullptr_t, bool, int64_t, double, std::string, std::vector<int64_t>,
                            std::vector<float>, Array, Object>;

  ModelValue() = default;
  explicit ModelValue(Data data) : data_(std::move(data)) {}
  static ModelValue from_json(const Json& json);

  bool is_object() const { return std::holds_alternative<Object>(data_); }
  // The member, or a null value when this is no object or has none of that name.
  const ModelValue& at(std::string_view key) const;
  bool has(std::string_view key) const;
  std::string_view text() const;  // empty when this is not a string
  const Array& items() const;     // empty when this is not an array of values
  // Numbers, also as XGBoost writes them in parameters: "0.5". Errors: kData naming `what`.
  Result<int64_t> integer(std::string_view what) const;
  Result<double> number(std::string_view what) const;
  // Arrays of numbers, packed or not. Errors: kData naming `what` when it is none or a value does not fit.
  Result<std::vector<float>> floats(std::string_view what) const;
  Result<std::vector<int64_t>> integers(std::string_view what) const;

 private:
  Data data_ = nullptr;
};

Result<ModelValue> read_ubjson(std::span<const std::byte> bytes);

// Both begin with '{'; in UBJSON a length marker follows, in JSON white space or a quote.
bool is_json_document(std::span<const std::byte> bytes);
// Either of the two.
Result<ModelValue> read_model_document(std::span<const std::byte> bytes);

}  // namespace sinan::ml
