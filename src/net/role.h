// Who may do what: a principal has one role, a route names the roles it is for.
//
// admin, editor and viewer are people and their programs, each including the next; server and client keys are
// for services that evaluate configuration: a client key ends up in browsers and apps, so it may see results only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace sinan::net {

enum class Role : uint8_t { kAdmin, kEditor, kViewer, kServerKey, kClientKey };
inline constexpr Role kRoles[] = {Role::kAdmin, Role::kEditor, Role::kViewer, Role::kServerKey, Role::kClientKey};

// "admin", "editor", "viewer", "server", "client".
std::string_view to_string(Role role);
std::optional<Role> role_named(std::string_view name);

// A set of roles; `kEveryone` includes those who do not say who they are.
class Access {
 public:
  constexpr Access(std::initializer_list<Role> roles) {
    for (const Role role : roles) bits_ |= bit(role);
  }
  static constexpr Access everyone() {
    Access access({});
    access.bits_ = 0xff;
    return access;
  }
  constexpr bool allows(Role role) const { return (bits_ & bit(role)) != 0; }
  constexpr bool is_public() const { return bits_ == 0xff; }
  friend constexpr bool operator==(Access, Access) = default;

 private:
  static constexpr uint8_t bit(Role role) { return static_cast<uint8_t>(1U << static_cast<unsigned>(role)); }
  uint8_t bits_ = 0;
};

inline constexpr Access kEveryone = Access::everyone();
inline constexpr Access kAdmins{Role::kAdmin};
inline constexpr Access kEditors{Role::kAdmin, Role::kEditor};
inline constexpr Access kViewers{Role::kAdmin, Role::kEditor, Role::kViewer};
inline constexpr Access kServers{Role::kAdmin, Role::kEditor, Role::kServerKey};
inline constexpr Access kClients{Role::kAdmin, Role::kEditor, Role::kServerKey, Role::kClientKey};

struct Principal {
  std::string name;  // of the token; empty = did not say
  Role role = Role::kClientKey;
  bool is_signed = false;  // known by a short-lived token, which must not beget others
};

}  // namespace sinan::net
