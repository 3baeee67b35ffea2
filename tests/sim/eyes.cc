#include "sim/eyes.h"

#include <algorithm>

namespace chatroom::sim {

Stay* Eyes::stay(std::string_view room) noexcept {
  const auto at = stays_.find(std::string{room});
  return at == stays_.end() ? nullptr : at->second.get();
}

void Eyes::fail(std::string_view room, const std::string& what) {
  report_.fail(Verdict::correctness, "%s in %.*s: %s", who_.c_str(), static_cast<int>(room.size()),
               room.data(), what.c_str());
}

void Eyes::taint() {
  tainted_ = true;
  for (const auto& [room, stay] : stays_) stay->tainted = true;
}

void Eyes::quiet_from(std::string_view room, std::uint64_t start) {
  quiet_[std::string{room}] = start;
}

void Eyes::recalled_from(const Life& life, std::uint64_t offset, std::uint64_t start) {
  recalled_[{&life, offset}] = start;
}

// Who has not got it when it is taken back does not get it, but for the rest of a frame.
void Eyes::check_recalled(const Stay& stay, const Message& message, const Frame& frame) {
  if (tainted_ || !stay.life->gone(message.offset, frame.at)) return;
  const auto at = recalled_.find({stay.life, message.offset});
  if (at != recalled_.end() && frame.start < at->second) return;
  fail(stay.life->room, std::to_string(message.offset) + " came after it had been taken back");
}

void Eyes::check_recalled(const Life& life, const Event& answer, const Asked& asked) {
  for (const Message& message : answer.messages) {
    if (tainted_ || !life.gone(message.offset, asked.at)) continue;
    fail(life.room, std::to_string(message.offset) + " is on a page, but it was taken back");
  }
}

void Eyes::end_session() {
  recalled_.clear();
  while (!stays_.empty()) leave(stays_.begin()->first);
  quiet_.clear();
  latest_.clear();
  latest_write_ = 0;
  tainted_ = false;
}

void Eyes::leave(std::string_view room) {
  const auto at = stays_.find(std::string{room});
  at->second->open = false;
  ended_.push_back(std::move(at->second));
  stays_.erase(at);
}

void Eyes::on_event(const Event& event, const Frame& frame, const Asked* asked) {
  switch (event.type) {
    case EventType::answer:
      if (asked != nullptr) on_answer(event, frame, *asked);
      break;
    case EventType::message:
    case EventType::presence:
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
      on_entry(event, frame);
      break;
    case EventType::gap:
      if (!event.room.empty()) on_entry(event, frame);
      break;
    case EventType::held:
      if (stay(event.room) == nullptr && !tainted_) fail(event.room, "held, but it is not there");
      break;
    case EventType::left:
      if (stay(event.room) == nullptr && !tainted_) fail(event.room, "left without having joined");
      if (stay(event.room) != nullptr) leave(event.room);
      break;
    default:
      break;
  }
}

void Eyes::on_answer(const Event& event, const Frame& frame, const Asked& asked) {
  const bool ok = event.error.code == Errc::ok;
  if (!ok) return;
  Stay* here = stay(asked.room);
  switch (asked.op) {
    case Op::join:
      quiet_.erase(asked.room);
      on_join(event, frame, asked);
      break;
    case Op::leave:
      if (here == nullptr && !tainted_)
        fail(asked.room, "leave was answered, but it was not there");
      if (here != nullptr) leave(asked.room);
      break;
    case Op::subscribe:
    case Op::unsubscribe:
    case Op::switch_channel: {
      if (here == nullptr) break;  // it was put out meanwhile
      Seen seen;
      seen.type = Seen::Type::change;
      seen.low = asked.placed ? asked.after : here->last_offset;
      seen.high = asked.placed ? asked.after : std::max(seen.low, truth_.head(*here->life));
      seen.write = frame.write;
      seen.channels = here->channels_now();
      if (asked.op != Op::unsubscribe) seen.channels |= asked.channels;
      if (asked.op == Op::unsubscribe) seen.channels &= ~channel_bit(asked.channel);
      if (asked.op == Op::switch_channel) {
        seen.channels = (here->channels_now() & ~channel_bit(asked.channel)) | asked.channels;
      }
      // Of what it does not hear it knows nothing, and has to be told anew.
      for (const std::uint32_t gone = here->channels_now() & ~seen.channels;
           auto& [channel, rung] : here->rungs) {
        if ((channel_bit(channel) & gone) != 0) rung = Rung::normal;
      }
      here->seen.push_back(seen);
      report_.note("is on channels", who_, asked.room, seen.channels, here->number);
      break;
    }
    case Op::set_receive:
      if (here != nullptr) here->chosen.choose(asked.normal_per_s, asked.high_per_s, frame.at);
      report_.note("chooses", who_, asked.room, asked.normal_per_s, asked.high_per_s);
      break;
    case Op::publish:
      if (asked.serial != 0) truth_.placed(asked.serial, event.epoch, event.offset);
      break;
    case Op::history:
      on_page(event, asked);
      break;
    case Op::presence:
      on_list(event, asked);
      break;
    default:
      break;
  }
}

void Eyes::on_join(const Event& event, const Frame& frame, const Asked& asked) {
  if (stay(asked.room) != nullptr) fail(asked.room, "joined twice");
  auto fresh = std::make_shared<Stay>();
  fresh->who = who_;
  fresh->number = ++stays_seen_;
  fresh->life = &truth_.life(asked.room, event.epoch);
  fresh->since = frame.at;
  fresh->joined = fresh->last_offset = event.offset;
  fresh->channels = asked.channels;
  fresh->tainted = tainted_;
  fresh->rungs[{}] = event.state.rung;
  for (const ChannelState& channel : event.state.channels) {
    const bool hears = (channel_bit(channel.name) & asked.channels) != 0;
    if (hears && channel.rung) fresh->rungs[std::string{channel.name}] = *channel.rung;
  }
  report_.note("is on channels", who_, asked.room, asked.channels, fresh->number);
  PageSeen page;
  page.channels = asked.channels;
  page.upto = event.offset;
  page.more = event.more;
  page.limit = asked.recent;
  for (const Message& message : event.messages) {
    truth_.sight(*fresh->life, message, who_);
    if (!page.offsets.empty() && page.offsets.back() >= message.offset) {
      fail(asked.room, "the page of a join goes back");
    }
    if ((channel_bit(message.channel) & asked.channels) == 0 && !tainted_) {
      fail(asked.room, "the page of a join has a channel that was not asked for");
    }
    page.offsets.push_back(message.offset);
  }
  if (!page.offsets.empty() && page.offsets.back() > event.offset) {
    fail(asked.room, "the page of a join goes past it");
  }
  check_recalled(*fresh->life, event, asked);
  const bool same = asked.recover && asked.since_epoch == event.epoch;
  if (event.was_recovering != asked.recover && !tainted_) fail(asked.room, "not what was asked");
  if (asked.recover && event.recovered) {
    if (!same) fail(asked.room, "recovered from another epoch");
    page.type = PageSeen::Type::recovery;
    page.after = asked.since;
    fresh->pages.push_back(page);
  } else if (asked.recover) {
    if (!event.messages.empty()) fail(asked.room, "messages, but not recovered");
    // Nothing stood in the way.
    const std::uint64_t missed = event.offset - asked.since;
    if (same && asked.since <= event.offset && missed < 5 && missed < fresh->life->history_least &&
        !truth_.cold(asked.room) && !tainted_) {
      fail(asked.room, "only " + std::to_string(missed) + " missed, but not recovered");
    }
  } else if (asked.recent != 0) {
    page.type = PageSeen::Type::recent;
    fresh->pages.push_back(page);
  }
  stays_[asked.room] = std::move(fresh);
}

void Eyes::on_page(const Event& event, const Asked& asked) {
  Stay* here = stay(asked.room);
  if (here == nullptr || here->life->epoch != event.epoch) return;  // of an earlier stay
  check_recalled(*here->life, event, asked);
  const bool same = here->number == asked.stay && !here->changed() && !tainted_;
  PageSeen page;
  page.channels = asked.channels;
  for (const Message& message : event.messages) {
    truth_.sight(*here->life, message, who_);
    if (!page.offsets.empty() && page.offsets.back() >= message.offset) {
      fail(asked.room, "a page of history goes back");
    }
    if (tainted_) continue;
    if (asked.has_after && message.offset <= asked.after)
      fail(asked.room, "history before `after`");
    if (asked.before != 0 && message.offset >= asked.before) {
      fail(asked.room, "history past `before`");
    }
    if (same && (channel_bit(message.channel) & asked.channels) == 0) {
      fail(asked.room, "history of a channel that it is not on");
    }
    page.offsets.push_back(message.offset);
  }
  if (!same) return;
  // The newest page must reach what the member has seen live already.
  if (asked.before == 0 && !asked.has_after && !page.offsets.empty()) {
    page.type = PageSeen::Type::recent;
    page.upto = asked.newest_seen;
  }
  here->pages.push_back(page);
}

// The first whole list is kept up to date from then on; each later one is compared with it.
void Eyes::on_list(const Event& event, const Asked& asked) {
  Stay* here = stay(asked.room);
  if (here == nullptr || event.unchanged) return;
  std::set<std::string> names;
  for (const Member& member : event.members) {
    if (!names.insert(std::string{member.user}).second)
      fail(asked.room, "presence names one twice");
  }
  report_.note("is given a list", who_, asked.room, event.presence_version, event.online);
  if (!asked.first_page || !event.next.empty()) return;
  if (names.size() != event.online) fail(asked.room, "presence does not count whom it names");
  if (here->list_known && !here->list_stale) return;
  here->list = std::move(names);
  here->worn.clear();
  for (const Member& member : event.members) wear(*here, member);
  here->list_known = true;
  here->list_stale = false;
  here->list_version = event.presence_version;
}

void Eyes::wear(Stay& stay, const Member& member) {
  const std::string text = worn_text(member);
  if (text.empty()) {
    stay.worn.erase(std::string{member.user});
  } else {
    stay.worn[std::string{member.user}] = text;
  }
}

void Eyes::on_entry(const Event& event, const Frame& frame) {
  const std::string_view room = event.type == EventType::message ? event.message.room : event.room;
  Stay* here = stay(room);
  if (here == nullptr) {
    if (tainted_) return;
    fail(room, std::string{name_of(event.type)} + " of a room that it is not in");
  }
  const auto quiet = quiet_.find(std::string{room});
  if (quiet != quiet_.end() && frame.start >= quiet->second) {
    fail(room, std::string{name_of(event.type)} + " was offered after its membership had ended");
  }
  if (Truth::is_number(event)) return on_number(*here, event);
  Seen seen;
  seen.write = frame.write;
  switch (event.type) {
    case EventType::message:
      on_message(*here, event, frame);
      return;
    case EventType::presence:
      seen.what = Entry::Type::presence;
      seen.identity = event.presence_version;
      on_presence(*here, event);
      break;
    case EventType::gap:
      if (event.gap.reason == GapReason::sampled && truth_.budgeted()) return;
      seen.type = Seen::Type::gap;
      seen.gap = event.gap;
      here->lost += event.gap.count;
      if (event.gap.reason == GapReason::budget && here->chosen.ever()) break;
      here->list_stale = true;
      if (event.gap.reason != GapReason::slow_consumer && !tainted_) {
        fail(room, "a gap for no good reason");
      }
      break;
    default:
      seen.what = Entry::Type::state;
      seen.identity = identity_of(event);
      break;
  }
  here->seen.push_back(seen);
}

void Eyes::on_number(Stay& stay, const Event& event) {
  if (tainted_) return;
  const RoomState& state = event.state;
  if (!truth_.budgeted() || !state.has_rate) fail(stay.life->room, "a number of another room");
  const bool shows_all = state.rung < Rung::sample;
  const bool shows_none = state.rung > Rung::sample;
  if (state.kept > 1'000 || (shows_all && state.kept != 1'000) || (shows_none && state.kept != 0)) {
    fail(stay.life->room,
         std::string{name_of(state.rung)} + " shows " + std::to_string(state.kept));
  }
  if (event.channel.empty() == truth_.plan().apart)
    fail(stay.life->room, "a share of another kind");
  stay.rungs[std::string{event.channel}] = state.rung;
  report_.note("hears a share", who_, event.channel, static_cast<std::uint64_t>(state.rung),
               state.kept);
}

// What is stored first is told later than it was let through.
void Eyes::check_shown(Stay& stay, const Said* said, const Message& message) {
  const Plan& plan = truth_.plan();
  if (!plan.apart || plan.storage.on || tainted_ || said == nullptr || said->user.empty()) return;
  const std::string held = stay.shown.take(plan.policies[0], message);
  if (!held.empty()) fail(stay.life->room, "more is shown than " + held);
}

// Of what members said after it chose, but for what it says itself.
void Eyes::check_chosen(Stay& stay, const Said* said, const Message& message, Instant at) {
  if (tainted_ || said == nullptr || said->user.empty() || !said->latest.empty()) return;
  if (who_.rfind(said->user + ".", 0) == 0 || said->tainted) return;
  if (!stay.chosen.counts(message.time_ms) || stay.chosen.take(message.priority, at)) return;
  fail(stay.life->room, "is shown more than it chose");
}

void Eyes::on_message(Stay& stay, const Event& event, const Frame& frame) {
  const Message& message = event.message;
  const std::uint64_t serial = Truth::serial_of(message);
  const Said* said = truth_.find(serial);
  if (said != nullptr && !said->to.empty()) return on_aside(stay, *said, message);
  if (said != nullptr && truth_.is_echo(*said, message)) {
    if (who_.rfind(said->user + ".", 0) != 0 && !tainted_)
      fail(stay.life->room, "not its own echo");
    return truth_.echoed(*said, message, who_);
  }
  truth_.sight(*stay.life, message, who_);
  check_chosen(stay, said, message, frame.at);
  if (message.offset != 0) {
    check_recalled(stay, message, frame);
    if (message.offset <= stay.last_offset) {
      fail(stay.life->room, "offset " + std::to_string(message.offset) + " after " +
                                std::to_string(stay.last_offset));
    }
    if (message.offset <= stay.aside) {
      fail(stay.life->room, "offset " + std::to_string(message.offset) + " after an aside of " +
                                std::to_string(stay.aside));
    }
    stay.last_offset = message.offset;
    check_shown(stay, said, message);
  }
  // One write is gathered at one moment: it cannot hold what was replaced beside what replaced it.
  if (said != nullptr && !said->latest.empty() && !said->tainted && frame.exact) {
    if (frame.write != latest_write_) latest_.clear();
    latest_write_ = frame.write;
    const std::string key = said->room + "/" + said->channel + "/" + said->latest;
    if (!latest_.emplace(key, std::pair{serial, frame.write}).second) {
      fail(stay.life->room, "one write held two of the same `latest` key " + said->latest);
    }
  }
  Seen seen;
  seen.identity = serial;
  seen.offset = message.offset;
  seen.write = frame.write;
  seen.channels = channel_bit(message.channel);
  stay.seen.push_back(seen);
}

// From the host to this one alone, at its place among what all see.
void Eyes::on_aside(Stay& stay, const Said& said, const Message& message) {
  if (message.offset != 0) fail(stay.life->room, "an aside with an offset");
  if (who_.rfind(said.to + ".", 0) != 0 && !tainted_) fail(stay.life->room, "not for this one");
  if (stay.last_offset > said.barrier && said.epoch == stay.life->epoch) {
    fail(stay.life->room, "an aside of " + std::to_string(said.barrier) + " came after " +
                              std::to_string(stay.last_offset));
  }
  if (said.epoch == stay.life->epoch) stay.aside = std::max(stay.aside, said.barrier);
}

void Eyes::on_presence(Stay& stay, const Event& event) {
  report_.note("hears who is here", who_, stay.life->room, event.presence_version, event.online);
  if (!stay.list_known || event.presence_version <= stay.list_version) return;
  const bool counts = event.joins.empty() && event.leaves.empty() && event.changes.empty();
  if (counts) stay.list_stale = true;
  for (const std::string_view user : event.leaves) stay.list.erase(std::string{user});
  for (const std::string_view user : event.leaves) stay.worn.erase(std::string{user});
  for (const Member& member : event.joins) {
    if (!member.attributes.empty()) fail(stay.life->room, "a newcomer with attributes");
  }
  for (const Member& member : event.changes) wear(stay, member);
  for (const Member& member : event.joins) stay.list.insert(std::string{member.user});
  stay.list_version = event.presence_version;
  if (!stay.list_stale && stay.list.size() != event.online && !tainted_) {
    std::string names;
    for (const std::string& user : stay.list) names += " " + user;
    names += ", after the joins";
    for (const Member& member : event.joins) names += " " + std::string{member.user};
    names += " and the leaves";
    for (const std::string_view user : event.leaves) names += " " + std::string{user};
    fail(stay.life->room, "online are " + std::to_string(event.online) + ", but its list has" +
                              names + " of version " + std::to_string(event.presence_version));
  }
}

}  // namespace chatroom::sim
