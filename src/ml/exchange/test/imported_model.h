// What IMPORT MODEL does with the bytes of a file, for fuzzers and mutation tests.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "ml/exchange/foreign_model.h"
#include "ml/model.h"

namespace sinan::ml {

// Rows scored by an imported model; the fuzzers' point is that this stays within its arrays.
inline void score_some_rows(const Model& model) {
  constexpr size_t kRows = 70;
  const FeatureSchema& schema = model.package().plan.schema();
  std::vector<std::vector<float>> values(schema.size());
  std::vector<std::vector<int32_t>> codes(schema.size());
  std::vector<FeatureColumn> columns(schema.size());
  for (size_t f = 0; f < schema.size(); ++f) {
    for (size_t i = 0; i < kRows; ++i) {
      const bool missing = (i + f) % 5 == 0;
      if (schema.features[f].kind == FeatureKind::kCategorical) {
        codes[f].push_back(missing ? -1 : static_cast<int32_t>(i % schema.features[f].categories));
      } else {
        values[f].push_back(missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(i) / 20 - 2);
      }
    }
    columns[f] = {.values = values[f], .codes = codes[f]};
  }
  MatrixBlock block;
  block.rows = kRows;
  block.features = columns;
  std::vector<float> out(kRows * model.predictor().outputs());
  (void)model.predictor().predict(block, Output::kPrediction, out);
}

// Nothing: the file was refused.
inline Result<std::shared_ptr<const Model>> import_bytes(std::span<const std::byte> file) {
  return Model::make(TRY(make_package(TRY(inspect_foreign(file)), {}, file)));
}

}  // namespace sinan::ml
