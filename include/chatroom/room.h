// Rooms as the host holds them: their policy, a handle, a handle for one member.
#pragma once

#include "chatroom/connection.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/message.h"

namespace chatroom {

class Engine;

// When the sender is answered, and what a crash may cost.
enum class Durability : std::uint8_t {
  none,    // nothing is stored
  behind,  // stored after it was spread; a crash may lose what was not stored yet, and the room
           // goes on in a new epoch (after Engine::drain or an idle close: in the same)
  before,  // stored first, then spread and answered; a failed append is `storage_failed`
};

// Everything a room decides by itself. Defaults are those of an open plaza; `plaza`, `group` and
// `sensitive` below give the usual kinds (src/README.md has the table).
struct RoomPolicy {
  static RoomPolicy plaza() noexcept;  // anybody, without end; a crowd sees a fair part of it
  static RoomPolicy group(std::uint32_t most = 500) noexcept;     // by invitation; nothing is lost
  static RoomPolicy sensitive(std::uint32_t most = 50) noexcept;  // and nothing is told unstored

  std::uint32_t max_members = 0;  // users; 0: no cap. Full: room_full (not for owner, admins)
  bool reliable = false;          // true (groups): normal and low are never dropped for a
                                  // slow member; it is closed slow_consumer and may come back
  bool moderated = false;         // only speakers and above may publish
  bool mute_all = false;          // only moderators and above: mode_restricted
  std::uint32_t slow_mode_s = 0;  // between two messages of one user below moderator
  bool members_only = false;      // only who was given a lasting role, and speakers and above
  bool followers_only = false;    // only whom Rules::on_follower passes, and those
  bool emote_only = false;        // below moderator: a text may hold emoji and :names: only
  // The same words again by the same user within so many seconds (at most 300; 0: never mind),
  // looked at without case, width, spaces and signs: refused `duplicate`, or answered with the
  // place of the first once it has one.
  std::uint32_t duplicate_s = 0;
  bool merge_duplicates = false;
  std::uint32_t history_messages = 300;        // kept in the ring, over all channels
  Duration history_age = Duration::s(3600);    // and not older than this
  Duration idle_close = Duration::s(300);      // nobody in it for so long: closed; 0: never
  Durability durability = Durability::behind;  // without a Storage port: none
  bool first_join_owns = false;                // on open servers: the first to join is its owner
  std::string_view owner{};  // this user is its owner whenever it joins; empty: nobody
  // The receive budget: what each member is shown at most in a second, of what members say (the
  // host's broadcasts are not counted). 0: no limit, nothing is merged or sampled. At most 256; 20
  // and 10 is what large live rooms use. Past it the room climbs Rung: whoever is not shown still
  // sees its own message (offset 0: it has no place in the log), the others are told how many they
  // did not see (`gap`, reason sampled) once a second. High priority past its own budget is refused
  // room_overloaded. A text is merged if it is at most 96 bytes and comes alone (no data, reply,
  // mention), and never in a room that stores `before`.
  std::uint32_t receive_normal_per_s = 0;
  std::uint32_t receive_high_per_s = 0;
  // A budget for each channel beside it: one that is full of talk takes nothing from another. Under
  // a room's budget main is sure of half and each other channel that is spoken in of an equal part
  // of the rest, and all may have what the others leave. What a member is shown is at most the sum
  // of its channels' budgets, and never more than the room's. 0: the channels share the room's,
  // whoever comes first. While it is spoken in it counts in Limits::budget_rooms; without a place
  // it shares main's.
  std::uint16_t channel_normal_per_s = 0;
  std::uint16_t channel_high_per_s = 0;
  bool merge_repeats = false;
  bool public_moderation = false;  // mutes, bans, kicks, roles are told to the whole room, not only
                                   // to whom they are about
  bool listed = false;             // list_rooms shows it to anybody
  // What members publish of kind `like` is counted instead of said, `count` of them at once: it has
  // no place, is in no history and costs no receive budget. How many so far since the room opened
  // is told to all at most once a second, the last number always (RoomState::likes). Of a host's
  // broadcast likewise. Slow mode and the room's modes do not hold for it; mutes and rates do.
  bool likes = false;
  Duration flush_interval_min = Duration{0};  // members get what came since, at most this often
  // Members whose links agreed to it (SessionOptions::compress) get what several members wait for
  // deflated, once for all of them; what is for one alone stays plain. For who joins from then on.
  bool compress = false;
  // Members may say up to where they have read (`ack`), and are told of each other: by name in
  // rooms of up to Limits::receipts_exact users, else by count, once a second.
  bool receipts = false;
  // Sessions of one user that are in it: of more, the oldest leaves, `replaced`. 0: no cap.
  std::uint32_t sessions_per_user = 0;
  // For so long the same gift of the same giver counts on: each message of kind `gift` says how
  // many it were (`count`) and which was the first. Gifts are of high priority then. 0: gifts are
  // messages like others.
  Duration gift_window = Duration{0};
  // Only who was given a lasting role (set_role, invite, approve) gets in, the others `forbidden`;
  // so many may have applied at a time, at most 1,000. Whoever applied may go until it is decided.
  bool by_invitation = false;
  std::uint32_t applications = 0;
  // The line in front of a full room, and that of those who would like to speak: how many may wait
  // there, at most 1,000 each (0: queue_full; a place that is free is given all the same).
  std::uint32_t line_length = 0;
  std::uint32_t hands = 0;
  Duration line_hold = Duration::s(30);  // whose turn it is to enter has so long to join
};

// What holds for a user of a room beside its role.
struct Sanctions {
  bool muted = false;
  Instant muted_until = Instant::never();  // never(): until it is lifted
  bool banned = false;
  Instant banned_until = Instant::never();
  bool allowed = false;     // may speak while mute_all is on
  bool self_muted = false;  // by its own wish; ends by itself or by its own `unmute`
  bool shadow_muted = false;
};

// A member of one room: a user's stay there, over all its sessions. Views nothing, owns nothing.
// Stale once the user left, even if it comes back or its place is another's by then: then `present`
// is false and calls answer not_found.
class MemberHandle final {
 public:
  bool present() const noexcept;
  Role role() const noexcept;  // visitor if not present
  Tag tag() const noexcept;
  Status set_tag(Tag tag) noexcept;                       // the host's own word for it; it
                                                          // leaves with it. limit_reached: memory
  Result<Ticket> send(const Outgoing& message) noexcept;  // to this user alone, in this room

 private:
  friend class Room;
  MemberHandle(Engine* engine, RoomId room, std::uint32_t user, std::uint32_t arrival) noexcept
      : engine_(engine), room_(room), user_(user), arrival_(arrival) {}
  std::uint32_t member() const noexcept;
  Engine* engine_;
  RoomId room_;
  std::uint32_t user_;
  std::uint32_t arrival_;  // which stay: rises with each in the room
};

// A handle; copy it freely. Every call on a closed room answers not_found. Valid while its engine
// lives. Thread: the engine's. Re-entry: as Engine (from an observer: yes; from a port: no).
class Room final {
 public:
  Room() noexcept = default;

  RoomId id() const noexcept { return id_; }
  bool open() const noexcept;
  std::string_view key() const noexcept;  // empty if closed; lives as long as the room
  Position position() const noexcept;     // of the newest kept message
  std::uint32_t online() const noexcept;  // users
  RoomPolicy policy() const noexcept;
  Rung rung() const noexcept;  // known to its home; normal without a receive budget, or if closed;
                               // with budgets of channels, the highest of them
  Rung rung(std::string_view channel) const noexcept;
  std::uint64_t likes() const noexcept;  // as far as this engine knows; RoomPolicy::likes

  // Says something as the host: no limits, rules or mute apply; takes its place in history.
  // Cost: one encode per profile in use, whatever the number of members.
  Result<Ticket> broadcast(const Outgoing& message, Tag tag = 0) noexcept;
  // To one user of this room, all its sessions here. not_found if absent.
  Result<Ticket> send_to(std::string_view user, const Outgoing& message) noexcept;
  // To those of a role or above; to those whom the host gave that tag (MemberHandle::set_tag). How
  // many users; 0 where the room lives at another engine, which sends it.
  Result<std::uint32_t> send_to_role(Role least, const Outgoing& message) noexcept;
  Result<std::uint32_t> send_to_tag(Tag tag, const Outgoing& message) noexcept;
  // Broadcasts it at that moment, if the room is open then. limit_reached: Limits::scheduled.
  Result<ScheduleId> schedule(Instant at, const Outgoing& message, Tag tag = 0) noexcept;
  // Removes the user's sessions from the room (the connections stay). After it returned nothing of
  // the room is offered to them, but for the rest of one frame already begun.
  Status kick(std::string_view user, std::string_view text = {}) noexcept;
  // Owner, admin and member last, and are given to users present or not; visitor takes away what
  // lasts too. not_found: of who is not in, another one, or visitor where nothing lasts.
  Status set_role(std::string_view user, Role role) noexcept;
  // In one channel only, of users present or not: the higher of it and the role in the room counts
  // there, and it lets in where the channel is not everybody's. visitor takes it away. It lasts.
  // limit_reached: Limits::channel_roles.
  Status set_role(std::string_view user, Role role, std::string_view channel) noexcept;
  // Of users present or not; repeating is fine. A timed one replaces an earlier timed one and
  // leaves one without an end as it is; lifting ends both. Duration{0}: until it is lifted.
  // `reason` (at most 200 bytes) is told to the user. limit_reached: Limits::sanctions.
  Status mute(std::string_view user, Duration time = {}, std::string_view reason = {}) noexcept;
  Status unmute(std::string_view user, std::string_view reason = {}) noexcept;
  // Takes the user's sessions out of the room as kick does, and lets none in while it holds.
  Status ban(std::string_view user, Duration time = {}, std::string_view reason = {}) noexcept;
  Status unban(std::string_view user, std::string_view reason = {}) noexcept;
  // What the user says from now on, it alone sees; ended by unmute. Its moderators are told.
  Status shadow_mute(std::string_view user, Duration time = {},
                     std::string_view reason = {}) noexcept;
  // What a filter or the host held, by its number: said now, or not. not_found: it does not wait.
  Status release(std::uint64_t held) noexcept;
  Status reject(std::uint64_t held, std::string_view reason = {}) noexcept;
  // A visitor may decide any of them; `message` lives until the first call that does.
  using HeldVisitor = void (*)(void* context, std::uint64_t held, const Message& message);
  Status for_each_held(HeldVisitor visit, void* context) const noexcept;  // the oldest first
  Status allow(std::string_view user) noexcept;  // may speak while policy.mute_all is on
  Status disallow(std::string_view user) noexcept;
  Sanctions sanctions(std::string_view user) const noexcept;  // known to the room's home
  // Takes a message back: it is in no answer any more, is not sent to those who have not got it,
  // and the others are told. not_found: it is not in the ring (the copies in a Storage stay there).
  Status recall(std::uint64_t offset) noexcept;
  Status clear(std::string_view user = {}) noexcept;  // all of one user, or of everybody
  Status pin(std::uint64_t offset) noexcept;  // not_found; limit_reached: 16, Limits::board_rooms
  Status unpin(std::uint64_t offset) noexcept;
  // Words of the room's own that every member sees (topic, …): key at most 64, value at most 512
  // bytes of text, all together 1,536: limit_reached.
  Status set_attribute(std::string_view key, std::string_view value) noexcept;
  Status erase_attribute(std::string_view key) noexcept;
  // Of a member, until it leaves: at most 8 of 256 bytes together, keys and values. Everybody sees
  // them in the list of members, and is told in rooms that tell by name who is there. not_found:
  // the user is not in; limit_reached: Limits::member_attributes.
  Status set_attribute(std::string_view user, std::string_view key,
                       std::string_view value) noexcept;
  Status erase_attribute(std::string_view user, std::string_view key) noexcept;
  // Lines (command.h). Whose turn it is to enter has a place kept for a while; whose turn it is to
  // speak is a speaker from then on. Empty user: who stands first. not_found: nobody does;
  // room_full: there is no place to call anybody to.
  Status call_next(Line line, std::string_view user = {}) noexcept;
  Status send_off(Line line, std::string_view user) noexcept;  // out of the line, and told so
  std::uint32_t waiting(Line line) const noexcept;             // known to the room's home

  Status invite(std::string_view user) noexcept;  // to a room by invitation

  // What Passwords::on_set makes of one; empty: none. Who is in stays, unless `expel`: then all but
  // admins and the owner leave, password_changed. limit_reached: Limits::password_rooms.
  // unsupported: there is no Passwords port.
  Status set_password(std::string_view stored, bool expel = false) noexcept;

  Status open_channel(std::string_view name) noexcept;
  Status close_channel(std::string_view name) noexcept;  // nothing more is said there
  // Opens it for this rank and above and for those with a role in it: who may not read it is taken
  // off it at once and reads nothing of it by any way. visitor: everybody. bad_request: main.
  Status restrict_channel(std::string_view name, Role least) noexcept;
  Status set_policy(const RoomPolicy& policy) noexcept;
  // Everybody leaves with room_closed; history is dropped.
  Status close() noexcept;

  MemberHandle member(std::string_view user) noexcept;  // of who is in now
  // Calls visit for each user, in order of arrival; stops when it answers false. The room must not
  // be changed from inside.
  using MemberVisitor = bool (*)(void* context, const Member& member);
  void for_each_member(MemberVisitor visit, void* context) const noexcept;
  // The newest `limit` (at most 100) messages before `before` (0: the head), oldest first.
  using MessageVisitor = void (*)(void* context, const Message& message);
  Status history(std::uint64_t before, std::uint32_t limit, MessageVisitor visit,
                 void* context) const noexcept;

 private:
  friend class Engine;
  friend class MemberHandle;
  Room(Engine* engine, RoomId id) noexcept : engine_(engine), id_(id) {}
  Status moderate(const Command& command) noexcept;
  Engine* engine_ = nullptr;
  RoomId id_;
};

}  // namespace chatroom
