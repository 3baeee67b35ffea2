// Waits: which users of ours wait in front of a room that lives at another engine: for a place in
// it, or to be let in. They are no members, so no mirror knows them. Bounded by Limits::line_places
// (past it queue_full); a wait ends when its home says so, with its user's last session here, or
// with the home. What comes of it: abroad.cc.
#pragma once

#include "base/slot_map.h"
#include "base/table.h"
#include "base/text.h"
#include "chatroom/broker.h"
#include "chatroom/command.h"
#include "room/ids.h"

namespace chatroom::engine {

// First the key.
struct Wait {
  room::UserIndex user = room::kNone;
  std::uint32_t next = room::kNone;  // of the same user
  SessionId session;                 // that asked for it: by it its home names him
  PeerId home = kNoPeer;
  Line line = Line::room;
  base::FixedText<128> room;
};

class Waits final {
 public:
  Waits(Memory& memory, base::HashKey key, std::uint32_t most) noexcept
      : waits_(memory, most), of_user_(memory, key, most, {&waits_}) {}
  static std::uint64_t bytes_max(std::uint32_t most) noexcept {
    return Slots::bytes_max(most) + Index::bytes_max(most);
  }

  std::uint32_t size() const noexcept { return waits_.size(); }
  // Again is fine: it is that session's from then on. False: full, and it is a new one.
  [[nodiscard]] bool add(const Wait& wait) noexcept;
  bool waits(room::UserIndex user, std::string_view room, Line line) const noexcept;
  void end(room::UserIndex user, std::string_view room, Line line) noexcept;
  // Takes out those of a user, or (kNone) of anybody, of which `ends` says so.
  template <class Ends>
  void end_if(room::UserIndex user, Ends ends) noexcept;

 private:
  using Id = Handle<struct WaitTag>;
  using Slots = base::SlotMap<Wait, Id>;
  struct Key {
    const Slots* waits;
    std::string_view operator()(std::uint32_t wait) const noexcept {
      return base::key_of_number(waits->at(wait)->user);
    }
  };
  using Index = base::Table<std::uint32_t, Key>;

  std::uint32_t find(room::UserIndex user, std::string_view room, Line line) const noexcept;
  void remove(std::uint32_t index) noexcept;

  Slots waits_;
  Index of_user_;  // the first of each
};

template <class Ends>
void Waits::end_if(room::UserIndex user, Ends ends) noexcept {
  if (user == room::kNone) {
    for (std::uint32_t i = 0; i < waits_.extent(); ++i) {
      if (const Wait* wait = waits_.at(i); wait != nullptr && ends(*wait)) remove(i);
    }
    return;
  }
  const std::uint32_t* first = of_user_.find(base::key_of_number(user));
  for (std::uint32_t at = first == nullptr ? room::kNone : *first; at != room::kNone;) {
    const std::uint32_t here = at;
    at = waits_.at(here)->next;
    if (ends(*waits_.at(here))) remove(here);
  }
}

}  // namespace chatroom::engine
