// Field numbers and constants of ONNX's protocol buffers (onnx.proto, IR version 8), for the writer and the reader.
#pragma once

#include <cstdint>
#include <string_view>

namespace sinan::ml::onnx {

namespace model_field {
inline constexpr uint32_t kIrVersion = 1, kProducerName = 2, kProducerVersion = 3, kDocString = 6, kGraph = 7,
                          kOpsetImport = 8, kMetadata = 14;
}
namespace opset_field {
inline constexpr uint32_t kDomain = 1, kVersion = 2;
}
namespace graph_field {
inline constexpr uint32_t kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12;
}
namespace node_field {
inline constexpr uint32_t kInput = 1, kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5, kDomain = 7;
}
namespace attribute_field {
inline constexpr uint32_t kName = 1, kFloat = 2, kInt = 3, kString = 4, kFloats = 7, kInts = 8, kStrings = 9,
                          kType = 20;
}
namespace tensor_field {
inline constexpr uint32_t kDims = 1, kDataType = 2, kFloatData = 4, kInt64Data = 7, kName = 8;
}
namespace value_field {
inline constexpr uint32_t kName = 1, kType = 2;
}
namespace type_field {
inline constexpr uint32_t kTensor = 1;
}
namespace tensor_type_field {
inline constexpr uint32_t kElement = 1, kShape = 2;
}
namespace shape_field {
inline constexpr uint32_t kDim = 1;
}
namespace dim_field {
inline constexpr uint32_t kValue = 1, kParameter = 2;
}

enum class AttributeType : int64_t { kFloat = 1, kInt = 2, kString = 3, kFloats = 6, kInts = 7, kStrings = 8 };
enum class Element : int64_t { kFloat = 1, kInt64 = 7, kString = 8, kBool = 9, kDouble = 11 };

inline constexpr std::string_view kTrees = "ai.onnx.ml";

}  // namespace sinan::ml::onnx
