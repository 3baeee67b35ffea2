#include "engine/pack.h"

#include <algorithm>

namespace chatroom::engine {

namespace {

void pack_list(Packer& to, std::span<const std::string_view> list) noexcept {
  to.u8(static_cast<std::uint8_t>(list.size()));
  for (const std::string_view item : list) to.text(item);
}

std::span<const std::string_view> unpack_list(Unpacker& from,
                                              std::span<std::string_view> storage) noexcept {
  const std::size_t count = std::min<std::size_t>(from.u8(), storage.size());
  for (std::size_t i = 0; i < count; ++i) storage[i] = from.text();
  return storage.first(count);
}

void pack(Packer& to, const Data& data) noexcept {
  to.u8(static_cast<std::uint8_t>(data.form));
  to.blob(data.bytes);
}

void unpack(Unpacker& from, Data& data) noexcept {
  data.form = static_cast<Data::Form>(from.u8());
  data.bytes = from.blob();
}

constexpr auto kRoleMax = static_cast<std::uint8_t>(Role::owner);

void pack_optional(Packer& to, const std::optional<std::string_view>& text) noexcept {
  to.flag(text.has_value());
  to.text(text.value_or(""));
}

void unpack_optional(Unpacker& from, std::optional<std::string_view>& text) noexcept {
  const bool there = from.flag();
  const std::string_view value = from.text();
  if (there) text = value;
}

template <class T>
void pack_optional(Packer& to, const std::optional<T>& value) noexcept {
  to.flag(value.has_value());
  to.u32(static_cast<std::uint32_t>(value.value_or(T{})));
}

template <class T>
void unpack_optional(Unpacker& from, std::optional<T>& to) noexcept {
  const bool there = from.flag();
  const std::uint32_t value = from.u32();
  if (there) to = static_cast<T>(value);
}

void pack(Packer& to, const PolicyPatch& policy) noexcept {
  pack_optional(to, policy.slow_mode_s);
  pack_optional(to, policy.mute_all);
  pack_optional(to, policy.moderated);
  pack_optional(to, policy.max_members);
  pack_optional(to, policy.line_length);
  pack_optional(to, policy.hands);
  pack_optional(to, policy.password);
  to.flag(policy.expel);
  pack_optional(to, policy.members_only);
  pack_optional(to, policy.followers_only);
  pack_optional(to, policy.emote_only);
  pack_optional(to, policy.duplicate_s);
}

void unpack(Unpacker& from, PolicyPatch& policy) noexcept {
  unpack_optional(from, policy.slow_mode_s);
  unpack_optional(from, policy.mute_all);
  unpack_optional(from, policy.moderated);
  unpack_optional(from, policy.max_members);
  unpack_optional(from, policy.line_length);
  unpack_optional(from, policy.hands);
  unpack_optional(from, policy.password);
  policy.expel = from.flag();
  unpack_optional(from, policy.members_only);
  unpack_optional(from, policy.followers_only);
  unpack_optional(from, policy.emote_only);
  unpack_optional(from, policy.duplicate_s);
}

}  // namespace

void pack(Packer& to, const Outgoing& message) noexcept {
  to.text(message.room);
  to.text(message.channel);
  to.text(message.kind.name);
  to.text(message.text);
  pack(to, message.data);
  to.u8(static_cast<std::uint8_t>(message.priority));
  to.text(message.key);
  to.u64(message.reply_to);
  pack_list(to, message.mentions);
  to.flag(message.keep);
  to.text(message.latest);
  to.u32(message.count);
}

void unpack(Unpacker& from, Outgoing& message, Lists& lists) noexcept {
  message.room = from.text();
  message.channel = from.text();
  message.kind.name = from.text();
  message.text = from.text();
  unpack(from, message.data);
  message.priority = static_cast<Priority>(from.u8());
  message.key = from.text();
  message.reply_to = from.u64();
  message.mentions = unpack_list(from, lists.mentions);
  message.keep = from.flag();
  message.latest = from.text();
  message.count = from.u32();
}

void pack(Packer& to, const Message& message) noexcept {
  to.text(message.channel);
  to.u64(message.offset);
  to.text(message.user);
  to.text(message.nick);
  to.u8(static_cast<std::uint8_t>(message.role));
  to.blob(message.info);
  to.text(message.kind.name);
  to.text(message.text);
  pack(to, message.data);
  to.u8(static_cast<std::uint8_t>(message.priority));
  to.u64(message.reply_to);
  pack_list(to, message.mentions);
  to.i64(message.time_ms);
  to.u32(message.count);
  to.u64(message.first);
}

void unpack(Unpacker& from, Message& message, std::span<std::string_view> mentions) noexcept {
  message.channel = from.text();
  message.offset = from.u64();
  message.user = from.text();
  message.nick = from.text();
  message.role = static_cast<Role>(from.u8());
  message.info = from.blob();
  message.kind.name = from.text();
  message.text = from.text();
  unpack(from, message.data);
  message.priority = static_cast<Priority>(from.u8());
  message.reply_to = from.u64();
  message.mentions = unpack_list(from, mentions);
  message.time_ms = from.i64();
  message.count = from.u32();
  message.first = from.u64();
}

void pack(Packer& to, const Command& command) noexcept {
  to.u8(static_cast<std::uint8_t>(command.op));
  to.u32(command.id);
  to.text(command.room);
  pack_list(to, command.channels);
  to.text(command.channel);
  pack(to, command.out);
  to.flag(command.has_text);
  to.text(command.token);
  to.text(command.resume);
  to.text(command.user);
  to.text(command.nick);
  to.text(command.password);
  to.flag(command.has_since);
  to.text(command.since_epoch);
  to.u64(command.since_offset);
  to.u32(command.recent);
  to.text(command.from);
  to.text(command.to);
  to.u64(command.before);
  to.u64(command.after);
  to.flag(command.has_after);
  to.u32(command.limit);
  to.u64(command.since_version);
  to.flag(command.has_since_version);
  to.text(command.cursor);
  to.text(command.name);
  to.u64(command.for_ms);
  to.text(command.reason);
  to.flag(command.clear);
  to.u8(static_cast<std::uint8_t>(command.role));
  to.u64(command.offset);
  pack(to, command.policy);
  to.text(command.key);
  pack_optional(to, command.value);
  to.u8(static_cast<std::uint8_t>(command.line));
  pack_optional(to, command.access);
  to.u32(command.normal_per_s);
  to.u32(command.high_per_s);
}

void unpack(Unpacker& from, Command& command, Lists& lists) noexcept {
  command.op = static_cast<Op>(from.u8());
  command.id = from.u32();
  command.room = from.text();
  command.channels = unpack_list(from, lists.channels);
  command.channel = from.text();
  unpack(from, command.out, lists);
  command.has_text = from.flag();
  command.token = from.text();
  command.resume = from.text();
  command.user = from.text();
  command.nick = from.text();
  command.password = from.text();
  command.has_since = from.flag();
  command.since_epoch = from.text();
  command.since_offset = from.u64();
  command.recent = from.u32();
  command.from = from.text();
  command.to = from.text();
  command.before = from.u64();
  command.after = from.u64();
  command.has_after = from.flag();
  command.limit = from.u32();
  command.since_version = from.u64();
  command.has_since_version = from.flag();
  command.cursor = from.text();
  command.name = from.text();
  command.for_ms = from.u64();
  command.reason = from.text();
  command.clear = from.flag();
  command.role = static_cast<Role>(std::min<std::uint8_t>(from.u8(), kRoleMax));
  command.offset = from.u64();
  unpack(from, command.policy);
  command.key = from.text();
  unpack_optional(from, command.value);
  command.line = static_cast<Line>(from.u8() % kLines);
  unpack_optional(from, command.access);
  if (command.access && *command.access > Role::owner) command.access = Role::owner;
  command.normal_per_s = from.u32();
  command.high_per_s = from.u32();
}

void pack(Packer& to, const Identity& identity) noexcept {
  to.text(identity.user);
  to.text(identity.nick);
  to.blob(identity.info);
  to.u8(static_cast<std::uint8_t>(identity.role));
}

void unpack(Unpacker& from, Identity& identity) noexcept {
  identity.user = from.text();
  identity.nick = from.text();
  identity.info = from.blob();
  identity.role = static_cast<Role>(from.u8());
}

void pack(Packer& to, const Answer& answer) noexcept {
  to.u8(static_cast<std::uint8_t>(answer.verdict));
  to.u8(static_cast<std::uint8_t>(answer.error.code));
  to.u16(answer.error.detail);
  to.u32(answer.error.retry_after_ms);
  pack(to, answer.identity);
  to.text(answer.text);
  pack(to, answer.data);
}

void unpack(Unpacker& from, Answer& answer) noexcept {
  answer.verdict = static_cast<Answer::Verdict>(from.u8());
  answer.error.code = static_cast<Errc>(from.u8());
  answer.error.detail = from.u16();
  answer.error.retry_after_ms = from.u32();
  unpack(from, answer.identity);
  answer.text = from.text();
  unpack(from, answer.data);
}

void pack(Packer& to, const RoomPolicy& policy) noexcept {
  to.u32(policy.max_members);
  to.flag(policy.reliable);
  to.flag(policy.moderated);
  to.flag(policy.mute_all);
  to.u32(policy.slow_mode_s);
  to.u32(policy.history_messages);
  to.i64(policy.history_age.us);
  to.i64(policy.idle_close.us);
  to.u8(static_cast<std::uint8_t>(policy.durability));
  to.flag(policy.first_join_owns);
  to.text(policy.owner);
  to.i64(policy.flush_interval_min.us);
  to.u32(policy.receive_normal_per_s);
  to.u32(policy.receive_high_per_s);
  to.u16(policy.channel_normal_per_s);
  to.u16(policy.channel_high_per_s);
  to.flag(policy.merge_repeats);
  to.flag(policy.public_moderation);
  to.flag(policy.listed);
  to.flag(policy.compress);
  to.flag(policy.by_invitation);
  to.u32(policy.applications);
  to.flag(policy.receipts);
  to.u32(policy.sessions_per_user);
  to.i64(policy.gift_window.us);
  to.u32(policy.line_length);
  to.u32(policy.hands);
  to.i64(policy.line_hold.us);
  to.flag(policy.members_only);
  to.flag(policy.followers_only);
  to.flag(policy.emote_only);
  to.u32(policy.duplicate_s);
  to.flag(policy.merge_duplicates);
  to.flag(policy.likes);
}

void unpack(Unpacker& from, RoomPolicy& policy) noexcept {
  policy.max_members = from.u32();
  policy.reliable = from.flag();
  policy.moderated = from.flag();
  policy.mute_all = from.flag();
  policy.slow_mode_s = from.u32();
  policy.history_messages = from.u32();
  policy.history_age.us = from.i64();
  policy.idle_close.us = from.i64();
  policy.durability = static_cast<Durability>(from.u8());
  policy.first_join_owns = from.flag();
  policy.owner = from.text();
  policy.flush_interval_min.us = from.i64();
  policy.receive_normal_per_s = from.u32();
  policy.receive_high_per_s = from.u32();
  policy.channel_normal_per_s = from.u16();
  policy.channel_high_per_s = from.u16();
  policy.merge_repeats = from.flag();
  policy.public_moderation = from.flag();
  policy.listed = from.flag();
  policy.compress = from.flag();
  policy.by_invitation = from.flag();
  policy.applications = from.u32();
  policy.receipts = from.flag();
  policy.sessions_per_user = from.u32();
  policy.gift_window.us = from.i64();
  policy.line_length = from.u32();
  policy.hands = from.u32();
  policy.line_hold.us = from.i64();
  policy.members_only = from.flag();
  policy.followers_only = from.flag();
  policy.emote_only = from.flag();
  policy.duplicate_s = from.u32();
  policy.merge_duplicates = from.flag();
  policy.likes = from.flag();
}

}  // namespace chatroom::engine
