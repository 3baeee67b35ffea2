// ServerFrame to Event: for clients. The frame is verified; its values are the server's word.
#include <algorithm>

#include "wire/check.h"
#include "wire/flatbuffers_decode.h"
#include "wire/flatbuffers_read.h"

namespace chatroom::wire {

namespace {

static_assert(static_cast<int>(fb::Role::owner) == static_cast<int>(Role::owner));
static_assert(static_cast<int>(fb::ErrorCode::internal) == kErrcCount - 1);
static_assert(static_cast<int>(fb::Rule::user_rate) == kRuleCount - 1);
static_assert(static_cast<int>(fb::Scope::server) == kScopeCount - 1);
static_assert(static_cast<int>(fb::LeaveReason::protocol_error) ==
              static_cast<int>(LeaveReason::protocol_error));
static_assert(static_cast<int>(fb::GapReason::history_lost) ==
              static_cast<int>(GapReason::history_lost));

// Words of a newer server become the nearest that this version knows.
Role role_of(fb::Role role) noexcept {
  return role > fb::Role::MAX ? Role::member : static_cast<Role>(role);
}
Data data_of(fb::DataForm form, const FbBytes* bytes) noexcept {
  if (form == fb::DataForm::none || form > fb::DataForm::MAX) return {};
  return {static_cast<Data::Form>(form), view(bytes)};
}
// A text with a default: empty is as good as absent, for that is how it would be written again.
std::string_view view_or(const FbString* text, std::string_view absent) noexcept {
  return text == nullptr || text->size() == 0 ? absent : view(text);
}
Kind kind_of(const FbString* kind) noexcept { return Kind{view_or(kind, Kind::text.name)}; }

class Reader {
 public:
  Reader(EventLists& lists, Event& event) noexcept : lists_(lists), to_(event) {
    lists.messages_used = lists.members_used = lists.channels_used = lists.strings_used = 0;
    lists.attributes_used = 0;
  }
  bool fits() const noexcept { return fits_; }

  void refused(const fb::Refused& from) noexcept {
    const auto code = static_cast<std::size_t>(from.code());
    to_.error = {code > 0 && code < kErrcCount ? static_cast<Errc>(code) : Errc::internal,
                 from.temporary() ? kTemporary : std::uint16_t{0}, from.retry_after_ms()};
    if (from.rule() <= fb::Rule::MAX) {
      to_.error = with_rule(to_.error, static_cast<Rule>(from.rule()));
    }
    to_.verdict = from.verdict();
    to_.text = view_or(from.message(), message_of(to_.error.code));
  }
  void read(const fb::OkAuth& from) noexcept {
    to_.session = view(from.session());
    to_.user = view(from.user());
    to_.resume = view(from.resume());
    to_.heartbeat_ms = from.heartbeat_ms();
    if (const fb::Limits* limits = from.limits()) {
      to_.limits = {limits->frame_bytes(), limits->text_bytes(), limits->rooms(),
                    limits->commands_per_s(), limits->publish_per_s()};
    }
  }
  void read(const fb::OkJoin& from) noexcept {
    to_.room = view(from.room());
    to_.epoch = view(from.epoch());
    to_.offset = from.offset();
    to_.online = from.online();
    to_.role = role_of(from.role());
    state(from.state());
    to_.was_recovering = from.was_recovering();
    to_.recovered = from.recovered();
    to_.messages = messages(from.messages());
    to_.more = from.more();
    if (const auto read = from.read()) to_.read = *read;
    to_.unread = from.unread();
  }
  void read(const fb::OkAck& from) noexcept {
    to_.read = from.read();
    to_.unread = from.unread();
  }
  void read(const fb::OkPublish& from) noexcept {
    to_.epoch = view(from.epoch());
    to_.offset = from.offset();
  }
  void read(const fb::Done& from) noexcept {
    to_.epoch = view(from.epoch());
    to_.offset = from.offset();
    to_.more = from.more();
  }
  void read(const fb::OkHistory& from) noexcept {
    to_.epoch = view(from.epoch());
    to_.messages = messages(from.messages());
    to_.more = from.more();
    to_.offset = from.offset();
  }
  void read(const fb::OkSendTo& from) noexcept { to_.sessions = from.sessions(); }
  void read(const fb::OkPresence& from) noexcept {
    to_.online = from.online();
    to_.presence_version = from.version();
    to_.unchanged = from.unchanged();
    to_.members = members(from.members());
    to_.next = view(from.next());
  }
  void read(const fb::OkWaiting& from) noexcept {
    to_.waiting = from.waiting();
    to_.members = members(from.members());
  }
  void read(const fb::OkRooms& from) noexcept {
    to_.next = view(from.next());
    if (from.rooms() == nullptr) return;
    std::size_t used = 0;
    const auto to = take(lists_.rooms, used, from.rooms()->size());
    for (std::uint32_t i = 0; i < to.size(); ++i) {
      const fb::RoomEntry& room = *from.rooms()->Get(i);
      to[i] = {view(room.room()), room.online(), room.created(), view(room.creator())};
    }
    to_.rooms = to;
  }
  void read(const fb::OkCall& from) noexcept { to_.data = data_of(from.data_form(), from.data()); }

  void read(const fb::Hello& from) noexcept {
    to_.version = from.version();
    to_.heartbeat_ms = from.heartbeat_ms();
  }
  void read(const fb::Message& from) noexcept {
    message(from, to_.message);
    to_.room = to_.message.room;
  }
  void read(const fb::Direct& from) noexcept {
    Message& message = to_.message;
    message.user = view(from.user());
    message.nick = view(from.nick());
    to_.user = view(from.to());
    message.kind = kind_of(from.kind());
    message.text = view(from.text());
    message.data = data_of(from.data_form(), from.data());
    message.time_ms = from.time();
  }
  void read(const fb::Presence& from) noexcept {
    to_.room = view(from.room());
    to_.online = from.online();
    to_.presence_version = from.version();
    to_.joins = members(from.joins());
    to_.leaves = strings(from.leaves());
    to_.changes = members(from.changes());
  }
  void read(const fb::RoomChanged& from) noexcept {
    to_.room = view(from.room());
    state(from.changed());
    to_.channel = view(from.channel());
  }
  void read(const fb::Moderation& from) noexcept {
    to_.room = view(from.room());
    to_.action = view(from.action());
    to_.user = view(from.user());
    to_.by = view(from.by());
    to_.until_ms = from.until();
    to_.text = view(from.text());
    to_.role = role_of(from.role());
    to_.channel = view(from.channel());
  }
  void read(const fb::MessageRemoved& from) noexcept {
    to_.room = view(from.room());
    to_.offset = from.offset();
  }
  void read(const fb::MessagesCleared& from) noexcept {
    to_.room = view(from.room());
    to_.user = view(from.user());
  }
  void read(const fb::Gap& from) noexcept {
    to_.room = view(from.room());
    to_.channel = view(from.channel());
    to_.gap = {from.from(), from.to(), from.count(), from.lossy(), from.reliable(), {}};
    to_.gap.reason = from.reason() > fb::GapReason::MAX ? GapReason::slow_consumer
                                                        : static_cast<GapReason>(from.reason());
  }
  void read(const fb::Left& from) noexcept {
    to_.room = view(from.room());
    to_.reason = from.reason() > fb::LeaveReason::MAX ? LeaveReason::left
                                                      : static_cast<LeaveReason>(from.reason());
    to_.by = view(from.by());
    to_.text = view(from.text());
    to_.until_ms = from.until();
  }
  void read(const fb::Reset& from) noexcept {
    to_.room = view(from.room());
    to_.epoch = view(from.epoch());
    to_.offset = from.offset();
    state(from.state());
  }
  void read(const fb::Queue& from) noexcept {
    to_.room = view(from.room());
    to_.line = view(from.line());
    to_.place = from.position();
    to_.waiting = from.waiting().has_value() ? std::optional{*from.waiting()} : std::nullopt;
  }
  void read(const fb::Called& from) noexcept {
    to_.room = view(from.room());
    to_.line = view(from.line());
    to_.until_ms = from.until();
  }
  void read(const fb::Receipt& from) noexcept {
    to_.room = view(from.room());
    to_.offset = from.offset();
    to_.count = from.count();
    to_.user = view(from.user());
  }
  void read(const fb::HeldMessage& from) noexcept {
    constexpr std::string_view kActions[] = {"hold", "release", "reject"};
    to_.room = view(from.room());
    to_.held = from.held();
    to_.action = kActions[std::min<std::size_t>(static_cast<std::size_t>(from.action()), 2)];
    if (from.message() != nullptr) message(*from.message(), to_.message);
    to_.by = view(from.by());
    to_.text = view(from.text());
  }
  void read(const fb::Reconnect& from) noexcept {
    to_.after_ms = from.after_ms();
    to_.address = view(from.address());
  }

 private:
  // The next `wanted` places of a list of the scratch; none if it is full.
  template <class T, std::size_t N>
  std::span<T> take(T (&list)[N], std::size_t& used, std::size_t wanted) noexcept {
    if (wanted > N - used) {
      fits_ = false;
      return {};
    }
    used += wanted;
    return {list + (used - wanted), wanted};
  }
  std::span<const std::string_view> strings(const FbStrings* from) noexcept {
    if (from == nullptr) return {};
    const auto to = take(lists_.strings, lists_.strings_used, from->size());
    for (std::uint32_t i = 0; i < to.size(); ++i) to[i] = view(from->Get(i));
    return to;
  }
  template <class Vector>
  std::span<const Member> members(const Vector* from) noexcept {
    if (from == nullptr) return {};
    const auto to = take(lists_.members, lists_.members_used, from->size());
    for (std::uint32_t i = 0; i < to.size(); ++i) {
      const fb::Member& member = *from->Get(i);
      to[i] = {
          view(member.user()), view(member.nick()), role_of(member.role()), member.since(), {}};
      if (member.attributes() != nullptr) to[i].attributes = attributes(*member.attributes());
    }
    return to;
  }
  void message(const fb::Message& from, Message& to) noexcept {
    to.room = view(from.room());
    to.channel = view_or(from.channel(), "main");
    to.offset = from.offset();
    to.user = view(from.user());
    to.nick = view(from.nick());
    to.role = role_of(from.role());
    to.info = view(from.info());
    to.kind = kind_of(from.kind());
    to.text = view(from.text());
    to.data = data_of(from.data_form(), from.data());
    to.priority = from.priority() > fb::Priority::MAX ? Priority::normal
                                                      : static_cast<Priority>(from.priority());
    to.reply_to = from.reply_to();
    to.mentions = strings(from.mentions());
    to.time_ms = from.time();
    to.count = from.count();
    to.first = from.first();
  }
  template <class Vector>
  std::span<const Message> messages(const Vector* from) noexcept {
    if (from == nullptr) return {};
    const auto to = take(lists_.messages, lists_.messages_used, from->size());
    for (std::uint32_t i = 0; i < to.size(); ++i) message(*from->Get(i), to[i] = {});
    return to;
  }
  void state(const fb::RoomState* from) noexcept {
    if (from == nullptr) return;
    RoomState& to = to_.state;
    if (const fb::Policy* policy = from->policy()) {
      to.has_policy = true;
      to.slow_mode_s = policy->slow_mode_s();
      to.mute_all = policy->mute_all();
      to.moderated = policy->moderated();
      to.has_password = policy->has_password();
      to.max_members = policy->max_members();
      to.line_length = policy->line_length();
      to.hands = policy->hands();
      to.members_only = policy->members_only();
      to.followers_only = policy->followers_only();
      to.emote_only = policy->emote_only();
      to.duplicate_s = policy->duplicate_s();
    }
    if (from->channels() != nullptr) {
      const auto& list = *from->channels();
      const auto channels = take(lists_.channels, lists_.channels_used, list.size());
      for (std::uint32_t i = 0; i < channels.size(); ++i) {
        const fb::ChannelState& channel = *list.Get(i);
        channels[i] = {view(channel.name()),
                       view(channel.state()),
                       view(channel.creator()),
                       role_of(channel.access()),
                       {}};
        if (const auto own = channel.role()) channels[i].role = role_of(*own);
        const auto rung = channel.rung();
        if (!rung || *rung > fb::Rung::MAX) continue;
        channels[i].rung = static_cast<Rung>(*rung);
        channels[i].kept = channel.kept();
      }
      to.channels = channels;
    }
    if (from->attributes() != nullptr) to.attributes = attributes(*from->attributes());
    to.has_pinned = from->pins_changed();
    if (from->pinned() != nullptr) {
      std::size_t used = 0;
      const auto pinned = take(lists_.pinned, used, from->pinned()->size());
      for (std::uint32_t i = 0; i < pinned.size(); ++i) pinned[i] = from->pinned()->Get(i);
      to.pinned = pinned;
    }
    to.created_ms = from->created();
    to.creator = view(from->creator());
    if (const auto likes = from->likes()) to.likes = *likes;
    const auto rung = from->rung();
    to.has_rate = rung && *rung <= fb::Rung::MAX;  // a rung of a later version says nothing
    if (!to.has_rate) return;
    to.rung = static_cast<Rung>(*rung);
    to.kept = from->kept();
  }
  template <class Vector>
  std::span<const Attribute> attributes(const Vector& from) noexcept {
    if (from.size() > kAttributesMax) fits_ = false;
    const auto to = take(lists_.attributes, lists_.attributes_used, from.size());
    for (std::uint32_t i = 0; i < to.size(); ++i) {
      const fb::Attribute& one = *from.Get(i);
      to[i] = {view(one.key()), view(one.value()), one.value() == nullptr};
    }
    return to;
  }

  EventLists& lists_;
  Event& to_;
  bool fits_ = true;
};

template <class Table>
void read_as(const fb::ServerFrame& frame, EventType type, Reader& reader, Event& event) noexcept {
  event.type = type;
  reader.read(*static_cast<const Table*>(frame.body()));
}
template <class Table>
void read_ok(const fb::ServerFrame& frame, Op op, Reader& reader, Event& event) noexcept {
  event.op = op;
  read_as<Table>(frame, EventType::answer, reader, event);
}
void read_refused(const fb::ServerFrame& frame, EventType type, Reader& reader,
                  Event& event) noexcept {
  event.type = type;
  reader.refused(*static_cast<const fb::Refused*>(frame.body()));
}

void read_body(const fb::ServerFrame& frame, Reader& reader, Event& event) noexcept {
  using fb::Body;
  using Type = EventType;
  switch (frame.body_type()) {
    case Body::refused:
      return read_refused(frame, Type::answer, reader, event);
    case Body::done:
      return read_as<fb::Done>(frame, Type::answer, reader, event);
    case Body::ok_auth:
      return read_ok<fb::OkAuth>(frame, Op::auth, reader, event);
    case Body::ok_join:
      return read_ok<fb::OkJoin>(frame, Op::join, reader, event);
    case Body::ok_publish:
      return read_ok<fb::OkPublish>(frame, Op::publish, reader, event);
    case Body::ok_history:
      return read_ok<fb::OkHistory>(frame, Op::history, reader, event);
    case Body::ok_send_to:
      return read_ok<fb::OkSendTo>(frame, Op::send_to, reader, event);
    case Body::ok_presence:
      return read_ok<fb::OkPresence>(frame, Op::presence, reader, event);
    case Body::ok_call:
      return read_ok<fb::OkCall>(frame, Op::call, reader, event);
    case Body::hello:
      return read_as<fb::Hello>(frame, Type::hello, reader, event);
    case Body::error:
      return read_refused(frame, Type::error, reader, event);
    case Body::message:
      return read_as<fb::Message>(frame, Type::message, reader, event);
    case Body::direct:
      return read_as<fb::Direct>(frame, Type::direct, reader, event);
    case Body::presence:
      return read_as<fb::Presence>(frame, Type::presence, reader, event);
    case Body::room_state:
      return read_as<fb::RoomChanged>(frame, Type::room_state, reader, event);
    case Body::moderation:
      return read_as<fb::Moderation>(frame, Type::moderation, reader, event);
    case Body::message_removed:
      return read_as<fb::MessageRemoved>(frame, Type::message_removed, reader, event);
    case Body::messages_cleared:
      return read_as<fb::MessagesCleared>(frame, Type::messages_cleared, reader, event);
    case Body::gap:
      return read_as<fb::Gap>(frame, Type::gap, reader, event);
    case Body::left:
      return read_as<fb::Left>(frame, Type::left, reader, event);
    case Body::reset:
      return read_as<fb::Reset>(frame, Type::reset, reader, event);
    case Body::queue:
      return read_as<fb::Queue>(frame, Type::queue, reader, event);
    case Body::called:
      return read_as<fb::Called>(frame, Type::called, reader, event);
    case Body::receipt:
      return read_as<fb::Receipt>(frame, Type::receipt, reader, event);
    case Body::reconnect:
      return read_as<fb::Reconnect>(frame, Type::reconnect, reader, event);
    case Body::ok_rooms:
      return read_ok<fb::OkRooms>(frame, Op::list_rooms, reader, event);
    case Body::ok_waiting:
      return read_ok<fb::OkWaiting>(frame, Op::waiting, reader, event);
    case Body::ok_ack:
      return read_ok<fb::OkAck>(frame, Op::ack, reader, event);
    case Body::held:
      return read_as<fb::HeldMessage>(frame, Type::held, reader, event);
    case Body::NONE:
      return;
  }
}

}  // namespace

Decoded decode_event(Bytes frame, EventLists& lists, Event& event) noexcept {
  const auto* root = verified_root<fb::ServerFrame>(frame);
  if (root == nullptr) return {Status{Errc::bad_request}, true};
  event.id = root->id();
  // An event of a newer server: `none`, to be ignored.
  if (root->body_type() > fb::Body::MAX) return {};
  if (root->body() == nullptr) return {Status{bad_request(Field::body)}, false};
  Reader reader(lists, event);
  read_body(*root, reader, event);
  if (!reader.fits()) {
    event = Event{};
    return {Status{Errc::too_large}, false};
  }
  return {};
}

}  // namespace chatroom::wire
