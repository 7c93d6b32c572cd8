// The section [server] of sinan.toml, which only `sinan serve` reads. Its keys are checked whenever the file is read
// (base/config.h), so that a misspelt one shows before a server is started.
//
//     [server]   listen = "127.0.0.1:8080"   tls_certificate = "cert.pem"   tls_key = "key.pem"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan {

// Files are relative to the project folder.
struct ServerConfig {
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate;  // PEM, both or none
  std::string tls_key;
  std::string tokens = ".sinan/tokens.json";
  bool allow_plaintext = false;           // beyond loopback without TLS: something in front does it
  std::vector<std::string> cors_origins;  // web sites whose pages may call; "*" = all
  bool access_log = true;
  uint32_t threads = 1;  // that serve connections
};

// Errors: as parse_config().
Result<ServerConfig> parse_server_config(std::string_view toml, std::string_view file_name);

}  // namespace sinan
