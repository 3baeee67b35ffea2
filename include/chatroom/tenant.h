// Tenants: customers, environments and test traffic in one engine, apart from each other.
//
// Where Limits::tenants is not 0, the name of a user and of a room says whose it is, by what stands
// before its first '/': `acme/alice` may see, list, join and write to what begins with `acme/`, and
// nothing else; to her the rooms and users of others are not there. Names without a '/' are the
// house's and are as much apart from the tenants. The ports see whole names, so storage, filters
// and brokers need no second word for it; clients see them too.
//
// Tenants are declared (Engine::set_tenant): a user of one that is not is refused `unauthorized`, a
// room is `not_found`. A single tenant's host leaves Limits::tenants at 0: then '/' is a character
// like others, nothing is looked up and nothing kept.
#pragma once

#include <string_view>

#include "chatroom/types.h"

namespace chatroom {

// What a tenant may have of one engine. Refusals of clients have the rule `tenant_rate`, whose
// scope is the tenant; the host's own calls (broadcasts, moderation) are charged nothing.
struct TenantPolicy {
  // Memory; 0: only the engine's limits hold.
  std::uint32_t rooms = 0;          // limit_reached
  std::uint32_t sessions = 0;       // signed in: refused limit_reached
  std::uint32_t memberships = 0;    // session in room, all its rooms together: limit_reached
  std::uint64_t history_bytes = 0;  // kept messages: the room that goes on talking gives up its own
                                    // oldest, down to its newest one
  // Rate: of all its users together. A refused command also counts against its session's
  // Limits::inbound like a second's bytes, so that who sends on is read from more slowly.
  Rate commands = Rate::unlimited();   // rate_limited; `leave` is never refused
  Rate publishes = Rate::unlimited();  // likewise; a refused message uses nothing of the user's
  // Work: visits of members whose rooms have something for them (one write each). Past it the
  // tenant's rooms wait their turn, and a visit then brings all that came since. `burst` is also
  // the most by which it can be ahead of others in a turn.
  Rate writes = Rate::unlimited();
};

// What it has and had. Counters begin with set_tenant.
struct TenantUsage {
  std::uint32_t rooms = 0;
  std::uint32_t sessions = 0;
  std::uint32_t memberships = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t commands = 0;  // charged
  std::uint64_t published = 0;
  std::uint64_t refused = 0;  // by its policy
  std::uint64_t writes = 0;
  std::uint64_t waits = 0;  // how often a room had to wait for `writes`
};

inline constexpr std::size_t kTenantBytes = 32;      // of a name
inline constexpr std::uint32_t kTenantsMax = 4'096;  // Limits::tenants

// Whose a user or room is; empty: the house's.
constexpr std::string_view tenant_of(std::string_view name) noexcept {
  const std::size_t end = name.find('/');
  return end == std::string_view::npos ? std::string_view{} : name.substr(0, end);
}

}  // namespace chatroom
