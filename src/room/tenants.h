// Tenants: what each has and may have (chatroom/tenant.h). Looked up by the part of a name before
// its '/', so that no record of a user or room grows for it; without tenants nothing is looked up.
#pragma once

#include "base/bucket.h"
#include "base/index_map.h"
#include "base/table.h"
#include "base/text.h"
#include "chatroom/error.h"
#include "chatroom/limits.h"
#include "chatroom/tenant.h"

namespace chatroom::room {

inline constexpr std::uint16_t kNoTenant = UINT16_MAX;

// With the house; 0: no tenants.
constexpr std::uint32_t tenants_kept(const Limits& limits) noexcept {
  return limits.tenants == 0 ? 0 : limits.tenants + 1;
}

struct Tenant {
  base::FixedText<kTenantBytes> name;
  TenantPolicy policy;
  TenantUsage used;
  base::Bucket commands;
  base::Bucket publishes;

  Error may_publish(Instant now) noexcept;
  void charge_publish(Instant now) noexcept;
  Error charge_command(Instant now) noexcept;
};

class Tenants final {
 public:
  Tenants(Memory& memory, base::HashKey key, const Limits& limits) noexcept
      : kept_(tenants_kept(limits)), map_(memory, kept_), table_(memory, key, kept_, Key{&map_}) {}

  // Makes the house, which is always there. False: the port is dry.
  [[nodiscard]] bool reserve() noexcept { return kept_ == 0 || make({}) != nullptr; }
  bool apart() const noexcept { return kept_ != 0; }

  Tenant* find(std::string_view name) noexcept;  // null: not declared, or there are none
  Tenant* make(std::string_view name) noexcept;  // null: too many
  void erase(std::string_view name) noexcept;    // must be there
  // Of the name of a user or room.
  Tenant* of(std::string_view name) noexcept {
    return kept_ == 0 ? nullptr : find(tenant_of(name));
  }
  std::uint16_t index(std::string_view tenant) const noexcept;  // 0 where there are none
  std::uint16_t index_of(std::string_view name) const noexcept { return index(tenant_of(name)); }

  // 0: no cap.
  static bool full(std::uint32_t most, std::uint32_t used) noexcept;
  static Error refuse_full(Tenant& tenant) noexcept;

  static std::size_t bytes_max(const Limits& limits) noexcept {
    return base::IndexMap<Tenant>::bytes_max(tenants_kept(limits)) +
           Table::bytes_max(tenants_kept(limits));
  }

 private:
  struct Key {
    const base::IndexMap<Tenant>* map;
    std::string_view operator()(std::uint32_t index) const noexcept {
      return map->at(index)->name.view();
    }
  };
  using Table = base::Table<std::uint32_t, Key>;

  std::uint32_t kept_;
  base::IndexMap<Tenant> map_;
  Table table_;
};

}  // namespace chatroom::room
