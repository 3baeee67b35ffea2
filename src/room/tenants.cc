// What is a tenant's, and what its budget refuses.
#include "room/tenants.h"

#include "base/plant.h"
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

Error refuse_rate(Tenant& tenant, Duration wait) noexcept {
  ++tenant.used.refused;
  return refusal(Errc::rate_limited, Rule::tenant_rate, base::retry_after_ms(wait));
}

}  // namespace

Error Tenant::may_publish(Instant now) noexcept {
  const Duration wait = publishes.wait(policy.publishes, now);
  if (wait.us == 0 || CHATROOM_PLANTED(tenant_rate_ignored)) return {};
  return refuse_rate(*this, wait);
}

void Tenant::charge_publish(Instant now) noexcept {
  static_cast<void>(publishes.take(policy.publishes, now));
  ++used.published;
}

Error Tenant::charge_command(Instant now) noexcept {
  const Duration wait = commands.take(policy.commands, now);
  if (wait.us > 0 && !CHATROOM_PLANTED(tenant_rate_ignored)) return refuse_rate(*this, wait);
  ++used.commands;
  return {};
}

// ---- The table

Tenant* Tenants::find(std::string_view name) noexcept {
  const std::uint32_t* found = table_.find(name);
  return found == nullptr ? nullptr : map_.at(*found);
}

Tenant* Tenants::make(std::string_view name) noexcept {
  const std::uint32_t index = map_.insert();
  if (index == kNone) return nullptr;
  Tenant& tenant = *map_.at(index);
  tenant.name.assign(name);
  if (table_.insert(index) != nullptr) return &tenant;
  map_.erase(index);
  return nullptr;
}

void Tenants::erase(std::string_view name) noexcept {
  const std::uint32_t index = *table_.find(name);
  table_.erase(name);
  map_.erase(index);
}

std::uint16_t Tenants::index(std::string_view tenant) const noexcept {
  if (kept_ == 0) return 0;
  const std::uint32_t* found = table_.find(tenant);
  return found == nullptr ? kNoTenant : static_cast<std::uint16_t>(*found);
}

bool Tenants::full(std::uint32_t most, std::uint32_t used) noexcept {
  return most != 0 && used >= most && !CHATROOM_PLANTED(tenant_cap_ignored);
}

Error Tenants::refuse_full(Tenant& tenant) noexcept {
  ++tenant.used.refused;
  return refusal(Errc::limit_reached, Rule::tenant_rate);
}

// ---- As the engine asks

Status Registry::set_tenant(std::string_view name, const TenantPolicy& policy) noexcept {
  Tables& t = *tables_;
  if (!t.tenants.apart()) return Errc::unsupported;
  const bool house = name.empty();
  if (!house && !base::valid_name(name, kTenantBytes)) return Errc::bad_request;
  if (name.find('/') != std::string_view::npos) return Errc::bad_request;
  if (policy.writes.per_second == 0 || policy.writes.burst == 0) return Errc::bad_request;
  Tenant* tenant = t.tenants.find(name);
  if (tenant == nullptr) tenant = t.tenants.make(name);
  if (tenant == nullptr) return Errc::limit_reached;
  tenant->policy = policy;
  return {};
}

Status Registry::remove_tenant(std::string_view name) noexcept {
  Tables& t = *tables_;
  if (!t.tenants.apart()) return Errc::unsupported;
  if (name.empty()) return Errc::bad_request;
  const Tenant* const tenant = t.tenants.find(name);
  if (tenant == nullptr) return Errc::not_found;
  const TenantUsage& used = tenant->used;
  if (used.rooms != 0 || used.sessions != 0 || used.memberships != 0) return Errc::forbidden;
  t.tenants.erase(name);
  return {};
}

Result<TenantUsage> Registry::tenant(std::string_view name) const noexcept {
  const Tenant* const tenant = tables_->tenants.find(name);
  if (tenant == nullptr) return Errc::not_found;
  TenantUsage used = tenant->used;
  used.history_bytes = tables_->history.bytes_of(tables_->tenants.index(name));
  return used;
}

bool Registry::apart() const noexcept { return tables_->tenants.apart(); }

std::uint16_t Registry::tenant_index(std::string_view name) const noexcept {
  return tables_->tenants.index(name);
}

Error Registry::charge_command(std::string_view user, Instant now) noexcept {
  Tenant* const tenant = tables_->tenants.of(user);
  return tenant == nullptr ? Error{} : tenant->charge_command(now);
}

}  // namespace chatroom::room
