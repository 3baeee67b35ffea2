// The table of texts that a busy room repeats.
#include "room/repeats.h"

#include <algorithm>
#include <utility>

namespace chatroom::room {

namespace {
constexpr std::size_t kTextMax = 96;
constexpr std::size_t kKindMax = 32;

bool held(const Repeat& repeat) noexcept { return repeat.author != kNone && repeat.count > 0; }
}  // namespace

bool Repeats::fits(const Outgoing& message) noexcept {
  return message.text.size() <= kTextMax && message.kind.name.size() <= kKindMax &&
         message.data.form == Data::Form::none && message.mentions.empty() &&
         message.reply_to == 0 && message.latest.empty() && message.keep &&
         message.kind != Kind::signal && message.priority != Priority::high;
}

std::uint32_t Repeats::find(ChannelIndex channel, const Outgoing& message) const noexcept {
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const Repeat& repeat = repeats_[i];
    if (repeat.author == kNone || repeat.channel != channel) continue;
    if (repeat.text.view() == message.text && repeat.kind.view() == message.kind.name) return i;
  }
  return kNoPlace;
}

std::uint32_t Repeats::place(ChannelIndex channel, const Outgoing& message, UserIndex author,
                             UserIndex& evicted) noexcept {
  evicted = kNone;
  std::uint32_t found = kNoPlace;
  for (std::uint32_t i = 0; i < kPlaces; ++i) {
    const Repeat& repeat = repeats_[i];
    if (repeat.author == kNone) {
      found = i;
      break;
    }
    if (repeat.count == 0 && !repeat.used && found == kNoPlace) found = i;
  }
  if (found == kNoPlace) return kNoPlace;
  Repeat& repeat = repeats_[found];
  evicted = vacate(repeat);
  repeat.author = author;
  repeat.channel = channel;
  repeat.priority = message.priority;
  repeat.used = true;
  repeat.kind.assign(message.kind.name);
  repeat.text.assign(message.text);
  return found;
}

std::uint32_t Repeats::next_held() noexcept {
  CHATROOM_ASSERT(holds());
  do {
    last_held_ = (last_held_ + 1) % kPlaces;
  } while (!held(repeats_[last_held_]));
  return last_held_;
}

bool Repeats::holds() const noexcept { return std::any_of(repeats_.begin(), repeats_.end(), held); }

UserIndex Repeats::pop_unused() noexcept {
  for (Repeat& repeat : repeats_) {
    if (repeat.author != kNone && !repeat.used && repeat.count == 0) return vacate(repeat);
  }
  return kNone;
}

UserIndex Repeats::pop() noexcept {
  for (Repeat& repeat : repeats_) {
    if (repeat.author != kNone) return vacate(repeat);
  }
  return kNone;
}

void Repeats::turn() noexcept {
  for (Repeat& repeat : repeats_) repeat.used = false;
}

UserIndex Repeats::vacate(Repeat& repeat) noexcept {
  repeat.count = 0;
  repeat.first = 0;
  return std::exchange(repeat.author, kNone);
}

}  // namespace chatroom::room
