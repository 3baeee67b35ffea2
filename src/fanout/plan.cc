// Ceilings: what this layer can ask of the Memory port, from Limits alone.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

// A stream and a view exist only while somebody reads them; one more of each for the moment in
// which a member changes from one to another.
std::size_t streams_max(const Limits& limits) noexcept {
  return std::min<std::size_t>(limits.memberships, std::size_t{limits.rooms} * kProfileCount) + 1;
}
std::uint32_t members_max(const Limits& limits) noexcept {
  return std::min(limits.memberships, Record::kMembersMax);
}
std::size_t views_max(const Limits& limits) noexcept {
  return std::min<std::size_t>(limits.memberships,
                               std::size_t{limits.rooms} * kProfileCount * (kOwnViewsMax + 1)) +
         1;
}

// With the house.
std::size_t allotments_of(const Limits& limits) noexcept {
  return limits.tenants == 0 ? 0 : std::size_t{limits.tenants} + 1;
}

}  // namespace

std::uint64_t log_pool_ceiling(const Limits& limits) noexcept {
  return base::BlockPool::bytes_max(ChunkPool::shape(limits));
}

std::uint64_t private_pool_ceiling(const Limits& limits) noexcept {
  return PrivateStore::bytes_max(limits);
}

std::uint64_t outlets_ceiling(const Limits& limits) noexcept {
  return SlotTable<Outlet>::bytes_max(limits.sessions) +
         base::Pool<Backlog>::bytes_max(limits.sessions);
}

std::uint64_t logs_ceiling(const Limits& limits) noexcept {
  return SlotTable<RoomLog*>::bytes_max(limits.rooms) +
         base::Pool<RoomLog>::bytes_max(limits.rooms) +
         base::Pool<Stream>::bytes_max(streams_max(limits)) +
         base::Pool<View>::bytes_max(views_max(limits));
}

// Arrays of records hold at most four times what is used, or their first block; the moment of a
// growth and the pointers to segments come on top.
std::uint64_t members_ceiling(const Limits& limits) noexcept {
  const std::uint64_t memberships = limits.memberships;
  const std::uint64_t records =
      4 * memberships + RecordArray::kFirst * std::uint64_t{views_max(limits)};
  return base::IndexMap<Member>::bytes_max(members_max(limits)) +
         base::Pool<Laggard>::bytes_max(memberships) + base::Pool<Account>::bytes_max(memberships) +
         records * sizeof(Record) + memberships * sizeof(Record*) +
         2 * RecordArray::kSegment * sizeof(Record);
}

std::uint64_t scratch_ceiling(const Limits& limits) noexcept {
  return sizeof(State) + scratch_bytes(limits) + allotments_of(limits) * sizeof(Allotment) +
         base::Pool<Choice>::bytes_max(limits.receive_choices);
}

State::State(Memory& port, const Limits& all, Codecs of, WriteTap write_tap,
             std::byte* whole_scratch, Compressor* compressing) noexcept
    : memory(port),
      limits(all),
      codecs(of),
      tap(write_tap),
      scratch(whole_scratch),
      compressor(deflate_bytes(all) == 0 ? nullptr : compressing),
      chunks(port, all),
      store(port, all),
      logs(port, all.rooms),
      streams(port, streams_max(all)),
      views(port, views_max(all)),
      members(port, members_max(all)),
      laggards(port, all.memberships),
      accounts(port, all.memberships),
      choices(port, all.receive_choices),
      backlogs(port, all.sessions),
      outlets(port, all.sessions),
      rooms(port, all.rooms),
      allotments(port, allotments_of(all)) {
  deflated.place = {scratch + encode_bytes(all), deflate_bytes(all)};
}

}  // namespace chatroom::fanout
