// The one place where the fields of commands are checked (codec_checks.h).
#include "wire/check.h"

#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"

namespace chatroom {

namespace wire {
namespace {

// Collects the first thing that is wrong, so that each op's list of fields reads as a list.
class Check {
 public:
  Check& require(bool good, Field field) noexcept {
    if (!good && wrong_ == Field::none) wrong_ = field;
    return *this;
  }
  Check& name(std::string_view text, std::size_t bytes_max, Field field) noexcept {
    return require(base::valid_name(text, bytes_max), field);
  }
  Check& optional_name(std::string_view text, std::size_t bytes_max, Field field) noexcept {
    return text.empty() ? *this : name(text, bytes_max, field);
  }
  Check& optional_text(std::string_view text, std::size_t bytes_max, Field field) noexcept {
    return require(text.size() <= bytes_max && base::valid_text(text), field);
  }
  Check& number(std::uint64_t number, Field field) noexcept {
    return require(number <= kIntegerMax, field);
  }
  Check& room(std::string_view text) noexcept { return name(text, kRoomBytesMax, Field::room); }
  Check& channel(std::string_view text) noexcept {
    return name(text, kNameBytesMax, Field::channel);
  }
  Status status() const noexcept {
    return wrong_ == Field::none ? Status{} : Status{bad_request(wrong_)};
  }

 private:
  Field wrong_ = Field::none;
};

bool valid_kind(std::string_view kind) noexcept {
  return kind.size() <= kKindBytesMax && std::all_of(kind.begin(), kind.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
         });
}

void check_content(Check& check, Command& command) noexcept {
  Outgoing& out = command.out;
  if (out.kind.name.empty()) out.kind = Kind::text;
  const bool text_needed = command.has_text || out.kind == Kind::text;
  check.require(valid_kind(out.kind.name), Field::kind)
      .require(!text_needed || !out.text.empty(), Field::text)
      .require(base::valid_text(out.text), Field::text);
}

Status check_auth(const Command& command) noexcept {
  return Check()
      .optional_text(command.token, kTokenBytesMax, Field::token)
      .optional_text(command.resume, kOpaqueBytesMax, Field::token)
      .optional_name(command.user, kNameBytesMax, Field::user)
      .optional_name(command.nick, kNameBytesMax, Field::nick)
      .status();
}

Status check_join(const Command& command) noexcept {
  Check check;
  check.room(command.room)
      .require(command.channels.size() <= kChannelsPerCommand, Field::channel)
      .optional_text(command.password, kPasswordBytesMax, Field::password)
      .optional_text(command.since_epoch, kOpaqueBytesMax, Field::epoch)
      .number(command.since_offset, Field::offset);
  for (const std::string_view channel : command.channels) check.channel(channel);
  return check.status();
}

Status check_publish(Command& command) noexcept {
  Outgoing& out = command.out;
  if (out.channel.empty()) out.channel = "main";
  Check check;
  check.room(command.room)
      .channel(out.channel)
      .require(static_cast<int>(out.priority) < kPriorityCount, Field::priority)
      .optional_name(out.key, kNameBytesMax, Field::key)
      .number(out.reply_to, Field::offset)
      .require(out.mentions.size() <= kMentionsPerMessage, Field::mentions)
      .require(out.count >= 1 && out.count <= kLikesPerCommand, Field::count);
  for (const std::string_view user : out.mentions) {
    check.name(user, kNameBytesMax, Field::mentions);
  }
  check_content(check, command);
  out.room = command.room;
  return check.status();
}

Status check_history(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .optional_name(command.channel, kNameBytesMax, Field::channel)
      .number(command.before, Field::offset)
      .number(command.after, Field::offset)
      .require(command.before == 0 || !command.has_after, Field::offset)
      .require(command.limit <= kHistoryLimitMax, Field::limit)
      .status();
}

Status check_send_to(Command& command) noexcept {
  Check check;
  check.name(command.user, kNameBytesMax, Field::user);
  check_content(check, command);
  return check.status();
}

// What is done to a user of a room.
Status check_on_user(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .name(command.user, kNameBytesMax, Field::user)
      .number(command.for_ms, Field::time)
      .optional_text(command.reason, kReasonBytesMax, Field::reason)
      .require(command.role <= Role::owner, Field::role)
      .status();
}

// Where the room or the user may be left out.
Status check_on_anyone(const Command& command) noexcept {
  return Check()
      .optional_name(command.room, kRoomBytesMax, Field::room)
      .optional_name(command.user, kNameBytesMax, Field::user)
      .number(command.for_ms, Field::time)
      .optional_text(command.reason, kReasonBytesMax, Field::reason)
      .require(command.role <= Role::owner, Field::role)
      .require(command.op != Op::clear || !command.room.empty(), Field::room)
      .require(command.op != Op::block || !command.user.empty(), Field::user)
      .status();
}

// Of what waits for a moderator.
Status check_held(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .number(command.offset, Field::offset)
      .number(command.after, Field::offset)
      .require(command.offset != 0 || command.op == Op::list_held, Field::offset)
      .optional_text(command.reason, kReasonBytesMax, Field::reason)
      .status();
}

Status check_set_role(const Command& command) noexcept {
  const Status user = check_on_user(command);
  return user ? Check().optional_name(command.channel, kNameBytesMax, Field::channel).status()
              : user;
}

Status check_channel(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .channel(command.channel)
      .require(command.access.value_or(Role::visitor) <= Role::owner, Field::role)
      .status();
}

Status check_attribute(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .optional_name(command.user, kNameBytesMax, Field::user)
      .name(command.key, kNameBytesMax, Field::key)
      .optional_text(command.value.value_or(""), kAttributeBytesMax, Field::value)
      .status();
}

Status check_policy(const Command& command) noexcept {
  return Check()
      .room(command.room)
      .optional_text(command.policy.password.value_or(""), kPasswordBytesMax, Field::password)
      .status();
}

Status check_settings(Command& command) noexcept {
  switch (command.op) {
    case Op::mute:
    case Op::unmute:
    case Op::ban:
    case Op::unban:
    case Op::kick:
    case Op::allow:
    case Op::disallow:
    case Op::invite:
    case Op::approve:
    case Op::shadow_mute:
      return check_on_user(command);
    case Op::set_role:
      return check_set_role(command);
    case Op::release:
    case Op::reject:
    case Op::list_held:
      return check_held(command);
    case Op::set_policy:
    case Op::open_room:
      return check_policy(command);
    case Op::recall:
    case Op::pin:
    case Op::unpin:
    case Op::ack:
      return Check()
          .room(command.room)
          .number(command.offset, Field::offset)
          .require(command.offset != 0, Field::offset)
          .status();
    case Op::set_attribute:
      return check_attribute(command);
    case Op::enqueue:
      command.user = {};
      [[fallthrough]];
    case Op::dequeue:
    case Op::call_next:
    case Op::waiting:
      return Check()
          .room(command.room)
          .optional_name(command.user, kNameBytesMax, Field::user)
          .require(command.line <= Line::apply, Field::line)
          .require(command.limit <= kHistoryLimitMax, Field::limit)
          .status();
    case Op::clear:
    case Op::block:
    case Op::unblock:
      return check_on_anyone(command);
    case Op::profile:
      return Check().name(command.user, kNameBytesMax, Field::user).status();
    case Op::list_rooms:
      return Check()
          .optional_name(command.name, kRoomBytesMax, Field::name)
          .optional_text(command.cursor, kOpaqueBytesMax, Field::cursor)
          .require(command.limit <= kHistoryLimitMax, Field::limit)
          .status();
    case Op::apply:
      command.line = Line::apply;
      [[fallthrough]];
    case Op::close_room:
    case Op::set_receive:
      return Check().room(command.room).status();
    case Op::open_channel:
    case Op::close_channel:
      return check_channel(command);
    default:
      return {};  // known by name only, or not known: the engine answers `unsupported`
  }
}

Status check_by_op(Command& command) noexcept {
  switch (command.op) {
    case Op::none:
      return bad_request(Field::op);
    case Op::auth:
      return check_auth(command);
    case Op::join:
      return check_join(command);
    case Op::publish:
      return check_publish(command);
    case Op::leave:
      return Check().room(command.room).status();
    case Op::subscribe:
    case Op::unsubscribe:
      if (command.channel.empty()) command.channel = "main";
      return Check().room(command.room).channel(command.channel).status();
    case Op::switch_channel:
      return Check().room(command.room).channel(command.from).channel(command.to).status();
    case Op::history:
      return check_history(command);
    case Op::send_to:
      return check_send_to(command);
    case Op::presence:
      return Check()
          .room(command.room)
          .number(command.since_version, Field::offset)
          .optional_text(command.cursor, kOpaqueBytesMax, Field::cursor)
          .status();
    case Op::call:
      return Check()
          .optional_name(command.room, kRoomBytesMax, Field::room)
          .name(command.name, kNameBytesMax, Field::name)
          .status();
    default:
      return check_settings(command);
  }
}

}  // namespace
}  // namespace wire

Status check_command(Command& command) noexcept {
  if (CHATROOM_PLANTED(checks_skipped)) return {};
  const Status done = wire::check_by_op(command);
  if (!done) return done;
  // Names that an op has no use for are names too: refusals and traces show them.
  return wire::Check()
      .optional_name(command.room, kRoomBytesMax, wire::Field::room)
      .optional_name(command.user, kNameBytesMax, wire::Field::user)
      .optional_name(command.channel, kNameBytesMax, wire::Field::channel)
      .status();
}

bool is_temporary(const Event& answer) noexcept {
  if (answer.op == Op::send_to && answer.error.code == Errc::not_found) return true;
  return is_temporary(answer.error);
}

}  // namespace chatroom
