// OFREP 0.3.0 without HTTP: from the JSON of a request to the JSON of its answer. Pure functions of (snapshot, body).
//
// The context's members are attributes: text, numbers, booleans, lists of texts; other members are not seen. `targetingKey` is an
// attribute of that name, and stands for `user_id` where the context has none.
//
// What clients are known to insist on is kept: a value always, key, reason and variant always, numbers by declared type
// (3.0 is a double, 3 an int), flat metadata.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "experiment/evaluator/evaluate.h"

namespace sinan::experiment {

// A request's context. Owns what Context borrows; not copyable, since that is addresses.
class RequestContext {
 public:
  // "" is an empty context. Errors: kArgument for what is no JSON object, or has a context that is none or has more than
  // 1,000 attributes.
  static Result<std::unique_ptr<const RequestContext>> read(std::string_view body);
  RequestContext() = default;
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;
  const Context& context() const { return context_; }

 private:
  Json document_;
  std::vector<std::vector<std::string_view>> lists_;
  Context context_;
};

struct FlagAnswer {
  int status = 200;  // 400, 404
  std::string body;
};
FlagAnswer evaluate_flag(const Snapshot& snapshot, std::string_view key, const Context& context, Access access);

// All parameters at once, {"flags": [..], "metadata": {..}, "eventStreams": [..]}; counts no access. Hundreds of values go to a
// client, and most of the text is the same for each: it is made once for a snapshot. Immutable, thread-safe.
class BulkAnswers {
 public:
  explicit BulkAnswers(const Snapshot& snapshot);
  uint64_t version() const { return version_; }
  // CHECK: of the snapshot that this was made for.
  std::string answer(const Snapshot& snapshot, const Context& context) const;

 private:
  // A parameter whose value depends on the context, behind the text of those whose value does not.
  struct Part {
    std::string before;
    uint32_t parameter = 0;
    std::string key;  // in quotes
  };

  uint64_t version_;
  std::string metadata_;             // of every flag, up to "exposure"
  std::vector<std::string> values_;  // as JSON, by number
  std::vector<Part> parts_;
  std::string end_;
  mutable std::atomic<size_t> usual_bytes_ = 0;
};

// The body of an answer for a request that cannot be read. Without a key where it is about all parameters.
std::string unreadable_request(std::optional<std::string_view> key, std::string_view details);

}  // namespace sinan::experiment
