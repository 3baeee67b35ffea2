// Command to ClientFrame: the client's half, for tools, tests and hosts that talk to a server.
#include "wire/flatbuffers_build.h"
#include "wire/flatbuffers_encode.h"

namespace chatroom::wire {

namespace {

using AnyTable = flatbuffers::Offset<void>;

Bound bound_of(const Command& command) noexcept {
  Bound bound;
  for (const std::string_view text :
       {command.room, command.channel, command.token, command.resume, command.user, command.nick,
        command.password, command.since_epoch, command.from, command.to, command.cursor,
        command.name, command.out.channel, command.out.kind.name, command.out.text,
        command.out.key}) {
    bound.text(text);
  }
  return bound.bytes(command.out.data.bytes.size())
      .texts(command.channels)
      .texts(command.out.mentions);
}

// Ops that read nothing but a room and perhaps a user: enough to be refused.
AnyTable build_other(Build& build, const Command& command) noexcept {
  const FbText room = build.text(command.room);
  const FbText user = build.text(command.user);
  auto& fbb = build.fbb();
  switch (command.op) {
    case Op::set_policy:
    case Op::open_room:
      return fb::CreateSetPolicy(fbb, room).Union();
    case Op::recall:
    case Op::pin:
    case Op::unpin:
    case Op::ack:
      return fb::CreateOnMessage(fbb, room).Union();
    case Op::set_attribute:
      return fb::CreateSetAttribute(fbb, room, {}, {}, user).Union();
    case Op::list_rooms:
      return fb::CreateListRooms(fbb).Union();
    case Op::close_room:
    case Op::apply:
    case Op::shield:
      return fb::CreateInRoom(fbb, room).Union();
    case Op::open_channel:
    case Op::close_channel:
      return fb::CreateInChannel(fbb, room, build.text(command.channel)).Union();
    case Op::enqueue:
    case Op::dequeue:
    case Op::call_next:
      return fb::CreateInLine(fbb, room).Union();
    case Op::release:
    case Op::reject:
      return fb::CreateOnHeld(fbb, room).Union();
    case Op::set_receive:
      return fb::CreateSetReceive(fbb, room).Union();
    default:
      return fb::CreateOnUser(fbb, room, user).Union();
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
  return fb::CreatePublish(build.fbb(), room, channel, kind, text,
                           static_cast<fb::DataForm>(out.data.form), data,
                           static_cast<fb::Priority>(out.priority), key, out.reply_to, mentions)
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
