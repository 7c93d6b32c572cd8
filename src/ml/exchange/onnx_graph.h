// An ONNX file as a list of operators: the part of its protocol buffers that readers of tree models look at. Used by
// ml/exchange/onnx_model.h. Values own their content. Errors: kData for what is no ONNX file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::ml::onnx {

struct Attribute {
  int64_t integer = 0;
  float number = 0;
  std::string text;
  std::vector<int64_t> integers;
  std::vector<float> numbers;
  std::vector<std::string> texts;
};

struct Operator {
  std::string type;
  std::string domain;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, Attribute, std::less<>> attributes;

  bool has(std::string_view name) const { return attributes.contains(name); }
  // An empty attribute when there is none of that name.
  const Attribute& at(std::string_view name) const;
};

struct Input {
  std::string name;
  int64_t element = 0;  // onnx_schema.h
  int64_t columns = 0;  // second dimension; 0 = not told
};

struct Graph {
  std::string producer;
  std::vector<Operator> operators;
  std::vector<Input> inputs;               // without those that are constants
  std::map<std::string, float> constants;  // single numbers
};

Result<Graph> read_graph(std::string_view bytes);

}  // namespace sinan::ml::onnx
