// What a message must pass, and the place it gets.
#include <algorithm>

#include "base/plant.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

// `role`: in the channel.
Error check_mode(const RoomPolicy& policy, const Member& member, Role role, bool allowed,
                 const Outgoing& message) noexcept {
  if (!may(role, Operation::publish)) return {Errc::forbidden};
  if (message.kind == Kind::notice && !may(role, Operation::publish_notice)) {
    return {Errc::forbidden};
  }
  if (message.priority == Priority::high && !may(role, Operation::publish_high)) {
    return {Errc::forbidden};
  }
  if (policy.mute_all && !allowed && !may(role, Operation::publish_muted_all)) {
    return refusal(Errc::mode_restricted, Rule::mute_all);
  }
  if (policy.moderated && !may(role, Operation::publish_moderated)) {
    return refusal(Errc::mode_restricted, Rule::moderated);
  }
  if (policy.members_only && member.lasting == Role::visitor &&
      !may(role, Operation::publish_members_only)) {
    return refusal(Errc::mode_restricted, Rule::members_only);
  }
  if (policy.emote_only && !may(role, Operation::publish_emote_only) &&
      !only_emotes(message.text)) {
    return refusal(Errc::mode_restricted, Rule::emote_only);
  }
  return {};
}

bool slow_mode_applies(const RoomPolicy& policy, Role role) noexcept {
  return policy.slow_mode_s > 0 && !may(role, Operation::ignore_slow_mode);
}

Error check_slow_mode(const Tables& tables, const RoomPolicy& policy, const Member& member,
                      Role role, Instant now) noexcept {
  if (!slow_mode_applies(policy, role) || !member.spoke) return {};
  const std::int64_t spoke_us = tables.extra(member)->spoke_us;
  std::int64_t end_us = base::saturating_add(spoke_us, Duration::s(policy.slow_mode_s).us);
  if (CHATROOM_PLANTED(slow_mode_off_by_one_ms)) end_us -= 1'000;
  if (now.us >= end_us) return {};
  return {Errc::slow_mode, 0, base::retry_after_ms({end_us - now.us})};
}

// What a user says here, and in all rooms.
Error check_own_rates(const Tables& tables, const Member& member, std::uint64_t speaker,
                      Instant now) noexcept {
  const Limits& limits = tables.limits;
  const Extra* const said = tables.extra(member);
  const base::Bucket publishes = said == nullptr ? base::Bucket{} : said->publishes;
  if (const Duration wait = publishes.wait(limits.publishes, now); wait.us > 0) {
    return refusal(Errc::rate_limited, Rule::publish_rate, base::retry_after_ms(wait));
  }
  const Duration wait = tables.speaking.wait(speaker, limits.user_publishes, now);
  if (wait.us == 0 || CHATROOM_PLANTED(user_rate_per_room_only)) return {};
  return refusal(Errc::rate_limited, Rule::user_rate, base::retry_after_ms(wait));
}

// What all members of a room say, and all users of a tenant.
Error check_shared_rates(const Tables& tables, const Room& room, Tenant* tenant,
                         Instant now) noexcept {
  const Duration wait = room.publishes.wait(tables.limits.room_publishes, now);
  if (wait.us > 0) {
    return refusal(Errc::rate_limited, Rule::room_rate, base::retry_after_ms(wait));
  }
  return tenant == nullptr ? Error{} : tenant->may_publish(now);
}

void charge(Tables& tables, Room& room, Extra& said, std::uint64_t speaker, Tenant* tenant,
            Instant now) noexcept {
  const Limits& limits = tables.limits;
  static_cast<void>(said.publishes.take(limits.publishes, now));
  static_cast<void>(room.publishes.take(limits.room_publishes, now));
  tables.speaking.take(speaker, limits.user_publishes, now);
  if (tenant != nullptr) tenant->charge_publish(now);
}

std::string_view id_of(Tables& tables, UserIndex author) noexcept {
  return author == kNone ? std::string_view{} : tables.user(author).id();
}

// By others, or by himself.
Error check_mutes(Tables& t, Room& room, UserIndex author, Instant now) noexcept {
  const Error error = t.sanctioned(room, author, Measure::mute, now);
  return error.code != Errc::ok ? error : t.sanctioned(room, author, Measure::self_mute, now);
}

bool is_large(const Limits& limits, const Outgoing& message) noexcept {
  return message.text.size() > limits.text_bytes || message.data.bytes.size() > limits.data_bytes;
}

bool takes_place(const Outgoing& message) noexcept {
  return message.keep && message.latest.empty() && message.kind != Kind::signal;
}

}  // namespace

PublishVerdict Registry::check_publish(RoomId id, SessionIndex session, const Outgoing& message,
                                       Instant now, bool shortened) noexcept {
  Tables& t = *tables_;
  PublishVerdict verdict;
  const auto refuse = [&](Error error) noexcept {
    verdict.error = error;
    return verdict;
  };
  const MembershipIndex index = membership(id, session);
  if (index == kNone) return refuse({Errc::not_member});
  Room& room = t.room(id.index);
  const Membership& membership = t.membership(index);
  Member& member = t.member(membership.member);

  if (answered(id, member.user, message.key, now, verdict.first)) {
    verdict.repeated = true;
    return verdict;
  }
  verdict.channel = t.find_channel(room, message.channel);
  if (verdict.channel == kNone) return refuse({Errc::not_found});
  if ((membership.mask & bit_of(verdict.channel)) == 0) return refuse({Errc::not_member});
  if (const Error error = check_mutes(t, room, member.user, now); error.code != Errc::ok) {
    return refuse(error);
  }
  const bool allowed = room.policy.mute_all && t.allowed(room, member.user);
  const Role role = t.role_in(room, member, verdict.channel);
  const bool counted = room.policy.likes && message.kind == Kind::like;
  if (counted && !may(role, Operation::publish)) return refuse({Errc::forbidden});
  if (const Error error = check_mode(room.policy, member, role, allowed, message);
      error.code != Errc::ok && !counted) {
    return refuse(error);
  }
  if ((room.closed & bit_of(verdict.channel)) != 0 && !CHATROOM_PLANTED(closed_channel_open)) {
    return refuse(refusal(Errc::mode_restricted, Rule::channel_closed));
  }
  if (const Error error = check_slow_mode(t, room.policy, member, role, now);
      error.code != Errc::ok && !counted) {
    return refuse(error);
  }
  const std::uint64_t speaker = t.speaker(member.user);
  if (const Error error = check_own_rates(t, member, speaker, now); error.code != Errc::ok) {
    return refuse(error);
  }
  Tenant* const tenant = t.tenants.of(room.key.view());
  if (const Error error = check_shared_rates(t, room, tenant, now); error.code != Errc::ok) {
    return refuse(error);
  }
  const std::optional<KeyPrint> said = t.print_said(room, member.user, message);
  if (said) {
    const Error error = t.check_duplicate(room, *said, now, verdict);
    if (error.code != Errc::ok || verdict.repeated) return refuse(error);
  }
  if (!shortened && is_large(t.limits, message)) return refuse({Errc::too_large});
  Extra* const extra = t.make_extra(member);
  if (extra == nullptr) return refuse({Errc::limit_reached});
  charge(t, room, *extra, speaker, tenant, now);
  if (counted) return verdict;
  member.spoke = true;
  extra->spoke_us = now.us;
  if (said) {
    verdict.said = *said;
    t.keys.remember(*said, kNotSaid, now);
  }
  verdict.ask_follower =
      room.policy.followers_only && !member.follower && member.lasting == Role::visitor &&
      !may(role, Operation::publish_followers_only) && !CHATROOM_PLANTED(followers_not_asked);
  return verdict;
}

Error Registry::check_again(RoomId id, SessionIndex session, const Outgoing& message,
                            Instant now) noexcept {
  Tables& t = *tables_;
  const MembershipIndex index = membership(id, session);
  if (index == kNone) return {Errc::not_member};
  Room& room = t.room(id.index);
  Member& member = t.member(t.membership(index).member);
  const ChannelIndex channel = t.find_channel(room, message.channel);
  if (channel == kNone) return {Errc::not_found};
  const Error muted = t.sanctioned(room, member.user, Measure::mute, now);
  if (muted.code != Errc::ok) return muted;
  if (room.policy.likes && message.kind == Kind::like) return {};
  const bool allowed = room.policy.mute_all && t.allowed(room, member.user);
  return check_mode(room.policy, member, t.role_in(room, member, channel), allowed, message);
}

void Registry::forgive_publish(RoomId id, UserIndex user, Instant passed,
                               const KeyPrint& said) noexcept {
  forget_said(said);
  if (tables_->find_room(id) == nullptr || user == kNone) return;
  Member* member = tables_->present_member(id.index, user);
  const Extra* const extra = member == nullptr ? nullptr : tables_->extra(*member);
  if (extra == nullptr || extra->spoke_us != passed.us) return;  // it spoke again since
  // What it passed with was over when it passed, so nothing older can bind.
  member->spoke = false;
}

// ---- Gifts: counted on while their window is open

const Gifts::Gift* Tables::given_lately(const Room& room, const Message& message,
                                        Instant now) noexcept {
  if (room.gifts == nullptr || message.kind != Kind::gift || message.offset == 0) return nullptr;
  if (room.policy.gift_window.us <= 0) return nullptr;
  if (CHATROOM_PLANTED(gifts_not_counted)) return nullptr;
  return room.gifts->find(Gifts::hash_of(message.user, message.channel, message.text, message.data),
                          now.us);
}

void Tables::remember_gift(Room& room, const Message& message, Instant now) noexcept {
  if (message.kind != Kind::gift || room.policy.gift_window.us <= 0) return;
  if (room.gifts == nullptr) room.gifts = gifts.make();
  if (room.gifts == nullptr) return;
  const bool more = message.count > 1;
  room.gifts->given(Gifts::hash_of(message.user, message.channel, message.text, message.data),
                    more ? message.first : message.offset, message.count,
                    base::saturating_add(now.us, room.policy.gift_window.us));
}

// ---- The place

Result<Committed> Registry::stamp(RoomId id, UserIndex author, const Outgoing& message,
                                  std::uint64_t ahead, Instant now) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  const ChannelIndex channel = t.find_channel(*room, message.channel);
  if (channel == kNone) return Errc::not_found;
  Committed out;
  out.channel = channel;
  out.position = {room->epoch, takes_place(message) ? room->offset + ahead : 0};
  out.message = {.room = room->key.view(),
                 .channel = message.channel,
                 .offset = out.position.offset,
                 .role = Role::owner,
                 .kind = message.kind,
                 .text = message.text,
                 .data = message.data,
                 .priority = message.priority,
                 .reply_to = message.reply_to,
                 .mentions = message.mentions,
                 .time_ms = now.unix_ms()};
  if (author != kNone) {
    const User& user = t.user(author);
    const Member* member = t.present_member(id.index, author);
    out.message.user = user.id();
    out.message.nick = user.shown();
    out.message.info = as_bytes(user.names.info());
    // It may have left while its message was decided.
    out.message.role = member == nullptr ? user.role : t.role_in(*room, *member, channel);
  }
  if (const Gifts::Gift* gift = t.given_lately(*room, out.message, now); gift != nullptr) {
    out.message.count = gift->count + 1;
    out.message.first = gift->first;
  }
  if (!message.key.empty()) {
    t.keys.remember(t.keys.print(id.index, room->epoch, id_of(t, author), message.key),
                    out.position.offset, now);
  }
  return out;
}

void Registry::keep(RoomId id, const Message& message, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  if (message.offset == 0) return;
  CHATROOM_ASSERT(message.offset == room->offset + 1);
  room->offset = message.offset;
  if (CHATROOM_PLANTED(offset_skipped)) ++room->offset;
  t.remember_gift(*room, message, now);
  const ChannelIndex channel = t.find_channel(*room, message.channel);
  if (room->policy.history_messages == 0 || channel == kNone) return t.history.clear(id.index);
  t.history.append(id.index, message, channel);
  t.trim_history(*room, now);
}

Result<Committed> Registry::commit_publish(RoomId id, UserIndex author, const Outgoing& message,
                                           Instant now) noexcept {
  Result<Committed> committed = stamp(id, author, message, 1, now);
  if (committed) keep(id, committed->message, now);
  return committed;
}

bool Registry::answered(RoomId id, UserIndex author, std::string_view key, Instant now,
                        Position& first) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || key.empty()) return false;
  const std::uint64_t* offset =
      t.keys.find(t.keys.print(id.index, room->epoch, id_of(t, author), key), now);
  if (offset == nullptr) return false;
  first = {room->epoch, *offset};
  return true;
}

void Registry::forget_key(RoomId id, UserIndex author, std::string_view key) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || key.empty()) return;
  t.keys.forget(t.keys.print(id.index, room->epoch, id_of(t, author), key));
}

}  // namespace chatroom::room
