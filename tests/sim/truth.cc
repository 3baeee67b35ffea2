#include "sim/truth.h"

#include <cinttypes>
#include <cstdio>

#include "sim/hash.h"
#include "sim/random.h"
#include "sim/store.h"

namespace chatroom::sim {

namespace {

constexpr std::string_view kChannels[kChannelsMax] = {"main", "a", "b", "c", "d", "e", "f", "g"};

// Serials come with a check, so that a flipped bit does not make one into another.
std::uint64_t check_of(std::uint64_t serial) noexcept { return Random{serial}.next() % 10'000; }

bool read_number(std::string_view& text, std::string_view mark, std::uint64_t& number) noexcept {
  if (text.substr(0, mark.size()) != mark) return false;
  text.remove_prefix(mark.size());
  number = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    number = number * 10 + static_cast<std::uint64_t>(text[0] - '0');
  }
  return true;
}

std::uint64_t read_serial(std::string_view text, std::string_view mark, std::string_view then,
                          std::string_view end) noexcept {
  std::uint64_t serial = 0;
  std::uint64_t check = 0;
  const bool whole = read_number(text, mark, serial) && read_number(text, then, check) &&
                     text.substr(0, end.size()) == end && check == check_of(serial);
  return whole ? serial : 0;
}

// Data in binary looks different in JSON, so it is left out.
std::uint64_t fingerprint(const Message& message, const Said* said) noexcept {
  Hash hash;
  hash.add(message.channel);
  hash.add(message.user);
  hash.add(message.nick);
  hash.add(static_cast<std::uint64_t>(message.role));
  hash.add(message.info);
  hash.add(message.kind.name);
  hash.add(message.text);
  if (said != nullptr && said->form == Data::Form::json) hash.add(message.data.bytes);
  hash.add(message.reply_to);
  for (const std::string_view user : message.mentions) hash.add(user);
  hash.add(static_cast<std::uint64_t>(message.time_ms));
  return hash.value();
}

}  // namespace

std::string_view channel_name(std::uint32_t index) noexcept { return kChannels[index]; }

std::uint32_t channel_bit(std::string_view name) noexcept {
  for (std::uint32_t i = 0; i < kChannelsMax; ++i) {
    if (kChannels[i] == name) return 1u << i;
  }
  return 0;
}

std::string epoch_text(std::uint64_t epoch) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, epoch);
  return text;
}

std::uint64_t identity_of(const RoomState& state) noexcept {
  Hash hash;
  hash.add(state.has_policy ? 1 : 0);
  hash.add(state.slow_mode_s);
  hash.add(state.mute_all ? 1 : 0);
  hash.add(state.moderated ? 1 : 0);
  hash.add(state.max_members);
  hash.add(state.members_only ? 1 : 0);
  hash.add(state.emote_only ? 1 : 0);
  hash.add(state.duplicate_s);
  for (const Attribute& attribute : state.attributes) {
    hash.add(attribute.key);
    hash.add(attribute.value);
  }
  hash.add(state.has_pinned ? 1 : 0);
  for (const std::uint64_t offset : state.pinned) hash.add(offset);
  for (const ChannelState& channel : state.channels) hash.add(channel.name);
  return hash.value();
}

std::uint64_t identity_of(const Event& event) noexcept {
  if (event.type == EventType::room_state) return identity_of(event.state);
  Hash hash;
  hash.add(std::string_view{"taken back"});
  hash.add(event.offset);
  hash.add(event.user);
  return hash.value();
}

Outgoing Said::outgoing() const noexcept {
  Outgoing out;
  out.room = room;
  out.channel = channel;
  out.kind = Kind{kind};
  out.text = text;
  out.data = {.form = form, .bytes = as_bytes(data)};
  out.priority = priority;
  out.key = key;
  out.keep = keep;
  out.latest = latest;
  return out;
}

std::string Truth::prefix(std::uint64_t serial) {
  return "#" + std::to_string(serial) + "/" + std::to_string(check_of(serial)) + " ";
}

std::uint64_t Truth::say(Said said) {
  const std::uint64_t serial = said_.size() + 1;
  report_.note("says", said.user, said.room, serial);
  const std::string number = std::to_string(serial);
  const std::string check = std::to_string(check_of(serial));
  if (said.form == Data::Form::json) {
    said.data = "{\"n\":" + number + ",\"c\":" + check + ",\"t\":[1,null,\"\u00e9\"]}";
  }
  // Some say nothing in words.
  if (said.kind == "text" || said.form != Data::Form::json || said.text.size() > 20) {
    said.text = prefix(serial) + said.text;
  } else {
    said.text.clear();
  }
  said_.push_back(std::move(said));
  return serial;
}

Said* Truth::find(std::uint64_t serial) noexcept {
  return serial == 0 || serial > said_.size() ? nullptr : &said_[serial - 1];
}

std::uint64_t Truth::serial_of(const Message& message) noexcept {
  const std::uint64_t in_text = read_serial(message.text, "#", "/", " ");
  if (in_text != 0) return in_text;
  return read_serial(as_text(message.data.bytes), "{\"n\":", ",\"c\":", ",");
}

// With Durability::before nobody may know of a message that a crash could still cost.
void Truth::check_stored(const std::string& room, std::uint64_t offset, std::uint64_t serial,
                         std::string_view who) const {
  if (store_ == nullptr || plan_.durability(room) != Durability::before) return;
  if (store_->ever_held(room, offset, plan_.faults.corrupt == 0 ? serial : 0)) return;
  report_.fail(Verdict::correctness,
               "%.*s knows of #%" PRIu64 " in %s at %" PRIu64 ", which is not stored",
               static_cast<int>(who.size()), who.data(), serial, room.c_str(), offset);
}

bool Truth::loaded(Life& life, std::uint64_t offset) const {
  if (store_ == nullptr) return false;
  if (head(life) != UINT64_MAX) {
    life.loaded = std::max(life.loaded, store_->loaded(life.room).offset);
  }
  return offset <= life.loaded;
}

bool Truth::cold(const std::string& room) const {
  return store_ != nullptr && store_->loaded(room).cold;
}

bool Truth::may_lack(const std::string& room, std::uint64_t offset) const {
  if (store_ == nullptr) return false;
  return store_->never_got(room, offset) || plan_.storage.keeps < 100'000 ||
         plan_.durability(room) == Durability::none;
}

void Truth::check_reopened(const std::string& room, std::string_view epoch, std::uint64_t offset) {
  static_cast<void>(loaded(life(room, epoch), 0));
  if (store_ == nullptr || plan_.durability(room) == Durability::none) return;
  const Store::Loaded loaded = store_->loaded(room);
  // What was said in the same turn after the witness came the host may have heard already.
  std::uint64_t most = loaded.offset;
  for (const Published& one : life(room, epoch).published) most = std::max(most, one.offset);
  if (offset < loaded.offset || offset > most) {
    report_.fail(Verdict::correctness, "%s goes on at %" PRIu64 ", stored is %" PRIu64,
                 room.c_str(), offset, loaded.offset);
  }
  // Nothing can be missing where all was stored first: whoever was there may catch up.
  const Said* newest = find(loaded.newest);
  const bool whole = plan_.durability(room) == Durability::before && loaded.record;
  if (!whole || newest == nullptr || newest->epoch.empty() || newest->epoch == epoch) return;
  report_.fail(Verdict::correctness, "%s goes on whole, but in another epoch", room.c_str());
}

std::uint64_t Life::unseen() const noexcept {
  std::uint64_t passing = 0;
  for (const Published& one : published) passing += one.offset == 0 ? 1 : 0;
  std::uint64_t seen = 0;
  for (const Entry& entry : entries) {
    seen += entry.type == Entry::Type::message && entry.offset == 0 ? 1 : 0;
  }
  std::uint64_t sum = passing > seen ? passing - seen : 0;
  // What the host heard of and the witness did not: a crash came between.
  const std::uint64_t last_seen = offsets.empty() ? begins : offsets.rbegin()->first;
  for (const Published& one : published) {
    const bool cut = one.offset > begins && (one.offset <= behind || one.offset > last_seen);
    if (cut && offsets.count(one.offset) == 0) ++sum;
  }
  std::uint64_t last = 0;
  for (const auto& [version, index] : versions) {
    const bool follows = version >> 40 == last >> 40;
    if (follows) sum += version - last - 1;
    last = version;
  }
  return sum;
}

void Truth::closed(std::string_view room, Instant now) {
  for (auto& [name, life] : lives_) {
    if (room.empty() || name.first == room) life.closings.push_back(now);
  }
}

Life& Truth::life(std::string_view room, std::string_view epoch) {
  Life& life = lives_[{std::string{room}, std::string{epoch}}];
  life.room = room;
  life.epoch = epoch;
  return life;
}

void Truth::sight(Life& life, const Message& message, std::string_view who) {
  const auto wrong = [&](const char* what) {
    report_.fail(
        Verdict::correctness, "%.*s saw in %s at %" PRIu64 " a message with wrong %s: %.*s",
        static_cast<int>(who.size()), who.data(), life.room.c_str(), message.offset, what,
        static_cast<int>(std::min<std::size_t>(message.text.size(), 60)), message.text.data());
  };
  Said* said = find(serial_of(message));
  if (said == nullptr) {
    if (plan_.faults.corrupt == 0) wrong("serial: nobody said it");
  } else if (!said->tainted) {
    if (said->dropped) wrong("right to exist: the rules dropped it");
    if (said->room != life.room) wrong("room");
    if (!said->to.empty()) wrong("audience: it was for one user alone");
    if (said->user != message.user) wrong("user");
    if (said->channel != message.channel) wrong("channel");
    if (said->kind != message.kind.name) wrong("kind");
    if (said->text != message.text) wrong("text");
    if (said->priority != message.priority) wrong("priority");
    if (said->takes_place() != (message.offset != 0)) wrong("offset");
    if (said->form == Data::Form::json && said->data != as_text(message.data.bytes)) wrong("data");
    if (said->takes_place()) {
      const bool again = !said->key.empty() && said->epoch != life.epoch;  // in another life
      const bool kept = said->offset == message.offset && loaded(life, message.offset);
      if (!kept && (said->offset == 0 || again)) {
        said->offset = message.offset, said->epoch = life.epoch;
      }
      if (!kept && (said->offset != message.offset || said->epoch != life.epoch)) {
        wrong("place: it stands somewhere else too");
      }
    }
  }
  if (message.offset == 0) return;
  check_stored(life.room, message.offset, serial_of(message), who);
  const std::uint64_t print = fingerprint(message, said);
  const auto [at, fresh] = life.prints.emplace(message.offset, print);
  if (!fresh && at->second != print) wrong("content: somebody saw another one there");
}

void Truth::append(Life& life, const Event& event) {
  if (is_number(event)) {
    ++rates_[life.room];
    return;
  }
  Entry entry;
  entry.behind = life.offsets.empty() ? life.begins : life.offsets.rbegin()->first;
  entry.behind = std::max(entry.behind, life.behind);
  const std::size_t index = life.entries.size();
  switch (event.type) {
    case EventType::message: {
      const Message& message = event.message;
      entry.identity = serial_of(message);
      entry.offset = message.offset;
      entry.channels = channel_bit(message.channel);
      entry.priority = message.priority;
      const Said* said = find(entry.identity);
      entry.latest = said == nullptr || !said->latest.empty();
      entry.reliable = life.reliable || message.priority == Priority::high;
      if (message.offset != 0) {
        const bool follows = message.offset == entry.behind + 1;
        // What it lost it must be told, perhaps a little later.
        if (!follows && message.offset > entry.behind && plan_.faults.corrupt == 0) {
          life.holes += message.offset - entry.behind - 1;
        } else if (!follows && message.offset <= entry.behind) {
          report_.fail(Verdict::correctness, "the witness of %s saw %" PRIu64 " after %" PRIu64,
                       life.room.c_str(), message.offset, entry.behind);
        }
        life.offsets[message.offset] = index;
      }
      if (entry.identity != 0 && !life.messages.emplace(entry.identity, index).second) {
        report_.fail(Verdict::correctness, "message #%" PRIu64 " was said twice in %s",
                     entry.identity, life.room.c_str());
      }
      break;
    }
    case EventType::presence:
      entry.type = Entry::Type::presence;
      entry.identity = life.opening_at(Instant{INT64_MAX}) + event.presence_version;
      entry.latest = true;  // counts are replaced by newer ones
      entry.reliable = life.reliable;
      if (!life.versions.empty() && life.versions.rbegin()->first >= entry.identity) {
        report_.fail(Verdict::correctness, "presence of %s went back to version %" PRIu64,
                     life.room.c_str(), entry.identity);
      }
      life.versions[entry.identity] = index;
      break;
    default:
      entry.type = Entry::Type::state;
      entry.identity = identity_of(event);
      entry.priority = Priority::high;
      entry.reliable = true;
      life.states.push_back(index);
      break;
  }
  life.entries.push_back(entry);
}

// Whoever has not got it yet does not get it, and is told nothing of it but that.
void Truth::recall(Life& life, std::uint64_t offset, Instant now) {
  report_.note("taken back", {}, life.room, offset);
  life.recalled.emplace(offset, now);
  life.entries[life.offsets.at(offset)].latest = true;
}

void Truth::told_pins(Life& life, std::span<const std::uint64_t> pins) {
  if (!life.whole) return;
  const bool due = !life.pins_due.empty() &&
                   life.pins_due.front() == std::set<std::uint64_t>(pins.begin(), pins.end());
  if (!due) {
    report_.fail(Verdict::correctness, "the members of %s were told other pins", life.room.c_str());
  }
  report_.note("told pins", {}, life.room, pins.size(), life.pins_due.size());
  life.pins_due.pop_front();
}

void Truth::pins_kept(Life& life) {
  if (life.witnessed && life.whole) life.pins_due.pop_back();
}

void Truth::pins_changed(Life& life) {
  report_.note("pins", {}, life.room, life.pins.size());
  // Who comes later is told of all.
  if (life.witnessed && life.whole) life.pins_due.push_back(life.pins);
}

void Truth::check_pins(const Life& life) const {
  if (!life.witnessed || !life.whole || life.closed || !life.closings.empty()) return;
  if (life.pins_due.empty()) return;
  report_.fail(Verdict::correctness, "the members of %s were not told what is pinned",
               life.room.c_str());
}

void Truth::told_published(std::string_view room, Position position, std::string_view user) {
  Life& at = life(room, epoch_text(position.epoch));
  report_.note("published", user, room, position.offset);
  if (position.offset != 0) {
    std::uint64_t last = 0;
    for (auto one = at.published.rbegin(); one != at.published.rend() && last == 0; ++one) {
      last = one->offset;
    }
    if (store_ != nullptr) {
      check_stored(at.room, position.offset, 0, "the host");
      last = std::max(last, store_->loaded(at.room).offset);
    }
    if (position.offset != last + 1) {
      report_.fail(Verdict::correctness, "%s: published %" PRIu64 " after %" PRIu64,
                   at.room.c_str(), position.offset, last);
    }
  }
  at.published.push_back({std::string{user}, position.offset});
}

void Truth::placed(std::uint64_t serial, std::string_view epoch, std::uint64_t offset) {
  Said* said = find(serial);
  if (said == nullptr || said->tainted || said->dropped) return;
  const auto wrong = [&](const char* what) {
    report_.fail(Verdict::correctness,
                 "the sender of #%" PRIu64
                 " (%s in %s, kind %s, key %s, keep %d, latest %s) was told "
                 "offset %" PRIu64 ": %s",
                 serial, said->user.c_str(), said->room.c_str(), said->kind.c_str(),
                 said->key.c_str(), said->keep, said->latest.c_str(), offset, what);
  };
  if (!said->takes_place()) {
    if (offset != 0) wrong("but it takes none");
    return;
  }
  if (offset == 0 && plan_.echoes() && !said->user.empty() && said->offset == 0) {
    const bool marked = said->priority == Priority::high;
    if (marked && plan_.budgeted) wrong("and high priority is shown or refused");
    if (!said->sampled) ++life(said->room, epoch).sampled_known;
    said->sampled = true;
    said->dropped = said->key.empty();  // else it may be said again in another life
    return;
  }
  if (offset == 0) wrong("but it takes one");
  check_stored(said->room, offset, serial, "the sender");
  const bool again = !said->key.empty() && said->epoch != epoch;
  if (said->offset == 0 || again) said->offset = offset, said->epoch = epoch;
  if (said->offset != offset || said->epoch != epoch) wrong("but it stands somewhere else");
}

void Truth::refused(std::uint64_t serial, Errc why) {
  Said* said = find(serial);
  if (said != nullptr && said->released && why == Errc::held) return;
  if (said == nullptr || said->tainted || !said->key.empty()) return;
  if (said->offset != 0) {
    report_.fail(Verdict::correctness, "#%" PRIu64 " was refused, but it stands at %" PRIu64,
                 serial, said->offset);
  }
  said->dropped = true;
}

void Truth::echoed(const Said& said, const Message& message, std::string_view who) const {
  const bool same = said.text == message.text && said.channel == message.channel &&
                    said.user == message.user && said.kind == message.kind.name &&
                    said.priority == message.priority &&
                    (said.priority != Priority::high || plan_.shadowed);
  if (said.tainted || (same && (said.offset == 0 || !said.key.empty()))) return;
  report_.fail(Verdict::correctness, "%.*s had an echo of what %s said in %s, which %s",
               static_cast<int>(who.size()), who.data(), said.user.c_str(), said.room.c_str(),
               same ? "was shown" : "it is not");
}

// Everybody is told how much was not shown, once the second is over.
void Truth::check_sampled(const Life& life) const {
  const bool all_told = life.witnessed && life.whole && life.closings.empty() && life.begins == 0 &&
                        store_ == nullptr && plan_.faults.corrupt == 0;
  if (!plan_.budgeted || !all_told || life.sampled_told >= life.sampled_known) return;
  report_.fail(Verdict::correctness,
               "the senders of %" PRIu64
               " messages know that %s did not show them, its members "
               "were told of %" PRIu64,
               life.sampled_known, life.room.c_str(), life.sampled_told);
}

void Truth::check_published(const Life& life) const {
  if (!life.witnessed || !life.whole || plan_.faults.corrupt != 0) return;
  if (life.holes != 0) {
    report_.fail(Verdict::correctness,
                 "the witness of %s missed %" PRIu64 " messages and was told nothing",
                 life.room.c_str(), life.holes);
  }
  std::size_t at = 0;
  for (const Entry& entry : life.entries) {
    if (entry.type != Entry::Type::message) continue;
    const Said& said = said_[entry.identity - 1];
    // The witness may not have seen every `latest` one.
    while (at < life.published.size() &&
           (life.published[at].offset != entry.offset || life.published[at].user != said.user)) {
      const bool skipped = life.published[at].offset == 0 ||
                           life.published[at].offset <= life.begins ||
                           (life.published[at].offset <= life.behind &&
                            life.offsets.count(life.published[at].offset) == 0);
      if (!skipped) break;
      ++at;
    }
    if (at == life.published.size() || life.published[at].offset != entry.offset ||
        life.published[at].user != said.user) {
      report_.fail(Verdict::correctness, "the host of %s was not told of #%" PRIu64 " at %" PRIu64,
                   life.room.c_str(), entry.identity, entry.offset);
    }
    ++at;
  }
}

}  // namespace chatroom::sim
