#include "sim/moderators.h"

#include <vector>

#include "sim/host.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

// The offsets that a room can still tell.
std::set<std::uint64_t> kept_of(const Room& room) {
  std::set<std::uint64_t> kept;
  for (std::size_t before = SIZE_MAX; before != kept.size();) {
    before = kept.size();
    static_cast<void>(room.history(
        kept.empty() ? 0 : *kept.begin(), 100,
        [](void* context, const Message& message) {
          static_cast<std::set<std::uint64_t>*>(context)->insert(message.offset);
        },
        &kept));
  }
  return kept;
}

constexpr std::uint64_t kStream = 7'001;  // of random numbers: nobody else's worlds change by ours

}  // namespace

Moderators::Moderators(World& world)
    : world_(world),
      random_(world.plan().seed, kStream),
      doors_(world.plan().seed, kStream + 1),
      backs_(world.plan().seed, kStream + 2),
      modes_(world.plan().seed, kStream + 3) {}

void Moderators::start() {
  if (world_.plan().host.sanction) plan_next();
}

void Moderators::plan_next() {
  world_.schedule().after(Duration::ms(random_.between(100, 1'500)), [this] { act(); });
}

void Moderators::act() {
  if (settled_) return;
  const std::string key = world_.room_key(random_.below(world_.plan().rooms));
  const std::string user = world_.users()[random_.below(world_.plan().users)].id;
  const std::uint32_t what = random_.below(10);
  if (const Result<Room> there = world_.engine().room(key)) {
    if (what < 3) {
      impose(*there, key, user, false);
    } else if (what < 5) {
      impose(*there, key, user, true);
    } else if (what < 8) {
      lift(*there, key, user, what == 5);
    } else {
      decorate(*there);
    }
    check(*there, key, user);
    if (world_.plan().shadowed) shade(*there, key, user);
    if (doors_.chance(40)) tend_door(*there, key, user);
    if (backs_.chance(40)) take_back(*there, key, user);
    if (modes_.chance(15)) world_.host().change_followers(key);
  }
  plan_next();
}

// Timed and lasting ones hold independently; a later timed one replaces the earlier.
void Moderators::impose(Room room, const std::string& key, const std::string& user, bool bans) {
  const bool timed = random_.chance(80);
  const Duration time = Duration::ms(random_.between(1, bans ? 1'500 : 3'000));
  Held& held = held_[{key, user}];
  Measure& measure = bans ? held.ban : held.mute;
  const Measure before = measure;
  if (timed) {
    measure.until = world_.engine_now() + time;
  } else {
    measure.for_good = true;
  }
  ever_.insert({key, user});
  const Status done = bans ? room.ban(user, timed ? time : Duration{}, "out")
                           : room.mute(user, timed ? time : Duration{}, "hush");
  if (!done) {
    measure = before;
    return;
  }
  world_.report().note(bans ? "banned" : "muted", user, key);
  if (bans) world_.host().quiet(key, user);
}

// With dice of its own kind: in other worlds nothing is drawn for it.
void Moderators::shade(Room room, const std::string& key, const std::string& user) {
  if (random_.chance(60)) return;
  const bool timed = random_.chance(80);
  const Duration time = Duration::ms(random_.between(1, 4'000));
  Held& held = held_[{key, user}];
  if (held.shadow.holds(world_.engine_now())) return;  // a second one begins nothing
  held.shadow = {.until = world_.engine_now() + time, .for_good = !timed};
  held.shadowed_at = world_.engine_now();
  shaded_.insert({key, user});
  if (!room.shadow_mute(user, timed ? time : Duration{}, "ads")) held.shadow = {};
  world_.report().note("shadow mute", user, key);
}

void Moderators::lift(Room room, const std::string& key, const std::string& user, bool bans) {
  Held& held = held_[{key, user}];
  if (random_.chance(20)) {
    held.allowed = random_.chance(50);
    ever_.insert({key, user});
    if (!(held.allowed ? room.allow(user) : room.disallow(user))) held.allowed = false;
    return;
  }
  (bans ? held.ban : held.mute) = {};
  if (!bans) held.shadow = {};
  static_cast<void>(bans ? room.unban(user) : room.unmute(user));
}

void Moderators::decorate(Room room) {
  if (random_.chance(50)) {
    const Position head = room.position();
    Life& life = world_.truth().life(room.key(), epoch_text(head.epoch));
    const bool fresh = life.pins.insert(head.offset).second;
    if (fresh) world_.truth().pins_changed(life);  // it may be told within the call
    if (!room.pin(head.offset) && fresh)
      life.pins.erase(head.offset), world_.truth().pins_kept(life);
  } else {
    // No two say the same: the checker tells settings apart by what they say.
    const std::uint64_t topic = random_.below(9);
    const std::string words = std::to_string(topic) + "/" + std::to_string(++decorated_);
    static_cast<void>(room.set_attribute("topic", words));
  }
}

// One message, all of a user's or everything, and pins. Only what the witness has seen: so we know
// of each what it was.
void Moderators::take_back(Room room, const std::string& key, const std::string& user) {
  const Position head = room.position();
  Life& life = world_.truth().life(key, epoch_text(head.epoch));
  const std::uint32_t what = backs_.below(20);
  const bool newest = backs_.chance(60);  // somebody may not have got it yet
  const std::uint64_t back = backs_.below(newest ? 3 : 40);
  const bool knows = life.witnessed && life.whole && !life.offsets.empty() &&
                     life.offsets.rbegin()->first == head.offset && back < head.offset;
  if (!knows || world_.plan().faults.corrupt != 0) return;
  if (what < 6) {
    if (life.pins.empty()) return;
    const std::uint64_t offset =
        *std::next(life.pins.begin(), static_cast<std::ptrdiff_t>(back % life.pins.size()));
    life.pins.erase(offset);
    world_.truth().pins_changed(life);
    if (!room.unpin(offset)) fail(key, "what is pinned cannot be unpinned");
    return;
  }
  // Those who are told at once are told of this.
  std::vector<std::uint64_t> gone;
  const std::set<std::uint64_t> kept = kept_of(room);
  for (const std::uint64_t offset : kept) {
    if (life.offsets.count(offset) == 0) return;  // from before the witness
  }
  const std::uint64_t one = head.offset - back;
  for (const auto& [offset, index] : life.offsets) {
    const Said* said = world_.truth().find(life.entries[index].identity);
    const bool meant = what < 17   ? offset == one
                       : what < 19 ? said != nullptr && said->user == user
                                   : true;
    if (meant && kept.count(offset) != 0) gone.push_back(offset);
  }
  if (what < 17 && gone.empty()) {
    if (room.recall(one)) fail(key, "what cannot be read was taken back");
    return;
  }
  std::size_t pinned = 0;
  for (const std::uint64_t offset : gone) pinned += life.pins.erase(offset);
  if (pinned > 0) world_.truth().pins_changed(life);
  const Status done = what < 17 ? room.recall(one) : what < 19 ? room.clear(user) : room.clear();
  if (!done) fail(key, "it cannot be taken back");
  for (const std::uint64_t offset : gone) recalled(life, offset);
}

void Moderators::recalled(Life& life, std::uint64_t offset) {
  world_.truth().recall(life, offset, world_.now());
  for (const auto& peer : world_.peers()) {
    if (Link* link = peer->link(); link != nullptr) {
      peer->eyes().recalled_from(life, offset, link->taken());
    }
  }
}

void Moderators::fail(const std::string& key, const char* what) const {
  world_.report().fail(Verdict::correctness, "%s: %s", key.c_str(), what);
}

// A channel that nobody but owners and those let in may read; they come and go.
void Moderators::tend_door(Room room, const std::string& key, const std::string& user) {
  if (private_.count(key) == 0) {
    if (room.policy().first_join_owns) return;  // who owns it is not known here
    if (room.restrict_channel(kInside, Role::owner)) private_.insert(key);
    return;
  }
  const bool in = doors_.chance(60);
  if (in) let_in_.insert({key, user});
  static_cast<void>(room.set_role(user, in ? Role::member : Role::visitor, kInside));
}

bool Moderators::may_be_inside(const std::string& room, const std::string& user) const {
  return private_.count(room) == 0 || let_in_.count({room, user}) != 0;
}

// The engine knows exactly what we know.
void Moderators::check(Room room, const std::string& key, const std::string& user) {
  const Sanctions known = room.sanctions(user);
  const Held* held = find(key, user);
  const Instant now = world_.engine_now();
  const auto same = [&](bool is, Instant until, const Measure& measure) {
    if (is != measure.holds(now)) return false;
    return !is || until == (measure.for_good ? Instant::never() : measure.until);
  };
  if (held == nullptr || (same(known.muted, known.muted_until, held->mute) &&
                          same(known.banned, known.banned_until, held->ban) &&
                          known.shadow_muted == held->shadow.holds(now))) {
    return;
  }
  world_.report().fail(Verdict::correctness, "%s in %s: a mute or ban ends at another moment",
                       user.c_str(), key.c_str());
}

void Moderators::settle() {
  if (settled_) return;
  settled_ = true;
  for (auto& [key, held] : held_) {
    const Result<Room> there = world_.engine().room(key.first);
    if (!there) continue;
    Room room = *there;
    static_cast<void>(room.unmute(key.second));
    static_cast<void>(room.unban(key.second));
    if (held.allowed) static_cast<void>(room.disallow(key.second));
  }
  held_.clear();
}

void Moderators::forget(const std::string& room) {
  std::erase_if(held_, [&](const auto& one) { return one.first.first == room; });
  private_.erase(room);
}

void Moderators::forget_all() {
  held_.clear();
  private_.clear();
}

const Moderators::Held* Moderators::find(std::string_view room, std::string_view user) const {
  const auto at = held_.find({std::string{room}, std::string{user}});
  return at == held_.end() ? nullptr : &at->second;
}

bool Moderators::muted(std::string_view room, std::string_view user) const {
  const Held* held = find(room, user);
  return held != nullptr && held->mute.holds(world_.engine_now());
}
bool Moderators::banned(std::string_view room, std::string_view user) const {
  const Held* held = find(room, user);
  return held != nullptr && held->ban.holds(world_.engine_now());
}
bool Moderators::in_shadow(std::string_view room, std::string_view user) const {
  const Held* held = find(room, user);
  const Instant now = world_.engine_now();
  return held != nullptr && held->shadow.holds(now) && held->shadowed_at + Duration::ms(100) < now;
}
bool Moderators::ever_in_shadow(std::string_view room, std::string_view user) const {
  return shaded_.count({std::string{room}, std::string{user}}) != 0;
}
bool Moderators::allowed(std::string_view room, std::string_view user) const {
  const Held* held = find(room, user);
  return held != nullptr && held->allowed;
}
bool Moderators::ever(std::string_view room, std::string_view user) const {
  return ever_.count({std::string{room}, std::string{user}}) != 0;
}

}  // namespace chatroom::sim
