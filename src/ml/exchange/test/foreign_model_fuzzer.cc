// Any bytes as the file of IMPORT MODEL (XGBoost, LightGBM, ONNX): refused, or a model that scores rows.
#include <cstdint>

#include "ml/exchange/test/imported_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto model = sinan::ml::import_bytes(std::as_bytes(std::span(data, size)));
  // Wide files make wide rows: their trees are checked above, scoring them is slow.
  if (model.has_value() && (*model)->package().plan.schema().size() <= 64) sinan::ml::score_some_rows(**model);
  return 0;
}
