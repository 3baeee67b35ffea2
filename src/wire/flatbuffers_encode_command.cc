// Command to ClientFrame: the client's half, for tools, tests and hosts that talk to a server.
#include "wire/flatbuffers_build.h"
#include "wire/flatbuffers_encode.h"

namespace chatroom::wire {

namespace {

using AnyTable = flatbuffers::Offset<void>;

Bound bound_of(const Command& command) noexcept {
  Bound bound;
  for (const std::string_view text : {command.room,
                                      command.channel,
                                      command.token,
                                      command.resume,
                                      command.user,
                                      command.nick,
                                      command.password,
                                      command.since_epoch,
                                      command.from,
                                      command.to,
                                      command.cursor,
                                      command.name,
                                      command.reason,
                                      command.key,
                                      command.value.value_or(""),
                                      command.policy.password.value_or(""),
                                      command.out.channel,
                                      command.out.kind.name,
                                      command.out.text,
                                      command.out.key}) {
    bound.text(text);
  }
  return bound.bytes(command.out.data.bytes.size())
      .texts(command.channels)
      .texts(command.out.mentions);
}

FbText present(Build& build, const std::optional<std::string_view>& text) noexcept {
  return text ? build.fbb().CreateString(text->data(), text->size()) : FbText{};
}
template <class T>
flatbuffers::Optional<T> optional(const std::optional<T>& value) noexcept {
  return value ? flatbuffers::Optional<T>(*value) : flatbuffers::nullopt;
}

AnyTable build_policy(Build& build, const Command& command) noexcept {
  const PolicyPatch& from = command.policy;
  const FbText room = build.text(command.room);
  const FbText password = present(build, from.password);
  const auto change = fb::CreatePolicyChange(
      build.fbb(), optional(from.slow_mode_s), optional(from.mute_all), password,
      optional(from.max_members), optional(from.moderated), from.expel, optional(from.line_length),
      optional(from.hands), optional(from.members_only), optional(from.followers_only),
      optional(from.emote_only), optional(from.duplicate_s));
  return fb::CreateSetPolicy(build.fbb(), room, change).Union();
}

AnyTable build_list_rooms(Build& build, const Command& command) noexcept {
  const FbText prefix = build.text(command.name);
  return fb::CreateListRooms(build.fbb(), prefix, command.limit, build.text(command.cursor))
      .Union();
}

AnyTable build_attribute(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  const FbText user = build.text(command.user);
  const FbText key = build.text(command.key);
  return fb::CreateSetAttribute(build.fbb(), room, key, present(build, command.value), user)
      .Union();
}

AnyTable build_on_user(Build& build, const Command& command, FbText room) noexcept {
  const FbText user = build.text(command.user);
  const FbText reason = build.text(command.reason);
  const FbText channel = command.op == Op::set_role ? build.text(command.channel) : FbText{};
  return fb::CreateOnUser(build.fbb(), room, user, command.for_ms, reason,
                          static_cast<fb::Role>(command.role), command.clear, channel)
      .Union();
}

AnyTable build_open_channel(Build& build, const Command& command, FbText room) noexcept {
  flatbuffers::Optional<fb::Role> access;
  if (command.access) access = static_cast<fb::Role>(*command.access);
  return fb::CreateInChannel(build.fbb(), room, build.text(command.channel), access).Union();
}

AnyTable build_receive(Build& build, const Command& command, FbText room) noexcept {
  flatbuffers::Optional<std::uint32_t> normal;
  flatbuffers::Optional<std::uint32_t> high;
  if (command.normal_per_s != 0) normal = command.normal_per_s;
  if (command.high_per_s != 0) high = command.high_per_s;
  return fb::CreateSetReceive(build.fbb(), room, normal, high).Union();
}

// Moderation and settings; ops that are known by name only carry enough to be refused.
AnyTable build_other(Build& build, const Command& command) noexcept {
  if (command.op == Op::set_policy || command.op == Op::open_room) {
    return build_policy(build, command);
  }
  if (command.op == Op::set_attribute) return build_attribute(build, command);
  if (command.op == Op::list_rooms) return build_list_rooms(build, command);
  auto& fbb = build.fbb();
  // Only what the op's table holds is built: a text nobody points to would still be sent.
  if (command.op == Op::shield) return fb::CreateInRoom(fbb).Union();  // it holds everywhere
  const FbText room = build.text(command.room);
  switch (command.op) {
    case Op::recall:
    case Op::pin:
    case Op::unpin:
    case Op::ack:
      return fb::CreateOnMessage(fbb, room, {}, command.offset).Union();
    case Op::close_room:
    case Op::apply:
      return fb::CreateInRoom(fbb, room).Union();
    case Op::open_channel:
    case Op::close_channel:
      return build_open_channel(build, command, room);
    case Op::enqueue:
    case Op::dequeue:
    case Op::call_next:
    case Op::waiting:
      return fb::CreateInLine(fbb, room, static_cast<fb::Line>(command.line),
                              build.text(command.user), command.limit)
          .Union();
    case Op::release:
    case Op::reject:
      return fb::CreateOnHeld(fbb, room, command.offset, build.text(command.reason)).Union();
    case Op::list_held:
      return fb::CreateOnHeld(fbb, room, command.after).Union();
    case Op::set_receive:
      return build_receive(build, command, room);
    default:
      return build_on_user(build, command, room);
  }
}

AnyTable build_auth(Build& build, const Command& command) noexcept {
  const FbText token = build.text(command.token);
  const FbText resume = build.text(command.resume);
  const FbText user = build.text(command.user);
  return fb::CreateAuth(build.fbb(), token, resume, user, build.text(command.nick)).Union();
}

AnyTable build_join(Build& build, const Command& command) noexcept {
  flatbuffers::Offset<fb::Since> since;
  if (command.has_since) {
    since = fb::CreateSince(build.fbb(), build.text(command.since_epoch), command.since_offset);
  }
  const FbText room = build.text(command.room);
  const FbTexts channels = build.texts(command.channels);
  const FbText password = build.text(command.password);
  return fb::CreateJoin(build.fbb(), room, channels, password, since, command.recent).Union();
}

FbText build_said(Build& build, const Command& command) noexcept {
  return command.has_text
             ? build.fbb().CreateString(command.out.text.data(), command.out.text.size())
             : build.text(command.out.text);
}

AnyTable build_publish(Build& build, const Command& command) noexcept {
  const Outgoing& out = command.out;
  const FbText room = build.text(command.room);
  const FbText channel = out.channel == "main" ? FbText{} : build.text(out.channel);
  const FbText kind = build.kind(out.kind);
  const FbText text = build_said(build, command);
  const FbBlob data = build.data(out.data);
  const FbText key = build.text(out.key);
  const FbTexts mentions = build.texts(out.mentions);
  return fb::CreatePublish(
             build.fbb(), room, channel, kind, text, static_cast<fb::DataForm>(out.data.form), data,
             static_cast<fb::Priority>(out.priority), key, out.reply_to, mentions, out.count)
      .Union();
}

AnyTable build_history(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  const FbText channel = build.text(command.channel);
  flatbuffers::Optional<std::uint64_t> after;
  if (command.has_after) after = command.after;
  return fb::CreateHistory(build.fbb(), room, channel, command.before, after, command.limit)
      .Union();
}

AnyTable build_send_to(Build& build, const Command& command) noexcept {
  const FbText user = build.text(command.user);
  const FbText kind = build.kind(command.out.kind);
  const FbText text = build_said(build, command);
  const FbBlob data = build.data(command.out.data);
  return fb::CreateSendTo(build.fbb(), user, kind, text,
                          static_cast<fb::DataForm>(command.out.data.form), data)
      .Union();
}

AnyTable build_presence(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  flatbuffers::Optional<std::uint64_t> since;
  if (command.has_since_version) since = command.since_version;
  const FbText cursor = build.text(command.cursor);
  return fb::CreatePresencePage(build.fbb(), room, command.limit, since, cursor).Union();
}

AnyTable build_call(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  const FbText name = build.text(command.name);
  const FbBlob data = build.data(command.out.data);
  return fb::CreateCall(build.fbb(), room, name, static_cast<fb::DataForm>(command.out.data.form),
                        data)
      .Union();
}

AnyTable build_switch(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  const FbText from = build.text(command.from);
  return fb::CreateSwitch(build.fbb(), room, from, build.text(command.to)).Union();
}

AnyTable build_in_channel(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  return fb::CreateInChannel(build.fbb(), room, build.text(command.channel)).Union();
}

AnyTable build_body(Build& build, const Command& command) noexcept {
  switch (command.op) {
    case Op::auth:
      return build_auth(build, command);
    case Op::join:
      return build_join(build, command);
    case Op::publish:
      return build_publish(build, command);
    case Op::leave:
      return fb::CreateInRoom(build.fbb(), build.text(command.room)).Union();
    case Op::subscribe:
    case Op::unsubscribe:
      return build_in_channel(build, command);
    case Op::switch_channel:
      return build_switch(build, command);
    case Op::history:
      return build_history(build, command);
    case Op::send_to:
      return build_send_to(build, command);
    case Op::presence:
      return build_presence(build, command);
    case Op::call:
      return build_call(build, command);
    case Op::ping:
      return fb::CreateNothing(build.fbb()).Union();
    default:
      return build_other(build, command);
  }
}

}  // namespace

Bytes encode_command(const Command& command, MutableBytes scratch) noexcept {
  if (command.op == Op::none || command.op >= Op::unknown) return {};
  if (command.channels.size() > kStringsMax || command.out.mentions.size() > kStringsMax) return {};
  if (!bound_of(command).within(scratch)) return {};
  Build build(scratch);
  const AnyTable body = build_body(build, command);
  return build.finish(
      fb::CreateClientFrame(build.fbb(), command.id, static_cast<fb::Command>(command.op), body));
}

}  // namespace chatroom::wire
