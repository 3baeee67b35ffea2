// What the host does of its own accord.
#include "sim/host.h"
#include "sim/insider.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

void Host::start() {
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) open_room(i);
  plan_next();
  moderators_.start();
}

void Host::crashed() {
  sessions_.clear();
  mail_.clear();
  speakers_.clear();
  closed_ = lost_ = 0;
  moderators_.forget_all();
  for (auto& [key, room] : rooms_) {
    room.lasting.clear();
    room.passing.clear();
    room.spoke.clear();
    room.sessions.clear();
  }
}

void Host::reopen() {
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) open_room(i);
}

// The witness comes in before anybody can say anything.
void Host::open_room(std::uint32_t index, bool as_stored) {
  const std::string key = world_.room_key(index);
  RoomModel& room = rooms_[key];
  const Result<Room> opened = world_.engine().open_room(key, room.policy);
  if (!opened) return;  // it is open
  // Its own word counts, not what was stored of an earlier one.
  Room here = *opened;
  if (world_.plan().storage.on && !as_stored) static_cast<void>(here.set_policy(room.policy));
  room.restricted = room.restricted || room.policy.moderated || room.policy.mute_all;
  room.slow = room.slow || room.policy.slow_mode_s > 0;
  room.capped = room.capped || room.policy.max_members > 0;
  Life& life = world_.truth().life(key, epoch_text(opened->position().epoch));
  life.reliable = room.policy.reliable;
  life.history_least = room.policy.history_messages;
  for (const auto& insider : world_.insiders()) {
    if (insider->kind() == Insider::Kind::witness && insider->user() == "~" + key) {
      insider->join(key, (1u << world_.plan().channels) - 1);
    }
  }
}

// Rooms that closed by themselves are opened again now and then.
void Host::watch_rooms() {
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) {
    const std::string key = world_.room_key(i);
    if (!world_.engine().room(key)) open_room(i);
    for (const auto& insider : world_.insiders()) {
      if (insider->kind() == Insider::Kind::witness && insider->user() == "~" + key &&
          !insider->watches(key)) {
        insider->join(key, (1u << world_.plan().channels) - 1);
      }
    }
  }
}

std::string Host::some_room() { return world_.room_key(random_.below(world_.plan().rooms)); }

const User& Host::some_user() { return world_.users()[random_.below(world_.plan().users)]; }

void Host::plan_next() {
  const std::uint32_t think = world_.plan().host.think_ms;
  world_.schedule().after(Duration::ms(random_.between(think / 4, think * 2)), [this] { act(); });
}

void Host::act() {
  if (settled_) return;
  const HostHabits& habits = world_.plan().host;
  struct Choice {
    std::uint32_t weight;
    void (Host::*act)();
  };
  const Choice choices[] = {{habits.burst, &Host::burst},
                            {habits.moderate, &Host::moderate},
                            {habits.policy, &Host::change_policy},
                            {habits.close_room, &Host::close_room},
                            {habits.moderate / 4, &Host::end_session},
                            {6, &Host::aside},
                            {6, &Host::from_afar},
                            {4, &Host::speak_for},
                            {2, &Host::watch_rooms}};
  std::uint32_t sum = 0;
  for (const Choice& choice : choices) sum += choice.weight;
  std::uint32_t at = random_.below(sum);
  for (const Choice& choice : choices) {
    if (at < choice.weight) {
      (this->*choice.act)();
      break;
    }
    at -= choice.weight;
  }
  plan_next();
}

void Host::say(const std::string& room, std::string_view channel, std::uint32_t size) {
  const Result<Room> there = world_.engine().room(room);
  if (!there) return;
  Said said;
  said.room = room;
  said.channel = channel;
  said.text.assign(size, 'h');
  if (random_.chance(world_.plan().habits.low)) said.priority = Priority::low;
  if (random_.chance(world_.plan().habits.high)) said.priority = Priority::high;
  if (random_.chance(world_.plan().habits.fleeting)) said.keep = false;
  if (random_.chance(world_.plan().habits.latest)) {
    said.latest = "k" + std::to_string(random_.below(3));
  }
  const std::uint64_t serial = world_.truth().say(said);
  Room here = *there;
  const Result<Ticket> ticket = here.broadcast(world_.truth().find(serial)->outgoing());
  if (!ticket) return world_.truth().refused(serial);
  if (ticket->position == Position{}) return;  // it waits for the storage
  world_.truth().placed(serial, epoch_text(ticket->position.epoch), ticket->position.offset);
}

void Host::burst() {
  const std::string room = some_room();
  const std::uint32_t size = random_.chance(50) ? world_.plan().habits.text_max - 20 : 60;
  const std::uint32_t count = random_.chance(30) ? random_.between(20, 60) : random_.between(1, 5);
  for (std::uint32_t i = 0; i < count; ++i) {
    say(room, channel_name(random_.below(world_.plan().channels)), size);
  }
}

// Draws are statements of their own: arguments are evaluated in the order that the compiler likes,
// and every compiler has to see the same world.
void Host::moderate() {
  const bool out = random_.chance(60);
  const User& user = some_user();
  const std::string room = some_room();
  out ? kick(room, user.id) : set_role(room, user.id);
}

void Host::quiet(const std::string& room, std::string_view user) {
  for (const auto& peer : world_.peers()) {
    if (!user.empty() && peer->user() != user) continue;
    if (Link* link = peer->link(); link != nullptr) peer->eyes().quiet_from(room, link->taken());
  }
}

void Host::kick(const std::string& room, const std::string& user) {
  const Result<Room> there = world_.engine().room(room);
  if (!there) return;
  Room here = *there;
  if (!here.kick(user, "out")) return;
  world_.report().note("kicked", user, room);
  quiet(room, user);
}

void Host::set_role(const std::string& room, const std::string& user) {
  const Result<Room> there = world_.engine().room(room);
  if (!there) return;
  Room here = *there;
  const auto role = static_cast<Role>(random_.below(6));
  const bool lasts = role == Role::owner || role == Role::admin || role == Role::member;
  if (!here.set_role(user, role)) return;
  RoomModel& model = rooms_[room];
  if (role == Role::visitor) model.visitors.insert(user), model.lasting.erase(user);
  if (role == Role::owner) moderators_.owns(room, user);
  if (lasts) {
    model.lasting[user] = role;
    model.once[user].insert(role);
  } else {
    model.passing[user].insert(role);
  }
}

void Host::change_policy() {
  const std::string room = some_room();
  const Result<Room> there = world_.engine().room(room);
  if (!there) return;
  RoomModel& model = rooms_[room];
  RoomPolicy policy = model.policy;
  const std::uint32_t what = random_.below(5);
  const bool newer = world_.plan().reviewed && random_.chance(50);  // modes that other worlds lack
  switch (world_.plan().storage.on && (what == 2 || what == 3) ? 4 : what) {
    case 0:
      (newer ? policy.members_only : policy.moderated) ^= true;
      break;
    case 1:
      (newer ? policy.emote_only : policy.mute_all) ^= true;
      break;
    case 2:
      policy.slow_mode_s = random_.below(3);
      break;
    case 3:
      policy.history_messages = random_.between(1, 300);
      break;
    default:
      policy.flush_interval_min = Duration::ms(random_.below(150));
  }
  apply(room, policy);
}

void Host::change_followers(const std::string& room) {
  if (!world_.engine().room(room)) return;
  RoomPolicy policy = rooms_[room].policy;
  policy.followers_only ^= true;
  apply(room, policy);
}

void Host::apply(const std::string& room, const RoomPolicy& policy) {
  Room here = *world_.engine().room(room);
  RoomModel& model = rooms_[room];
  // Before the call: its turn may let somebody speak under it.
  const RoomPolicy before = model.policy;
  model.policy = policy;
  model.restricted = model.restricted || policy.moderated || policy.mute_all ||
                     policy.members_only || policy.emote_only || policy.followers_only;
  model.slow = model.slow || policy.slow_mode_s > 0;
  if (policy.slow_mode_s > before.slow_mode_s) {
    // What passed under the old one and was refused without asking here took the older's place.
    for (auto& [user, spoke] : model.spoke) spoke.bound = false;
  }
  if (!here.set_policy(policy)) model.policy = before;
  Life& life = world_.truth().life(room, epoch_text(here.position().epoch));
  life.history_least = std::min(life.history_least, policy.history_messages);
  ++life.policy_changes;
}

bool Host::close(const std::string& room) {
  const Result<Room> there = world_.engine().room(room);
  if (!there) return false;
  Room here = *there;
  world_.truth().life(room, epoch_text(here.position().epoch)).closed = true;
  RoomModel& model = rooms_[room];
  model.lasting.clear();
  model.passing.clear();
  model.spoke.clear();
  if (!here.close()) fail("a room that is open could not be closed");
  world_.report().note("room closed", {}, room);
  quiet(room, {});
  return true;
}

void Host::close_room() {
  const std::uint32_t index = random_.below(world_.plan().rooms);
  if (!close(world_.room_key(index))) return;
  if (random_.chance(50)) return open_room(index);
  world_.schedule().after(Duration::ms(random_.between(1, 3'000)),
                          [this, index] { open_room(index); });
}

void Host::close_stored() {
  // Nothing kept the storage from learning what was set last.
  const StorageHabits& storage = world_.plan().storage;
  const bool learned = storage.fail == 0 && storage.slow == 0;
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) {
    const std::string room = world_.room_key(i);
    if (world_.plan().durability(room) == Durability::behind && close(room)) {
      open_room(i, learned);
    }
  }
}

void Host::speak_last() {
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) {
    const std::string room = world_.room_key(i);
    if (world_.plan().durability(room) != Durability::behind) continue;
    for (int words = 0; words < 3; ++words) say(room, "main", 30);
  }
}

// To one user alone, at its place among what all see.
void Host::aside() {
  const std::string room = some_room();
  const Result<Room> there = world_.engine().room(room);
  if (!there) return;
  Room here = *there;
  if (random_.chance(70)) say(room, "main", 30);
  Said said;
  said.room = room;
  said.to = some_user().id;
  said.barrier = here.position().offset;
  said.epoch = epoch_text(here.position().epoch);
  said.text = "for you alone";
  const std::uint64_t serial = world_.truth().say(said);
  static_cast<void>(here.send_to(said.to, world_.truth().find(serial)->outgoing()));
  if (random_.chance(70)) say(room, "main", 30);
}

// From another thread, as it were.
void Host::from_afar() {
  Remote remote = world_.engine().remote();
  const Tag tag = next_tag_++;
  Said said;
  said.room = some_room();
  said.text = "from afar";
  Status sent;
  mail_.insert(tag);
  if (random_.chance(70)) {
    const std::uint64_t serial = world_.truth().say(said);
    sent = remote.broadcast(said.room, world_.truth().find(serial)->outgoing(), tag);
    if (!sent) world_.truth().refused(serial);
  } else {
    sent = remote.kick(said.room, some_user().id, "out", tag);
  }
  if (!sent) mail_.erase(tag);
}

void Host::end_session() {
  const auto& peers = world_.peers();
  Peer& peer = *peers[random_.below(static_cast<std::uint32_t>(peers.size()))];
  if (peer.link() == nullptr || peer.listener()) return;
  static_cast<void>(world_.engine().close(peer.link()->session(), CloseCode::moved));
}

// As a member: every rule applies.
void Host::speak_for() {
  const auto& peers = world_.peers();
  Peer& peer = *peers[random_.below(static_cast<std::uint32_t>(peers.size()))];
  if (peer.link() == nullptr || !peer.usable() || peer.listener()) return;
  Said said;
  said.room = some_room();
  said.user = peer.user();
  said.text = "in its name";
  const std::uint64_t serial = world_.truth().say(said);
  const Result<Ticket> ticket =
      world_.engine().publish(peer.link()->session(), world_.truth().find(serial)->outgoing());
  if (!ticket) return world_.truth().refused(serial);
  if (ticket->position.offset != 0) {
    world_.truth().placed(serial, epoch_text(ticket->position.epoch), ticket->position.offset);
  }
}

void Host::settle() {
  settled_ = true;
  moderators_.settle();
  watch_rooms();
  for (auto& [key, model] : rooms_) {
    const Result<Room> there = world_.engine().room(key);
    if (!there) continue;
    Room here = *there;
    model.policy.max_members = 0;
    static_cast<void>(here.set_policy(model.policy));
  }
}

}  // namespace chatroom::sim
