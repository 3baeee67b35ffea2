// Refusals: the last verdicts that clients were told, each under its number, so that whoever is
// asked "why was this refused" can say it.
#pragma once

#include "base/ring.h"
#include "base/text.h"
#include "chatroom/refusal.h"

namespace chatroom::engine {

class Refusals final {
 public:
  Refusals(Memory& memory, std::uint32_t most) noexcept : last_(memory, most) {}
  [[nodiscard]] bool reserve() noexcept { return last_.reserve(last_.size_max()); }
  static std::size_t bytes_max(std::uint32_t most) noexcept {
    return base::Ring<Kept>::bytes_max(most);
  }

  // Its number, from 1 on; 0: none are kept.
  std::uint64_t add(const Refusal& told) noexcept {
    if (last_.size_max() == 0) return 0;
    if (last_.full()) last_.pop_front();
    Kept* kept = last_.emplace_back();
    CHATROOM_ASSERT(kept != nullptr);  // reserved
    kept->time_ms = told.time_ms;
    kept->session = told.session;
    kept->op = told.op;
    kept->error = told.error;
    kept->user.assign(told.user);
    kept->room.assign(told.room);
    return ++newest_;
  }
  // Empty (number 0): forgotten, or never told.
  Refusal find(std::uint64_t verdict) const noexcept {
    const std::uint64_t oldest = newest_ - last_.size() + 1;
    if (verdict < oldest || verdict > newest_) return {};
    return show(verdict, last_[static_cast<std::size_t>(verdict - oldest)]);
  }
  // The newest first; of this user, or (empty) of anybody.
  std::size_t list(std::string_view user, std::span<Refusal> out) const noexcept {
    std::size_t found = 0;
    for (std::size_t i = last_.size(); i > 0 && found < out.size(); --i) {
      const Kept& kept = last_[i - 1];
      if (!user.empty() && kept.user.view() != user) continue;
      out[found++] = show(newest_ - (last_.size() - i), kept);
    }
    return found;
  }

 private:
  struct Kept {
    std::int64_t time_ms = 0;
    SessionId session;
    Error error;
    Op op = Op::none;
    base::FixedText<64> user;
    base::FixedText<128> room;
  };
  static Refusal show(std::uint64_t verdict, const Kept& kept) noexcept {
    return {.verdict = verdict,
            .time_ms = kept.time_ms,
            .session = kept.session,
            .user = kept.user.view(),
            .room = kept.room.view(),
            .op = kept.op,
            .error = kept.error};
  }

  base::Ring<Kept> last_;
  std::uint64_t newest_ = 0;
};

}  // namespace chatroom::engine
