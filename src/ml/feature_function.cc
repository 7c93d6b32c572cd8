#include "ml/feature_function.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::ml {
namespace {

std::string describe(const NumberStep& step) {
  switch (step.kind) {
    case NumberStep::Kind::kLog:
      return "logarithm";
    case NumberStep::Kind::kStandardize:
      return fmt::format("standardized (mean {:.6g}, deviation {:.6g})", step.a, step.b);
    case NumberStep::Kind::kNormalize:
      return fmt::format("normalized (least {:.6g}, range {:.6g})", step.a, step.b);
    case NumberStep::Kind::kImpute:
      return fmt::format("NULL is {:.6g}", step.a);
  }
  return "";
}

std::string describe(const Classing& classing) {
  switch (classing.kind) {
    case Classing::Kind::kNone:
      return "";
    case Classing::Kind::kBounds: {
      std::vector<std::string> shown;
      constexpr size_t kShown = 12;
      for (size_t i = 0; i < std::min(kShown, classing.bounds.size()); ++i)
        shown.push_back(fmt::format("{:.6g}", classing.bounds[i]));
      if (classing.bounds.size() > kShown) shown.emplace_back("...");
      return fmt::format("{} buckets by {}", classing.bounds.size() + 1, join(shown, ", "));
    }
    case Classing::Kind::kId:
      return fmt::format("ids 0 to {}", classing.count - 1);
    case Classing::Kind::kHash:
      return fmt::format("hashed into {}", human_count(classing.count));
    case Classing::Kind::kVocabulary:
      return fmt::format("{} categories{}", human_count(classing.vocabulary.size()),
                         classing.is_cut ? " and others" : "");
  }
  return "";
}

void add(std::vector<std::string>& parts, std::string part) {
  if (!part.empty()) parts.push_back(std::move(part));
}

uint64_t classes_of(const Classing& classing) {
  switch (classing.kind) {
    case Classing::Kind::kBounds:
      return classing.bounds.size() + 1;
    case Classing::Kind::kVocabulary:
      return classing.vocabulary.size() + (classing.is_cut ? 1 : 0);
    default:
      return classing.count;
  }
}

}  // namespace

uint64_t FeatureFunction::classes() const { return cross > 0 ? cross : classes_of(terms[0].classing); }

uint32_t FeatureFunction::width() const {
  switch (output) {
    case Output::kNumbers:
      return terms[0].source.width + (flags_missing ? 1 : 0);
    case FeatureFunction::Output::kCategory:
      return 1;
    case FeatureFunction::Output::kMultiHot:
      return static_cast<uint32_t>(classes());
    case FeatureFunction::Output::kTarget:
      return targets;
  }
  return 1;
}

std::vector<std::string> FeatureFunction::columns() const {
  std::vector<std::string> out;
  for (const Term& term : terms) {
    if (std::ranges::find(out, term.source.column) == out.end()) out.push_back(term.source.column);
  }
  return out;
}

std::string describe(const FeatureFunction& function) {
  std::vector<std::string> parts;
  for (const Term& term : function.terms) {
    if (term.source.reading == Reading::kPart) add(parts, std::string(to_string(term.source.part)));
    if (term.source.reading == Reading::kWords) add(parts, fmt::format("runs of 1 to {} words", term.source.run));
    for (const NumberStep& step : term.steps) add(parts, describe(step));
    add(parts, describe(term.classing));
  }
  if (function.cross > 0) add(parts, fmt::format("crossed into {}", human_count(function.cross)));
  switch (function.output) {
    case FeatureFunction::Output::kNumbers:
      if (function.terms[0].source.width > 1) add(parts, fmt::format("{} numbers", function.terms[0].source.width));
      if (function.flags_missing) add(parts, "a flag for NULL");
      break;
    case FeatureFunction::Output::kCategory:
      break;
    case FeatureFunction::Output::kMultiHot: {
      constexpr std::string_view kHow[] = {"summed", "their mean", "over the root of their number"};
      add(parts, fmt::format("{}{}{}", function.is_sparse() ? "sparse, " : "", function.is_weighted ? "weighted, " : "",
                             kHow[static_cast<size_t>(function.combiner)]));
      break;
    }
    case FeatureFunction::Output::kTarget:
      add(parts, fmt::format("mean of the label (smoothing {:.6g}, {} folds)", function.smoothing, function.folds));
      break;
  }
  return join(parts, ", ");
}

}  // namespace sinan::ml
