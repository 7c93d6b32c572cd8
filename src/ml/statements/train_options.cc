#include "ml/statements/train_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "base/strings.h"
#include "ml/held_out_score.h"

namespace sinan::ml {
namespace {

constexpr size_t kUsualFolds = 5;

constexpr AttributeSpec kOptions[] = {
    {.name = "tune.trials",
     .type = AttributeType::kInteger,
     .default_text = "20",
     .doc = "how many combinations of values to try",
     .min = 1,
     .max = 10000},
    {.name = "tune.strategy",
     .type = AttributeType::kString,
     .default_text = "tpe",
     .doc = "how they are chosen",
     .choices = "random|tpe|halving"},
    {.name = "tune.metric", .type = AttributeType::kString, .doc = "what decides: a metric of TO EVALUATE"},
    {.name = "tune.folds",
     .type = AttributeType::kInteger,
     .doc = "score each trial by cross-validation over so many folds",
     .min = 2,
     .max = 100},
    {.name = "tune.timeout",
     .type = AttributeType::kFloat,
     .doc = "seconds after which no trial begins and those that run are ended",
     .min = 0,
     .min_open = true},
    {.name = "tune.into", .type = AttributeType::kString, .doc = "a table for the trials"},
    {.name = "validation.folds",
     .type = AttributeType::kInteger,
     .doc = "cross-validate over so many folds; the model learns from all rows",
     .min = 2,
     .max = 100},
    {.name = "group.min_rows",
     .type = AttributeType::kInteger,
     .default_text = "10",
     .doc = "GROUP BY: a group with fewer rows has no model",
     .min = 1},
    {.name = "group.unknown",
     .type = AttributeType::kString,
     .default_text = "error",
     .doc = "GROUP BY: rows of a group without a model are an error, or fall back to a model of all rows",
     .choices = "error|fallback"},
    {.name = "validation.key",
     .type = AttributeType::kString,
     .doc = "column whose value decides the fold: rows of one value stay together"},
};

bool is_option(std::string_view name) {
  return to_lower(name).starts_with("tune.") || flow::find_attribute(kOptions, name) != nullptr;
}

StrategyKind strategy_of(std::string_view name) {
  if (name == "random") return StrategyKind::kRandom;
  return name == "tpe" ? StrategyKind::kTpe : StrategyKind::kHalving;
}

Status take_folds(TrainRequest& request, const AttributeValues& options) {
  const bool tunes = !request.candidates.empty();
  if (options.given("tune.folds") && options.given("validation.folds")) {
    return fail(Code::kArgument, "folds are given in two ways: tune.folds and validation.folds", "keep one of them")
        .at(*options.span("validation.folds"));
  }
  const std::string_view given = options.given("tune.folds") ? "tune.folds" : "validation.folds";
  const bool holds_out = !request.validation_query.empty() || request.data.validation_fraction > 0 ||
                         !request.data.validation_column.empty();
  if (options.given(given)) {
    request.folds.count = static_cast<size_t>(options.integer(given));
    request.folds.place = *options.span(given);
    if (holds_out) {
      return fail(Code::kArgument, fmt::format("{} needs no rows to validate on: each fold is held out once", given),
                  "leave validation.select, validation.fraction or validation.column out")
          .at(request.folds.place);
    }
  } else if (tunes && !holds_out) {
    request.folds.count = kUsualFolds;
    request.folds.place = request.clause.estimator.span;
  }
  if (!options.given("validation.key")) return {};
  if (request.folds.count == 0) {
    return fail(Code::kArgument, "validation.key has no meaning without folds", "add validation.folds=5")
        .at(*options.span("validation.key"));
  }
  request.folds.key = options.string("validation.key");
  request.folds.place = *options.span("validation.key");
  request.data.excluded.push_back(request.folds.key);
  return {};
}

Status take_tuning(TrainRequest& request, const AttributeValues& options) {
  for (const AttributeSpec& spec : kOptions) {
    if (!spec.name.starts_with("tune.") || !options.given(spec.name) || !request.candidates.empty()) continue;
    return fail(Code::kArgument, fmt::format("there is nothing to tune: attribute \"{}\"", spec.name),
                "give an attribute a range to search: eta=log_range(0.01, 0.3), max_depth=range(3, 10)")
        .at(*options.span(spec.name));
  }
  if (request.candidates.empty()) return {};
  TuneOptions& tune = request.tune;
  tune.trials = static_cast<size_t>(options.integer("tune.trials"));
  tune.strategy = strategy_of(options.string("tune.strategy"));
  if (options.given("tune.metric")) {
    tune.metric = options.string("tune.metric");
    tune.metric_place = *options.span("tune.metric");
    if (auto found = HeldOutMetric::find(tune.metric, request.data.intent.task); !found)
      return fail(std::move(found).error()).at(tune.metric_place);
  }
  if (options.given("tune.timeout")) tune.timeout_seconds = options.number("tune.timeout");
  if (options.given("tune.into")) tune.into = sql::Name{options.string("tune.into"), *options.span("tune.into")};
  return {};
}

// An attribute that decides which rows are seen, or what is learnt from them, has one value for all trials.
Status check_searchable(const TrainRequest& request, const AttributeValues& fixed, const Dimension& dimension,
                        const AttributeSpec& spec) {
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kArgument, fmt::format("attribute cannot be searched: \"{}\"", spec.name), std::string(why))
        .at(dimension.span);
  };
  if (spec.name.starts_with("validation.") || spec.type == AttributeType::kQuery)
    return refuse("trials are compared on the same rows");
  if (spec.name == "seed") return refuse("the seed is one of the statement: seed=1");
  const Trainer::Intent usual = TRY(request.trainer->intent(request.estimator, fixed));
  std::vector<Json> values = dimension.members;
  if (values.empty()) values = {dimension.value_at(0), dimension.value_at(1)};
  for (const Json& value : values) {
    AttributeValues trial = fixed;
    trial.set(spec.name, value, dimension.span);
    const Trainer::Intent intent = TRY(request.trainer->intent(request.estimator, trial));
    if (intent.task != usual.task || intent.classes != usual.classes ||
        intent.is_classification != usual.is_classification)
      return refuse("it decides what is learnt: give it one value");
  }
  return {};
}

Status take_searches(TrainRequest& request, const std::vector<sql::Attribute>& searched,
                     std::span<const AttributeSpec> specs) {
  if (searched.empty()) return {};
  Candidate candidate{request.trainer, request.estimator, request.attributes, {}};
  for (const sql::Attribute& attribute : searched) {
    const AttributeSpec* spec = flow::find_attribute(specs, attribute.name);
    if (spec == nullptr) {
      // The words of an unknown attribute are in one place.
      return std::unexpected(
          flow::check_attributes(std::span(&attribute, 1), specs, request.estimator, kOptions).error());
    }
    const auto& taken = candidate.space.dimensions();
    if (request.attributes.given(spec->name) ||
        std::ranges::find(taken, spec->name, &Dimension::attribute) != taken.end()) {
      return fail(Code::kArgument,
                  fmt::format("attribute is given under two names: one of them is \"{}\"", attribute.name),
                  "keep one of them")
          .at(attribute.name_span);
    }
    TRY(candidate.space.add(attribute, *spec));
    TRY(check_searchable(request, request.attributes, candidate.space.dimensions().back(), *spec));
  }
  request.candidates.push_back(std::move(candidate));
  return {};
}

}  // namespace

std::span<const AttributeSpec> train_option_specs() { return kOptions; }
std::span<const AttributeSpec> auto_specs() {
  static const std::vector<AttributeSpec> specs = [] {
    std::vector<AttributeSpec> out(std::begin(kValidationAttributes), std::end(kValidationAttributes));
    out.push_back({.name = "seed",
                   .type = AttributeType::kInteger,
                   .doc = "seed of everything random",
                   .min = 0,
                   .aliases = "random_state"});
    return out;
  }();
  return specs;
}

TrainAttributes sort_attributes(const std::vector<sql::Attribute>& attributes) {
  TrainAttributes out;
  for (const sql::Attribute& attribute : attributes) {
    auto& to = is_option(attribute.name)                 ? out.options
               : SearchSpace::is_search(attribute.value) ? out.searched
                                                         : out.fixed;
    to.push_back(attribute);
  }
  return out;
}

bool will_hold_out(const TrainAttributes& given) {
  const auto is_folds = [](const sql::Attribute& a) { return to_lower(a.name).ends_with(".folds"); };
  return !given.searched.empty() || std::ranges::any_of(given.options, is_folds);
}

Status take_groups(TrainRequest& request, const AttributeValues& options) {
  const auto& columns = request.clause.group_by;
  if (columns.empty()) {
    for (const std::string_view name : {"group.min_rows", "group.unknown"}) {
      if (!options.given(name)) continue;
      return fail(Code::kArgument, fmt::format("{} has no meaning without GROUP BY", name),
                  "add GROUP BY column before INTO")
          .at(*options.span(name));
    }
    return {};
  }
  if (request.tune.into) {
    return fail(Code::kUnsupported, "tune.into is not available in this build with GROUP BY: each group has its trials",
                "leave it out; DESCRIBE MODEL shows what was found for each group")
        .at(request.tune.into->span);
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto same = [&](const sql::Name& other) { return equals_ignore_case(other.text, columns[i].text); };
    if (std::any_of(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(i), same))
      return fail(Code::kProgram, fmt::format("GROUP BY names a column twice: \"{}\"", columns[i].text),
                  "keep one of them")
          .at(columns[i].span);
    if (request.clause.label && equals_ignore_case(columns[i].text, request.clause.label->text))
      return fail(Code::kProgram, fmt::format("GROUP BY names the label: \"{}\"", columns[i].text),
                  "a group would have one class only")
          .at(columns[i].span);
    request.data.excluded.push_back(columns[i].text);
  }
  request.least_group_rows = static_cast<uint64_t>(options.integer("group.min_rows"));
  request.group_fallback = options.string("group.unknown") == "fallback";
  return {};
}

Status take_options(TrainRequest& request, const TrainAttributes& given, std::span<const AttributeSpec> specs) {
  const AttributeValues options = TRY(flow::check_attributes(given.options, kOptions, "TO TRAIN"));
  TRY(take_searches(request, given.searched, specs));
  TRY(take_tuning(request, options));
  TRY(take_folds(request, options));
  TRY(take_groups(request, options));
  return {};
}

Status take_auto_candidates(TrainRequest& request, const Trainers& trainers) {
  for (const auto& trainer : trainers) {
    for (const Trainer::AutoSearch& search : trainer->auto_searches()) {
      const std::string text = fmt::format("TO TRAIN m WITH {} INTO m", search.attributes);
      const auto clause = sql::parse_clause(text, Span{0, static_cast<uint32_t>(text.size())});
      CHECK(clause.has_value());
      const TrainAttributes parts = sort_attributes(std::get<sql::Train>(clause->body).attributes);
      const auto specs = trainer->attributes(search.estimator);
      Candidate candidate{trainer.get(), std::string(search.estimator), {}, {}};
      candidate.attributes = TRY(flow::check_attributes(parts.fixed, specs, search.estimator));
      for (const sql::Attribute& attribute : parts.searched) {
        const AttributeSpec* spec = flow::find_attribute(specs, attribute.name);
        CHECK(spec != nullptr);
        TRY(candidate.space.add(attribute, *spec));
      }
      candidate.classifies = search.classifies;
      candidate.regresses = search.regresses;
      request.candidates.push_back(std::move(candidate));
    }
  }
  return {};
}

}  // namespace sinan::ml
