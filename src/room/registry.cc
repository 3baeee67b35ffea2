// Beginning and end of a registry, its plan, and how an epoch is written.
#include "room/registry.h"

#include <algorithm>
#include <memory>

#include "room/state.h"

namespace chatroom::room {

namespace {

// Beside what the limits name: records that outlive a leave for a while, channels, strings.
constexpr std::uint32_t kLingeringMax = 4'096;
constexpr std::size_t kTextPoolFloor = 12 * base::kSlabBytes;  // a slab of each size

std::uint32_t plus(std::uint32_t a, std::uint32_t b) noexcept {
  return std::min(base::saturating_add(a, b), std::uint32_t{1} << 28);
}

// Of every user there can be; none where nobody is counted.
std::uint32_t speakers_of(const Limits& limits, const Sizes& sizes) noexcept {
  return limits.user_publishes.limited() ? sizes.users : 0;
}

std::size_t text_bytes_of(const Sizes& sizes) noexcept {
  // Blocks as TextPool cuts them, at the longest names; info at 128 of its 256 bytes. Past the sum:
  // limit_reached.
  const std::size_t users = base::checked_multiply<std::size_t>(sizes.users, 264);
  const std::size_t rooms = base::checked_multiply<std::size_t>(sizes.rooms, 136 + 80 + 80);
  const std::size_t channels = base::checked_multiply<std::size_t>(sizes.channels, 80 + 80);
  return kTextPoolFloor + users + rooms + channels;
}

}  // namespace

Sizes::Sizes(const Limits& limits) noexcept
    : sessions(limits.sessions),
      users(0),
      rooms(limits.rooms),
      channels(plus(plus(limits.rooms, limits.rooms), 256)),
      members(0),
      memberships(limits.memberships),
      lingering(std::min(kLingeringMax, plus(limits.memberships / 4, 16))),
      lasting(limits.lasting_roles),
      text_bytes(0),
      page_messages(std::max(limits.page_messages, limits.recovery_messages)),
      history{limits.history_pool_bytes, limits.rooms, std::max(limits.frame_bytes, 4'096u),
              tenants_kept(limits)},
      arena{std::size_t{limits.page_bytes} + history.record_bytes_max, 4 * page_messages + 256},
      presence(std::max(limits.presence_exact, kPresencePageMax)) {
  members = plus(memberships, plus(lingering, lasting));
  users =
      plus(plus(sessions, plus(limits.sanctions, limits.read_positions)), plus(lingering, lasting));
  users = plus(users, plus(limits.held_messages, limits.channel_roles));
  users = plus(users, limits.line_places);  // who applied and went
  text_bytes =
      text_bytes_of(*this) + base::checked_multiply<std::size_t>(limits.password_rooms, 136);
}

Tables::Tables(Memory& memory, const Limits& given, HashKey hash_key, std::uint64_t seed) noexcept
    : limits(given),
      sizes(given),
      key(hash_key),
      random(seed),
      texts(memory, sizes.text_bytes),
      users(memory, sizes.users),
      user_index(memory, key, sizes.users, UserKey{&users}),
      sessions(memory, sizes.sessions),
      rooms(memory, sizes.rooms),
      room_index(memory, key, sizes.rooms, RoomKey{&rooms}),
      channels(memory, sizes.channels),
      idle(memory, sizes.rooms),
      windows(memory, sizes.rooms),
      resting(memory, sizes.rooms),
      read_due(memory, sizes.rooms),
      tended(memory, sizes.rooms),
      members(memory, sizes.members),
      member_index(memory, key, sizes.members, MemberKey{&members}),
      extras(memory, sizes.members),
      memberships(memory, sizes.memberships),
      sanctions(memory, limits.sanctions),
      sanction_index(memory, key, limits.sanctions, SanctionKey{&sanctions}),
      due(memory, limits.sanctions),
      grants(memory, limits.channel_roles),
      grant_index(memory, key, limits.channel_roles, GrantKey{&grants}),
      secrets(memory, limits.password_rooms),
      waiters(memory, limits.line_places),
      waiter_index(memory, key, limits.line_places, WaiterKey{&waiters}),
      lines(memory, std::min(limits.line_places, limits.rooms)),
      gifts(memory, std::min(limits.gift_rooms, limits.rooms)),
      readers(memory, limits.read_positions),
      reader_index(memory, key, limits.read_positions, ReaderKey{&readers}),
      receipts(memory, std::min(limits.read_positions, limits.rooms)),
      staff(memory, sizes.lasting),
      lasting(memory, sizes.lasting),
      likes(memory, sizes.rooms),
      own_attributes(memory, limits.member_attributes),
      own_index(memory, key, limits.member_attributes, OwnKey{&own_attributes}),
      tenants(memory, key, limits),
      speaking(memory, key, speakers_of(limits, sizes)),
      budgets(memory, limits.budget_rooms),
      overloads(memory, limits.budget_rooms),
      boards(memory, limits.board_rooms),
      keys(memory, key, limits.keys),
      history(memory, sizes.history),
      arena(memory, sizes.arena),
      page(memory, sizes.page_messages),
      presence(memory, sizes.presence),
      leaves(memory, sizes.presence),
      leave_texts(memory, sizes.presence * kNameBytes) {}

Tables::~Tables() {
  // Lists end with their rooms: a node must not outlive its list linked.
  while (open_rooms.pop_front() != nullptr) {
  }
  while (dirty.pop_front() != nullptr) {
  }
  while (liked.pop_front() != nullptr) {
  }
  while (changed_own.pop_front() != nullptr) {
  }
}

bool Tables::reserve() noexcept {
  return tenants.reserve() && history.reserve() && arena.reserve() &&
         page.reserve(page.size_max()) && presence.reserve(presence.size_max()) &&
         leaves.reserve(leaves.size_max()) && leave_texts.reserve(leave_texts.size_max());
}

RegistryPlan plan_registry(const Limits& limits) noexcept {
  const Sizes sizes(limits);
  RegistryPlan plan;
  plan.users_bytes = Users::bytes_max(sizes.users) + UserTable::bytes_max(sizes.users) +
                     base::Vector<SessionLinks>::bytes_max(sizes.sessions) + sizes.text_bytes;
  plan.rooms_bytes = sizeof(Tables) + Rooms::bytes_max(sizes.rooms) +
                     RoomTable::bytes_max(sizes.rooms) + Channels::bytes_max(sizes.channels) +
                     5 * IndexHeap::bytes_max(sizes.rooms) + Members::bytes_max(sizes.members) +
                     Extras::bytes_max(sizes.members) + MemberTable::bytes_max(sizes.members) +
                     Memberships::bytes_max(sizes.memberships);
  plan.rooms_bytes +=
      base::Pool<Budgets>::bytes_max(limits.budget_rooms) +
      base::Pool<Overload>::bytes_max(limits.budget_rooms) +
      base::Pool<Board>::bytes_max(limits.board_rooms) + SanctionMap::bytes_max(limits.sanctions) +
      SanctionTable::bytes_max(limits.sanctions) + IndexHeap::bytes_max(limits.sanctions);
  plan.rooms_bytes +=
      WaiterMap::bytes_max(limits.line_places) + WaiterTable::bytes_max(limits.line_places) +
      base::Pool<Lines>::bytes_max(std::min(limits.line_places, limits.rooms)) +
      base::Pool<Gifts>::bytes_max(std::min(limits.gift_rooms, limits.rooms)) +
      ReaderMap::bytes_max(limits.read_positions) + ReaderTable::bytes_max(limits.read_positions) +
      base::Pool<Receipts>::bytes_max(std::min(limits.read_positions, limits.rooms));
  plan.rooms_bytes +=
      2 * base::IndexMap<Staff>::bytes_max(sizes.lasting) +
      base::IndexMap<Likes>::bytes_max(sizes.rooms) + Tenants::bytes_max(limits) +
      GrantMap::bytes_max(limits.channel_roles) + GrantTable::bytes_max(limits.channel_roles) +
      base::IndexMap<Secret>::bytes_max(limits.password_rooms) +
      base::Buckets::bytes_max(speakers_of(limits, sizes)) +
      OwnMap::bytes_max(limits.member_attributes) + OwnTable::bytes_max(limits.member_attributes);
  plan.keys_bytes = Keys::bytes_max(limits.keys);
  plan.history_bytes =
      History::bytes_max(sizes.history) + PageArena::bytes_max(sizes.arena) +
      sizes.page_messages * sizeof(Message) +
      sizes.presence * (sizeof(chatroom::Member) + sizeof(std::string_view) + kNameBytes);
  return plan;
}

Registry::~Registry() {
  if (tables_ == nullptr) return;
  std::destroy_at(tables_);
  memory_->release(tables_, sizeof(Tables), alignof(Tables));
}

Status Registry::init(Memory& memory, const Limits& limits, HashKey key,
                      std::uint64_t seed) noexcept {
  CHATROOM_ASSERT(tables_ == nullptr);
  void* block = memory.allocate(sizeof(Tables), alignof(Tables));
  if (block == nullptr) return Errc::limit_reached;
  memory_ = &memory;
  tables_ = std::construct_at(static_cast<Tables*>(block), memory, limits, key, seed);
  return tables_->reserve() ? Status{} : Status{Errc::limit_reached};
}

void Registry::set_cost(MessageCost cost) noexcept { tables_->cost = cost; }

std::uint32_t default_cost(const Message& message) noexcept {
  std::size_t sum = 256 + message.room.size() + message.channel.size() + message.user.size() +
                    message.nick.size() + message.info.size() + message.kind.name.size() +
                    message.text.size() + message.data.bytes.size();
  for (const std::string_view mention : message.mentions) sum += mention.size() + 3;
  return static_cast<std::uint32_t>(std::min<std::size_t>(sum, UINT32_MAX));
}

EpochText epoch_text(std::uint64_t epoch) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  EpochText out;
  for (int i = 15; i >= 0; --i) {
    out.text[i] = kDigits[epoch & 15];
    epoch >>= 4;
  }
  return out;
}

std::uint64_t epoch_from(std::string_view text) noexcept {
  if (text.size() != 16) return 0;
  std::uint64_t epoch = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return 0;
    epoch = epoch << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return epoch;
}

}  // namespace chatroom::room
