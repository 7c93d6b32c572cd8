// SqlFunction: how a capability adds a function to plain SQL, predict('zoo.m', t) in a SELECT. Registered once
// (flow/registry.h), stateless, thread-safe.
//
// A call is found by tokens, in whatever SQL a statement gives to the engine, and the expansion is put in its place: a call of a
// function that the engine knows (engine/function_host.h). The expansion says all it needs by itself, so that a view that keeps
// it works in a later session too. While a program is checked nothing but names and types is looked at.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/object_ref.h"
#include "engine/dialect.h"
#include "engine/function_host.h"
#include "flow/object_scope.h"
#include "flow/statement_kind.h"
#include "io/file_system.h"
#include "sql/function_calls.h"

namespace sinan::flow {

// The text that a call stands in.
class CallContext {
 public:
  virtual ~CallContext() = default;
  virtual std::string_view text() const = 0;  // what the call's spans count in
  virtual const ObjectScope& objects() const = 0;
  virtual const engine::Dialect& dialect() const = 0;
  // An expression of the text, calls in it expanded.
  virtual Result<std::string> expression(Span place) const = 0;
};

struct CallExpansion {
  struct Part {
    Span in_sql;                      // of `sql`
    Span in_text;                     // of the text: what the part was made from
    std::optional<Error> if_unknown;  // what to say instead when the engine knows no such column
  };
  std::string sql;
  std::vector<Part> parts;  // in order; an error elsewhere in `sql` is about the call
};

// What published functions use when they run. All of it outlives the engine.
struct FunctionHome {
  const catalog::Catalog& catalog;
  std::filesystem::path project_folder;
  io::FileSystem& files;
};

class SqlFunction {
 public:
  virtual ~SqlFunction() = default;
  virtual std::span<const std::string_view> names() const = 0;  // in lower case
  virtual Help help() const = 0;
  // Errors carry places in the text. kUnavailable: nothing can be said before the earlier statements have run.
  virtual Result<CallExpansion> expand(const sql::FunctionCall& call, const CallContext& context) const = 0;
  // What a call of `function`, one of names() or one that an expansion calls, reads beyond its arguments, by the first of them.
  virtual std::optional<ObjectRef> reads(std::string_view function, std::string_view first,
                                         const ObjectScope& objects) const = 0;
  // Makes what expansions call, once for each engine.
  virtual Status publish(engine::FunctionHost& functions, const FunctionHome& home) const = 0;
};

}  // namespace sinan::flow
