#include "ml/conformal.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sinan::ml {
namespace {

// One number a row: the most probable class where there are several.
void append_predicted(const std::vector<float>& predicted, size_t width, bool has_classes, std::vector<float>& out) {
  for (auto row = predicted.begin(); row != predicted.end(); row += static_cast<ptrdiff_t>(width)) {
    const auto end = row + static_cast<ptrdiff_t>(width);
    out.push_back(has_classes && width > 1 ? static_cast<float>(std::max_element(row, end) - row) : *row);
  }
}

uint64_t rank_of(uint64_t rows, double confidence) {
  // A product that is a whole number but for rounding is one: 0.9 of 10.
  return static_cast<uint64_t>(std::ceil(static_cast<double>(rows + 1) * confidence - 1e-9));
}

}  // namespace

uint64_t Calibration::rank(size_t i) const {
  if (rows_ <= kMostScores) return i + 1;
  // The last one is the greatest score.
  return (static_cast<uint64_t>(i + 1) * rows_ + kMostScores - 1) / kMostScores;
}

Calibration Calibration::from_scores(std::vector<float> scores) {
  Calibration out;
  std::ranges::sort(scores);
  out.rows_ = scores.size();
  const size_t kept = std::min(scores.size(), kMostScores);
  for (size_t i = 0; i < kept; ++i) out.scores_.push_back(static_cast<double>(scores[out.rank(i) - 1]));
  return out;
}

bool enough_to_calibrate(uint64_t rows, double confidence) { return rank_of(rows, confidence) <= rows; }

std::optional<double> Calibration::quantile(double confidence) const {
  if (!enough_to_calibrate(rows_, confidence)) return std::nullopt;
  const uint64_t wanted = rank_of(rows_, confidence);
  size_t low = 0;
  for (size_t high = scores_.size() - 1; low < high;) {
    const size_t middle = (low + high) / 2;
    if (rank(middle) >= wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return scores_[low];
}

Json Calibration::to_json() const {
  if (rows_ == 0) return {};
  Json scores = Json::array();
  for (const double score : scores_) scores.push_back(score);
  return Json::object({{"rows", rows_}, {"scores", std::move(scores)}});
}

Result<Calibration> Calibration::from_json(const Json& json) {
  Calibration out;
  if (json.is_null()) return out;
  const int64_t rows = TRY(json.at("rows").as_int());
  if (rows <= 0) return fail(Code::kData, "impossible number of calibration rows");
  out.rows_ = static_cast<uint64_t>(rows);
  const Json::Array& scores = json.at("scores").items();
  if (scores.size() != std::min<uint64_t>(out.rows_, kMostScores)) {
    return fail(Code::kData, "calibration scores do not fit their rows");
  }
  for (const Json& score : scores) {
    const double value = TRY(score.as_double());
    const bool ascends = out.scores_.empty() || value >= out.scores_.back();
    if (!std::isfinite(value) || value < 0 || !ascends) return fail(Code::kData, "impossible calibration score");
    out.scores_.push_back(value);
  }
  return out;
}

Result<Calibration> calibrate(const Predictor& predictor, bool has_classes, MatrixSource& rows,
                              std::vector<float>* all_predicted) {
  const size_t width = predictor.prediction_width();
  std::vector<float> predicted;
  std::vector<float> scores;
  scores.reserve(rows.rows());
  TRY(rows.rewind());
  while (const auto block = TRY(rows.next())) {
    if (block->label.size() != block->rows) return Calibration();
    predicted.resize(block->rows * width);
    TRY(predictor.predict(*block, Output::kPrediction, predicted));
    for (size_t i = 0; i < block->rows; ++i) {
      const float label = block->label[i];
      float score = 0;
      if (!has_classes) {
        score = std::fabs(label - predicted[i * width]);
      } else {
        const auto actual = static_cast<size_t>(label);
        const float chosen =
            width == 1 ? (actual == 1 ? predicted[i] : 1 - predicted[i]) : predicted[i * width + actual];
        if (!(chosen >= -1e-5F && chosen <= 1 + 1e-5F)) return Calibration();  // margins
        score = std::clamp(1 - chosen, 0.0F, 1.0F);
      }
      if (!std::isfinite(score)) return Calibration();
      scores.push_back(score);
    }
    if (all_predicted != nullptr) append_predicted(predicted, width, has_classes, *all_predicted);
  }
  TRY(rows.rewind());
  return Calibration::from_scores(std::move(scores));
}

}  // namespace sinan::ml
