// What DESCRIBE DATA and COMPARE DATA share: attributes, sampled sources, a table to write, and the Step around a function.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flow/attributes.h"
#include "flow/statement_kind.h"
#include "profile/sample.h"
#include "profile/source.h"

namespace sinan::profile {

// sample.rows, sample.seed.
std::span<const flow::AttributeSpec> sample_attributes();

// A source after check(): what is asked for, its place in the program, its columns as far as they are known.
struct CheckedSource {
  std::string query;
  Span place;
  std::string words;
  std::optional<arrow::Schema> columns;
};
// Adds what it reads to `access`. Errors: the engine's, at the source.
Result<CheckedSource> check_source(const Source& source, flow::CheckContext& context, Access& access);

// The source's rows gone by once, with a sample. Errors as read_profile; no rows at all are kData, at the source.
Result<Profile> profile_of(const CheckedSource& source, const flow::AttributeValues& attributes,
                           flow::RunContext& context);

// A step that runs `run`; drawn samples make it depend on the run's seed unless the statement gives one.
std::unique_ptr<flow::Step> make_data_step(Access access, std::string text, bool uses_seed,
                                           std::function<Result<flow::Outcome>(flow::RunContext&)> run);

// "a sample of 100,000 of 336,776 rows"; empty when all rows were looked at.
std::string sample_note(const Profile& profile);

}  // namespace sinan::profile
