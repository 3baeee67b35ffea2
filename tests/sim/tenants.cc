#include "sim/tenants.h"

#include <algorithm>

#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::string_view kTenant = "~t";
constexpr std::string_view kSpy = "~t/spy";

}  // namespace

Tenants::Tenants(World& world) : world_(world), random_(world.plan().seed, 9'000) {}

void Tenants::declare() {
  if (!world_.plan().tenants) return;
  looked_ = world_.engine_now();
  level_ = std::int64_t{1'000'000} * world_.plan().house_writes.burst;
  visits_ = 0;
  TenantPolicy house;
  house.writes = world_.plan().house_writes;
  const bool house_set = static_cast<bool>(world_.engine().set_tenant({}, house));
  const bool spy_set = static_cast<bool>(world_.engine().set_tenant(kTenant, {}));
  check("a tenant cannot be declared", house_set && spy_set);
}

void Tenants::start() {
  if (!world_.plan().tenants) return;
  started_ = true;
  world_.schedule().after(Duration::ms(random_.between(100, 2'000)), [this] { act(); });
}

void Tenants::open() {
  opened_ = true;
  const Result<SessionId> opened = world_.engine().open_local(*this, {.user = kSpy});
  opened_ = static_cast<bool>(opened);
  if (!opened_) return;
  world_.session_opened();
  session_ = *opened;
}

void Tenants::check(const char* what, bool good) const {
  if (!good) world_.report().fail(Verdict::correctness, "tenants: %s", what);
}

void Tenants::act() {
  if (world_.ending()) return;
  world_.schedule().after(Duration::ms(random_.between(50, 900)), [this] { act(); });
  if (!opened_) return open();
  const std::uint32_t what = random_.below(5);
  const std::uint32_t which = random_.below(world_.plan().rooms + 1);
  const std::uint32_t whom = random_.below(static_cast<std::uint32_t>(world_.users().size()));
  const std::string room = world_.room_key(which);
  Engine& engine = world_.engine();
  Command command;
  command.room = room;
  switch (what) {
    case 0:
      return check("a stranger joins", !engine.join(session_, {.room = room}));
    case 1:
      return check("a stranger speaks", !engine.publish(session_, {.room = room, .text = "x"}));
    case 2:
      command.op = Op::send_to;
      command.room = {};
      command.user = world_.users()[whom].id;
      command.out.text = "x";
      command.has_text = true;
      return check("a stranger reaches a user", !engine.command(session_, command));
    case 3:
      command.op = Op::open_room;
      return check("a stranger opens a room", !engine.command(session_, command));
    default:
      command.op = Op::list_rooms;
      command.room = {};
      return static_cast<void>(engine.command(session_, command));
  }
}

void Tenants::on_event(const Event& event) noexcept {
  if (event.type == EventType::hello || event.type == EventType::reconnect) return;
  const bool answer = event.type == EventType::answer || event.type == EventType::error;
  check("a stranger is told something", answer);
  check("a stranger sees a room", event.rooms.empty());
}

void Tenants::on_closed(CloseCode) noexcept { opened_ = false; }

// A bucket of our own; a token's thousandth of rounding aside, the engine never has more.
void Tenants::check_step() {
  if (!started_) return;
  const Result<TenantUsage> house = world_.engine().tenant({});
  check("the house is not there", static_cast<bool>(house));
  const Rate rate = world_.plan().house_writes;
  constexpr std::int64_t kToken = 1'000'000;
  const Instant now = world_.engine_now();
  const std::int64_t refill = std::max<std::int64_t>((now - looked_).us, 0) * rate.per_second;
  // What came since the last look may have been used as it came: the bucket is full only after it.
  level_ += refill - static_cast<std::int64_t>(house->writes - visits_) * kToken;
  looked_ = std::max(looked_, now);
  visits_ = house->writes;
  check("the house has more than its share", level_ > -kToken);
  level_ = std::min(level_, rate.burst * kToken);
}

}  // namespace chatroom::sim
