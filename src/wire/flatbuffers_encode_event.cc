// Event to ServerFrame. The hot one is `message`: once per publish and profile, whatever the number
// of members.
#include "wire/check.h"
#include "wire/flatbuffers_build.h"
#include "wire/flatbuffers_encode.h"

namespace chatroom::wire {

namespace {

using AnyTable = flatbuffers::Offset<void>;
struct Body {
  fb::Body type = fb::Body::NONE;
  AnyTable table;
};
template <class Table>
Body as_body(fb::Body type, flatbuffers::Offset<Table> table) noexcept {
  return {type, table.Union()};
}

void add(Bound& bound, const Message& message) noexcept {
  bound.table(17)
      .text(message.room)
      .text(message.channel)
      .text(message.user)
      .text(message.nick)
      .bytes(message.info.size())
      .text(message.kind.name)
      .text(message.text)
      .bytes(message.data.bytes.size())
      .texts(message.mentions);
}
void add(Bound& bound, std::span<const Attribute> attributes) noexcept {
  for (const Attribute& attribute : attributes) {
    bound.table(2).text(attribute.key).text(attribute.value);
  }
  bound.bytes(4 * attributes.size());
}
void add(Bound& bound, std::span<const Member> members) noexcept {
  for (const Member& member : members) {
    bound.table(5).text(member.user).text(member.nick);
    add(bound, member.attributes);
  }
}

Bound bound_of(const Event& event) noexcept {
  Bound bound;
  for (const std::string_view text :
       {event.text, event.room, event.channel, event.session, event.user, event.resume, event.epoch,
        event.next, event.by, event.action, event.line, event.address, event.state.creator}) {
    bound.text(text);
  }
  bound.bytes(event.data.bytes.size()).texts(event.leaves);
  add(bound, event.message);
  for (const Message& message : event.messages) add(bound, message);
  add(bound, event.members);
  add(bound, event.joins);
  add(bound, event.changes);
  for (const ChannelState& channel : event.state.channels) {
    bound.table(7).text(channel.name).text(channel.state).text(channel.creator);
  }
  add(bound, event.state.attributes);
  bound.bytes(8 * event.state.pinned.size());
  for (const RoomEntry& room : event.rooms) bound.table(4).text(room.room).text(room.creator);
  return bound;
}

// Whether a reader with our limits would take it.
bool lists_fit(const Event& event) noexcept {
  const std::size_t messages = event.messages.size();
  const std::size_t members = event.members.size() + event.joins.size() + event.changes.size();
  const std::size_t channels = event.state.channels.size();
  std::size_t strings = event.leaves.size();
  std::size_t attributes = event.state.attributes.size();
  const std::size_t rooms = event.rooms.size();
  if (messages > kMessagesMax || members > kMembersMax || channels > kChannelsMax ||
      event.state.attributes.size() > kAttributesMax || event.state.pinned.size() > kPinsMax ||
      rooms > kRoomsMax) {
    return false;
  }
  for (const auto list : {event.members, event.joins, event.changes}) {
    for (const Member& member : list) {
      if (member.attributes.size() > kAttributesMax) return false;
      attributes += member.attributes.size();
    }
  }
  for (const Message& message : event.messages) {
    if (message.mentions.size() > kMentionsPerMessage) return false;
    strings += message.mentions.size();
  }
  constexpr std::size_t kOthers = 8;  // root, body, state, policy, limits
  return strings <= kStringsMax && event.message.mentions.size() <= kMentionsPerMessage &&
         messages + members + channels + attributes + rooms + kOthers <= kTablesMax;
}

// Builds one event. Strings and tables inside a table come before it, as the format wants.
class Writer {
 public:
  Writer(Build& build, const Event& event) noexcept : build_(build), fbb_(build.fbb()), e_(event) {}

  Body body() noexcept {
    switch (e_.type) {
      case EventType::none:
        return {};
      case EventType::hello:
        return as_body(fb::Body::hello, fb::CreateHello(fbb_, e_.version, e_.heartbeat_ms));
      case EventType::answer:
        return answer();
      case EventType::error:
        return refused(fb::Body::error);
      case EventType::message:
        return as_body(fb::Body::message, message(e_.message));
      case EventType::direct:
        return direct();
      case EventType::presence:
        return presence();
      case EventType::room_state:
        return room_state();
      case EventType::moderation:
        return moderation();
      case EventType::message_removed:
        return as_body(fb::Body::message_removed,
                       fb::CreateMessageRemoved(fbb_, room(), e_.offset));
      case EventType::messages_cleared:
        return messages_cleared();
      case EventType::gap:
        return gap();
      case EventType::left:
        return left();
      case EventType::reset:
        return reset();
      case EventType::queue:
        return queue();
      case EventType::called:
        return called();
      case EventType::receipt:
        return receipt();
      case EventType::reconnect:
        return as_body(fb::Body::reconnect,
                       fb::CreateReconnect(fbb_, e_.after_ms, build_.text(e_.address)));
      case EventType::held:
        return held();
    }
    return {};
  }

 private:
  Body answer() noexcept {
    if (e_.error.code != Errc::ok) return refused(fb::Body::refused);
    switch (e_.op) {
      case Op::auth:
        return ok_auth();
      case Op::join:
        return ok_join();
      case Op::publish:
        return ok_publish();
      case Op::history:
        return ok_history();
      case Op::send_to:
        return as_body(fb::Body::ok_send_to, fb::CreateOkSendTo(fbb_, e_.sessions));
      case Op::presence:
        return ok_presence();
      case Op::list_rooms:
        return ok_rooms();
      case Op::waiting:
        return ok_waiting();
      case Op::ack:
        return as_body(fb::Body::ok_ack, fb::CreateOkAck(fbb_, e_.read.value_or(0), e_.unread));
      case Op::call:
      case Op::profile:
        return as_body(fb::Body::ok_call,
                       fb::CreateOkCall(fbb_, form(e_.data), build_.data(e_.data)));
      case Op::subscribe:
      case Op::unsubscribe:
      case Op::switch_channel:
        return as_body(fb::Body::done, fb::CreateDone(fbb_, build_.text(e_.epoch), e_.offset));
      default:
        return as_body(fb::Body::done, fb::CreateDone(fbb_, {}, 0, e_.more));
    }
  }
  // The code's own sentence need not travel.
  Body refused(fb::Body type) noexcept {
    const bool own_words = !e_.text.empty() && e_.text != message_of(e_.error.code);
    const FbText text = own_words ? build_.text(e_.text) : FbText{};
    const Rule rule = rule_of(e_.error);
    return as_body(type, fb::CreateRefused(fbb_, static_cast<fb::ErrorCode>(e_.error.code), text,
                                           is_temporary(e_), e_.error.retry_after_ms,
                                           static_cast<fb::Rule>(rule),
                                           static_cast<fb::Scope>(scope_of(rule)), e_.verdict));
  }
  Body ok_auth() noexcept {
    const SessionLimits& l = e_.limits;
    const auto limits = fb::CreateLimits(fbb_, l.frame_bytes, l.text_bytes, l.rooms,
                                         l.commands_per_s, l.publish_per_s);
    const FbText session = build_.text(e_.session);
    const FbText user = build_.text(e_.user);
    const FbText resume = build_.text(e_.resume);
    return as_body(fb::Body::ok_auth,
                   fb::CreateOkAuth(fbb_, session, user, resume, e_.heartbeat_ms, limits));
  }
  Body ok_join() noexcept {
    const auto list = messages();
    const auto now = state();
    const FbText name = room();
    const FbText epoch = build_.text(e_.epoch);
    flatbuffers::Optional<std::uint64_t> read;
    if (e_.read) read = *e_.read;
    return as_body(
        fb::Body::ok_join,
        fb::CreateOkJoin(fbb_, name, epoch, e_.offset, e_.online, role(e_.role), now,
                         e_.was_recovering, e_.recovered, list, e_.more, read, e_.unread));
  }
  Body ok_publish() noexcept {
    return as_body(fb::Body::ok_publish,
                   fb::CreateOkPublish(fbb_, build_.text(e_.epoch), e_.offset));
  }
  Body ok_history() noexcept {
    const auto list = messages();
    const FbText epoch = build_.text(e_.epoch);
    return as_body(fb::Body::ok_history,
                   fb::CreateOkHistory(fbb_, epoch, list, e_.more, e_.offset));
  }
  Body ok_rooms() noexcept {
    flatbuffers::Offset<fb::RoomEntry> at[kRoomsMax];
    for (std::size_t i = 0; i < e_.rooms.size(); ++i) {
      const RoomEntry& one = e_.rooms[i];
      const FbText name = build_.text(one.room);
      at[i] = fb::CreateRoomEntry(fbb_, name, one.online, one.created_ms, build_.text(one.creator));
    }
    const auto list = fbb_.CreateVector(at, e_.rooms.size());
    return as_body(fb::Body::ok_rooms, fb::CreateOkRooms(fbb_, list, build_.text(e_.next)));
  }
  Body ok_waiting() noexcept {
    const auto list = members(e_.members);
    return as_body(fb::Body::ok_waiting, fb::CreateOkWaiting(fbb_, e_.waiting.value_or(0), list));
  }
  Body ok_presence() noexcept {
    const auto list = members(e_.members);
    const FbText next = build_.text(e_.next);
    return as_body(fb::Body::ok_presence, fb::CreateOkPresence(fbb_, e_.online, e_.presence_version,
                                                               e_.unchanged, list, next));
  }

  flatbuffers::Offset<fb::Message> message(const Message& m) noexcept {
    const FbText room = build_.shared(m.room, room_, room_at_);
    const bool main = m.channel.empty() || m.channel == "main";
    const FbText channel = main ? FbText{} : build_.shared(m.channel, channel_, channel_at_);
    const FbText user = build_.text(m.user);
    const FbText nick = build_.text(m.nick);
    const FbBlob info = build_.blob(m.info);
    const FbText kind = build_.kind(m.kind);
    const FbText text = build_.text(m.text);
    const FbBlob data = build_.data(m.data);
    const FbTexts mentions = build_.texts(m.mentions);
    return fb::CreateMessage(fbb_, room, channel, m.offset, user, nick, role(m.role), info, kind,
                             text, form(m.data), data, static_cast<fb::Priority>(m.priority),
                             m.reply_to, mentions, m.time_ms, m.count, m.first);
  }
  Body direct() noexcept {
    const Message& m = e_.message;
    const FbText user = build_.text(m.user);
    const FbText nick = build_.text(m.nick);
    const FbText to = build_.text(e_.user);
    const FbText kind = build_.kind(m.kind);
    const FbText text = build_.text(m.text);
    const FbBlob data = build_.data(m.data);
    return as_body(fb::Body::direct, fb::CreateDirect(fbb_, user, nick, to, kind, text,
                                                      form(m.data), data, m.time_ms));
  }
  Body presence() noexcept {
    const auto joins = members(e_.joins);
    const FbTexts leaves = build_.texts(e_.leaves);
    const auto changes = members(e_.changes);
    return as_body(
        fb::Body::presence,
        fb::CreatePresence(fbb_, room(), e_.online, e_.presence_version, joins, leaves, changes));
  }
  Body room_state() noexcept {
    const auto changed = state();
    const FbText in = room();
    return as_body(fb::Body::room_state,
                   fb::CreateRoomChanged(fbb_, in, changed, build_.text(e_.channel)));
  }
  Body moderation() noexcept {
    const FbText name = room();
    const FbText action = build_.text(e_.action);
    const FbText user = build_.text(e_.user);
    const FbText by = build_.text(e_.by);
    const FbText text = build_.text(e_.text);
    return as_body(fb::Body::moderation,
                   fb::CreateModeration(fbb_, name, action, user, by, e_.until_ms, text,
                                        role(e_.role), build_.text(e_.channel)));
  }
  Body held() noexcept {
    const auto what = message(e_.message);
    const FbText name = room();
    const FbText by = build_.text(e_.by);
    const FbText text = build_.text(e_.text);
    const fb::Held action = e_.action == "release"  ? fb::Held::release
                            : e_.action == "reject" ? fb::Held::reject
                                                    : fb::Held::hold;
    return as_body(fb::Body::held,
                   fb::CreateHeldMessage(fbb_, name, e_.held, action, what, by, text));
  }
  Body messages_cleared() noexcept {
    const FbText name = room();
    return as_body(fb::Body::messages_cleared,
                   fb::CreateMessagesCleared(fbb_, name, build_.text(e_.user)));
  }
  Body gap() noexcept {
    const FbText name = room();
    const FbText channel = build_.text(e_.channel);
    const Gap& gap = e_.gap;
    return as_body(fb::Body::gap,
                   fb::CreateGap(fbb_, name, channel, gap.from, gap.to, gap.count, gap.lossy,
                                 gap.reliable, static_cast<fb::GapReason>(gap.reason)));
  }
  Body left() noexcept {
    const FbText name = room();
    const FbText by = build_.text(e_.by);
    const FbText text = build_.text(e_.text);
    return as_body(
        fb::Body::left,
        fb::CreateLeft(fbb_, name, static_cast<fb::LeaveReason>(e_.reason), by, text, e_.until_ms));
  }
  Body reset() noexcept {
    const auto now = state();
    const FbText name = room();
    const FbText epoch = build_.text(e_.epoch);
    return as_body(fb::Body::reset, fb::CreateReset(fbb_, name, epoch, e_.offset, now));
  }
  Body receipt() noexcept {
    const FbText name = room();
    const FbText user = build_.text(e_.user);
    return as_body(fb::Body::receipt, fb::CreateReceipt(fbb_, name, e_.offset, e_.count, user));
  }
  Body queue() noexcept {
    const FbText name = room();
    const FbText line = build_.text(e_.line);
    flatbuffers::Optional<std::uint32_t> waiting;
    if (e_.waiting) waiting = *e_.waiting;
    return as_body(fb::Body::queue, fb::CreateQueue(fbb_, name, line, e_.place, waiting));
  }
  Body called() noexcept {
    const FbText name = room();
    return as_body(fb::Body::called,
                   fb::CreateCalled(fbb_, name, build_.text(e_.line), e_.until_ms));
  }

  FbText room() noexcept { return build_.text(e_.room); }
  static fb::Role role(Role role) noexcept { return static_cast<fb::Role>(role); }
  static fb::DataForm form(const Data& data) noexcept {
    return static_cast<fb::DataForm>(data.form);
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Message>>> messages() noexcept {
    if (e_.messages.empty()) return {};
    flatbuffers::Offset<fb::Message> at[kMessagesMax];
    for (std::size_t i = 0; i < e_.messages.size(); ++i) at[i] = message(e_.messages[i]);
    return fbb_.CreateVector(at, e_.messages.size());
  }
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Member>>> members(
      std::span<const Member> list) noexcept {
    if (list.empty()) return {};
    flatbuffers::Offset<fb::Member> at[kMembersMax];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const FbText user = build_.text(list[i].user);
      const FbText nick = build_.text(list[i].nick);
      const auto shown = attributes(list[i].attributes);
      at[i] = fb::CreateMember(fbb_, user, nick, role(list[i].role), list[i].since_ms, shown);
    }
    return fbb_.CreateVector(at, list.size());
  }
  flatbuffers::Offset<fb::RoomState> state() noexcept {
    const RoomState& s = e_.state;
    flatbuffers::Offset<fb::Policy> policy;
    if (s.has_policy) {
      policy = fb::CreatePolicy(fbb_, s.slow_mode_s, s.mute_all, s.moderated, s.has_password,
                                s.max_members, s.line_length, s.hands, s.members_only,
                                s.followers_only, s.emote_only, s.duplicate_s);
    }
    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::ChannelState>>> channels;
    if (!s.channels.empty()) {
      flatbuffers::Offset<fb::ChannelState> at[kChannelsMax];
      for (std::size_t i = 0; i < s.channels.size(); ++i) {
        const FbText name = build_.text(s.channels[i].name);
        const FbText word = build_.text(s.channels[i].state);
        flatbuffers::Optional<fb::Role> own;
        if (s.channels[i].role) own = role(*s.channels[i].role);
        flatbuffers::Optional<fb::Rung> rung;
        if (s.channels[i].rung) rung = static_cast<fb::Rung>(*s.channels[i].rung);
        at[i] = fb::CreateChannelState(fbb_, name, word, build_.text(s.channels[i].creator),
                                       role(s.channels[i].access), own, rung, s.channels[i].kept);
      }
      channels = fbb_.CreateVector(at, s.channels.size());
    }
    const auto kept = attributes(s.attributes);
    flatbuffers::Offset<flatbuffers::Vector<std::uint64_t>> pinned;
    if (!s.pinned.empty()) pinned = fbb_.CreateVector(s.pinned.data(), s.pinned.size());
    const FbText creator = build_.text(s.creator);
    fb::RoomStateBuilder to(fbb_);
    to.add_created(s.created_ms);
    if (s.likes) to.add_likes(*s.likes);
    to.add_kept(s.kept);
    to.add_pinned(pinned);
    to.add_attributes(kept);
    to.add_creator(creator);
    to.add_channels(channels);
    to.add_policy(policy);
    if (s.has_rate) to.add_rung(static_cast<fb::Rung>(s.rung));
    to.add_pins_changed(s.has_pinned);
    return to.Finish();
  }
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>> attributes(
      std::span<const Attribute> list) noexcept {
    if (list.empty()) return {};
    flatbuffers::Offset<fb::Attribute> at[kAttributesMax];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const FbText key = build_.text(list[i].key);
      const FbText value = list[i].deleted
                               ? FbText{}
                               : fbb_.CreateString(list[i].value.data(), list[i].value.size());
      at[i] = fb::CreateAttribute(fbb_, key, value);
    }
    return fbb_.CreateVector(at, list.size());
  }

  Build& build_;
  flatbuffers::FlatBufferBuilder& fbb_;
  const Event& e_;
  std::string_view room_;
  FbText room_at_;
  std::string_view channel_;
  FbText channel_at_;
};

}  // namespace

Bytes encode_event(const Event& event, MutableBytes scratch) noexcept {
  if (!lists_fit(event) || !bound_of(event).within(scratch)) return {};
  Build build(scratch);
  const Body body = Writer(build, event).body();
  if (body.type == fb::Body::NONE) return {};
  const std::uint32_t id = event.type == EventType::answer ? event.id : 0;
  return build.finish(fb::CreateServerFrame(build.fbb(), id, body.type, body.table));
}

}  // namespace chatroom::wire
