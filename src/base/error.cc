#include "base/error.h"

namespace sinan {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kProgram:
      return "program";
    case Code::kNotFound:
      return "not_found";
    case Code::kExists:
      return "exists";
    case Code::kArgument:
      return "argument";
    case Code::kData:
      return "data";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kPermission:
      return "permission";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kBusy:
      return "busy";
    case Code::kExhausted:
      return "exhausted";
    case Code::kCancelled:
      return "cancelled";
    case Code::kIo:
      return "io";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

bool is_retryable(Code code) { return code == Code::kUnavailable || code == Code::kBusy; }

std::string Error::to_string() const {
  std::string text(sinan::to_string(code));
  text.append(": ").append(message);
  if (!hint.empty()) text.append(" (").append(hint).append(")");
  std::string_view separator = " [";
  for (const std::string& line : context) {
    text.append(separator).append(line);
    separator = "; ";
  }
  if (!context.empty()) text.append("]");
  return text;
}

}  // namespace sinan
