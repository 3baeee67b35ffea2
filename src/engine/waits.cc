#include "engine/waits.h"

#include <utility>

namespace chatroom::engine {

std::uint32_t Waits::find(room::UserIndex user, std::string_view room, Line line) const noexcept {
  const std::uint32_t* first = of_user_.find(base::key_of_number(user));
  std::uint32_t at = first == nullptr ? room::kNone : *first;
  while (at != room::kNone) {
    const Wait& wait = *waits_.at(at);
    if (wait.line == line && wait.room.view() == room) break;
    at = wait.next;
  }
  return at;
}

bool Waits::waits(room::UserIndex user, std::string_view room, Line line) const noexcept {
  return find(user, room, line) != room::kNone;
}

bool Waits::add(const Wait& wait) noexcept {
  if (const std::uint32_t known = find(wait.user, wait.room.view(), wait.line);
      known != room::kNone) {
    Wait& same = *waits_.at(known);
    same.session = wait.session;
    same.home = wait.home;
    return true;
  }
  const Id id = waits_.insert(wait);
  if (!id) return false;
  Wait& fresh = *waits_.get(id);
  fresh.next = room::kNone;
  if (std::uint32_t* first = of_user_.find(base::key_of_number(fresh.user)); first != nullptr) {
    fresh.next = std::exchange(*first, id.index);
    return true;
  }
  if (of_user_.insert(id.index) != nullptr) return true;
  waits_.erase(id);
  return false;
}

void Waits::remove(std::uint32_t index) noexcept {
  const Wait& gone = *waits_.at(index);
  std::uint32_t* first = of_user_.find(base::key_of_number(gone.user));
  CHATROOM_ASSERT(first != nullptr);
  if (*first != index) {
    std::uint32_t at = *first;
    while (waits_.at(at)->next != index) at = waits_.at(at)->next;
    waits_.at(at)->next = gone.next;
  } else if (gone.next != room::kNone) {
    *first = gone.next;
  } else {
    of_user_.erase(base::key_of_number(gone.user));
  }
  waits_.erase(waits_.handle_at(index));
}

void Waits::end(room::UserIndex user, std::string_view room, Line line) noexcept {
  const std::uint32_t wait = find(user, room, line);
  if (wait != room::kNone) remove(wait);
}

}  // namespace chatroom::engine
