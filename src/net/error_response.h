// Errors over HTTP: a status and always the same JSON body.
//
//     {"code":"not_found","message":"unknown run: x","hint":"list them: GET /v1/programs","request_id":"4f…"}
#pragma once

#include <string_view>

#include "base/error.h"
#include "net/message.h"

namespace sinan::net {

// An answer that HTTP itself demands, where the Code alone does not tell the status: 405, 413, 431, ...
struct Refusal {
  int status = 400;
  Error error;
  int retry_after_seconds = 0;  // > 0: when to try again
};

// kArgument and kProgram 400, kPermission 403, kNotFound 404, kExists 409, kData 422, kUnsupported 501, kBusy and
// kUnavailable 503, kExhausted 507, the rest 500.
int http_status(Code code);
std::string_view reason_phrase(int status);  // "Not Found"

Json error_json(const Error& error, std::string_view request_id);
// A defect of ours (kInternal) or of the machine (kIo) is logged with the request's id, and the client learns that id and
// nothing about our files.
Response error_response(const Error& error, std::string_view request_id);
Response error_response(const Refusal& refusal, std::string_view request_id);

}  // namespace sinan::net
