// Samples of commands (samples.h).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sample_data.h"

namespace chatroom::golden {

struct NamedCommand {
  std::string name;
  Command command;
};

inline Command command_of(Op op, std::uint32_t id, std::string_view room = {}) {
  Command command;
  command.op = op;
  command.id = id;
  command.room = room;
  return command;
}

inline void add_said(Command& command, std::string_view text) {
  command.out.text = text;
  command.has_text = true;
}

// Moderation and settings.
inline std::vector<NamedCommand> settings() {
  std::vector<NamedCommand> all;
  Command c = command_of(Op::mute, 9, "live/1");
  c.user = "bob";
  c.for_ms = 60'000;
  c.reason = "too loud 📢";
  for (const Op op : {Op::mute, Op::ban}) {
    c.op = op;
    all.push_back({std::string(name_of(op)), c});
  }
  c.clear = true;
  all.push_back({"ban_and_clear", c});
  c.clear = false;
  c.for_ms = 0;
  for (const Op op : {Op::unmute, Op::unban, Op::kick}) {
    c.op = op;
    all.push_back({std::string(name_of(op)), c});
  }
  c.reason = {};
  for (const Op op : {Op::clear, Op::allow, Op::disallow}) {
    c.op = op;
    all.push_back({std::string(name_of(op)), c});
  }
  c.op = Op::set_role;
  c.role = Role::moderator;
  all.push_back({"set_role", c});
  c.channel = "gifts";
  all.push_back({"set_role_in_channel", c});
  all.push_back({"clear_all", command_of(Op::clear, 9, "live/1")});
  c = command_of(Op::set_policy, 9, "live/1");
  c.policy = {.slow_mode_s = 5, .mute_all = false, .max_members = 100, .expel = true};
  c.policy.password = "";
  all.push_back({"set_policy", c});
  c = command_of(Op::open_room, 9, "live/2");
  c.policy.moderated = true;
  all.push_back({"open_room", c});
  all.push_back({"close_room", command_of(Op::close_room, 9, "live/2")});
  for (const Op op : {Op::recall, Op::pin, Op::unpin}) {
    c = command_of(op, 9, "live/1");
    c.offset = 124;
    all.push_back({std::string(name_of(op)), c});
  }
  for (const Op op : {Op::open_channel, Op::close_channel}) {
    c = command_of(op, 9, "live/1");
    c.channel = "gifts";
    all.push_back({std::string(name_of(op)), c});
  }
  c = command_of(Op::open_channel, 9, "live/1");
  c.channel = "staff";
  c.access = Role::moderator;
  all.push_back({"open_channel_of_some", c});
  c = command_of(Op::block, 9);
  c.user = "mallory";
  all.push_back({"block", c});
  c.op = Op::unblock;
  all.push_back({"unblock", c});
  all.push_back({"shield", command_of(Op::shield, 9)});
  c = command_of(Op::profile, 9);
  c.user = "bob";
  all.push_back({"profile", c});
  c = command_of(Op::shadow_mute, 9, "live/1");
  c.user = "bob";
  c.for_ms = 60'000;
  c.clear = true;
  all.push_back({"shadow_mute", c});
  for (const Op op : {Op::release, Op::reject}) {
    c = command_of(op, 9, "live/1");
    c.offset = 7;
    if (op == Op::reject) c.reason = "no";
    all.push_back({std::string(name_of(op)), c});
  }
  c = command_of(Op::list_held, 9, "live/1");
  c.after = 7;
  all.push_back({"list_held", c});
  c = command_of(Op::set_policy, 9, "live/1");
  c.policy = {.members_only = true, .followers_only = false, .emote_only = true, .duplicate_s = 30};
  all.push_back({"set_policy_modes", c});
  c = command_of(Op::set_attribute, 9, "live/1");
  c.key = "topic";
  c.value = "cats";
  all.push_back({"set_attribute", c});
  c.value = std::nullopt;
  c.user = "bob";
  all.push_back({"set_attribute_deleted", c});
  c = command_of(Op::list_rooms, 9);
  c.name = "live/";
  c.limit = 10;
  c.cursor = "live/2";
  all.push_back({"list_rooms", c});
  for (const Op op : {Op::enqueue, Op::dequeue, Op::call_next, Op::waiting}) {
    c = command_of(op, 9, "live/1");
    all.push_back({std::string(name_of(op)), c});
    c.line = Line::speak;
    if (op != Op::enqueue) c.user = "bob";
    if (op == Op::waiting) c.limit = 10;
    all.push_back({std::string(name_of(op)) + "_speak", c});
  }
  all.push_back({"apply", command_of(Op::apply, 9, "live/1")});
  all.back().command.line = Line::apply;  // by check_command
  for (const Op op : {Op::invite, Op::approve}) {
    c = command_of(op, 9, "live/1");
    c.user = "bob";
    all.push_back({std::string(name_of(op)), c});
  }
  c = command_of(Op::enqueue, 9, "live/1");
  c.line = Line::apply;
  all.push_back({"enqueue_apply", c});
  c = command_of(Op::ack, 9, "live/1");
  c.offset = 124;
  all.push_back({"ack", c});
  c = command_of(Op::set_policy, 9, "live/1");
  c.policy = {.line_length = 50, .hands = 0};
  all.push_back({"set_policy_lines", c});
  c = command_of(Op::publish, 9, "live/1");
  c.out.kind = Kind::like;
  c.out.count = 12;
  all.push_back({"publish_likes", c});
  c = command_of(Op::set_receive, 9, "live/1");
  c.normal_per_s = 5;
  c.high_per_s = 2;
  all.push_back({"set_receive", c});
  all.push_back({"set_receive_all", command_of(Op::set_receive, 9, "live/1")});
  return all;
}

inline std::vector<NamedCommand> commands() {
  static constexpr std::array<std::string_view, 2> kChannels{"main", "gifts"};
  static constexpr std::array<std::string_view, 2> kMentions{"bob", "名前"};
  std::vector<NamedCommand> all;
  const auto add = [&](const char* name, Command command) { all.push_back({name, command}); };

  Command c = command_of(Op::auth, 1);
  c.token = "eyJ0.opaque.token";
  add("auth_token", c);
  c = command_of(Op::auth, 1);
  c.resume = "r-0123456789abcdef";
  add("auth_resume", c);
  c = command_of(Op::auth, 1);
  c.user = "alice";
  c.nick = "Alice ✿";
  add("auth_user", c);
  add("auth_guest", command_of(Op::auth, 1));

  add("join", command_of(Op::join, 2, "live/1"));
  c = command_of(Op::join, 2, "live/1");
  c.channels = kChannels;
  c.password = "open sesame";
  c.has_since = true;
  c.since_epoch = "00000000000000a7";
  c.since_offset = 120;
  add("join_since", c);
  c = command_of(Op::join, 2, "live/1");
  c.recent = 20;
  add("join_recent", c);

  c = command_of(Op::publish, 3, "live/1");
  add_said(c, "hello");
  add("publish", c);
  c = command_of(Op::publish, 0, "live/1");
  add_said(c, "前方高能 👨‍👩‍👧 <script>");
  add("publish_unanswered", c);
  c = command_of(Op::publish, 4'294'967'295, "live/1");
  c.out.channel = "gifts";
  c.out.kind = Kind::gift;
  c.out.data = json_data(R"({"gift":"rocket","n":[1,2.5,null]})");
  c.out.priority = Priority::high;
  c.out.key = "k-1";
  c.out.reply_to = 17;
  c.out.mentions = kMentions;
  add("publish_everything", c);
  c = command_of(Op::publish, 3, "live/1");
  c.out.kind = Kind::signal;
  c.out.data = binary_data("\x01\x02\xff\x7f");
  c.out.priority = Priority::low;
  add("publish_binary", c);

  add("leave", command_of(Op::leave, 4, "live/1"));
  c = command_of(Op::subscribe, 5, "live/1");
  c.channel = "gifts";
  add("subscribe", c);
  c.op = Op::unsubscribe;
  add("unsubscribe", c);
  c = command_of(Op::switch_channel, 5, "live/1");
  c.from = "a";
  c.to = "b";
  add("switch", c);

  c = command_of(Op::history, 6, "live/1");
  c.channel = "main";
  c.before = 120;
  c.limit = 50;
  add("history_before", c);
  c = command_of(Op::history, 6, "live/1");
  c.has_after = true;
  add("history_after_start", c);

  c = command_of(Op::send_to, 7);
  c.user = "bob";
  add_said(c, "psst");
  add("send_to", c);
  c = command_of(Op::presence, 8, "live/1");
  c.limit = 50;
  c.has_since_version = true;
  c.since_version = 17;
  c.cursor = "bob";
  add("presence", c);
  c = command_of(Op::call, 9, "live/1");
  c.name = "red_packet.open";
  c.out.data = json_data("{}");
  add("call", c);
  add("ping", command_of(Op::ping, 10));
  for (NamedCommand& named : settings()) all.push_back(std::move(named));
  return all;
}

}  // namespace chatroom::golden
