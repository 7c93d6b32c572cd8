#include "ml/data_function.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/strings.h"
#include "ml/folds.h"

namespace sinan::ml {
namespace {

constexpr uint64_t kMostPositions = uint64_t{1} << 20;
constexpr uint64_t kMostClasses = uint64_t{1} << 24;

}  // namespace

void SparseRows::append(std::span<const uint64_t> begins, std::span<const uint32_t> positions,
                        std::span<const float> values) {
  const uint64_t base = positions_.size();
  for (size_t i = 1; i < begins.size(); ++i) begins_.push_back(base + begins[i]);
  positions_.insert(positions_.end(), positions.begin(), positions.end());
  values_.insert(values_.end(), values.begin(), values.end());
}

Failure FunctionCollector::refuse(std::string message, std::string hint) const {
  return fail(Code::kData, std::move(message), std::move(hint)).at(feature_.span);
}

// --- settling ---

Status FunctionCollector::settle() {
  for (size_t t = 0; t < feature_.function.terms.size(); ++t) {
    TermSource& source = feature_.function.terms[t].source;
    if (source.reading == Reading::kVector && source.width == 0) {
      source.width = inputs_[t]->items_of_first(source.separator);
      if (source.width == 0) return refuse(fmt::format("column has no numbers: \"{}\"", source.column));
    }
    if (source.reading == Reading::kDerived) TRY(settle_text(t, inputs_[t]->profile()));
  }
  return settle_output();
}

// What a text is, for a function that sorts it into classes.
Status FunctionCollector::settle_text(size_t t, const TextProfile& profile) {
  Term& term = feature_.function.terms[t];
  TermSource& source = term.source;
  Classing& classing = term.classing;
  const bool wants_texts = classing.kind == Classing::Kind::kHash || classing.kind == Classing::Kind::kVocabulary;
  bool has_ids = true;
  // SPARSE of pairs that a text breaks: reading them as pairs tells which one.
  const bool are_pairs = source.takes_list && profile.form == TextForm::kPlain && profile.first == TextForm::kKeyValue;
  switch (are_pairs ? TextForm::kKeyValue : profile.form) {
    case TextForm::kWhole:
      if (source.takes_list) source.separator = ",";
      break;
    case TextForm::kCsv:
      source.separator = ",";
      has_ids = profile.all_whole;
      break;
    case TextForm::kKeyValue:
      source.separator = " ";
      source.weight_separator = ":";
      break;
    default:
      has_ids = source.takes_list;
      if (source.takes_list) source.separator = ",";
      break;
  }
  const bool is_sparse = profile.form == TextForm::kKeyValue ||
                         (profile.form == TextForm::kCsv && profile.least_items != profile.most_items);
  if (feature_.refuses_sparse && is_sparse) {
    return refuse(fmt::format("INDICATOR of a column that holds lists of any length: \"{}\"", source.column),
                  fmt::format("say so: INDICATOR(SPARSE({}))", source.column));
  }
  source.reading = wants_texts || !has_ids ? Reading::kTexts : Reading::kIds;
  if (source.reading == Reading::kTexts && classing.kind == Classing::Kind::kId)
    classing.kind = Classing::Kind::kVocabulary;
  return {};
}

// Open ends: classes that the data count, and whether a row can have several.
Status FunctionCollector::settle_output() {
  FeatureFunction& function = feature_.function;
  if (function.output == FeatureFunction::Output::kNumbers || function.cross > 0) return {};
  Term& term = function.terms[0];
  if (term.classing.kind == Classing::Kind::kNone)
    term.classing.kind = term.source.reading == Reading::kIds ? Classing::Kind::kId : Classing::Kind::kVocabulary;
  if (term.classing.kind == Classing::Kind::kVocabulary && term.classing.count == 0)
    term.classing.count = InputCollector::kMostCategories;
  const ValueType type = value_type(inputs_[0]->type()).value();
  const bool has_weights = !term.source.weight_separator.empty() || type.is_map;
  if (feature_.takes_weights && has_weights) function.is_weighted = true;
  const bool has_several = !term.source.separator.empty() || type.is_list || term.source.reading == Reading::kWords;
  if (function.output == FeatureFunction::Output::kCategory && has_several)
    function.output = FeatureFunction::Output::kMultiHot;
  return {};
}

// --- learning ---

template <class F>
Status FunctionCollector::visit(const Term& term, size_t input, StringCodes* texts, F&& each_block) const {
  TermReader reader(term, texts);
  InputCollector::Scratch scratch;
  TermValues values;
  const size_t rows = inputs_[input]->rows(kTrainPart);
  for (size_t begin = 0; begin < rows; begin += kChunkRows) {
    const ColumnValues block = inputs_[input]->values(kTrainPart, begin, std::min(kChunkRows, rows - begin), scratch);
    TRY(reader.read(block, values));
    each_block(values);
  }
  return {};
}

Status FunctionCollector::learn(Term& term, size_t input) {
  for (size_t s = 0; s < term.steps.size(); ++s) TRY(learn_step(term, s, input));
  Classing& classing = term.classing;
  switch (classing.kind) {
    case Classing::Kind::kBounds:
      return classing.bounds.empty() ? learn_bounds(term, input) : Status();
    case Classing::Kind::kId:
      return classing.count == 0 ? learn_ids(term, input) : Status();
    case Classing::Kind::kVocabulary:
      return learn_vocabulary(term, input);
    default:
      return {};
  }
}

Status FunctionCollector::learn_step(Term& term, size_t at, size_t input) {
  NumberStep& step = term.steps[at];
  if (step.kind == NumberStep::Kind::kLog) return {};
  if (step.kind == NumberStep::Kind::kImpute && step.fill == NumberStep::Fill::kGiven) return {};
  Term before = term;
  before.steps.resize(at);
  before.classing = {};
  double first = 0;
  double sum = 0;
  double squares = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  uint64_t count = 0;
  std::vector<double> kept;
  const bool keeps = step.fill == NumberStep::Fill::kMedian || step.fill == NumberStep::Fill::kMostFrequent;
  TRY(visit(before, input, nullptr, [&](const TermValues& values) {
    for (const double x : values.numbers) {
      if (std::isnan(x)) continue;
      if (count++ == 0) first = x;
      sum += x - first;
      squares += (x - first) * (x - first);
      low = std::min(low, x);
      high = std::max(high, x);
      if (keeps) kept.push_back(x);
    }
  }));
  if (count == 0)
    return refuse(fmt::format("there is nothing to learn from: every value is NULL in \"{}\"", term.source.column));
  if (std::isinf(low) || std::isinf(high)) {
    return refuse(fmt::format("column has infinite values: \"{}\"", term.source.column),
                  fmt::format("replace them in the query: CASE WHEN isfinite({0}) THEN {0} END", term.source.column));
  }
  const double n = static_cast<double>(count);
  const double mean = first + sum / n;
  switch (step.kind) {
    case NumberStep::Kind::kStandardize: {
      const double variance = std::max(0.0, squares / n - (sum / n) * (sum / n));
      step.a = mean;
      step.b = low == high ? 1 : std::sqrt(variance);
      if (step.b == 0) step.b = 1;
      return {};
    }
    case NumberStep::Kind::kNormalize:
      step.a = low;
      step.b = low == high ? 1 : high - low;
      return {};
    default:
      break;
  }
  step.a = mean;
  if (!keeps) return {};
  std::ranges::sort(kept);
  const size_t half = kept.size() / 2;
  if (step.fill == NumberStep::Fill::kMedian) {
    step.a = kept.size() % 2 == 1 ? kept[half] : (kept[half - 1] + kept[half]) / 2;
    return {};
  }
  size_t longest = 0;
  for (size_t begin = 0; begin < kept.size();) {
    size_t end = begin;
    while (end < kept.size() && kept[end] == kept[begin]) ++end;
    if (end - begin > longest) step.a = kept[begin];
    longest = std::max(longest, end - begin);
    begin = end;
  }
  return {};
}

// Quantiles, interpolated as NumPy does.
Status FunctionCollector::learn_bounds(Term& term, size_t input) {
  Term before = term;
  before.classing = {};
  std::vector<double> kept;
  TRY(visit(before, input, nullptr, [&](const TermValues& values) {
    for (const double x : values.numbers) {
      if (!std::isnan(x)) kept.push_back(x);
    }
  }));
  if (kept.empty())
    return refuse(fmt::format("there is nothing to learn from: every value is NULL in \"{}\"", term.source.column));
  std::ranges::sort(kept);
  if (std::isinf(kept.front()) || std::isinf(kept.back())) {
    return refuse(fmt::format("column has infinite values: \"{}\"", term.source.column),
                  fmt::format("replace them in the query: CASE WHEN isfinite({0}) THEN {0} END", term.source.column));
  }
  Classing& classing = term.classing;
  for (uint64_t i = 1; i < classing.count; ++i) {
    const double at =
        static_cast<double>(i) * static_cast<double>(kept.size() - 1) / static_cast<double>(classing.count);
    const auto below = static_cast<size_t>(at);
    const double share = at - static_cast<double>(below);
    const double above = kept[std::min(below + 1, kept.size() - 1)];
    const double bound = kept[below] + share * (above - kept[below]);
    const double last = classing.bounds.empty() ? kept.front() : classing.bounds.back();
    if (bound > last) classing.bounds.push_back(bound);
  }
  classing.count = classing.bounds.size() + 1;
  if (classing.bounds.empty()) {
    return refuse(fmt::format("QUANTILE_BUCKET needs more than one value: \"{}\" is {} in most rows",
                              term.source.column, kept[kept.size() / 2]));
  }
  return {};
}

Status FunctionCollector::learn_ids(Term& term, size_t input) {
  Term before = term;
  before.classing = {};
  int64_t low = 0;
  int64_t high = -1;
  TRY(visit(before, input, nullptr, [&](const TermValues& values) {
    for (const int64_t id : values.items) low = std::min(low, id), high = std::max(high, id);
  }));
  const std::string& column = term.source.column;
  if (low < 0) {
    return refuse(fmt::format("id is negative: \"{}\" has {}", column, low),
                  "CATEGORY_HASH and VOCABULARY take any value");
  }
  if (high < 0) return refuse(fmt::format("there is nothing to learn from: \"{}\" has no id", column));
  if (high >= static_cast<int64_t>(kMostClasses)) {
    return refuse(fmt::format("id is too large for a class: \"{}\" has {}", column, high),
                  "CATEGORY_HASH and VOCABULARY take any value");
  }
  term.classing.count = static_cast<uint64_t>(high) + 1;
  return {};
}

Status FunctionCollector::learn_vocabulary(Term& term, size_t input) {
  Term before = term;
  before.classing = {};
  StringCodes texts;
  std::vector<uint64_t> counts;
  TRY(visit(before, input, &texts, [&](const TermValues& values) {
    if (texts.size() > counts.size()) counts.resize(texts.size());
    for (const int64_t code : values.items) ++counts[static_cast<size_t>(code)];
  }));
  std::vector<size_t> order;
  for (size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] > 0) order.push_back(code);
  }
  if (order.empty())
    return refuse(fmt::format("there is nothing to learn from: every value is NULL in \"{}\"", term.source.column));
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : texts.text(a) < texts.text(b);
  });
  Classing& classing = term.classing;
  classing.is_cut = order.size() > classing.count;
  order.resize(std::min<size_t>(order.size(), classing.count));
  classing.vocabulary.clear();
  for (const size_t code : order) classing.vocabulary.emplace_back(texts.text(code));
  classing.count = classing.vocabulary.size() + (classing.is_cut ? 1 : 0);
  return {};
}

// The label's mean in each class, drawn towards the mean of all rows as if `smoothing` more rows had it. What a training row
// gets comes from the rows of the other folds.
Status FunctionCollector::learn_targets(const Label& label, uint64_t seed) {
  FeatureFunction& function = feature_.function;
  if (label.values == nullptr) return refuse("TARGET_ENCODE needs a label to learn from", "add LABEL column");
  const size_t targets = label.classes > 2 ? label.classes : 1;
  function.targets = static_cast<uint32_t>(targets);
  const uint64_t classes = function.classes();
  const size_t rows = inputs_[0]->rows(kTrainPart);
  const size_t folds = function.folds;
  std::vector<int32_t> class_of(rows);
  std::vector<float> target(rows);
  label.values->read(kTrainPart, 0, target);
  FunctionEncoder encoder(function);
  std::vector<InputCollector::Scratch> scratch(inputs_.size());
  for (size_t begin = 0; begin < rows; begin += kChunkRows) {
    const size_t size = std::min(kChunkRows, rows - begin);
    std::vector<ColumnValues> blocks;
    for (size_t t = 0; t < inputs_.size(); ++t)
      blocks.push_back(inputs_[t]->values(kTrainPart, begin, size, scratch[t]));
    std::vector<const ColumnValues*> columns;
    for (const ColumnValues& block : blocks) columns.push_back(&block);
    const auto some = encoder.classes(columns);
    if (!some) return fail(Error(some.error())).at(feature_.span);
    std::ranges::copy(*some, class_of.begin() + static_cast<ptrdiff_t>(begin));
  }
  const auto value_of = [&](size_t row, size_t t) {
    if (targets > 1) return target[row] == static_cast<float>(t) ? 1.0 : 0.0;
    return static_cast<double>(target[row]);
  };
  const auto fold_of = [&](size_t row) {
    return static_cast<size_t>(draw(seed + 2, row) * static_cast<double>(folds));
  };
  function.prior.assign(targets, 0);
  function.target_values.assign(classes * targets, 0);
  out_of_fold_.assign(rows * targets, 0);
  std::vector<double> counts((folds + 1) * classes);
  for (size_t t = 0; t < targets; ++t) {
    std::ranges::fill(counts, 0);
    std::vector<double> sums(counts.size());
    std::vector<double> fold_rows(folds + 1);
    std::vector<double> fold_sums(folds + 1);
    for (size_t row = 0; row < rows; ++row) {
      const double value = value_of(row, t);
      for (const size_t f : {fold_of(row), folds}) {
        fold_rows[f] += 1;
        fold_sums[f] += value;
        if (class_of[row] < 0) continue;
        counts[f * classes + static_cast<size_t>(class_of[row])] += 1;
        sums[f * classes + static_cast<size_t>(class_of[row])] += value;
      }
    }
    const auto encode = [&](double count, double sum, double prior) {
      return count + function.smoothing == 0 ? prior
                                             : (sum + function.smoothing * prior) / (count + function.smoothing);
    };
    const double prior = fold_sums[folds] / fold_rows[folds];
    function.prior[t] = static_cast<float>(prior);
    for (size_t c = 0; c < classes; ++c) {
      function.target_values[c * targets + t] =
          static_cast<float>(encode(counts[folds * classes + c], sums[folds * classes + c], prior));
    }
    for (size_t row = 0; row < rows; ++row) {
      const size_t f = fold_of(row);
      const double others = fold_rows[folds] - fold_rows[f];
      const double other_prior = others == 0 ? prior : (fold_sums[folds] - fold_sums[f]) / others;
      double value = other_prior;
      if (class_of[row] >= 0) {
        const auto c = static_cast<size_t>(class_of[row]);
        value = encode(counts[folds * classes + c] - counts[f * classes + c],
                       sums[folds * classes + c] - sums[f * classes + c], other_prior);
      }
      out_of_fold_[row * targets + t] = static_cast<float>(value);
    }
  }
  return {};
}

// --- encoding ---

Status FunctionCollector::fit(const Label& label, uint64_t seed) {
  for (const InputCollector* const input : inputs_) {
    if (!type_.empty()) type_ += ", ";
    type_ += input->type().to_string();
  }
  TRY(settle());
  FeatureFunction& function = feature_.function;
  for (size_t t = 0; t < function.terms.size(); ++t) {
    if (auto learnt = learn(function.terms[t], t); !learnt) return fail(std::move(learnt).error()).at(feature_.span);
  }
  if (function.output == FeatureFunction::Output::kMultiHot && function.classes() > kMostPositions) {
    return refuse(fmt::format("vector is too wide: {} makes {} features, {} can be", function.text, function.classes(),
                              kMostPositions),
                  "CATEGORY_HASH makes fewer");
  }
  if (function.output == FeatureFunction::Output::kTarget) TRY(learn_targets(label, seed));
  fitted_ = std::make_shared<const FeatureFunction>(function);
  if (auto encoded = encode_rows(); !encoded) return fail(std::move(encoded).error()).at(feature_.span);
  inputs_.clear();
  count_missing();
  return {};
}

Status FunctionCollector::encode_rows() {
  FunctionEncoder encoder(*fitted_);
  std::vector<InputCollector::Scratch> scratch(inputs_.size());
  const bool is_target = fitted_->output == FeatureFunction::Output::kTarget;
  for (const size_t part : {kTrainPart, kValidationPart}) {
    const size_t rows = inputs_[0]->rows(part);
    numbers_[part].resize(
        fitted_->is_sparse() || fitted_->output == FeatureFunction::Output::kCategory ? 0 : fitted_->width());
    if (is_target && part == kTrainPart) {
      std::vector<float> one(rows);
      for (size_t t = 0; t < fitted_->targets; ++t) {
        for (size_t i = 0; i < rows; ++i) one[i] = out_of_fold_[i * fitted_->targets + t];
        numbers_[part][t].append(one);
      }
      continue;
    }
    for (size_t begin = 0; begin < rows; begin += kChunkRows) {
      const size_t size = std::min(kChunkRows, rows - begin);
      std::vector<ColumnValues> blocks;
      for (size_t t = 0; t < inputs_.size(); ++t) blocks.push_back(inputs_[t]->values(part, begin, size, scratch[t]));
      std::vector<const ColumnValues*> columns;
      for (const ColumnValues& block : blocks) columns.push_back(&block);
      TRY(encoder.encode(columns));
      append(encoder, part);
    }
  }
  out_of_fold_ = {};
  for (IntegerColumn& codes : codes_) codes.finish();
  if (fitted_->output == FeatureFunction::Output::kCategory) {
    code_lookup_.resize(fitted_->classes() + 1);
    for (size_t code = 0; code < code_lookup_.size(); ++code) code_lookup_[code] = static_cast<int32_t>(code) - 1;
  }
  return {};
}

void FunctionCollector::append(const FunctionEncoder& encoder, size_t part) {
  if (fitted_->is_sparse()) {
    sparse_[part].append(encoder.sparse_begins(), encoder.sparse_positions(), encoder.sparse_values());
  } else if (fitted_->output == FeatureFunction::Output::kCategory) {
    std::vector<int64_t> codes(encoder.codes().size());
    std::ranges::transform(encoder.codes(), codes.begin(),
                           [](int32_t code) { return code < 0 ? IntegerColumn::kMissing : int64_t{code}; });
    codes_[part].append(codes);
  } else {
    for (size_t k = 0; k < numbers_[part].size(); ++k) numbers_[part][k].append(encoder.numbers()[k]);
  }
}

void FunctionCollector::count_missing() {
  if (fitted_->output == FeatureFunction::Output::kCategory) {
    std::vector<int32_t> codes(codes_[kTrainPart].size());
    read(kTrainPart, 0, codes);
    missing_ = static_cast<uint64_t>(std::ranges::count(codes, -1));
    return;
  }
  if (fitted_->is_sparse()) return;
  const FloatColumn& first = numbers_[kTrainPart][0];
  bool all_same = true;
  for (size_t i = 0; i < first.chunks(); ++i) {
    const float one = first.at(0);
    for (const float value : first.chunk(i)) {
      missing_ += std::isnan(value) ? 1 : 0;
      all_same = all_same && (value == one || (std::isnan(value) && std::isnan(one)));
    }
  }
  is_constant_ = is_derived_ && all_same && numbers_[kTrainPart].size() == 1;
}

Transform FunctionCollector::transform() const {
  Transform out{Transform::Kind::kFunction, join(fitted_->columns(), ", "), feature_.name};
  out.function = fitted_;
  return out;
}

FeatureReport FunctionCollector::report() const {
  FeatureReport row{feature_.name, join(fitted_->columns(), ", "), type_, describe(*fitted_), missing_, fitted_->text};
  if (is_constant_) {
    row.feature = "-";
    row.note = "left out: every row has the same value";
  }
  return row;
}

// --- reading ---

void FunctionCollector::read(size_t feature, size_t part, size_t begin, std::span<float> values) const {
  if (binned_.empty() || !binned_[feature]) {
    numbers_[part][feature].read(begin, values);
    return;
  }
  const Binned& binned = *binned_[feature];
  const std::span<const float> lookup = binned.binner.values();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] =
        binned.binner.is_narrow() ? lookup[binned.narrow[part][begin + i]] : lookup[binned.wide[part][begin + i]];
  }
}

void FunctionCollector::read(size_t part, size_t begin, std::span<int32_t> codes) const {
  codes_[part].read_mapped<int32_t>(begin, code_lookup_, codes);
}

std::span<const float> FunctionCollector::edges(size_t feature) const {
  if (binned_.empty() || !binned_[feature]) return {};
  return binned_[feature]->binner.edges();
}

void FunctionCollector::bin(std::span<const uint64_t> sample, size_t most_bins) {
  binned_.resize(numbers_[kTrainPart].size());
  for (size_t k = 0; k < binned_.size(); ++k) {
    std::vector<float> sampled(sample.size());
    for (size_t i = 0; i < sample.size(); ++i) sampled[i] = numbers_[kTrainPart][k].at(sample[i]);
    std::vector<float> edges = quantile_edges(sampled, most_bins);
    if (edges.empty()) edges.push_back(0);
    Binned binned{Binner(std::move(edges)), {}, {}};
    for (size_t part = 0; part < kParts; ++part) {
      FloatColumn& numbers = numbers_[part][k];
      const bool is_narrow = binned.binner.is_narrow();
      if (is_narrow) binned.narrow[part].resize(numbers.size());
      if (!is_narrow) binned.wide[part].resize(numbers.size());
      for (size_t c = 0; c < numbers.chunks(); ++c) {
        const std::span<const float> chunk = numbers.chunk(c);
        if (is_narrow) {
          binned.binner.encode(chunk, std::span<uint8_t>(binned.narrow[part].data() + c * kChunkRows, chunk.size()));
        } else {
          binned.binner.encode(chunk, std::span<uint16_t>(binned.wide[part].data() + c * kChunkRows, chunk.size()));
        }
      }
      numbers.release();
    }
    binned_[k] = std::move(binned);
  }
}

uint64_t FunctionCollector::bytes() const {
  uint64_t bytes = 0;
  for (size_t part = 0; part < kParts; ++part) {
    for (const FloatColumn& numbers : numbers_[part]) bytes += numbers.size() * sizeof(float);
    for (const auto& binned : binned_) {
      if (binned) bytes += binned->narrow[part].size() + 2 * binned->wide[part].size();
    }
    bytes += codes_[part].bytes() + sparse_[part].bytes();
  }
  return bytes;
}

}  // namespace sinan::ml
