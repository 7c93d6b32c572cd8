// The shared vectors (docs/formats/vectors.md): what every client that evaluates locally must answer. Written by vectors_main.cc, held
// by vectors_test.cc here and by the tests of each SDK.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"

namespace sinan::experiment {

// The attribute's value as encoded contexts know it; numbers as text, since not every reader of JSON has 64 bits.
struct VectorAttribute {
  std::string name;
  std::string kind;                // "bool", "int", "double", "text", "time", "list", "now", "force"
  std::vector<std::string> texts;  // one, or the elements of a list
};
using VectorContext = std::vector<VectorAttribute>;

std::vector<std::byte> encode(const VectorContext& context);

Json to_json(const VectorContext& context);
VectorContext vector_context(const Json& json);

// What the evaluator answers, through the function that all bindings call: {"type", "value", "reason", "problem", ...}.
class Snapshot;
Json answer_json(const Snapshot& snapshot, const std::string& parameter, const std::string& asked,
                 const std::vector<std::byte>& context);

}  // namespace sinan::experiment
