// Sessions in rooms: join, leave, channels, walks.
#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr std::string_view kMainOnly[] = {"main"};

// What a join asks of the room's channels.
struct Wanted {
  ChannelMask mask = 0;       // of those that are there
  std::uint32_t missing = 0;  // to be opened
};

Result<Wanted> look_up(Tables& tables, const Room& room,
                       std::span<const std::string_view> names) noexcept {
  Wanted wanted;
  if (names.size() > kChannelsPerCommand) return Errc::bad_request;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!base::valid_name(names[i], kNameBytes)) return Errc::bad_request;
    const ChannelIndex index = tables.find_channel(room, names[i]);
    if (index != kNone) {
      wanted.mask |= bit_of(index);
    } else if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) ==
               names.begin() + static_cast<std::ptrdiff_t>(i)) {
      ++wanted.missing;
    }
  }
  return wanted;
}

Status may_open(const Tables& tables, const Room& room, Role role, std::uint32_t count) noexcept {
  if (count == 0) return {};
  if (!may(role, Operation::open_channel)) return Errc::forbidden;
  const std::uint32_t most = std::min(tables.limits.channels_per_room, kChannelsMax);
  return count > most - std::min(most, room.channels) ? Status{Errc::limit_reached} : Status{};
}

// Opens what is not there; all or none.
bool open_all(Tables& tables, Room& room, std::span<const std::string_view> names,
              std::string_view creator, ChannelMask& mask) noexcept {
  const std::uint32_t before = room.channels;
  for (const std::string_view name : names) {
    ChannelIndex index = tables.find_channel(room, name);
    if (index == kNone) index = tables.add_channel(room, name, creator);
    if (index == kNone) {
      while (room.channels > before) tables.drop_last_channel(room);
      return false;
    }
    mask |= bit_of(index);
  }
  return true;
}

void link(Tables& tables, MembershipIndex index) noexcept {
  Membership& added = tables.membership(index);
  SessionLinks& session = tables.sessions[added.session];
  added.session_previous = session.last_membership;
  (session.last_membership == kNone ? session.first_membership
                                    : tables.membership(session.last_membership).session_next) =
      index;
  session.last_membership = index;
  ++session.memberships;

  Member& member = tables.member(added.member);
  added.member_previous = member.last_membership;
  (member.last_membership == kNone ? member.first_membership
                                   : tables.membership(member.last_membership).member_next) = index;
  member.last_membership = index;
  ++tables.room(added.room).sessions;
}

void unlink(Tables& tables, const Membership& gone) noexcept {
  SessionLinks& session = tables.sessions[gone.session];
  (gone.session_previous == kNone ? session.first_membership
                                  : tables.membership(gone.session_previous).session_next) =
      gone.session_next;
  (gone.session_next == kNone ? session.last_membership
                              : tables.membership(gone.session_next).session_previous) =
      gone.session_previous;
  --session.memberships;

  Member& member = tables.member(gone.member);
  (gone.member_previous == kNone ? member.first_membership
                                 : tables.membership(gone.member_previous).member_next) =
      gone.member_next;
  (gone.member_next == kNone ? member.last_membership
                             : tables.membership(gone.member_next).member_previous) =
      gone.member_previous;
  --tables.room(gone.room).sessions;
}

}  // namespace

// ---- Join and leave

Result<Joined> Registry::join(RoomId id, SessionIndex session,
                              std::span<const std::string_view> names, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  const SessionLinks* links = t.links(session);
  if (links == nullptr) return Errc::unauthorized;
  const UserIndex user = links->user;
  if (const Error banned = t.sanctioned(*room, user, Measure::ban, now); banned.code != Errc::ok) {
    if (!CHATROOM_PLANTED(ban_not_enforced)) return banned;
  }
  if (names.empty()) names = kMainOnly;
  const Result<Wanted> wanted = look_up(t, *room, names);
  if (!wanted) return wanted.error();
  if (t.find_membership(id.index, session) != kNone) return Errc::already_member;

  t.forget_expired(now);
  MemberIndex index = t.find_member(id.index, user);
  const bool first = index == kNone || t.member(index).place != Member::Place::present;
  const bool owns =
      first && room->policy.first_join_owns && !room->owned && room->policy.owner.empty();
  const Role role = owns    ? Role::owner
                    : first ? t.role_on_join(*room, user, index)
                            : t.member(index).role;
  if (first && !owns && !t.is_invited(*room, user)) return Errc::forbidden;
  if (first && !t.may_enter(*room, user, role)) return Errc::room_full;
  if (links->memberships >= t.limits.rooms_per_session) return Errc::limit_reached;
  Tenant* const tenant = t.tenants.of(room->key.view());
  if (tenant != nullptr && Tenants::full(tenant->policy.memberships, tenant->used.memberships)) {
    return Tenants::refuse_full(*tenant);
  }
  if ((wanted->mask & ~t.readable(*room, user, role)) != 0) {
    return refusal(Errc::forbidden, Rule::channel_private);
  }
  if (const Status status = may_open(t, *room, role, wanted->missing); !status) {
    return status.error();
  }

  const MembershipIndex added = t.memberships.insert();
  if (added == kNone) return Errc::limit_reached;
  const bool made = index == kNone;
  if (made) index = t.make_member(*room, user);
  ChannelMask mask = 0;
  if (index == kNone || !open_all(t, *room, names, t.user(user).id(), mask)) {
    if (made && index != kNone) t.drop_member(index);
    t.memberships.erase(added);
    return Errc::limit_reached;
  }

  if (first) {
    const std::uint32_t waiter = t.find_waiter(id.index, user, Line::room);
    if (waiter != kNone) t.drop_waiter(waiter);
    t.arrive(*room, index, now);
    t.set_role(*room, index, role);
    // Too many lasting roles: it owns the room until it leaves.
    if (owns) room->owned = true, static_cast<void>(t.set_lasting(index, role));
  }
  Membership& membership = t.membership(added);
  membership.room = id.index;
  membership.session = session;
  membership.member = index;
  membership.mask = mask;
  link(t, added);
  if (tenant != nullptr) ++tenant->used.memberships;
  return Joined{added, first, wanted->missing > 0, role, mask, owns};
}

Result<Left> Registry::leave(RoomId id, SessionIndex session, Instant now) noexcept {
  if (tables_->find_room(id) == nullptr) return Errc::not_member;
  const MembershipIndex index = tables_->find_membership(id.index, session);
  if (index == kNone) return Errc::not_member;
  return tables_->take_away(index, now);
}

Left Tables::take_away(MembershipIndex index, Instant now) noexcept {
  const Membership& gone = membership(index);
  const MemberIndex left = gone.member;
  Room& home = room(gone.room);
  if (Tenant* const tenant = tenants.of(home.key.view())) --tenant->used.memberships;
  unlink(*this, gone);
  memberships.erase(index);
  const UserIndex who = member(left).user;
  const bool last = member(left).first_membership == kNone;
  if (last) {
    const std::uint32_t hand = find_waiter(home.id.index, who, Line::speak);
    if (hand != kNone) drop_waiter(hand);
    depart(home, left, now);
    tend_soon(home);
  }
  forget_expired(now);
  return {who, last};
}

MembershipIndex Tables::find_membership(std::uint32_t room_index_of,
                                        SessionIndex session) noexcept {
  const SessionLinks* at = links(session);
  if (at == nullptr) return kNone;
  MembershipIndex index = at->first_membership;
  while (index != kNone && membership(index).room != room_index_of) {
    index = membership(index).session_next;
  }
  return index;
}

MembershipIndex Registry::membership(RoomId id, SessionIndex session) const noexcept {
  return tables_->find_room(id) == nullptr ? kNone : tables_->find_membership(id.index, session);
}

MembershipView Registry::view(MembershipIndex index) const noexcept {
  const Membership& membership = tables_->membership(index);
  const Member& member = tables_->member(membership.member);
  return {.room = tables_->room(membership.room).id,
          .session = membership.session,
          .user = member.user,
          .member = membership.member,
          .role = member.role,
          .mask = membership.mask};
}

void Registry::set_mask(MembershipIndex index, ChannelMask mask) noexcept {
  tables_->membership(index).mask = mask;
}

// ---- Channels of a member

Result<Subscribed> Registry::subscribe(RoomId id, SessionIndex session,
                                       std::string_view channel) noexcept {
  return switch_channel(id, session, {}, channel);
}

Result<Subscribed> Registry::unsubscribe(RoomId id, SessionIndex session,
                                         std::string_view channel) noexcept {
  const MembershipIndex index = membership(id, session);
  if (index == kNone) return Errc::not_member;
  const ChannelIndex at = tables_->find_channel(tables_->room(id.index), channel);
  if (at == kNone) return Errc::not_found;
  Membership& membership = tables_->membership(index);
  membership.mask &= ~bit_of(at);
  return Subscribed{membership.mask, false};
}

// `from` empty: only adds.
Result<Subscribed> Registry::switch_channel(RoomId id, SessionIndex session, std::string_view from,
                                            std::string_view to) noexcept {
  Tables& t = *tables_;
  const MembershipIndex index = membership(id, session);
  if (index == kNone) return Errc::not_member;
  Room& room = t.room(id.index);
  Membership& membership = t.membership(index);
  ChannelMask mask = membership.mask;
  if (!from.empty()) {
    const ChannelIndex at = t.find_channel(room, from);
    if (at == kNone) return Errc::not_found;
    mask &= ~bit_of(at);
  }
  const std::string_view names[] = {to};
  const Result<Wanted> wanted = look_up(t, room, names);
  if (!wanted) return wanted.error();
  const Member& member = t.member(membership.member);
  if ((wanted->mask & ~t.readable(room, member.user, member.role)) != 0) {
    return refusal(Errc::forbidden, Rule::channel_private);
  }
  if (const Status status = may_open(t, room, member.role, wanted->missing); !status) {
    return status.error();
  }
  if (!open_all(t, room, names, t.user(member.user).id(), mask)) return Errc::limit_reached;
  membership.mask = mask;
  return Subscribed{mask, wanted->missing > 0};
}

// ---- Walks

MembershipIndex Registry::first_of_session(SessionIndex session) const noexcept {
  const SessionLinks* links = tables_->links(session);
  return links == nullptr ? kNone : links->first_membership;
}

MembershipIndex Registry::next_of_session(MembershipIndex index) const noexcept {
  return tables_->membership(index).session_next;
}

MembershipIndex Registry::first_of_room(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr || room->present.first == kNone) return kNone;
  return tables_->member(room->present.first).first_membership;
}

MembershipIndex Registry::next_of_room(MembershipIndex index) const noexcept {
  const Membership& membership = tables_->membership(index);
  if (membership.member_next != kNone) return membership.member_next;
  const MemberIndex next = tables_->member(membership.member).next;
  return next == kNone ? kNone : tables_->member(next).first_membership;
}

MembershipIndex Registry::first_of_user(RoomId id, UserIndex user) const noexcept {
  if (tables_->find_room(id) == nullptr) return kNone;
  const Member* member = tables_->present_member(id.index, user);
  return member == nullptr ? kNone : member->first_membership;
}

MembershipIndex Registry::next_of_user(MembershipIndex index) const noexcept {
  return tables_->membership(index).member_next;
}

}  // namespace chatroom::room
