// What is handed to the SlowWork port: copies of what was said and done, and what was said to
// somebody who is not here. The port never waits, so nothing here does.
#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"
#include "engine/abroad.h"

namespace chatroom {

std::string_view name_of(WorkKind kind) noexcept {
  constexpr std::string_view kNames[kWorkKinds] = {"message", "direct",    "joined",
                                                   "left",    "moderated", "push"};
  const auto at = static_cast<std::size_t>(kind);
  return at < kWorkKinds ? kNames[at] : std::string_view{};
}

bool Engine::State::wants(WorkKind kind) const noexcept {
  return ports.slow_work != nullptr && (options.slow_work & work_bit(kind)) != 0;
}

void Engine::State::hand_over(Work& work) noexcept {
  work.number = ++work_number;
  work.time_ms = now.unix_ms();
  ++counters.slow_work;
  if (CHATROOM_PLANTED(copy_forgotten) && work.number % 64 == 0) return;
  std::uint32_t lost = 0;
  {
    const PortCall guard{in_port};
    lost = ports.slow_work->put(work);
  }
  if (lost == 0) return;
  record(engine::Record::work_lost, [&](engine::Packer& to) {
    to.u64(work.number);
    to.u32(lost);
  });
  counters.slow_work_lost += lost;
  work_lost += lost;
}

void Engine::State::copy(const HostEvent& event) noexcept {
  Work work;
  if (event.type == HostEventType::joined) {
    work.kind = WorkKind::joined;
  } else if (event.type == HostEventType::left) {
    work.kind = WorkKind::left;
    work.reason = event.reason;
  } else if (event.type == HostEventType::moderated) {
    work.kind = WorkKind::moderated;
    work.op = event.op;
    work.by = event.by;
    work.text = event.text;
    work.until_ms = event.until_ms;
    work.offset = event.position.offset;
  } else {
    return;
  }
  if (!wants(work.kind)) return;
  work.room = event.room;
  work.user = event.user;
  hand_over(work);
}

// Of the room's home, once over all engines. Who is mentioned and not here is pushed to only what
// he could read if he came.
void Engine::State::copy_message(RoomId room, const room::Committed& said) noexcept {
  if (wants(WorkKind::message)) {
    Work work{.kind = WorkKind::message, .room = said.message.room, .message = said.message};
    hand_over(work);
  }
  if (said.message.mentions.empty() || !wants(WorkKind::push)) return;
  const bool secret = rooms.password(room).version != 0;
  const std::span<const std::string_view> mentions = said.message.mentions;
  for (std::size_t i = 0; i < mentions.size(); ++i) {
    const std::string_view user = mentions[i];
    if (std::ranges::find(mentions.first(i), user) != mentions.first(i).end()) continue;
    if (rooms.sanctions(room, user, now).banned) continue;
    if (rooms.apart() && tenant_of(user) != tenant_of(said.message.room)) continue;
    const Role rank = rooms.rank_in(room, user, said.channel);
    if (!rooms.is_invited(room, user) || (secret && rank <= Role::member)) continue;
    if (rank < rooms.access(room, said.channel)) continue;
    if (cluster != nullptr) {
      engine::push_if_away(*this, user, said.message);
    } else {
      static_cast<void>(push_away(user, said.message));
    }
  }
}

// False: he is here, or it is nobody's name.
bool Engine::State::push_away(std::string_view user, const Message& message) noexcept {
  if (rooms.find_user(user) != room::kNone || !base::valid_name(user, 64)) return false;
  Work work{.kind = WorkKind::push, .room = message.room, .user = user, .message = message};
  hand_over(work);
  return true;
}

}  // namespace chatroom
