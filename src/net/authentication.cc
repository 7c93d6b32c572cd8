#include "net/authentication.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::net {
namespace {

constexpr std::string_view kPrefix = "sinan_";
constexpr std::string_view kSignedPrefix = "sinans_";
constexpr size_t kMostTokenBytes = 1024;
constexpr int kFormatVersion = 1;

Result<TokenRecord> parse_record(const Json& json) {
  TokenRecord record;
  record.name = TRY(json.at("name").as_string());
  const std::string role = TRY(json.at("role").as_string());
  const auto known = role_named(role);
  if (!known) return fail(Code::kData, "unknown role: " + role, "one of admin, editor, viewer, server, client");
  record.role = *known;
  const auto hash = from_hex(TRY(json.at("sha256").as_string()));
  if (!hash || hash->size() != record.hash.size()) return fail(Code::kData, "sha256 is not 64 hexadecimal digits");
  std::ranges::copy(*hash, record.hash.begin());
  record.created = TRY(from_iso8601(TRY(json.at("created").as_string())));
  if (!json.at("expires").is_null()) record.expires = TRY(from_iso8601(TRY(json.at("expires").as_string())));
  return record;
}

Refusal refused(int status, std::string message, std::string hint = {}) {
  return {status, Error{Code::kPermission, std::move(message), std::move(hint), std::nullopt, {}}};
}

// The one token of a request; nothing when it has none.
std::expected<std::optional<std::string_view>, Refusal> token_of(const Request& request) {
  std::optional<std::string_view> token;
  int found = 0;
  for (size_t i = 0; i < request.headers.size(); ++i) {
    const auto [name, value] = request.headers.at(i);
    if (equals_ignore_case(name, "x-api-key")) {
      token = value;
      ++found;
    } else if (equals_ignore_case(name, "authorization")) {
      if (value.size() < 7 || !equals_ignore_case(value.substr(0, 7), "bearer ")) {
        return std::unexpected(
            refused(401, "unknown kind of authorization", "send it as: Authorization: Bearer TOKEN"));
      }
      token = trim(value.substr(7));
      ++found;
    }
  }
  if (const auto parameter = request.target.parameter("token")) {
    if (!parameter->starts_with(kSignedPrefix)) {
      return std::unexpected(refused(401, "only a short-lived token may stand in a URL", "send it in a header"));
    }
    token = parameter;
    ++found;
  }
  if (found > 1) return std::unexpected(refused(401, "the request names more than one token", "send one"));
  return token;
}

}  // namespace

Result<std::vector<TokenRecord>> parse_tokens(std::string_view text) {
  const Json document = TRY(Json::parse(text));
  if (document.at("version") != Json(kFormatVersion)) {
    return fail(Code::kData, fmt::format("the tokens file is not of version {}", kFormatVersion));
  }
  if (!document.at("tokens").is_array()) return fail(Code::kData, "the tokens file has no list of tokens");
  std::vector<TokenRecord> records;
  for (const Json& item : document.at("tokens").items()) {
    auto record = parse_record(item);
    if (!record) {
      return fail(std::move(record).error().within(fmt::format("in token {} of the file", records.size() + 1)));
    }
    if (std::ranges::find(records, record->name, &TokenRecord::name) != records.end()) {
      return fail(Code::kData, "two tokens have the same name: " + record->name);
    }
    records.push_back(*std::move(record));
  }
  return records;
}

std::string tokens_json(const std::vector<TokenRecord>& records) {
  Json::Array items;
  for (const TokenRecord& record : records) {
    Json item = Json::object({{"name", record.name},
                              {"role", to_string(record.role)},
                              {"sha256", to_hex(bytes_of(record.hash))},
                              {"created", to_iso8601(record.created)}});
    if (record.expires) item.set("expires", to_iso8601(*record.expires));
    items.push_back(std::move(item));
  }
  return Json::object({{"version", kFormatVersion}, {"tokens", Json(std::move(items))}}).dump_indented() + "\n";
}

Result<NewToken> make_token(std::string name, Role role, TimePoint now, std::optional<std::chrono::seconds> lifetime) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > 100 || std::ranges::any_of(name, is_control) || find_invalid_utf8(name)) {
    return fail(Code::kArgument, "a token's name has 1 to 100 bytes of plain text");
  }
  NewToken made;
  made.token = std::string(kPrefix) + to_base64url(random_bytes(32));
  made.record = {.name = std::move(name), .role = role, .hash = sha256(made.token), .created = now};
  if (lifetime) made.record.expires = now + *lifetime;
  return made;
}

std::string address_group(std::string_view peer) {
  // An address with a dot is IPv4, also when mapped into IPv6.
  if (!peer.contains(':') || peer.contains('.')) return std::string(peer);
  // "a:b::c" has what "::" stands for written out before it is cut after four groups.
  std::vector<std::string> groups;
  const size_t gap = peer.find("::");
  const auto append = [&](std::string_view part) {
    if (part.empty()) return;
    for (const std::string_view group : split_on(part, ':')) groups.emplace_back(group);
  };
  append(peer.substr(0, gap));
  if (gap != peer.npos) {
    std::vector<std::string> head = std::move(groups);
    groups.clear();
    append(peer.substr(gap + 2));
    const size_t zeros = head.size() + groups.size() < 8 ? 8 - head.size() - groups.size() : 0;
    head.insert(head.end(), zeros, "0");
    head.insert(head.end(), groups.begin(), groups.end());
    groups = std::move(head);
  }
  groups.resize(std::min<size_t>(groups.size(), 4));
  return join(groups, ":") + "::/64";
}

std::optional<std::chrono::seconds> FailureLimit::failed(std::string_view peer, std::chrono::nanoseconds now) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = buckets_.try_emplace(address_group(peer));
  Bucket& bucket = place->second;
  if (!is_new) by_use_.erase(bucket.use);
  bucket.use = ++uses_;
  by_use_.emplace(bucket.use, place->first);
  if (buckets_.size() > most_addresses_) {
    buckets_.erase(by_use_.begin()->second);
    by_use_.erase(by_use_.begin());
  }
  const std::chrono::nanoseconds next = std::max(bucket.empty_at, now) + refill_;
  const std::chrono::nanoseconds over = next - now - refill_ * burst_;
  if (over > std::chrono::nanoseconds(0)) return std::chrono::ceil<std::chrono::seconds>(over);
  bucket.empty_at = next;
  return std::nullopt;
}

size_t FailureLimit::addresses() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

Authenticator::Authenticator(std::vector<TokenRecord> records, const Clock& clock)
    : clock_(clock), key_(random_bytes(32)), failures_(10, std::chrono::seconds(6), 10'000) {
  replace(std::move(records));
}

void Authenticator::replace(std::vector<TokenRecord> records) {
  auto by_hash = std::make_shared<std::map<Digest, TokenRecord>>();
  for (TokenRecord& record : records) {
    const Digest hash = record.hash;
    by_hash->insert_or_assign(hash, std::move(record));
  }
  const std::lock_guard lock(mutex_);
  records_ = std::move(by_hash);
}

bool Authenticator::is_open() const {
  const std::lock_guard lock(mutex_);
  return records_->empty();
}

std::expected<bool, Refusal> Authenticator::authenticate(Request& request) {
  if (is_open()) {
    request.principal = {.name = "local", .role = Role::kAdmin};
    return true;
  }
  auto token = token_of(request);
  std::optional<Refusal> refusal;
  if (!token) {
    refusal = std::move(token).error();
  } else if (!*token) {
    return false;
  } else if (auto principal = verify(**token)) {
    request.principal = *std::move(principal);
    return true;
  } else {
    refusal = refused(401, "the token is not known or has expired", "make one: sinan token create");
  }
  if (const auto wait = failures_.failed(request.peer, clock_.monotonic())) {
    return std::unexpected(
        Refusal{429,
                {Code::kBusy,
                 fmt::format("too many wrong tokens from this address; wait, in seconds: {}", wait->count()),
                 "",
                 std::nullopt,
                 {}},
                static_cast<int>(wait->count())});
  }
  return std::unexpected(*std::move(refusal));
}

std::optional<Principal> Authenticator::verify(std::string_view token) const {
  if (token.size() > kMostTokenBytes) return std::nullopt;
  if (token.starts_with(kSignedPrefix)) return verify_signed(token);
  const Digest hash = sha256(token);
  std::shared_ptr<const std::map<Digest, TokenRecord>> records;
  {
    const std::lock_guard lock(mutex_);
    records = records_;
  }
  const auto found = records->find(hash);
  if (found == records->end()) return std::nullopt;
  const TokenRecord& record = found->second;
  if (!equal_in_constant_time(bytes_of(record.hash), bytes_of(hash))) return std::nullopt;
  if (record.expires && *record.expires <= clock_.now()) return std::nullopt;
  return Principal{record.name, record.role, false};
}

std::string Authenticator::sign(const Principal& principal, std::chrono::seconds lifetime) const {
  const Json claims = Json::object({{"name", principal.name},
                                    {"role", to_string(principal.role)},
                                    {"expires", to_iso8601(clock_.now() + lifetime)}});
  const std::string text = to_base64url(claims.dump());
  return fmt::format("{}{}.{}", kSignedPrefix, text, to_base64url(bytes_of(hmac_sha256(key_, text))));
}

std::optional<Principal> Authenticator::verify_signed(std::string_view token) const {
  token.remove_prefix(kSignedPrefix.size());
  const size_t dot = token.find('.');
  if (dot == token.npos) return std::nullopt;
  const std::string_view text = token.substr(0, dot);
  const auto mac = from_base64url(token.substr(dot + 1));
  if (!mac || !equal_in_constant_time(*mac, bytes_of(hmac_sha256(key_, text)))) return std::nullopt;
  const auto bytes = from_base64url(text);
  if (!bytes) return std::nullopt;
  const auto claims = Json::parse(*bytes);
  if (!claims) return std::nullopt;
  const auto expires = from_iso8601(claims->at("expires").string_view());
  const auto role = role_named(claims->at("role").string_view());
  if (!expires || !role || *expires <= clock_.now()) return std::nullopt;
  return Principal{std::string(claims->at("name").string_view()), *role, true};
}

}  // namespace sinan::net
