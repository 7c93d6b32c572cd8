#include "net/error_response.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace sinan::net {

int http_status(Code code) {
  switch (code) {
    case Code::kProgram:
    case Code::kArgument:
      return 400;
    case Code::kPermission:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kExists:
      return 409;
    case Code::kData:
      return 422;
    case Code::kUnsupported:
      return 501;
    case Code::kBusy:
    case Code::kUnavailable:
      return 503;
    case Code::kExhausted:
      return 507;
    case Code::kCancelled:
    case Code::kIo:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

Json error_json(const Error& error, std::string_view request_id) {
  Json body = Json::object({{"code", to_string(error.code)}, {"message", error.message}});
  if (!error.hint.empty()) body.set("hint", error.hint);
  if (error.span) {
    body.set("span", Json::object({{"begin", error.span->begin}, {"end", error.span->end}}));
  }
  if (!error.context.empty()) {
    Json::Array context;
    for (const std::string& line : error.context) context.emplace_back(line);
    body.set("context", Json(std::move(context)));
  }
  if (!request_id.empty()) body.set("request_id", request_id);
  return body;
}

Response error_response(const Error& error, std::string_view request_id) {
  const int status = http_status(error.code);
  if (status == 500) {
    log::error(fmt::format("request failed id={} {}", request_id, error.to_string()));
    const Error shown{error.code,
                      "the server could not answer this request",
                      "its log has the reason under the request's id",
                      std::nullopt,
                      {}};
    return Response::json(error_json(shown, request_id), status);
  }
  return error_response(Refusal{status, error}, request_id);
}

Response error_response(const Refusal& refusal, std::string_view request_id) {
  Response response = Response::json(error_json(refusal.error, request_id), refusal.status);
  if (refusal.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  const int wait = refusal.status == 503 ? std::max(refusal.retry_after_seconds, 1) : refusal.retry_after_seconds;
  if (wait > 0) response.headers.add("Retry-After", fmt::format("{}", wait));
  return response;
}

}  // namespace sinan::net
