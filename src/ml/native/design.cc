#include "ml/native/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sinan::ml::native {
namespace {

constexpr std::string_view kKinds[] = {"number", "missing", "category", "sparse"};

// The run that holds a sparse feature, or null where no row of the block lists anything.
const SparseFeatures* run_of(const MatrixBlock& block, uint32_t feature) {
  for (const SparseFeatures& run : block.sparse)
    if (feature >= run.first && feature < run.first + run.count) return &run;
  return nullptr;
}

// A listed value that is missing is what a value is that is not listed.
float number_of(float value) { return std::isnan(value) ? 0.0F : value; }

// Calls `each(row - begin, value)` for what rows [begin, end) list of the feature.
template <class Each>
void for_each_listed(const MatrixBlock& block, uint32_t feature, size_t begin, size_t end, Each each) {
  const SparseFeatures* run = run_of(block, feature);
  if (run == nullptr) return;
  const auto position = static_cast<uint32_t>(feature - run->first);
  for (size_t i = begin; i < end; ++i) {
    const auto first = run->positions.begin() + static_cast<ptrdiff_t>(run->begins[i]);
    const auto last = run->positions.begin() + static_cast<ptrdiff_t>(run->begins[i + 1]);
    const auto at = std::lower_bound(first, last, position);
    if (at == last || *at != position) continue;
    each(i - begin, number_of(run->values[static_cast<size_t>(at - run->positions.begin())]));
  }
}

}  // namespace

// --- rows ---

Result<DesignRows> DesignRows::read(MatrixSource& source) {
  DesignRows out;
  out.schema_ = &source.schema();
  out.values_.resize(out.schema_->size());
  out.codes_.resize(out.schema_->size());
  TRY(source.rewind());
  while (true) {
    const auto block = TRY(source.next());
    if (!block) break;
    for (size_t f = 0; f < block->features.size(); ++f) {
      const FeatureColumn& column = block->features[f];
      out.values_[f].insert(out.values_[f].end(), column.values.begin(), column.values.end());
      out.codes_[f].insert(out.codes_[f].end(), column.codes.begin(), column.codes.end());
    }
    if (out.sparse_.empty())
      for (const SparseFeatures& run : block->sparse) {
        out.sparse_.emplace_back();
        out.sparse_.back().first = run.first;
        out.sparse_.back().count = run.count;
      }
    CHECK(out.sparse_.size() == block->sparse.size());
    for (size_t s = 0; s < out.sparse_.size(); ++s) {
      const SparseFeatures& run = block->sparse[s];
      Sparse& all = out.sparse_[s];
      const uint64_t base = all.positions.size() - run.begins[0];
      for (size_t i = 1; i <= block->rows; ++i) all.begins.push_back(base + run.begins[i]);
      const auto from = static_cast<ptrdiff_t>(run.begins[0]);
      const auto to = static_cast<ptrdiff_t>(run.begins[block->rows]);
      all.positions.insert(all.positions.end(), run.positions.begin() + from, run.positions.begin() + to);
      all.values.insert(all.values.end(), run.values.begin() + from, run.values.begin() + to);
    }
    out.label_.insert(out.label_.end(), block->label.begin(), block->label.end());
    out.weight_.insert(out.weight_.end(), block->weight.begin(), block->weight.end());
    out.rows_ += block->rows;
  }
  out.cut();
  return out;
}

void DesignRows::cut() {
  slices_.resize(kSlices);
  for (size_t s = 0; s < kSlices; ++s) {
    Slice& slice = slices_[s];
    const size_t from = begin(s);
    const size_t count = begin(s + 1) - from;
    slice.columns.resize(values_.size());
    for (size_t f = 0; f < values_.size(); ++f) {
      if (!values_[f].empty()) slice.columns[f].values = std::span(values_[f]).subspan(from, count);
      if (!codes_[f].empty()) slice.columns[f].codes = std::span(codes_[f]).subspan(from, count);
    }
    for (const Sparse& run : sparse_)
      slice.sparse.push_back(
          {run.first, run.count, std::span(run.begins).subspan(from, count + 1), run.positions, run.values});
    slice.block.rows = count;
    slice.block.features = slice.columns;
    slice.block.sparse = slice.sparse;
    if (!label_.empty()) slice.block.label = std::span(label_).subspan(from, count);
    if (!weight_.empty()) slice.block.weight = std::span(weight_).subspan(from, count);
  }
}

// --- fitting ---

Result<Design> Design::fit(const DesignRows& rows, size_t most_columns) {
  Design out;
  out.features_ = rows.schema().size();
  const auto count = static_cast<double>(rows.rows());
  const auto add = [&](Term::Kind kind, size_t feature, size_t columns) {
    out.terms_.push_back({kind, static_cast<uint32_t>(feature), static_cast<uint32_t>(out.mean_.size()),
                          static_cast<uint32_t>(columns)});
  };
  // A column of ones and zeros.
  const auto add_flag = [&](double ones) {
    const double share = ones / count;
    out.mean_.push_back(share);
    out.deviation_.push_back(std::sqrt(share * (1 - share)));
  };
  for (size_t f = 0; f < rows.schema().size(); ++f) {
    const Feature& feature = rows.schema().features[f];
    const size_t columns = feature.kind == FeatureKind::kCategorical ? feature.categories : 1;
    if (out.mean_.size() + columns > most_columns) {
      return fail(
          Code::kData,
          fmt::format("too many columns for this estimator: more than {} with \"{}\"", most_columns, feature.name),
          "leave out columns with many different texts, or use xgboost.gbtree");
    }
    double missing = 0;
    if (feature.kind == FeatureKind::kCategorical) {
      std::vector<double> seen(feature.categories);
      for (size_t s = 0; s < DesignRows::kSlices; ++s)
        for (const int32_t code : rows.slice(s).features[f].codes)
          (code < 0 ? missing : seen[static_cast<size_t>(code)]) += 1;
      // The last code is the slot of unseen values.
      const size_t used = seen.empty() || seen.back() > 0 ? seen.size() : seen.size() - 1;
      add(Term::Kind::kCategory, f, used);
      for (size_t k = 0; k < used; ++k) add_flag(seen[k]);
    } else {
      // Two passes: sums of squares would lose what is far from zero.
      double sum = 0;
      double present = feature.is_sparse ? count : 0;
      const auto each = [&](auto use) {
        for (size_t s = 0; s < DesignRows::kSlices; ++s) {
          const MatrixBlock& block = rows.slice(s);
          if (feature.is_sparse) {
            for_each_listed(block, static_cast<uint32_t>(f), 0, block.rows, [&](size_t, float v) { use(v); });
          } else {
            for (const float v : block.features[f].values) use(v);
          }
        }
      };
      double listed = 0;
      each([&](float v) {
        if (std::isnan(v)) {
          missing += 1;
        } else {
          sum += static_cast<double>(v);
          listed += 1;
        }
      });
      if (!feature.is_sparse) present = listed;
      const auto mean = static_cast<double>(static_cast<float>(present > 0 ? sum / present : 0));
      double squares = 0;
      each([&](float v) {
        if (!std::isnan(v)) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
      });
      if (feature.is_sparse) squares += (count - listed) * mean * mean;
      add(feature.is_sparse ? Term::Kind::kSparse : Term::Kind::kNumber, f, 1);
      out.mean_.push_back(mean);
      out.deviation_.push_back(std::sqrt(squares / count));  // what is missing lies on the mean
    }
    if (missing > 0) {
      add(Term::Kind::kMissing, f, 1);
      add_flag(missing);
    }
  }
  return out;
}

// --- columns at work ---

void Design::multiply_term(const Term& term, const MatrixBlock& block, size_t begin, size_t end,
                           std::span<const double> weights, double* out) const {
  const double weight = weights[term.first];
  const size_t rows = end - begin;
  const FeatureColumn& column = block.features[term.feature];
  switch (term.kind) {
    case Term::Kind::kNumber: {
      const float* values = column.values.data() + begin;
      const auto fill = static_cast<float>(mean_[term.first]);
      for (size_t i = 0; i < rows; ++i) {
        const float value = values[i] == values[i] ? values[i] : fill;
        out[i] += weight * static_cast<double>(value);
      }
      return;
    }
    case Term::Kind::kMissing:
      if (!column.codes.empty()) {
        for (size_t i = 0; i < rows; ++i) out[i] += column.codes[begin + i] < 0 ? weight : 0;
      } else {
        for (size_t i = 0; i < rows; ++i) out[i] += std::isnan(column.values[begin + i]) ? weight : 0;
      }
      return;
    case Term::Kind::kCategory:
      for (size_t i = 0; i < rows; ++i) {
        const auto code = static_cast<uint32_t>(column.codes[begin + i]);
        if (code < term.count) out[i] += weights[term.first + code];
      }
      return;
    case Term::Kind::kSparse:
      for_each_listed(block, term.feature, begin, end,
                      [&](size_t i, float value) { out[i] += weight * static_cast<double>(value); });
  }
}

void Design::multiply(const MatrixBlock& block, size_t begin, size_t end, std::span<const double> weights,
                      double* out) const {
  for (size_t t = 0; t < terms_.size(); ++t) {
    const Term& term = terms_[t];
    if (term.kind != Term::Kind::kSparse) {
      multiply_term(term, block, begin, end, weights, out);
      continue;
    }
    // All features of a run at once, by what each row lists.
    const SparseFeatures* run = run_of(block, term.feature);
    const bool opens = run != nullptr && term.feature == run->first;
    if (!opens) continue;
    const double* of_run = weights.data() + term.first;  // their columns follow one another
    for (size_t i = begin; i < end; ++i)
      for (uint64_t k = run->begins[i]; k < run->begins[i + 1]; ++k)
        out[i - begin] += of_run[run->positions[k]] * static_cast<double>(number_of(run->values[k]));
  }
}

void Design::accumulate(const MatrixBlock& block, size_t begin, size_t end, const double* by,
                        std::span<double> sums) const {
  const size_t rows = end - begin;
  for (const Term& term : terms_) {
    const FeatureColumn& column = block.features[term.feature];
    switch (term.kind) {
      case Term::Kind::kNumber: {
        const float* values = column.values.data() + begin;
        const auto fill = static_cast<float>(mean_[term.first]);
        // Four chains of additions: one would wait for itself.
        double part[4] = {};
        size_t i = 0;
        for (; i + 4 <= rows; i += 4)
          for (size_t k = 0; k < 4; ++k) {
            const float value = values[i + k] == values[i + k] ? values[i + k] : fill;
            part[k] += static_cast<double>(value) * by[i + k];
          }
        for (; i < rows; ++i) part[0] += static_cast<double>(std::isnan(values[i]) ? fill : values[i]) * by[i];
        sums[term.first] += (part[0] + part[1]) + (part[2] + part[3]);
        break;
      }
      case Term::Kind::kMissing:
        for (size_t i = 0; i < rows; ++i) {
          const bool missing =
              column.codes.empty() ? std::isnan(column.values[begin + i]) : column.codes[begin + i] < 0;
          if (missing) sums[term.first] += by[i];
        }
        break;
      case Term::Kind::kCategory:
        for (size_t i = 0; i < rows; ++i) {
          const auto code = static_cast<uint32_t>(column.codes[begin + i]);
          if (code < term.count) sums[term.first + code] += by[i];
        }
        break;
      case Term::Kind::kSparse: {
        const SparseFeatures* run = run_of(block, term.feature);
        if (run == nullptr || term.feature != run->first) break;
        for (size_t i = begin; i < end; ++i)
          for (uint64_t k = run->begins[i]; k < run->begins[i + 1]; ++k)
            sums[term.first + run->positions[k]] += by[i - begin] * static_cast<double>(number_of(run->values[k]));
      }
    }
  }
}

void Design::expand(const MatrixBlock& block, size_t begin, size_t end, float* out, size_t stride) const {
  const size_t rows = end - begin;
  for (const Term& term : terms_) {
    const FeatureColumn& column = block.features[term.feature];
    float* first = out + term.first * stride;
    switch (term.kind) {
      case Term::Kind::kNumber: {
        const float* values = column.values.data() + begin;
        const auto fill = static_cast<float>(mean_[term.first]);
        for (size_t i = 0; i < rows; ++i) first[i] = values[i] == values[i] ? values[i] : fill;
        break;
      }
      case Term::Kind::kMissing:
        for (size_t i = 0; i < rows; ++i) {
          const bool missing =
              column.codes.empty() ? std::isnan(column.values[begin + i]) : column.codes[begin + i] < 0;
          first[i] = missing ? 1.0F : 0.0F;
        }
        break;
      case Term::Kind::kCategory:
        for (size_t k = 0; k < term.count; ++k) std::fill_n(first + k * stride, rows, 0.0F);
        for (size_t i = 0; i < rows; ++i) {
          const auto code = static_cast<uint32_t>(column.codes[begin + i]);
          if (code < term.count) first[code * stride + i] = 1;
        }
        break;
      case Term::Kind::kSparse:
        std::fill_n(first, rows, 0.0F);
        for_each_listed(block, term.feature, begin, end, [&](size_t i, float value) { first[i] = value; });
    }
  }
}

// --- names and file ---

std::vector<std::string> Design::column_names(const FeaturePlan& plan) const {
  std::vector<std::string> names;
  const auto categories = [&](const Term& term) { return plan.schema().features[term.feature].categories; };
  for (const Term& term : terms_) {
    const std::string& feature = plan.schema().features[term.feature].name;
    if (term.kind == Term::Kind::kMissing) {
      names.push_back(feature + " is missing");
    } else if (term.kind != Term::Kind::kCategory) {
      names.push_back(feature);
    } else {
      const auto transform = std::ranges::find(plan.transforms(), feature, &Transform::feature);
      const bool has_texts = transform != plan.transforms().end();
      for (uint32_t k = 0; k < term.count; ++k) {
        const bool has_text = has_texts && k < transform->vocabulary.size();
        names.push_back(has_text                    ? fmt::format("{} = {}", feature, transform->vocabulary[k])
                        : k + 1 == categories(term) ? fmt::format("{} is another", feature)
                                                    : fmt::format("{} = {}", feature, k));
      }
    }
  }
  return names;
}

std::vector<uint32_t> Design::column_features() const {
  std::vector<uint32_t> out;
  for (const Term& term : terms_) out.insert(out.end(), term.count, term.feature);
  return out;
}

Json Design::write(ModelFileWriter& file) const {
  Json terms = Json::array();
  for (const Term& term : terms_)
    terms.push_back(Json::array({kKinds[static_cast<size_t>(term.kind)], term.feature, term.count}));
  return Json::object({{"features", static_cast<uint64_t>(features_)},
                       {"terms", std::move(terms)},
                       {"mean", file.put(mean_)},
                       {"deviation", file.put(deviation_)}});
}

Result<Design> Design::read(const Json& json, const ModelFile& file, const FeatureSchema& features) {
  const auto damaged = [](std::string_view what) {
    return fail(Code::kData, fmt::format("model is damaged: {}", what));
  };
  Design out;
  out.features_ = TRY(count_member(json, "features", features.size()));
  if (out.features_ != features.size()) return damaged("its features are others than its plan's");
  size_t width = 0;
  for (const Json& entry : json.at("terms").items()) {
    if (entry.items().size() != 3) return damaged("a column without a meaning");
    const auto kind = std::ranges::find(kKinds, entry.items()[0].string_view());
    const auto feature = entry.items()[1].as_int();
    const auto count = entry.items()[2].as_int();
    if (kind == std::end(kKinds) || !feature || !count || *feature < 0 ||
        static_cast<uint64_t>(*feature) >= features.size() || *count < 0)
      return damaged("a column without a meaning");
    Term term{static_cast<Term::Kind>(kind - std::begin(kKinds)), static_cast<uint32_t>(*feature),
              static_cast<uint32_t>(width), static_cast<uint32_t>(*count)};
    const Feature& of = features.features[term.feature];
    const bool is_category = of.kind == FeatureKind::kCategorical;
    const bool fits = term.kind == Term::Kind::kMissing ? *count == 1 && !of.is_sparse
                      : term.kind == Term::Kind::kCategory
                          ? is_category && *count <= int64_t{of.categories}
                          : !is_category && *count == 1 && of.is_sparse == (term.kind == Term::Kind::kSparse);
    if (!fits) return damaged("a column that is not its feature's");
    width += term.count;
    out.terms_.push_back(term);
  }
  // Sparse runs are read by the column of their first feature: all of them must have theirs, in order.
  for (size_t t = 1; t < out.terms_.size(); ++t) {
    const Term& before = out.terms_[t - 1];
    if (out.terms_[t].feature < before.feature) return damaged("its columns are out of order");
    if (out.terms_[t].kind == Term::Kind::kSparse && out.terms_[t].feature == before.feature)
      return damaged("a sparse feature with two columns");
  }
  const auto sparse = std::ranges::count_if(features.features, &Feature::is_sparse);
  if (std::ranges::count(out.terms_, Term::Kind::kSparse, &Term::kind) != sparse)
    return damaged("sparse features without a column");
  out.mean_ = TRY(file.numbers(json.at("mean"), width, "means"));
  out.deviation_ = TRY(file.numbers(json.at("deviation"), width, "deviations"));
  return out;
}

}  // namespace sinan::ml::native
