#include "profile/data_statement.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "flow/clause_query.h"

namespace sinan::profile {
namespace {

constexpr flow::AttributeSpec kAttributes[] = {
    {.name = "sample.rows",
     .type = flow::AttributeType::kInteger,
     .default_text = "100000",
     .doc = "rows drawn for quantiles, shapes and comparisons; counts, means and extremes are of all rows",
     .min = 100,
     .max = 10'000'000},
    {.name = "sample.seed",
     .type = flow::AttributeType::kInteger,
     .doc = "of the draw; otherwise the run's",
     .min = 0,
     .aliases = "seed"},
};

class DataStep final : public flow::Step {
 public:
  DataStep(Access access, std::string text, bool uses_seed, std::function<Result<flow::Outcome>(flow::RunContext&)> run)
      : access_(std::move(access)), text_(std::move(text)), uses_seed_(uses_seed), run_(std::move(run)) {}
  const Access& access() const override { return access_; }
  flow::Budget budget() const override { return {.least_threads = 1, .most_threads = 1}; }
  // A statement that only shows something is always run: its tables are what the user wants to see.
  std::optional<Fingerprint> fingerprint() const override {
    if (access_.writes.empty()) return std::nullopt;
    return FingerprintBuilder().add("data 1").add(text_).finish();
  }
  bool uses_seed() const override { return uses_seed_; }
  Result<flow::Outcome> run(flow::RunContext& context) override { return run_(context); }

 private:
  Access access_;
  std::string text_;
  bool uses_seed_;
  std::function<Result<flow::Outcome>(flow::RunContext&)> run_;
};

}  // namespace

std::span<const flow::AttributeSpec> sample_attributes() { return kAttributes; }

Result<CheckedSource> check_source(const Source& source, flow::CheckContext& context, Access& access) {
  CheckedSource out{source.query(context.engine().dialect()), source.place, source.words(), std::nullopt};
  auto columns = context.describe(out.query, out.place);
  if (!columns) {
    Error error = std::move(columns).error();
    // Only a query stands in the program as the engine was given it.
    if (source.kind != Source::Kind::kQuery) error.span = source.place;
    return fail(std::move(error));
  }
  out.columns = *std::move(columns);
  const Access more = context.analyze(out.query, out.place);
  access.reads.insert(access.reads.end(), more.reads.begin(), more.reads.end());
  std::ranges::sort(access.reads);
  access.reads.erase(std::unique(access.reads.begin(), access.reads.end()), access.reads.end());
  if (more.barrier && !access.barrier) access.barrier = more.barrier;
  return out;
}

Result<Profile> profile_of(const CheckedSource& source, const flow::AttributeValues& attributes,
                           flow::RunContext& context) {
  const auto rows = TRY(flow::open_rows(source.query, source.place, context));
  const uint64_t seed =
      attributes.given("sample.seed") ? static_cast<uint64_t>(attributes.integer("sample.seed")) : context.seed();
  const ProfileOptions options{static_cast<size_t>(attributes.integer("sample.rows")), seed};
  Profile profile = TRY(read_profile(*rows, options, context.cancel(), &context.progress()));
  if (profile.rows == 0) {
    return fail(Code::kData, fmt::format("there are no rows to look at: {}", source.words), "check its WHERE")
        .at(source.place);
  }
  return profile;
}

std::unique_ptr<flow::Step> make_data_step(Access access, std::string text, bool uses_seed,
                                           std::function<Result<flow::Outcome>(flow::RunContext&)> run) {
  return std::make_unique<DataStep>(std::move(access), std::move(text), uses_seed, std::move(run));
}

std::string sample_note(const Profile& profile) {
  if (profile.sampled() == profile.rows) return {};
  return fmt::format("a sample of {} of {} rows", human_count(profile.sampled()), human_count(profile.rows));
}

}  // namespace sinan::profile
