// Samples of events (samples.h).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sample_data.h"

namespace chatroom::golden {

struct NamedEvent {
  std::string name;
  Event event;
};

inline constexpr std::array<Attribute, 2> kShown{Attribute{"mood", "\"fine\" ☕"},
                                                 Attribute{"team", ""}};

inline Event event_of(EventType type, std::string_view room = {}) {
  Event event;
  event.type = type;
  event.room = room;
  return event;
}
inline Event answer_to(Op op, std::uint32_t id) {
  Event event = event_of(EventType::answer);
  event.op = op;
  event.id = id;
  return event;
}

inline Message plain_message() {
  Message m;
  m.room = "live/1";
  m.channel = "main";
  m.offset = 124;
  m.user = "alice";
  m.nick = "Alice ✿";
  m.text = "hello";
  m.time_ms = 1'690'000'000'000;
  return m;
}
inline Message full_message() {
  static constexpr std::array<std::string_view, 1> kMentions{"bob"};
  Message m = plain_message();
  m.channel = "gifts";
  m.offset = 9'007'199'254'740'991;
  m.role = Role::owner;
  m.info = as_bytes(R"({"level":7})");
  m.kind = Kind::gift;
  m.text = "x";
  m.data = json_data(R"({"gift":"rocket"})");
  m.priority = Priority::high;
  m.reply_to = 17;
  m.mentions = kMentions;
  m.count = 37;
  m.first = 88;
  return m;
}
inline RoomState full_state() {
  static constexpr std::array<ChannelState, 2> kChannels{ChannelState{"main", "open", ""},
                                                         ChannelState{"gifts", "open", "alice"}};
  RoomState s;
  s.has_policy = true;
  s.slow_mode_s = 5;
  s.moderated = true;
  s.has_password = true;
  s.max_members = 100;
  s.channels = kChannels;
  s.created_ms = 1'690'000'000'000;
  s.creator = "alice";
  return s;
}

inline void add_answers(std::vector<NamedEvent>& all) {
  static const std::array<Message, 2> kPage{plain_message(), full_message()};
  static constexpr std::array<Member, 1> kAdorned{
      Member{"alice", "Alice", Role::owner, 1'690'000'000'000, kShown}};
  static constexpr std::array<Member, 2> kMembers{
      Member{"alice", "Alice ✿", Role::owner, 1'690'000'000'000},
      Member{"bob", "", Role::member, 1'690'000'000'001}};
  const auto add = [&](const char* name, Event event) { all.push_back({name, event}); };
  Event e = answer_to(Op::ping, 10);
  add("ok_nothing", e);
  e = answer_to(Op::auth, 1);
  e.session = "00000000000000c3";
  e.user = "alice";
  e.resume = "r-1";
  e.heartbeat_ms = 25'000;
  e.limits = {65'536, 2'048, 32, 20, 5};
  add("ok_auth", e);
  e = answer_to(Op::join, 2);
  e.room = "live/1";
  e.epoch = "00000000000000a7";
  e.offset = 124;
  e.online = 1'234;
  e.role = Role::moderator;
  e.state = full_state();
  e.was_recovering = e.recovered = e.more = true;
  e.messages = kPage;
  add("ok_join", e);
  e.messages = {};
  e.read = 120;
  e.unread = 4;
  add("ok_join_read", e);
  e = answer_to(Op::ack, 3);
  e.read = 124;
  e.unread = 0;
  add("ok_ack", e);
  e = answer_to(Op::publish, 3);
  e.epoch = "00000000000000a7";
  e.offset = 124;
  add("ok_publish", e);
  for (const Op op : {Op::subscribe, Op::unsubscribe, Op::switch_channel}) {
    e = answer_to(op, 5);
    e.epoch = "00000000000000a7";
    e.offset = 124;
    add(("ok_" + std::string(name_of(op))).c_str(), e);
  }
  e = answer_to(Op::history, 6);
  e.epoch = "00000000000000a7";
  e.messages = kPage;
  add("ok_history", e);
  e.messages = {};
  e.more = true;
  e.offset = 1'640;
  add("ok_history_hidden", e);
  e = answer_to(Op::send_to, 7);
  e.sessions = 2;
  add("ok_send_to", e);
  e = answer_to(Op::presence, 8);
  e.online = 2;
  e.presence_version = 17;
  e.members = kMembers;
  e.next = "bob";
  add("ok_presence", e);
  e.members = kAdorned;
  add("ok_presence_attributes", e);
  e = answer_to(Op::waiting, 9);
  e.waiting = 2;
  e.members = kMembers;
  add("ok_waiting", e);
  e = answer_to(Op::presence, 8);
  e.online = 2;
  e.presence_version = 17;
  e.unchanged = true;
  add("ok_presence_unchanged", e);
  e = answer_to(Op::call, 9);
  e.data = json_data(R"({"won":5})");
  add("ok_call", e);
  e = answer_to(Op::publish, 3);
  e.error = {Errc::rate_limited, 0, 1'500};
  e.text = message_of(Errc::rate_limited);
  add("refused", e);
  e = answer_to(Op::publish, 3);
  e.error = {Errc::filtered, 0, 0};
  e.text = "Not that word.";
  add("refused_own_words", e);
  e = answer_to(Op::publish, 3);
  e.error = refusal(Errc::slow_mode, Rule::slow_mode, 2'500);
  e.text = message_of(Errc::slow_mode);
  add("refused_by_rule", e);
  e.error = refusal(Errc::filtered, Rule::host);
  e.text = message_of(Errc::filtered);
  add("refused_by_host", e);
  e.verdict = 4'711;
  add("refused_with_verdict", e);
}

inline std::vector<NamedEvent> events() {
  static constexpr std::array<Member, 1> kJoins{Member{"alice", "Alice ✿", Role::owner, 0}};
  static constexpr std::array<std::string_view, 2> kLeaves{"bob", "carol"};
  static constexpr std::array<Member, 2> kChanges{Member{"alice", {}, Role::member, 0, kShown},
                                                  Member{"bob", {}, Role::member, 0, {}}};
  std::vector<NamedEvent> all;
  const auto add = [&](const char* name, Event event) { all.push_back({name, event}); };
  Event e = event_of(EventType::hello);
  e.version = 1;
  e.heartbeat_ms = 25'000;
  add("hello", e);
  add_answers(all);
  e = event_of(EventType::error);
  e.error = {Errc::bad_request, 0, 0};
  e.text = message_of(Errc::bad_request);
  add("error", e);
  e = event_of(EventType::message);
  e.message = plain_message();
  add("message", e);
  e.message = full_message();
  add("message_everything", e);
  e.message = plain_message();
  e.message.user = e.message.nick = "";
  e.message.offset = 0;
  e.message.kind = Kind::notice;
  e.message.data = binary_data("\x01\x02\xff\x7f");
  add("message_host_binary", e);
  e = event_of(EventType::direct);
  e.message.user = "alice";
  e.message.nick = "Alice ✿";
  e.message.text = "psst";
  e.message.time_ms = 1'690'000'000'000;
  e.user = "bob";
  add("direct", e);
  e = event_of(EventType::presence, "live/1");
  e.online = 1'234;
  e.presence_version = 17;
  e.joins = kJoins;
  e.leaves = kLeaves;
  add("presence", e);
  e = event_of(EventType::presence, "live/1");
  e.online = 2;
  e.presence_version = 18;
  e.changes = kChanges;
  add("presence_changes", e);
  e = event_of(EventType::room_state, "live/1");
  e.state.has_policy = true;
  e.state.slow_mode_s = 5;
  add("room_state", e);
  e = event_of(EventType::moderation, "live/1");
  e.action = "mute";
  e.user = "bob";
  e.by = "mod";
  e.until_ms = 1'690'000'060'000;
  e.text = "enough";
  add("moderation", e);
  e = event_of(EventType::moderation, "live/1");
  e.action = "set_role";
  e.user = "bob";
  e.role = Role::moderator;
  add("moderation_role", e);
  e.channel = "gifts";
  add("moderation_channel_role", e);
  e = event_of(EventType::room_state, "live/1");
  static constexpr std::array<ChannelState, 2> kOfSome{
      ChannelState{"main", "open", ""},
      ChannelState{"staff", "open", "alice", Role::moderator, Role::member}};
  e.state.channels = kOfSome;
  add("room_state_channels", e);
  e = event_of(EventType::room_state, "live/1");
  static constexpr std::array<Attribute, 2> kChanged{Attribute{"topic", "cats \"and\" dogs"},
                                                     Attribute{"mood", "", true}};
  static constexpr std::array<std::uint64_t, 2> kPinned{124, 9};
  e.state.attributes = kChanged;
  e.state.has_pinned = true;
  e.state.pinned = kPinned;
  add("room_state_board", e);
  e.state = {};
  e.state.has_pinned = true;
  add("room_state_unpinned", e);
  static constexpr std::array<RoomEntry, 2> kRooms{
      RoomEntry{"live/1", 3, 1'690'000'000'000, "alice"}, RoomEntry{"live/2"}};
  e = answer_to(Op::list_rooms, 9);
  e.rooms = kRooms;
  e.next = "live/3";
  add("ok_rooms", e);
  e = event_of(EventType::room_state, "live/1");
  e.state.has_policy = true;
  e.state.line_length = 50;
  e.state.hands = 8;
  add("room_state_lines", e);
  e = event_of(EventType::message_removed, "live/1");
  e.offset = 124;
  add("message_removed", e);
  e = event_of(EventType::messages_cleared, "live/1");
  e.user = "mallory";
  add("messages_cleared", e);
  e = event_of(EventType::gap, "live/1");
  e.channel = "main";
  e.gap = {125, 140, 9, true, false, GapReason::sampled};
  add("gap", e);
  e = event_of(EventType::left, "live/1");
  e.reason = LeaveReason::kicked;
  e.by = "mod";
  e.text = "enough";
  add("left", e);
  e = event_of(EventType::reset, "live/1");
  e.epoch = "00000000000000a8";
  e.state = full_state();
  add("reset", e);
  e = event_of(EventType::queue, "live/1");
  e.line = "speak";
  e.place = 3;
  add("queue", e);
  e.place = 0;
  e.waiting = 0;
  add("queue_waiting", e);
  e = event_of(EventType::called, "live/1");
  e.line = "speak";
  e.until_ms = 1'690'000'060'000;
  add("called", e);
  e = event_of(EventType::receipt, "live/1");
  e.offset = 124;
  e.count = 9;
  add("receipt", e);
  e.count = 0;
  e.user = "bob";
  add("receipt_of_one", e);
  e = event_of(EventType::reconnect);
  e.after_ms = 1'500;
  e.address = "b.example:8080";
  add("reconnect", e);
  e = event_of(EventType::held, "live/1");
  e.held = 7;
  e.action = "hold";
  e.message = plain_message();
  e.message.offset = 0;
  add("held", e);
  e.action = "release";
  e.by = "mod";
  e.message.offset = 124;
  add("held_released", e);
  e.message.offset = 0;
  e.action = "reject";
  e.by = "mod";
  e.text = "no";
  add("held_rejected", e);
  e = event_of(EventType::room_state, "live/1");
  e.state.has_policy = e.state.members_only = e.state.emote_only = true;
  e.state.duplicate_s = 30;
  add("room_state_modes", e);
  e.state = {};
  e.state.has_policy = e.state.followers_only = true;
  add("room_state_followers", e);
  e = answer_to(Op::list_held, 9);
  e.more = true;
  add("ok_list_held", e);
  e = event_of(EventType::room_state, "live/1");
  e.state.likes = 12'345;
  add("room_state_likes", e);
  e.state.likes = std::nullopt;
  e.state.has_rate = true;
  e.state.rung = Rung::sample;
  e.state.kept = 200;
  add("room_state_rate", e);
  e.state.rung = Rung::normal;
  e.state.kept = 1'000;
  add("room_state_rate_normal", e);
  e.channel = "side";
  e.state.rung = Rung::sample;
  e.state.kept = 200;
  add("room_state_channel_rate", e);
  e.channel = {};
  e.state = {};
  static constexpr ChannelState kRated[] = {
      {.name = "main", .state = "open", .rung = Rung::merge},
      {.name = "side", .state = "open", .rung = Rung::sample, .kept = 10}};
  e.state.channels = kRated;
  add("room_state_channels_rated", e);
  return all;
}

}  // namespace chatroom::golden
