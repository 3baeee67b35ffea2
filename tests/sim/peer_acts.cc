// What members do all day: mostly talk.
#include "sim/host.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

// All lengths of UTF-8, and what JSON must escape.
std::string some_text(Random& random, std::uint32_t size) {
  static constexpr std::string_view kPieces[] = {"abc ",   "hello ",       "\"q\" ",     "\\ ",
                                                 "\u00e9", "\u6f22\u5b57", "\U0001f600", "</b>",
                                                 "\t\n",   "\u202e\u200f", "x"};
  std::string text;
  while (text.size() < size) text += kPieces[random.below(std::size(kPieces))];
  return text;
}

}  // namespace

void Peer::plan_next() {
  if (listener_ || settled_) return;
  const std::uint64_t life = life_;
  const std::uint32_t think = world_.plan().habits.think_ms;
  world_.schedule().after(Duration{random_.between(think / 4, think * 2) * 1'000 / 250 * 250},
                          [this, life] {
                            if (life == life_) act();
                          });
}

void Peer::act() {
  if (!usable_ || silent_ || link_ == nullptr || settled_ || !world_.busy()) return;
  if (world_.report().tracing()) world_.report().note("acts", eyes_.who());
  const Faults& faults = world_.plan().faults;
  if (random_.per_mille(faults.reset)) return abort();
  if (random_.per_mille(faults.silent)) {
    world_.report().note("falls silent", eyes_.who());
    silent_ = true;
    return;
  }
  if (odd_.chance(2)) misspeak();
  if (odd_.chance(4)) ask_profile();
  if (odd_.chance(world_.plan().reviewed ? 15 : 5)) stutter();
  if (knocks_.chance(4)) knock();
  if (wishes_.chance(6)) wish();
  do_one();
  if (link_ == nullptr) return;
  flush();
  plan_next();
}

void Peer::do_one() {
  const Habits& habits = world_.plan().habits;
  if (eyes_.stays().empty() && random_.chance(70)) return join_something();
  struct Choice {
    std::uint32_t weight;
    void (Peer::*act)();
  };
  const Choice choices[] = {
      {habits.publish, &Peer::publish},          {habits.membership, &Peer::join_something},
      {habits.channels, &Peer::choose_channels}, {habits.ask, &Peer::ask_something},
      {habits.direct, &Peer::send_direct},       {habits.call, &Peer::call_host},
      {habits.leave_link, &Peer::abort},         {habits.flood, &Peer::flood}};
  std::uint32_t sum = 0;
  for (const Choice& choice : choices) sum += choice.weight;
  std::uint32_t at = random_.below(sum);
  for (const Choice& choice : choices) {
    if (at < choice.weight) return (this->*choice.act)();
    at -= choice.weight;
  }
}

void Peer::remember(Client::Asked asked, Asked what) {
  if (!asked) return;  // too much waits already
  what.at = world_.now();
  asked_[*asked] = std::move(what);
}

std::string Peer::some_room() {
  return world_.room_key(random_.below(world_.plan().rooms + (random_.chance(3) ? 1 : 0)));
}

std::string Peer::some_joined_room() {
  const auto& stays = eyes_.stays();
  if (stays.empty() || random_.chance(3)) return some_room();
  auto at = stays.begin();
  for (std::uint32_t i = random_.below(static_cast<std::uint32_t>(stays.size())); i > 0; --i) ++at;
  return at->first;
}

std::uint32_t Peer::some_channels() {
  const std::uint32_t all = (1u << world_.plan().channels) - 1;
  if (random_.chance(50)) return 1;
  const std::uint32_t some = (random_.below(all) + 1) & all;
  return some;
}

void Peer::join_something() {
  if (listener_ || settled_) {
    const std::uint32_t rooms = listener_ ? 1 : world_.plan().rooms;
    for (std::uint32_t i = 0; i < rooms; ++i) {
      if (eyes_.stay(world_.room_key(i)) == nullptr) join(world_.room_key(i));
    }
    return flush();
  }
  const std::string room = some_room();
  if (eyes_.stay(room) != nullptr && random_.chance(90)) {
    if (random_.chance(60)) leave(room);
    return;
  }
  join(room);
}

void Peer::join(const std::string& room) {
  for (const auto& [id, asked] : asked_) {
    if (asked.op == Op::join && asked.room == room) return;
  }
  Asked asked;
  asked.op = Op::join;
  asked.room = room;
  asked.channels = listener_ ? 1 : some_channels();
  std::string_view names[kChannelsMax];
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < kChannelsMax; ++i) {
    if ((asked.channels >> i & 1) != 0) names[count++] = channel_name(i);
  }
  ClientJoin how;
  how.room = room;
  if (asked.channels != 1 || random_.chance(50)) how.channels = {names, count};
  how.recover = random_.chance(60);
  how.recent = random_.chance(50) ? random_.below(60) : 0;
  const Result<ClientRoom> known = client_->room(room);
  if (how.recover && known && !known->epoch.empty()) {
    asked.recover = true;
    asked.since_epoch = known->epoch;
    asked.since = known->offset;
  }
  asked.recent = how.recent;
  remember(client_->join(how), asked);
}

void Peer::leave(const std::string& room) {
  Asked asked;
  asked.op = Op::leave;
  asked.room = room;
  remember(client_->leave(room), asked);
}

void Peer::publish() {
  if (!unsure_.empty() && random_.chance(30)) return publish_again();
  const Habits& habits = world_.plan().habits;
  Said said;
  said.room = some_joined_room();
  const Stay* stay = eyes_.stay(said.room);
  said.user = user_.id;
  said.channel = channel_name(random_.below(world_.plan().channels));
  if (stay != nullptr && (channel_bit(said.channel) & stay->channels_now()) == 0 &&
      random_.chance(80)) {
    for (std::uint32_t i = 0; i < kChannelsMax; ++i) {
      if ((stay->channels_now() >> i & 1) != 0) said.channel = channel_name(i);
    }
  }
  static constexpr const char* kKinds[] = {"like", "gift", "vote.cast", "notice"};
  if (random_.chance(20)) said.kind = kKinds[random_.below(4)];
  if (random_.chance(habits.fleeting)) said.kind = "signal";
  if (random_.chance(25)) said.form = Data::Form::json;
  if (random_.chance(5)) said.form = Data::Form::binary, said.data = std::string(40, '\xfe');
  said.text = some_text(random_, random_.below(habits.text_max));
  if (random_.chance(habits.low)) said.priority = Priority::low;
  if (random_.chance(habits.high)) said.priority = Priority::high;
  // Users choose the same keys: they must not meet.
  if (random_.chance(habits.keyed)) {
    said.key = "key" + std::to_string(index_ / world_.plan().users) + "-" + std::to_string(++keys_);
  }
  const std::uint64_t serial = world_.truth().say(said);
  Asked asked;
  asked.op = Op::publish;
  asked.room = said.room;
  asked.serial = serial;
  if (!said.key.empty() && stay != nullptr) unsure_[serial] = {serial, stay->life->epoch};
  remember(client_->publish(world_.truth().find(serial)->outgoing()), asked);
}

// It does not know whether that was heard; the key makes that harmless.
void Peer::publish_again() {
  const Keyed keyed = unsure_.begin()->second;
  const Said* said = world_.truth().find(keyed.serial);
  const Stay* stay = eyes_.stay(said->room);
  if (stay == nullptr || stay->life->epoch != keyed.epoch) {
    unsure_.erase(keyed.serial);
    return;
  }
  for (const auto& [id, asked] : asked_) {
    if (asked.serial == keyed.serial) return;
  }
  Asked asked;
  asked.op = Op::publish;
  asked.room = said->room;
  asked.serial = keyed.serial;
  asked.again = true;
  remember(client_->publish(said->outgoing()), asked);
}

void Peer::choose_channels() {
  const std::string room = some_joined_room();
  const Stay* stay = eyes_.stay(room);
  if (stay == nullptr) return;
  Asked asked;
  asked.room = room;
  asked.channel = channel_name(random_.below(world_.plan().channels));
  asked.channels = channel_bit(asked.channel);
  switch (random_.below(3)) {
    case 0:
      asked.op = Op::subscribe;
      remember(client_->subscribe(room, asked.channel), asked);
      break;
    case 1:
      asked.op = Op::unsubscribe;
      remember(client_->unsubscribe(room, asked.channel), asked);
      break;
    default: {
      const std::string_view to = channel_name(random_.below(world_.plan().channels));
      asked.op = Op::switch_channel;
      asked.channels = channel_bit(to);
      remember(client_->switch_channel(room, asked.channel, to), asked);
    }
  }
}

void Peer::ask_something() {
  const std::string room = some_joined_room();
  if (random_.chance(60)) return ask_history(room);
  ask_list(room, {});
}

void Peer::ask_history(const std::string& room) {
  const Stay* stay = eyes_.stay(room);
  Asked asked;
  asked.op = Op::history;
  asked.room = room;
  asked.channels = stay == nullptr ? 0 : stay->channels_now();
  asked.stay = stay == nullptr ? 0 : stay->number;
  ClientHistory how;
  how.room = room;
  if (random_.chance(20)) {
    asked.channel = channel_name(random_.below(world_.plan().channels));
    asked.channels &= channel_bit(asked.channel);
    how.channel = asked.channel;
  }
  if (stay != nullptr) {
    for (const Seen& seen : stay->seen) {
      if (seen.type == Seen::Type::entry && (seen.channels & asked.channels) != 0 &&
          seen.what == Entry::Type::message) {
        asked.newest_seen = std::max(asked.newest_seen, seen.offset);
      }
    }
  }
  const auto around = static_cast<std::uint32_t>(stay == nullptr ? 50 : stay->last_offset + 2);
  if (random_.chance(30)) {
    asked.before = random_.below(around) + 1;
  } else if (random_.chance(40)) {
    asked.has_after = true;
    asked.after = random_.below(around);
  }
  how.before = asked.before;
  how.has_after = asked.has_after;
  how.after = asked.after;
  how.limit = random_.chance(50) ? random_.between(1, 60) : 0;
  remember(client_->history(how), asked);
}

void Peer::ask_list(const std::string& room, std::string_view cursor) {
  Asked asked;
  asked.op = Op::presence;
  asked.room = room;
  asked.first_page = cursor.empty();
  ClientPresence how;
  how.room = room;
  how.cursor = cursor;
  how.limit = random_.chance(70) ? 100 : random_.between(1, 10);
  remember(client_->presence(how), asked);
}

// The rest of what was missed, page by page.
void Peer::catch_up(const std::string& room) {
  const Result<ClientRoom> known = client_->room(room);
  const Stay* stay = eyes_.stay(room);
  if (!known || !known->catching_up || stay == nullptr) return;
  Asked asked;
  asked.op = Op::history;
  asked.room = room;
  asked.channels = stay->channels_now();
  asked.stay = stay->number;
  asked.has_after = true;
  asked.after = known->offset;
  asked.recover = true;
  ClientHistory how;
  how.room = room;
  how.has_after = true;
  how.after = known->offset;
  remember(client_->history(how), asked);
}

void Peer::send_direct() {
  const auto& users = world_.users();
  Said said;
  said.user = user_.id;
  said.to = users[random_.below(world_.plan().users)].id;
  said.text = some_text(random_, random_.below(world_.plan().habits.text_max));
  const std::uint64_t serial = world_.truth().say(said);
  Asked asked;
  asked.op = Op::send_to;
  asked.serial = serial;
  remember(client_->send_to(said.to, world_.truth().find(serial)->outgoing()), asked);
}

void Peer::call_host() {
  static constexpr const char* kNames[] = {"echo", "late", "never", "no"};
  Asked asked;
  asked.op = Op::call;
  if (random_.chance(60)) asked.room = some_joined_room();
  asked.serial = 1'000'000'000 + random_.below(1'000'000);  // not a message
  const std::string data = "{\"call\":" + std::to_string(asked.serial) + "}";
  const std::uint32_t which = random_.below(100);
  const char* name = kNames[which < 50 ? 0 : which < 80 ? 1 : which < 85 ? 2 : 3];
  remember(client_->call(asked.room, name, {.form = Data::Form::json, .bytes = as_bytes(data)}),
           asked);
}

void Peer::ask_profile() {
  if (!world_.plan().rules) return;
  const auto& users = world_.users();
  Asked asked;
  asked.op = Op::profile;
  asked.channel = users[odd_.below(world_.plan().users)].id;
  remember(client_->profile(asked.channel), asked);
}

void Peer::flood() {
  const bool pings = random_.chance(50);
  for (std::uint32_t i = random_.between(20, 60); i > 0; --i) {
    if (!pings) {
      publish();
      continue;
    }
    Asked asked;
    asked.op = Op::ping;
    remember(client_->ping(), asked);
  }
}

// Several short words a piece, several pieces: while the host thinks about one the rest is held.
void Peer::stutter() {
  if (eyes_.stays().empty()) return;
  for (int pieces = 0; pieces < 3 && link_ != nullptr; ++pieces) {
    for (int words = 0; words < 3; ++words) {
      Said said;
      said.room = eyes_.stays().begin()->first;
      said.user = user_.id;
      said.text = "well";
      Asked asked;
      asked.op = Op::publish;
      asked.room = said.room;
      asked.serial = world_.truth().say(said);
      remember(client_->publish(world_.truth().find(asked.serial)->outgoing()), asked);
    }
    flush();
  }
}

// At the door of a channel that is not everybody's. Where it is open all the same, nothing is said.
void Peer::knock() {
  if (eyes_.stays().empty() || !world_.plan().host.sanction) return;
  Asked asked;
  asked.op = Op::subscribe;
  asked.room = eyes_.stays().begin()->first;
  asked.channel = Moderators::kInside;
  if (world_.host().moderators().may_be_inside(asked.room, {})) return;  // there is none
  remember(client_->subscribe(asked.room, asked.channel), asked);
}

// How much it wants of a room, or what it shows there: its own, or somebody else's.
void Peer::wish() {
  const auto& stays = eyes_.stays();
  if (stays.empty()) return;
  auto at = stays.begin();
  std::advance(at, wishes_.below(static_cast<std::uint32_t>(stays.size())));
  Asked asked;
  asked.room = at->first;
  Command command;
  command.room = at->first;
  const bool takes = wishes_.chance(40);
  const bool ends = wishes_.chance(30);
  if (takes) {
    command.op = asked.op = Op::set_receive;
    const std::uint32_t normal = wishes_.between(1, 4);
    const std::uint32_t high = wishes_.below(3);
    command.normal_per_s = asked.normal_per_s = ends ? 0 : normal;
    command.high_per_s = asked.high_per_s = ends ? 0 : high;
    return remember(client_->ask(command), asked);
  }
  command.op = asked.op = Op::set_attribute;
  asked.on = user_.id;
  const auto users = static_cast<std::uint32_t>(world_.users().size());
  const std::uint32_t other = wishes_.below(users);
  if (wishes_.chance(30)) asked.on = world_.users()[other].id;
  const std::string key = "k" + std::to_string(wishes_.below(10));
  const std::string value(wishes_.below(60), 'v');
  command.user = asked.on;
  command.key = key;
  if (!ends) command.value = value;
  remember(client_->ask(command), asked);
}

void Peer::check_inside(const Asked& asked) {
  if (asked.channel != Moderators::kInside || link_->corrupted()) return;
  if (user_.role == Role::owner) return;
  if (world_.host().moderators().may_be_inside(asked.room, user_.id)) return;
  fail("got onto a channel that it may not read, in " + asked.room);
}

// Well formed, and yet no command: it must be refused, and nothing else may come of it.
void Peer::misspeak() {
  const std::string room =
      eyes_.stays().empty() ? world_.room_key(0) : eyes_.stays().begin()->first;
  Asked asked;
  asked.room = room;
  asked.nonsense = true;
  switch (odd_.below(3)) {
    case 0:
      asked.op = Op::subscribe;
      remember(client_->subscribe(room, std::string(70, 'c')), asked);
      break;
    case 1:
      asked.op = Op::call;
      remember(client_->call(room, "a\nb", {.form = Data::Form::json, .bytes = as_bytes("{}")}),
               asked);
      break;
    default:
      asked.op = Op::presence;
      remember(client_->presence({.room = std::string(200, 'r'), .cursor = {}}), asked);
  }
}

void Peer::retire() {
  retired_ = true;
  abort();
}

void Peer::settle() {
  if (retired_) return;
  settled_ = true;
  if (silent_) return abort();
  if (usable_) join_something();
  const std::uint64_t life = life_;
  // Those who were put out come back in.
  world_.schedule().after(Duration::ms(700), [this, life] {
    if (life == life_ && usable_ && !world_.ending()) join_something();
  });
}

void Peer::ask_presence() {
  if (!usable_ || link_ == nullptr) return;
  for (const auto& [room, stay] : eyes_.stays()) ask_list(room, {});
  flush();
}

}  // namespace chatroom::sim
