#include "ml/exchange/onnx_graph.h"

#include <algorithm>

#include "ml/exchange/onnx_schema.h"
#include "ml/exchange/protobuf.h"

namespace sinan::ml::onnx {
namespace {

constexpr size_t kMostOperators = 100'000;

Failure damaged(std::string_view what) { return fail(Code::kData, "the model file is damaged: " + std::string(what)); }

// Calls `each` for every field of a message.
template <class Each>
Status fields(std::string_view message, Each each) {
  ProtoReader reader(message);
  while (true) {
    const auto field = TRY(reader.next());
    if (!field) return {};
    TRY(each(*field));
  }
}

Status read_attribute(std::string_view message, Operator& out) {
  std::string name;
  Attribute attribute;
  TRY(fields(message, [&](const ProtoField& field) -> Status {
    switch (field.number) {
      case attribute_field::kName:
        name = field.bytes;
        break;
      case attribute_field::kFloat:
        attribute.number = field.number_value();
        break;
      case attribute_field::kInt:
        attribute.integer = field.integer();
        break;
      case attribute_field::kString:
        attribute.text = field.bytes;
        break;
      case attribute_field::kFloats:
        return field.append_to(attribute.numbers);
      case attribute_field::kInts:
        return field.append_to(attribute.integers);
      case attribute_field::kStrings:
        attribute.texts.emplace_back(field.bytes);
        break;
      default:
        break;
    }
    return {};
  }));
  out.attributes[std::move(name)] = std::move(attribute);
  return {};
}

Status read_operator(std::string_view message, Graph& graph) {
  if (graph.operators.size() == kMostOperators) return damaged("it has too many operators");
  Operator out;
  TRY(fields(message, [&](const ProtoField& field) -> Status {
    switch (field.number) {
      case node_field::kInput:
        out.inputs.emplace_back(field.bytes);
        break;
      case node_field::kOutput:
        out.outputs.emplace_back(field.bytes);
        break;
      case node_field::kOpType:
        out.type = field.bytes;
        break;
      case node_field::kDomain:
        out.domain = field.bytes;
        break;
      case node_field::kAttribute:
        return read_attribute(field.bytes, out);
      default:
        break;
    }
    return {};
  }));
  graph.operators.push_back(std::move(out));
  return {};
}

Status read_dimension(std::string_view message, size_t position, Input& out) {
  return fields(message, [&](const ProtoField& field) -> Status {
    if (field.number == dim_field::kValue && position == 1) out.columns = field.integer();
    return {};
  });
}

Status read_tensor_type(std::string_view message, Input& out) {
  return fields(message, [&](const ProtoField& field) -> Status {
    if (field.number == tensor_type_field::kElement) out.element = field.integer();
    if (field.number != tensor_type_field::kShape) return {};
    size_t position = 0;
    return fields(field.bytes, [&](const ProtoField& dim) -> Status {
      return dim.number == shape_field::kDim ? read_dimension(dim.bytes, position++, out) : Status{};
    });
  });
}

Status read_input(std::string_view message, Graph& graph) {
  Input out;
  TRY(fields(message, [&](const ProtoField& field) -> Status {
    if (field.number == value_field::kName) out.name = field.bytes;
    if (field.number != value_field::kType) return {};
    return fields(field.bytes, [&](const ProtoField& type) -> Status {
      return type.number == type_field::kTensor ? read_tensor_type(type.bytes, out) : Status{};
    });
  }));
  graph.inputs.push_back(std::move(out));
  return {};
}

// Keeps constants of one number.
Status read_constant(std::string_view message, Graph& graph, std::vector<std::string>& names) {
  std::string name;
  std::vector<float> values;
  TRY(fields(message, [&](const ProtoField& field) -> Status {
    if (field.number == tensor_field::kName) name = field.bytes;
    if (field.number == tensor_field::kFloatData) return field.append_to(values);
    return {};
  }));
  if (values.size() == 1) graph.constants[name] = values.front();
  names.push_back(std::move(name));
  return {};
}

Status read_graph_message(std::string_view message, Graph& graph) {
  std::vector<std::string> constants;
  TRY(fields(message, [&](const ProtoField& field) -> Status {
    switch (field.number) {
      case graph_field::kNode:
        return read_operator(field.bytes, graph);
      case graph_field::kInput:
        return read_input(field.bytes, graph);
      case graph_field::kInitializer:
        return read_constant(field.bytes, graph, constants);
      default:
        return {};
    }
  }));
  std::ranges::sort(constants);
  std::erase_if(graph.inputs, [&](const Input& input) { return std::ranges::binary_search(constants, input.name); });
  return {};
}

}  // namespace

const Attribute& Operator::at(std::string_view name) const {
  static const Attribute kNone;
  const auto found = attributes.find(name);
  return found == attributes.end() ? kNone : found->second;
}

Result<Graph> read_graph(std::string_view bytes) {
  Graph graph;
  bool has_graph = false;
  TRY(fields(bytes, [&](const ProtoField& field) -> Status {
    if (field.number == model_field::kProducerName) graph.producer = field.bytes;
    if (field.number != model_field::kGraph) return {};
    has_graph = true;
    return read_graph_message(field.bytes, graph);
  }));
  if (!has_graph) return damaged("it has no ONNX graph");
  return graph;
}

}  // namespace sinan::ml::onnx
