// The console over HTTP: its page at "/", its files under /assets/. Everybody may read them; what they show comes from the API, which
// asks for a token.
#pragma once

#include "net/router.h"

namespace sinan::app {

void add_console_routes(net::Router& router);

// Whether Accept-Encoding takes gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace sinan::app
