// OFREP 0.3.0 without HTTP: from the JSON of a request to the JSON of its answer. Pure functions of (snapshot, body).
//
// The context's members are attributes: text, numbers, booleans, lists of texts; other members are not seen. `targetingKey` is an
// attribute of that name, and stands for `user_id` where the context has none.
//
// What clients are known to insist on is kept: a value always, key, reason and variant always, numbers by declared type
// (3.0 is a double, 3 an int), flat metadata.
#pragma once

#include <memory>
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
  Json body;
};
FlagAnswer evaluate_flag(const Snapshot& snapshot, std::string_view key, const Context& context, Access access);

// {"flags": [..], "metadata": {..}, "eventStreams": [..]}: all parameters; counts no access.
std::string evaluate_all(const Snapshot& snapshot, const Context& context);

}  // namespace sinan::experiment
