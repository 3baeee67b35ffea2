// People whom a room's record in storage names: its lasting roles, who applied, up to where its
// members have read. Each list holds as many as its share of the record does; which go first is
// said where they are walked.
#include "base/plant.h"
#include "engine/kept_parts.h"

namespace chatroom::engine {

namespace {

constexpr std::size_t kTextHead = 4;  // how long it is
constexpr std::uint32_t kApplicantsKept = 100;

}  // namespace

void KeptParts::keep_people(Packer& to, RoomId room, bool with_reads) noexcept {
  Part roles{to, *this, share(to, kKeptRoles)};
  rooms.each_lasting(
      room,
      [](void* context, std::string_view user, Role role) {
        Part& part = *static_cast<Part*>(context);
        if (!part.begin(kTextHead + user.size() + 1)) {
          ++part.of.left_out;
          return true;
        }
        part.out.text(user);
        part.out.u8(static_cast<std::uint8_t>(role));
        return true;
      },
      &roles);
  to.flag(false);

  Part applied{to, *this, share(to, kKeptApplied)};
  std::uint32_t without = rooms.waiting(room, Line::apply);
  for (const Member& who : rooms.list_line(room, Line::apply, kApplicantsKept)) {
    if (!applied.begin(2 * kTextHead + who.user.size() + who.nick.size() + 8)) break;
    --without;
    to.text(who.user);
    to.text(who.nick);
    to.i64(who.since_ms);
  }
  left_out += without;
  to.flag(false);

  Part reads{to, *this, share(to, kKeptReads)};
  const auto keep_read = [](void* context, std::string_view user, std::uint64_t offset) {
    Part& part = *static_cast<Part*>(context);
    if (!part.begin(kTextHead + user.size() + 8)) return false;
    part.out.text(user);
    part.out.u64(offset);
    return true;
  };
  if (with_reads) rooms.each_reader(room, keep_read, &reads);
  to.flag(false);
}

// What there is no place for is left out and counted: its user has less then than it had, never
// more.
void KeptParts::restore_people(RoomId room, Unpacker& from) noexcept {
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const Role role = unpack_role(from);
    if (!from.ok() || CHATROOM_PLANTED(lasting_role_forgotten)) continue;
    if (!rooms.restore_lasting(room, user, role)) ++left_out;
  }
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const std::string_view nick = from.text();
    const std::int64_t since_ms = from.i64();
    if (from.ok()) static_cast<void>(rooms.restore_applicant(room, user, nick, since_ms));
  }
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const std::uint64_t offset = from.u64();
    if (from.ok()) static_cast<void>(rooms.restore_reader(room, user, offset));
  }
}

}  // namespace chatroom::engine
