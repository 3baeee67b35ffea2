// ClientFrame to Command: for servers, so everything in it may be hostile.
#include "wire/check.h"
#include "wire/flatbuffers_decode.h"
#include "wire/flatbuffers_read.h"

namespace chatroom::wire {

namespace {

static_assert(static_cast<int>(fb::Command::auth) == static_cast<int>(Op::auth));
static_assert(static_cast<int>(fb::Command::ping) == static_cast<int>(Op::ping));
static_assert(static_cast<int>(fb::Command::shadow_mute) == static_cast<int>(Op::shadow_mute));
static_assert(static_cast<int>(fb::Line::apply) == static_cast<int>(Line::apply));
static_assert(static_cast<int>(fb::Command::MAX) == static_cast<int>(Op::unknown) - 1);
static_assert(static_cast<int>(fb::Priority::low) == static_cast<int>(Priority::low));
static_assert(static_cast<int>(fb::DataForm::binary) == static_cast<int>(Data::Form::binary));

// Reads the fields of one command; remembers the first that cannot be what it should be. What a
// Command can express is left to check_command.
class Reader {
 public:
  Reader(CommandLists& lists, std::uint32_t data_bytes_max, Command& command) noexcept
      : lists_(lists), data_bytes_max_(data_bytes_max), to_(command) {}

  void read(const fb::Auth& from) noexcept {
    to_.token = view(from.token());
    to_.resume = view(from.resume());
    to_.user = name(from.user(), Field::user);
    to_.nick = name(from.nick(), Field::nick);
  }
  void read(const fb::Join& from) noexcept {
    to_.room = view(from.room());
    to_.channels = names(from.channels(), lists_.channels, Field::channel);
    to_.password = view(from.password());
    if (const fb::Since* since = from.since()) {
      to_.has_since = true;
      to_.since_epoch = view(since->epoch());
      to_.since_offset = since->offset();
    }
    to_.recent = from.recent();
  }
  void read(const fb::Publish& from) noexcept {
    to_.room = view(from.room());
    content(from);
    to_.out.channel = name(from.channel(), Field::channel);
    to_.out.priority = static_cast<Priority>(from.priority());
    to_.out.key = name(from.key(), Field::key);
    to_.out.reply_to = from.reply_to();
    to_.out.count = from.count();
    to_.out.mentions = names(from.mentions(), lists_.mentions, Field::mentions);
  }
  void read(const fb::InRoom& from) noexcept { to_.room = view(from.room()); }
  void read(const fb::InChannel& from) noexcept {
    to_.room = view(from.room());
    to_.channel = name(from.channel(), Field::channel);
    const auto access = from.access();
    if (to_.op != Op::open_channel || !access) return;
    if (*access > fb::Role::MAX) return fail(Field::role);
    to_.access = static_cast<Role>(*access);
  }
  void read(const fb::Switch& from) noexcept {
    to_.room = view(from.room());
    to_.from = view(from.from());
    to_.to = view(from.to());
  }
  void read(const fb::History& from) noexcept {
    to_.room = view(from.room());
    to_.channel = name(from.channel(), Field::channel);
    to_.before = from.before();
    to_.has_after = from.after().has_value();
    to_.after = from.after().value_or(0);
    to_.limit = from.limit();
  }
  void read(const fb::SendTo& from) noexcept {
    to_.user = view(from.user());
    content(from);
  }
  void read(const fb::PresencePage& from) noexcept {
    to_.room = view(from.room());
    to_.limit = from.limit();
    to_.has_since_version = from.since_version().has_value();
    to_.since_version = from.since_version().value_or(0);
    to_.cursor = view(from.cursor());
  }
  void read(const fb::Call& from) noexcept {
    to_.room = name(from.room(), Field::room);
    to_.name = view(from.name());
    data(from.data_form(), from.data());
  }

  void read(const fb::OnUser& from) noexcept {
    to_.room = view(from.room());
    to_.user = name(from.user(), Field::user);
    to_.for_ms = from.for_ms();
    to_.reason = view(from.reason());
    to_.clear = from.clear();
    if (from.role() > fb::Role::MAX) fail(Field::role);
    if (to_.op != Op::set_role) return;
    to_.role = static_cast<Role>(from.role());
    to_.channel = name(from.channel(), Field::channel);
  }
  void read(const fb::SetPolicy& from) noexcept {
    to_.room = view(from.room());
    const fb::PolicyChange* change = from.policy();
    if (change == nullptr) return;
    PolicyPatch& to = to_.policy;
    if (const auto value = change->slow_mode_s()) to.slow_mode_s = *value;
    if (const auto value = change->mute_all()) to.mute_all = *value;
    if (const auto value = change->max_members()) to.max_members = *value;
    if (const auto value = change->moderated()) to.moderated = *value;
    if (change->password() != nullptr) to.password = view(change->password());
    if (const auto value = change->line_length()) to.line_length = *value;
    if (const auto value = change->hands()) to.hands = *value;
    to.expel = change->expel();
    if (const auto value = change->members_only()) to.members_only = *value;
    if (const auto value = change->followers_only()) to.followers_only = *value;
    if (const auto value = change->emote_only()) to.emote_only = *value;
    if (const auto value = change->duplicate_s()) to.duplicate_s = *value;
  }
  void read(const fb::OnHeld& from) noexcept {
    to_.room = view(from.room());
    (to_.op == Op::list_held ? to_.after : to_.offset) = from.held();
    to_.reason = view(from.reason());
  }
  void read(const fb::OnMessage& from) noexcept {
    to_.room = view(from.room());
    to_.offset = from.offset();
  }
  void read(const fb::SetAttribute& from) noexcept {
    to_.room = view(from.room());
    to_.user = name(from.user(), Field::user);
    to_.key = name(from.key(), Field::key);
    if (from.value() != nullptr) to_.value = view(from.value());
  }
  void read(const fb::InLine& from) noexcept {
    to_.room = view(from.room());
    to_.user = name(from.user(), Field::user);
    to_.limit = from.limit();
    if (from.line() > fb::Line::MAX) return fail(Field::line);
    to_.line = static_cast<Line>(from.line());
  }
  void read(const fb::SetReceive& from) noexcept {
    to_.room = view(from.room());
    to_.normal_per_s = from.normal_per_s().value_or(0);
    to_.high_per_s = from.high_per_s().value_or(0);
  }
  void read(const fb::ListRooms& from) noexcept {
    to_.name = name(from.prefix(), Field::name);
    to_.limit = from.limit();
    to_.cursor = view(from.cursor());
  }

  Field wrong() const noexcept { return wrong_; }
  bool too_large() const noexcept { return too_large_; }

 private:
  void fail(Field field) noexcept {
    if (wrong_ == Field::none) wrong_ = field;
  }
  // An optional name: present but empty is an error that the flat record cannot show.
  std::string_view name(const FbString* text, Field field) noexcept {
    if (text != nullptr && text->size() == 0) fail(field);
    return view(text);
  }
  template <std::size_t N>
  std::span<const std::string_view> names(const FbStrings* from, std::string_view (&to)[N],
                                          Field field) noexcept {
    if (from == nullptr) return {};
    if (from->size() > N) {
      fail(field);
      return {};
    }
    for (std::uint32_t i = 0; i < from->size(); ++i) to[i] = view(from->Get(i));
    return {to, from->size()};
  }
  void data(fb::DataForm form, const FbBytes* bytes) noexcept {
    to_.out.data = {static_cast<Data::Form>(form), view(bytes)};
    too_large_ = data_bytes_max_ != 0 && to_.out.data.bytes.size() > data_bytes_max_;
    if (too_large_) return;
    switch (form) {
      case fb::DataForm::none:
        return to_.out.data.bytes.empty() ? void() : fail(Field::data);
      case fb::DataForm::json:
        if (!check_json(to_.out.data.bytes)) fail(Field::data);
        return;
      case fb::DataForm::binary:
        return;
    }
    fail(Field::data);
  }
  template <class Table>
  void content(const Table& from) noexcept {
    if (from.kind() != nullptr) to_.out.kind = Kind{name(from.kind(), Field::kind)};
    to_.has_text = from.text() != nullptr;
    to_.out.text = view(from.text());
    data(from.data_form(), from.data());
  }

  CommandLists& lists_;
  const std::uint32_t data_bytes_max_;
  Command& to_;
  Field wrong_ = Field::none;
  bool too_large_ = false;
};

// Reads the table behind the union, if it is there.
template <class Table>
void read_as(const fb::ClientFrame& frame, Reader& reader) noexcept {
  reader.read(*static_cast<const Table*>(frame.command()));
}

void read_settings(const fb::ClientFrame& frame, Reader& reader) noexcept {
  switch (frame.command_type()) {
    case fb::Command::mute:
    case fb::Command::unmute:
    case fb::Command::ban:
    case fb::Command::unban:
    case fb::Command::kick:
    case fb::Command::set_role:
    case fb::Command::clear:
    case fb::Command::allow:
    case fb::Command::disallow:
    case fb::Command::shadow_mute:
      return read_as<fb::OnUser>(frame, reader);
    case fb::Command::release:
    case fb::Command::reject:
    case fb::Command::list_held:
      return read_as<fb::OnHeld>(frame, reader);
    case fb::Command::set_policy:
    case fb::Command::open_room:
      return read_as<fb::SetPolicy>(frame, reader);
    case fb::Command::recall:
    case fb::Command::pin:
    case fb::Command::unpin:
    case fb::Command::ack:
      return read_as<fb::OnMessage>(frame, reader);
    case fb::Command::set_attribute:
      return read_as<fb::SetAttribute>(frame, reader);
    case fb::Command::set_receive:
      return read_as<fb::SetReceive>(frame, reader);
    case fb::Command::list_rooms:
      return read_as<fb::ListRooms>(frame, reader);
    case fb::Command::enqueue:
    case fb::Command::dequeue:
    case fb::Command::call_next:
    case fb::Command::waiting:
      return read_as<fb::InLine>(frame, reader);
    case fb::Command::invite:
    case fb::Command::approve:
    case fb::Command::block:
    case fb::Command::unblock:
    case fb::Command::profile:
      return read_as<fb::OnUser>(frame, reader);
    case fb::Command::apply:
    case fb::Command::close_room:
      return read_as<fb::InRoom>(frame, reader);
    case fb::Command::open_channel:
    case fb::Command::close_channel:
      return read_as<fb::InChannel>(frame, reader);
    default:
      return;  // nothing to read, or words of later versions
  }
}

void read_body(const fb::ClientFrame& frame, Reader& reader) noexcept {
  switch (frame.command_type()) {
    case fb::Command::auth:
      return read_as<fb::Auth>(frame, reader);
    case fb::Command::join:
      return read_as<fb::Join>(frame, reader);
    case fb::Command::publish:
      return read_as<fb::Publish>(frame, reader);
    case fb::Command::leave:
      return read_as<fb::InRoom>(frame, reader);
    case fb::Command::subscribe:
      return read_as<fb::InChannel>(frame, reader);
    case fb::Command::unsubscribe:
      return read_as<fb::InChannel>(frame, reader);
    case fb::Command::switch_channel:
      return read_as<fb::Switch>(frame, reader);
    case fb::Command::history:
      return read_as<fb::History>(frame, reader);
    case fb::Command::send_to:
      return read_as<fb::SendTo>(frame, reader);
    case fb::Command::presence:
      return read_as<fb::PresencePage>(frame, reader);
    case fb::Command::call:
      return read_as<fb::Call>(frame, reader);
    default:
      return read_settings(frame, reader);
  }
}

}  // namespace

Decoded decode_command(Bytes frame, std::uint32_t data_bytes_max, CommandLists& lists,
                       Command& command) noexcept {
  const auto* root = verified_root<fb::ClientFrame>(frame);
  if (root == nullptr) return {Status{Errc::bad_request}, true};
  command.id = root->id();
  if (root->command_type() == fb::Command::NONE) return {Status{bad_request(Field::op)}, false};
  if (root->command_type() > fb::Command::MAX) {
    command.op = Op::unknown;
    return {Status{Errc::unsupported}, false};
  }
  command.op = static_cast<Op>(root->command_type());
  if (root->command() == nullptr) return {Status{bad_request(Field::body)}, false};
  Reader reader(lists, data_bytes_max, command);
  read_body(*root, reader);
  if (reader.too_large()) return {Status{Errc::too_large}, false};
  if (reader.wrong() != Field::none) return {Status{bad_request(reader.wrong())}, false};
  return {check_command(command), false};
}

}  // namespace chatroom::wire
