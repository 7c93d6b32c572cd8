#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "ml/feature_plan.h"
#include "ml/feature_plan_input.h"
#include "ml/feature_plan_vocabulary.h"
#include "ml/feature_values.h"
#include "ml/function_encoder.h"

namespace sinan::ml {
namespace {

// The features made from one input, and what is needed to make them.
struct InputState {
  InputKind kind = InputKind::kNumber;
  size_t column = 0;  // of the batch
  struct Made {
    size_t transform = 0;
    size_t feature = 0;
  };
  std::vector<Made> features;         // of its own; functions have theirs
  std::optional<ValueReader> reader;  // for functions
  const ColumnValues* read = nullptr;
  StringCodes codes;             // text: code = vocabulary index
  int32_t unseen = -1;           // code of a text that is not among them
  std::vector<int64_t> moments;  // scratch
  std::vector<int32_t> entries;  // scratch: codes of a dictionary's entries
};

// A function, and where its features stand in the schema.
struct FunctionState {
  const FeatureFunction* function = nullptr;
  FunctionEncoder encoder;
  std::vector<size_t> inputs;  // by term
  size_t first = 0;
  std::vector<const ColumnValues*> values;  // scratch, by term
};

constexpr int32_t kNotLookedUp = -2;

}  // namespace

struct FeatureEncoder::State {
  GroupIndex groups;
  std::vector<size_t> group_columns;  // of the batch; empty = the plan has no groups
  const FeaturePlan* plan = nullptr;
  std::vector<InputState> inputs;
  std::vector<FunctionState> functions;
  std::vector<SparseFeatures> sparse;
  std::vector<FeatureColumn> columns;       // by feature
  std::vector<std::vector<float>> values;   // by feature, grown to the largest batch seen
  std::vector<std::vector<int32_t>> codes;  // the same

  void encode_numbers(const InputState& input, const arrow::ColumnView& column);
  void encode_moments(InputState& input, const arrow::ColumnView& column);
  void encode_text(InputState& input, const arrow::ColumnView& column);
  Status encode_groups(const arrow::Batch& batch);
  Status encode_function(FunctionState& state);
};

void FeatureEncoder::State::encode_numbers(const InputState& input, const arrow::ColumnView& column) {
  for (const auto& [_, feature] : input.features) {
    if (auto borrowed = borrow_numbers(column)) {
      columns[feature].values = *borrowed;
      continue;
    }
    if (values[feature].size() < column.size()) values[feature].resize(column.size());
    const std::span<float> out(values[feature].data(), column.size());
    read_numbers(column, out);
    columns[feature].values = out;
  }
}

void FeatureEncoder::State::encode_moments(InputState& input, const arrow::ColumnView& column) {
  if (input.moments.size() < column.size()) input.moments.resize(column.size());
  const std::span<int64_t> moments(input.moments.data(), column.size());
  read_moments(column, moments);
  for (const auto& [transform, feature] : input.features) {
    if (values[feature].size() < column.size()) values[feature].resize(column.size());
    const std::span<float> out(values[feature].data(), column.size());
    moment_part(input.kind, plan->transforms()[transform].kind, moments, out);
    columns[feature].values = out;
  }
}

void FeatureEncoder::State::encode_text(InputState& input, const arrow::ColumnView& column) {
  const auto look_up = [&](std::string_view text) {
    const int32_t code = input.codes.find(text);
    return code < 0 ? input.unseen : code;
  };
  const size_t rows = column.size();
  for (const auto& [_, feature] : input.features) {
    if (codes[feature].size() < rows) codes[feature].resize(rows);
    const std::span<int32_t> out(codes[feature].data(), rows);
    columns[feature].codes = out;
    if (column.type().id == arrow::TypeId::kNull) {
      std::ranges::fill(out, -1);
    } else if (column.type().id == arrow::TypeId::kDictionary) {
      const arrow::ColumnView dictionary = column.dictionary();
      input.entries.assign(dictionary.size(), kNotLookedUp);
      for (size_t i = 0; i < rows; ++i) {
        const int64_t index = column.dictionary_index(i);
        if (index < 0) {
          out[i] = -1;
          continue;
        }
        int32_t& code = input.entries[static_cast<size_t>(index)];
        if (code == kNotLookedUp) {
          const auto at = static_cast<size_t>(index);
          code = dictionary.is_null(at) ? -1 : look_up(dictionary.string(at));
        }
        out[i] = code;
      }
    } else {
      for (size_t i = 0; i < rows; ++i) out[i] = column.is_null(i) ? -1 : look_up(column.string(i));
    }
  }
}

// The last feature.
Status FeatureEncoder::State::encode_groups(const arrow::Batch& batch) {
  std::vector<int32_t>& out = codes.back();
  out.clear();
  groups.find(batch, group_columns, out);
  columns.back().codes = out;
  const auto& known = plan->groups()->groups;
  if (known.back().empty()) {
    std::ranges::replace(out, -1, static_cast<int32_t>(known.size() - 1));
    return {};
  }
  const auto unknown = std::ranges::find(out, -1);
  if (unknown == out.end()) return {};
  const auto row = static_cast<size_t>(unknown - out.begin());
  return fail(
      Code::kData,
      fmt::format("no model was trained for a group: {}",
                  group_text(plan->groups()->columns, GroupIndex::values_at(batch, group_columns, row))),
      "leave its rows out: add WHERE; or train with group.unknown=\"fallback\": a model of all rows for such groups");
}

Status FeatureEncoder::State::encode_function(FunctionState& state) {
  state.values.clear();
  for (const size_t input : state.inputs) state.values.push_back(inputs[input].read);
  TRY(state.encoder.encode(state.values));
  const FeatureFunction& function = *state.function;
  if (function.is_sparse()) {
    sparse.push_back({state.first, function.width(), state.encoder.sparse_begins(), state.encoder.sparse_positions(),
                      state.encoder.sparse_values()});
  } else if (function.output == FeatureFunction::Output::kCategory) {
    columns[state.first].codes = state.encoder.codes();
  } else {
    const auto made = state.encoder.numbers();
    for (size_t k = 0; k < made.size(); ++k) columns[state.first + k].values = made[k];
  }
  return {};
}

FeatureEncoder::FeatureEncoder(const FeaturePlan& plan, FeaturePlan::Binding binding)
    : state_(std::make_unique<State>()) {
  CHECK(binding.columns.size() == plan.inputs().size());
  state_->plan = &plan;
  const size_t features = plan.schema().size();
  state_->columns.resize(features);
  state_->values.resize(features);
  state_->codes.resize(features);
  state_->inputs.resize(plan.inputs().size());
  for (size_t i = 0; i < plan.inputs().size(); ++i) {
    InputState& input = state_->inputs[i];
    input.kind = input_kind(plan.inputs()[i].type).value_or(InputKind::kNumber);
    input.column = binding.columns[i];
  }
  const auto input_of = [&](std::string_view column) {
    const auto found = std::ranges::find(plan.inputs(), column, &arrow::Field::name);
    CHECK(found != plan.inputs().end());
    return static_cast<size_t>(found - plan.inputs().begin());
  };
  for (size_t t = 0; t < plan.transforms().size(); ++t) {
    const Transform& transform = plan.transforms()[t];
    if (!transform.function) {
      InputState& input = state_->inputs[input_of(transform.column)];
      input.features.push_back({t, plan.first_feature(t)});
      if (input.codes.size() == 0) {
        for (const std::string& text : transform.vocabulary) input.codes.intern(text);
        if (transform.is_cut) input.unseen = static_cast<int32_t>(input.codes.size());
      }
      continue;
    }
    FunctionState function{
        transform.function.get(), FunctionEncoder(*transform.function), {}, plan.first_feature(t), {}};
    for (const Term& term : transform.function->terms) {
      function.inputs.push_back(input_of(term.source.column));
      InputState& input = state_->inputs[function.inputs.back()];
      if (!input.reader) input.reader.emplace(value_type(plan.inputs()[function.inputs.back()].type).value());
    }
    state_->functions.push_back(std::move(function));
  }
  if (plan.groups() == nullptr) return;
  state_->groups = GroupIndex(*plan.groups());
  for (const std::string& column : plan.groups()->columns) {
    const auto same = [&](const arrow::Field& input) { return equals_ignore_case(input.name, column); };
    const auto input = std::ranges::find_if(plan.inputs(), same);
    CHECK(input != plan.inputs().end());
    state_->group_columns.push_back(binding.columns[static_cast<size_t>(input - plan.inputs().begin())]);
  }
}

FeatureEncoder::~FeatureEncoder() = default;
FeatureEncoder::FeatureEncoder(FeatureEncoder&&) noexcept = default;

Result<MatrixBlock> FeatureEncoder::encode(const arrow::Batch& batch) {
  for (InputState& input : state_->inputs) {
    const arrow::ColumnView column = batch.column(input.column);
    if (input.reader) input.read = &input.reader->read(column);
    if (input.features.empty()) continue;
    switch (input.kind) {
      case InputKind::kNumber:
        state_->encode_numbers(input, column);
        break;
      case InputKind::kText:
        state_->encode_text(input, column);
        break;
      default:
        state_->encode_moments(input, column);
        break;
    }
  }
  state_->sparse.clear();
  for (FunctionState& function : state_->functions) TRY(state_->encode_function(function));
  if (!state_->group_columns.empty()) TRY(state_->encode_groups(batch));
  MatrixBlock block;
  block.rows = batch.rows();
  block.features = state_->columns;
  block.sparse = state_->sparse;
  return block;
}

}  // namespace sinan::ml
