#include "testing/catalogue.h"

namespace chatroom::testing {

namespace {

constexpr std::string_view kChannels[] = {"main", "gifts"};
constexpr std::string_view kMentions[] = {"bob", "çelik"};
constexpr std::string_view kEmoji = "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80";  // joined
constexpr ChannelState kStates[] = {{"main", "open", "host"},
                                    {"gifts", "open", "alice"},
                                    {"staff", "open", "alice", Role::moderator, Role::member}};
constexpr Member kMembers[] = {{"alice", "Alice", Role::owner, 1'700'000'000'000},
                               {"bob", "", Role::member, 1'700'000'000'001}};
constexpr Attribute kShown[] = {{"mood", "\"fine\""}, {"team", ""}};
constexpr Member kShowing[] = {{"alice", "", Role::member, 0, kShown}, {"bob"}};

Command command(Op op, std::string_view room = {}) {
  Command made;
  made.op = op;
  made.id = 1 + static_cast<std::uint32_t>(op);
  made.room = room;
  return made;
}

void say(Command& to) {
  to.out.kind = Kind::gift;
  to.out.text = "a \"quoted\" line\n\\ \xe4\xbd\xa0\xe5\xa5\xbd";
  to.has_text = true;
  to.out.data = {Data::Form::json, as_bytes("{\"n\":[1,2.5,null,\"x\"]}")};
}

Message message(std::uint64_t offset, std::string_view text) {
  Message made;
  made.room = "live/1";
  made.channel = "main";
  made.offset = offset;
  made.user = "alice";
  made.nick = "Alice";
  made.role = Role::moderator;
  made.info = as_bytes("{\"badge\":3}");
  made.kind = Kind::text;
  made.text = text;
  made.time_ms = 1'700'000'000'123;
  return made;
}

Event event(EventType type) {
  Event made;
  made.type = type;
  return made;
}

Event answer(Op op) {
  Event made = event(EventType::answer);
  made.op = op;
  made.id = 100 + static_cast<std::uint32_t>(op);
  return made;
}

RoomState state() {
  RoomState made;
  made.has_policy = true;
  made.slow_mode_s = 5;
  made.mute_all = true;
  made.moderated = true;
  made.has_password = true;
  made.max_members = 1'000;
  made.channels = kStates;
  made.created_ms = 1'690'000'000'000;
  made.creator = "alice";
  return made;
}

void add_answers(std::vector<Event>& all, std::span<const Message> messages) {
  Event made = answer(Op::auth);
  made.session = "0123456789abcdef";
  made.user = "alice";
  made.resume = "opaque";
  made.heartbeat_ms = 25'000;
  made.limits = {65'536, 2'048, 32, 20, 5};
  all.push_back(made);

  made = answer(Op::join);
  made.room = "live/1";
  made.epoch = "e1";
  made.offset = 120;
  made.online = 12'345;
  made.role = Role::owner;
  made.state = state();
  made.was_recovering = made.recovered = made.more = true;
  made.messages = messages;
  all.push_back(made);

  made = answer(Op::publish);
  made.epoch = "e1";
  made.offset = 9'007'199'254'740'991;  // the largest that JSON keeps
  all.push_back(made);

  for (const Op op : {Op::subscribe, Op::unsubscribe, Op::switch_channel}) {
    made = answer(op);
    made.epoch = "e1";
    made.offset = 121;
    all.push_back(made);
  }

  made = answer(Op::history);
  made.epoch = "e1";
  made.messages = messages;
  all.push_back(made);

  made = answer(Op::send_to);
  made.sessions = 3;
  all.push_back(made);

  made = answer(Op::presence);
  made.online = 2;
  made.presence_version = 17;
  made.members = kMembers;
  made.next = "cursor";
  all.push_back(made);
  made.members = {};
  made.next = {};
  made.unchanged = true;
  all.push_back(made);

  made = answer(Op::call);
  made.data = {Data::Form::json, as_bytes("{\"coins\":3}")};
  all.push_back(made);
  all.push_back(answer(Op::leave));
  all.push_back(answer(Op::ping));

  made = answer(Op::publish);
  made.error = {Errc::slow_mode, 0, 4'200};
  made.text = "Wait a moment.";
  all.push_back(made);
}

void add_room_events(std::vector<Event>& all) {
  Event made = event(EventType::presence);
  made.room = "live/1";
  made.online = 1'234;
  made.presence_version = 18;
  made.joins = kMembers;
  made.leaves = kMentions;
  all.push_back(made);
  made.joins = {};
  made.leaves = {};
  made.changes = kShowing;
  all.push_back(made);

  made = event(EventType::room_state);
  made.room = "live/1";
  made.state = state();
  made.state.created_ms = 0;  // these never change
  made.state.creator = {};
  all.push_back(made);

  made = event(EventType::gap);
  made.room = "live/1";
  made.channel = "main";
  made.gap = {125, 140, 9, true, false, GapReason::slow_consumer};
  all.push_back(made);
  made.gap = {0, 0, 1, true, true, GapReason::sampled};
  all.push_back(made);

  made = event(EventType::left);
  made.room = "live/1";
  made.reason = LeaveReason::kicked;
  made.by = "mod";
  made.text = "enough";
  made.until_ms = 1'700'000'000'500;
  all.push_back(made);

  made = event(EventType::reset);
  made.room = "live/1";
  made.epoch = "e2";
  made.offset = 3;
  made.state = state();
  all.push_back(made);
}

void add_membership(std::vector<Command>& all) {
  Command made = command(Op::auth);
  made.token = "t.o-k_en";
  all.push_back(made);
  made = command(Op::auth);
  made.user = "alice";
  made.nick = kEmoji;
  all.push_back(made);

  made = command(Op::join, "live/1");
  made.channels = kChannels;
  made.password = "pass word";
  made.has_since = true;
  made.since_epoch = "e1";
  made.since_offset = 120;
  all.push_back(made);
  made = command(Op::join, "live/1");
  made.channels = kChannels;
  made.recent = 20;
  all.push_back(made);

  made = command(Op::publish, "live/1");
  say(made);
  made.out.channel = "gifts";
  made.out.priority = Priority::low;
  made.out.key = "k-1";
  made.out.reply_to = 17;
  made.out.mentions = kMentions;
  all.push_back(made);

  all.push_back(command(Op::leave, "live/1"));
  for (const Op op : {Op::subscribe, Op::unsubscribe}) {
    made = command(op, "live/1");
    made.channel = "gifts";
    all.push_back(made);
  }
  made = command(Op::switch_channel, "live/1");
  made.from = "a";
  made.to = "b";
  all.push_back(made);
}

void add_questions(std::vector<Command>& all) {
  Command made = command(Op::history, "live/1");
  made.channel = "main";
  made.before = 120;
  made.limit = 50;
  all.push_back(made);
  made = command(Op::history, "live/1");
  made.has_after = true;
  made.after = 7;
  made.limit = 1;
  all.push_back(made);

  made = command(Op::send_to);
  made.user = "bob";
  say(made);
  all.push_back(made);

  made = command(Op::presence, "live/1");
  made.limit = 50;
  made.has_since_version = true;
  made.since_version = 17;
  made.cursor = "c";
  all.push_back(made);

  made = command(Op::call, "live/1");
  made.name = "red_packet.open";
  made.out.data = {Data::Form::json, as_bytes("{}")};
  all.push_back(made);

  all.push_back(command(Op::ping));
  made = command(Op::ping);
  made.id = 0;  // no answer wanted
  all.push_back(made);
  made.id = UINT32_MAX;
  all.push_back(made);
}

}  // namespace

std::vector<Command> some_commands() {
  std::vector<Command> all;
  add_membership(all);
  add_questions(all);
  return all;
}

std::vector<Event> some_events() {
  static const std::vector<Message> messages = [] {
    std::vector<Message> made{message(118, "one"), message(119, kEmoji)};
    made[1].data = {Data::Form::json, as_bytes("{\"a\":1}")};
    return made;
  }();
  std::vector<Event> all;
  Event made = event(EventType::hello);
  made.version = 1;
  made.heartbeat_ms = 25'000;
  all.push_back(made);

  made = event(EventType::error);
  made.error = {Errc::bad_request, 0, 0};
  made.text = "no";
  all.push_back(made);

  made = event(EventType::message);
  made.message = message(124, "tab\t and \x7f");
  made.message.reply_to = 17;
  made.message.mentions = kMentions;
  all.push_back(made);
  made.message = message(124, "again");
  made.message.count = 37;
  made.message.first = 88;
  all.push_back(made);

  made = event(EventType::direct);
  made.message = message(0, "psst");
  made.user = "bob";
  all.push_back(made);

  add_answers(all, messages);
  add_room_events(all);

  made = event(EventType::reconnect);
  made.after_ms = 1'500;
  made.address = "wss://other/chat";
  all.push_back(made);
  return all;
}

}  // namespace chatroom::testing
