// Errors as values: what went wrong, whose fault it is, where in the program text, and how to mend it.
//
// Every fallible function returns Result<T> (or Status). A caller that cannot add anything passes the error on with
// TRY; one that can, adds a line of context that names what it was doing. Exceptions of third-party libraries end in
// the file that wraps the library. A broken invariant of our own is not an Error: it is a CHECK (base/check.h).
//
//     Result<Model> open(const Path& path) {
//       auto bytes = TRY(read_file(path));
//       if (bytes.empty()) return fail(Code::kData, "model file is empty", "train the model again").at(span);
//       return TRY(parse(bytes));
//     }
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sinan {

// Whose fault it is, and whether retrying helps.
enum class Code : uint8_t {
  // The user's to fix.
  kProgram,      // the program text: syntax, unknown name, wrong type
  kNotFound,     // a named object (table, model, file) does not exist
  kExists,       // it exists already
  kArgument,     // an attribute or command-line value is wrong
  kData,         // the rows, or a file's content, do not fit
  kUnsupported,  // a valid wish that this build cannot fulfil
  kPermission,
  // Retrying helps.
  kUnavailable,
  kBusy,
  // Neither.
  kExhausted,  // disk, memory or a limit
  kCancelled,
  kIo,
  kInternal,  // a defect of Sinan
};

// The stable lower-case word used in JSON output: "program", "not_found", ...
std::string_view to_string(Code code);
bool is_retryable(Code code);

// Bytes [begin, end) of the program text.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

// `message` is fixed words first, values last. `hint` names the fix. `context` grows outward as the error passes
// through
// ("while training zoo.m").
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::string hint;
  std::optional<Span> span;
  std::vector<std::string> context;

  // Sets the place unless an inner, more exact one is already known.
  Error&& at(Span where) && {
    if (!span) span = where;
    return std::move(*this);
  }
  Error&& within(std::string what) && {
    context.push_back(std::move(what));
    return std::move(*this);
  }
  // One line for logs: "not_found: message (hint) [context; context]".
  std::string to_string() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// An Error on its way into a Result: return fail(Code::kData, "no rows", "check the WHERE clause").at(span);
class [[nodiscard]] Failure {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  Failure&& at(Span where) && {
    if (!error_.span) error_.span = where;
    return std::move(*this);
  }
  Failure&& within(std::string what) && {
    error_.context.push_back(std::move(what));
    return std::move(*this);
  }
  template <class T>
  operator std::expected<T, Error>() && {  // NOLINT(google-explicit-constructor): the point of the type
    return std::unexpected(std::move(error_));
  }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
};

inline Failure fail(Code code, std::string message, std::string hint = {}) {
  return Failure(Error{code, std::move(message), std::move(hint), std::nullopt, {}});
}
inline Failure fail(Error error) { return Failure(std::move(error)); }

}  // namespace sinan

#define SINAN_CONCAT_INNER(a, b) a##b
#define SINAN_CONCAT(a, b) SINAN_CONCAT_INNER(a, b)
#define SINAN_TRY_NAMED(name, ...)                     \
  ({                                                   \
    auto name = (__VA_ARGS__);                         \
    if (!name.has_value()) [[unlikely]]                \
      return std::unexpected(std::move(name).error()); \
    *std::move(name);                                  \
  })
// The value of a Result, or an early return of its error. Also for Status: TRY(flush());
#define TRY(...) SINAN_TRY_NAMED(SINAN_CONCAT(try_result_, __COUNTER__), __VA_ARGS__)
