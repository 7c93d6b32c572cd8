#include "app/server/token_file.h"

#include <algorithm>
#include <system_error>

#include "base/strings.h"

namespace sinan::app {

Result<std::vector<net::TokenRecord>> TokenFile::read() const {
  if (!files_.exists(path_)) return std::vector<net::TokenRecord>();
  auto records = net::parse_tokens(TRY(files_.read_file(path_, uint64_t{16} << 20)));
  if (!records) return std::unexpected(std::move(records).error().within("while reading " + path_.string()));
  return records;
}

Status TokenFile::write(const std::vector<net::TokenRecord>& records) {
  TRY(files_.create_directories(path_.parent_path()));
  TRY(files_.write_file_durable(path_, net::tokens_json(records)));
  // It holds hashes only, but who may do what is nobody else's business.
  std::error_code ignored;
  std::filesystem::permissions(path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                               ignored);
  return {};
}

Result<std::string> TokenFile::create(const std::string& name, net::Role role, TimePoint now,
                                      std::optional<std::chrono::seconds> lifetime) {
  std::vector<net::TokenRecord> records = TRY(read());
  if (std::ranges::find(records, name, &net::TokenRecord::name) != records.end()) {
    return fail(Code::kExists, "a token has this name already: " + name, "take another name, or revoke it first");
  }
  net::NewToken made = TRY(net::make_token(name, role, now, lifetime));
  records.push_back(std::move(made.record));
  TRY(write(records));
  return made.token;
}

Status TokenFile::revoke(const std::string& name) {
  std::vector<net::TokenRecord> records = TRY(read());
  std::vector<std::string> names;
  for (const net::TokenRecord& record : records) names.push_back(record.name);
  if (std::erase_if(records, [&](const net::TokenRecord& record) { return record.name == name; }) == 0) {
    std::string hint = did_you_mean(name, names);
    return fail(Code::kNotFound, "no token has this name: " + name,
                hint.empty() ? "sinan token list shows them" : hint);
  }
  return write(records);
}

std::optional<io::FileStat> TokenFile::stamp() const {
  const auto stat = files_.stat(path_);
  return stat ? std::optional(*stat) : std::nullopt;
}

}  // namespace sinan::app
