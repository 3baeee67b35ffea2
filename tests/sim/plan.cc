#include "sim/plan.h"

#include <cstdio>

#include "sim/random.h"

namespace chatroom::sim {

namespace {

Limits draw_limits(Random& random, const Plan& plan) {
  Limits limits;
  limits.sessions = 160;
  limits.half_open = random.chance(20) ? 3 : 64;
  limits.rooms = 12;
  limits.memberships = 512;
  limits.rooms_per_session = random.chance(10) ? 2 : 8;
  limits.channels_per_room = plan.witness ? 16 : random.chance(20) ? 3 : 16;
  limits.sessions_per_user = random.chance(20) ? 1 : 4;
  limits.frame_bytes = random.chance(30) ? 4'096 : 16'384;
  limits.frame_bytes_before_auth = 1'024;
  limits.total_bytes_before_auth = 2'048;
  limits.page_messages = random.between(3, 40);
  limits.page_bytes = random.chance(40) ? 4'096 : 16'384;
  limits.private_bytes = limits.page_bytes + random.between(8, 40) * 1'024;
  limits.recovery_messages = random.between(5, 300);
  limits.commands =
      random.chance(40) ? Rate{random.between(5, 15), random.between(8, 30)} : Rate{200, 400};
  limits.publishes =
      random.chance(40) ? Rate{random.between(1, 4), random.between(1, 4)} : Rate{50, 100};
  limits.user_publishes = {2 * limits.publishes.per_second, 2 * limits.publishes.burst};
  limits.joins = random.chance(20) ? Rate{2, 3} : Rate{20, 40};
  limits.auth_deadline = Duration::s(random.between(2, 6));
  limits.heartbeat = Duration::s(random.between(2, 5));
  limits.dead_after = Duration{limits.heartbeat.us * 2 + random.below(4'000'000)};
  limits.write_stall = Duration::s(random.between(2, 8));
  limits.question_deadline = Duration::s(random.between(1, 4));
  limits.questions = random.chance(10) ? 2 : 64;
  limits.window_bytes = 4'096u << random.below(6);
  limits.log_pool_bytes = random.chance(30) ? 512u << 10 : 4u << 20;
  limits.private_pool_bytes = 1u << 20;
  limits.input_pool_bytes = 1u << 20;
  limits.history_pool_bytes = random.chance(20) ? 96u << 10 : 4u << 20;
  limits.keys = 1'024;
  limits.presence_exact = random.chance(25) ? random.between(2, 5) : 100;
  limits.waiting_bytes = 2u << 20;
  limits.events = 4'096;
  limits.mailbox_messages = random.chance(20) ? 4 : 256;
  limits.mailbox_bytes = 64u << 10;
  limits.turn_inputs = random.chance(20) ? 3 : 256;
  return limits;
}

RoomPolicy draw_policy(Random& random, const Plan& plan) {
  RoomPolicy policy;
  policy.reliable = random.chance(25);
  policy.moderated = random.chance(10);
  policy.slow_mode_s = random.chance(20) ? random.between(1, 2) : 0;
  policy.history_messages = random.chance(30) ? random.between(1, 20) : 300;
  policy.max_members = random.chance(15) ? random.between(2, 5) : 0;
  policy.idle_close = plan.witness ? Duration{0} : Duration::s(random.between(1, 5));
  policy.flush_interval_min = random.chance(30) ? Duration::ms(random.between(5, 200)) : Duration{};
  policy.first_join_owns = random.chance(20);
  return policy;
}

void draw_faults(Random& random, Faults& faults) {
  if (random.chance(60)) faults.split = random.between(50, 600);
  if (random.chance(50)) faults.partial = random.between(20, 500);
  if (random.chance(60)) faults.stall = random.between(1, 15);
  if (random.chance(40)) faults.reset = random.between(1, 4);
  if (random.chance(20)) faults.corrupt = random.between(1, 5);
  if (random.chance(20)) faults.silent = random.between(1, 4);
  if (random.chance(30)) faults.hostile = random.between(50, 300);
  if (random.chance(20)) faults.dawdle = random.between(50, 200);
}

void draw_habits(Random& random, Plan& plan) {
  Habits& habits = plan.habits;
  if (random.chance(50)) habits.channels = random.between(2, 12);
  if (random.chance(30)) habits.flood = random.between(1, 4);
  if (random.chance(40)) habits.latest = random.between(5, 30);
  if (random.chance(40)) habits.fleeting = random.between(5, 30);
  habits.text_max = random.chance(50) ? 2'000 : 200;
  habits.think_ms = random.between(100, 600);
  HostHabits& host = plan.host;
  host.think_ms = random.between(100, 800);
  host.burst = random.between(1, 20);
  host.close_room = random.below(3);
  if (random.chance(40)) host.late = 0, host.never = 0;
  if (random.chance(30)) host.echo = random.between(2, 10);
}

// With dice of its own, so that worlds without a storage are what they were before there was one.
void draw_storage(Plan& plan) {
  Random random{plan.seed, 7};
  if (!plan.witness || !random.chance(30)) return;
  StorageHabits& storage = plan.storage;
  storage.on = true;
  if (random.chance(50)) storage.at_once = random.between(10, 100);
  if (random.chance(50)) storage.slow = random.between(1, 40);
  storage.slow_us_max = random.between(20'000, 400'000);
  if (random.chance(50)) storage.fail = random.between(5, 120);
  if (random.chance(50)) storage.late_word = random.between(10, 60);
  if (random.chance(20)) storage.keeps = random.between(20, 200);
  if (random.chance(70)) storage.crashes = random.between(1, 3);
  if (storage.crashes > 0) plan.record = false;
  plan.limits.questions = 64;  // joins wait here for what is loaded
  plan.limits.question_deadline = Duration::s(4);
  plan.open_rooms = false;  // whose settings the host would not know any more
  for (RoomPolicy& policy : plan.policies) {
    policy.durability = random.chance(55)   ? Durability::before
                        : random.chance(95) ? Durability::behind
                                            : Durability::none;
    // So much is kept that the storage is rarely outrun; and what waits there is spoken later than
    // the model of slow mode knows.
    policy.history_messages = 300;
    policy.slow_mode_s = 0;
  }
}

// With dice of its own, too. What takes no place would look like the echo of what was not shown.
void draw_budgets(Plan& plan) {
  Random random{plan.seed, 8};
  if (!random.chance(25)) return;
  plan.budgeted = true;
  plan.habits.fleeting = plan.habits.latest = 0;
  for (RoomPolicy& policy : plan.policies) {
    policy.receive_normal_per_s = random.between(1, 6);
    policy.receive_high_per_s = random.between(1, 3);
  }
}

// Every room alike, since those that members open are like the first. With dice of its own.
void draw_channel_budgets(Plan& plan) {
  Random random{plan.seed, 15};
  if (!plan.budgeted || plan.channels < 2 || !random.chance(50)) return;
  plan.apart = true;
  const auto normal = static_cast<std::uint16_t>(random.between(1, 4));
  const auto high = static_cast<std::uint16_t>(random.between(1, 2));
  for (RoomPolicy& policy : plan.policies) {
    policy.receive_normal_per_s = plan.policies[0].receive_normal_per_s;
    policy.receive_high_per_s = plan.policies[0].receive_high_per_s;
    policy.channel_normal_per_s = normal;
    policy.channel_high_per_s = high;
  }
}

// Likewise. What is released fits no budget, and what waits outlives no crash.
void draw_reviews(Plan& plan) {
  Random random{plan.seed, 9};
  if (!random.chance(40)) return;
  plan.limits.held_messages = random.between(1, 24);
  plan.reviewed = plan.witness && !plan.budgeted && !plan.storage.on;
  plan.shadowed = plan.reviewed && random.chance(60);
  for (RoomPolicy& policy : plan.policies) {
    if (plan.reviewed && random.chance(50)) policy.duplicate_s = random.between(1, 20);
  }
  if (plan.shadowed) plan.habits.fleeting = plan.habits.latest = 0;
}

// Every fifth world is the house of one that has tenants. Its share is enough for what is said, if
// what waits is merged.
void draw_tenants(Plan& plan) {
  Random random{plan.seed, 10};
  if (plan.seed % 5 != 2) return;
  plan.tenants = true;
  plan.limits.tenants = random.between(1, 4);
  plan.house_writes.per_second = random.between(80, 500);
  plan.house_writes.burst = random.between(4, 32);
}

// Every third world has a third party that reads along, some have an operator who looks on.
void draw_copies(Plan& plan) {
  Random random{plan.seed, 11};
  const std::uint32_t waiting = random.between(2, 300);
  plan.pushes = random.chance(50);
  const std::uint32_t refusals = random.between(1, 64);
  if (plan.seed % 3 == 1) plan.copies = waiting;
  if (plan.seed % 4 == 3) plan.limits.refusals = refusals;
  plan.traced = plan.seed % 7 == 3;
}

}  // namespace

Plan draw(std::uint64_t seed) {
  Random random{seed, 0};
  Plan plan;
  plan.seed = seed;
  plan.peers = random.between(4, 14);
  plan.users = random.between(3, plan.peers);
  plan.rooms = random.between(1, 4);
  plan.channels = random.chance(50) ? random.between(2, 6) : 1;
  plan.locals = random.below(4);
  plan.witness = random.chance(85);
  plan.ask_auth = random.chance(50);
  plan.known = random.chance(30) ? 100 : random.between(10, 70);
  plan.json_outer = random.chance(10);
  plan.polled = random.chance(30);
  plan.tick = Duration::ms(random.between(2, 40));
  plan.group_turns = random.chance(70);
  if (random.chance(25)) {
    plan.budget.sends = random.between(1, 8);
    plan.budget.commands = random.between(1, 8);
  }
  if (random.chance(20)) plan.over = random.between(5, 60);
  plan.rules = random.chance(85);
  plan.open_rooms = !plan.rules && random.chance(50);
  plan.drain = random.chance(30);
  plan.record = random.chance(25);
  plan.latency_us_max = random.chance(30) ? 500 : random.between(5'000, 80'000);
  plan.window_min = random.between(512, 8'192);
  plan.window_max = plan.window_min + random.below(60'000);
  draw_faults(random, plan.faults);
  plan.limits = draw_limits(random, plan);
  // Rooms of so few are under load, too.
  if (seed % 3 == 0) plan.limits.room_writes = static_cast<std::uint32_t>(40 + seed % 400);
  draw_habits(random, plan);
  if (plan.channels >= 6) plan.crowd = 40;
  if (plan.channels > 1 && plan.habits.channels == 0) plan.habits.channels = 4;
  for (std::uint32_t i = 0; i < plan.rooms; ++i) plan.policies.push_back(draw_policy(random, plan));
  draw_storage(plan);
  draw_budgets(plan);
  draw_channel_budgets(plan);
  draw_reviews(plan);
  plan.rush = plan.limits.half_open < 64;
  // Every third world has moderators; what a storage brings back of them has tests of its own.
  plan.host.sanction = seed % 3 == 0 && !plan.storage.on;
  plan.lines = seed % 4 == 1;
  plan.desk = true;
  draw_tenants(plan);
  draw_copies(plan);
  plan.deflates = seed % 4 == 2;
  for (RoomPolicy& policy : plan.policies) policy.compress = plan.deflates;
  return plan;
}

Plan draw_calm(std::uint64_t seed) {
  Plan plan = draw(seed);
  plan.witness = true;
  plan.crowd = 0;
  // Without a loop any input makes the turn in which all are served: then one input less is seen.
  plan.polled = false;
  plan.over = 0;
  plan.budget = {};
  plan.drain = false;
  plan.record = false;
  plan.faults.corrupt = 0;
  // The others keep up: what a member that falls behind loses ends with a chunk of the log, and
  // where chunks end depends on how long somebody else has held the log.
  plan.faults.stall = plan.faults.partial = 0;
  // Nor may chance hang on into how many writes one moment's bytes are cut.
  plan.faults.split = 0;
  plan.jitter = false;
  plan.window_min = plan.window_max = 1u << 20;
  plan.storage = {};
  plan.budgeted = plan.apart = plan.reviewed = plan.shadowed = false;
  plan.limits.half_open = 64;
  plan.rush = false;
  plan.limits.turn_inputs = 256;
  plan.limits.write_stall = Duration::s(100'000);
  plan.limits.dead_after = Duration::s(100'000);
  // Wide enough for what waits for those who keep up, however the chunks lie.
  plan.limits.window_bytes = 256u << 10;
  plan.limits.log_pool_bytes = 8u << 20;
  plan.limits.private_bytes = 256u << 10;
  plan.limits.presence_exact = 100;
  plan.limits.events = 1u << 16;
  for (RoomPolicy& policy : plan.policies) {
    policy.reliable = false, policy.max_members = 0;
    policy.receive_normal_per_s = policy.receive_high_per_s = 0;
    policy.channel_normal_per_s = policy.channel_high_per_s = 0;
    policy.compress = false;
  }
  // Settings and high priority are reliable: who misses them is closed, and that all may see.
  plan.host.policy = 0;
  plan.host.close_room = 0;
  plan.host.moderate = 0;
  plan.host.sanction = false;
  plan.lines = plan.desk = false;
  plan.tenants = false;
  plan.limits.tenants = 0;
  plan.deflates = false;
  plan.host.echo = 0;
  plan.habits.high = 0;
  plan.habits.channels = 0;
  plan.channels = 1;
  return plan;
}

Durability Plan::durability(const std::string& room) const {
  if (!storage.on) return Durability::none;
  const std::size_t index = room.size() == 2 ? static_cast<std::size_t>(room[1] - '0') : SIZE_MAX;
  return policies[index < policies.size() ? index : 0].durability;
}

std::string Plan::describe() const {
  char text[1'280];
  std::snprintf(
      text, sizeof text,
      "peers=%u users=%u rooms=%u channels=%u locals=%u crowd=%u witness=%d auth=%d known=%u "
      "polled=%d tick_ms=%lld group=%d sends=%u commands=%u over=%u rules=%d open_rooms=%d "
      "drain=%d "
      "record=%d latency_us=%u window=%u..%u split=%u partial=%u stall=%u reset=%u corrupt=%u "
      "silent=%u hostile=%u dawdle=%u log_window=%u log_pool=%llu private=%u page=%u/%u exact=%u "
      "publishes=%u/%u commands_rate=%u/%u text=%u latest=%u fleeting=%u echo=%u late=%u "
      "budgeted=%d apart=%d reviewed=%d shadowed=%d deflates=%d storage=%d at_once=%u slow=%u/%u "
      "fail=%u "
      "late_word=%u "
      "keeps=%u "
      "crashes=%u copies=%u traced=%d",
      peers, users, rooms, channels, locals, crowd, witness, ask_auth, known, polled,
      static_cast<long long>(tick.in_ms()), group_turns, budget.sends, budget.commands, over, rules,
      open_rooms, drain, record, latency_us_max, window_min, window_max, faults.split,
      faults.partial, faults.stall, faults.reset, faults.corrupt, faults.silent, faults.hostile,
      faults.dawdle, limits.window_bytes, static_cast<unsigned long long>(limits.log_pool_bytes),
      limits.private_bytes, limits.page_messages, limits.page_bytes, limits.presence_exact,
      limits.publishes.per_second, limits.publishes.burst, limits.commands.per_second,
      limits.commands.burst, habits.text_max, habits.latest, habits.fleeting, host.echo, host.late,
      budgeted, apart, reviewed, shadowed, deflates, storage.on, storage.at_once, storage.slow,
      storage.slow_us_max, storage.fail, storage.late_word, storage.keeps, storage.crashes, copies,
      traced);
  return text;
}

}  // namespace chatroom::sim
