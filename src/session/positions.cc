#include "session/positions.h"

#include <algorithm>

namespace chatroom::session {

namespace {

void begin_epoch(Place& place, std::string_view epoch, std::uint64_t offset) noexcept {
  // An epoch that cannot be kept whole could not be given back: then there is no position.
  if (!place.epoch.assign(epoch)) place.epoch.assign({});
  place.offset = offset;
  place.target = 0;
  place.live = offset;
}

// Pages were read up to `offset`.
void advance(Place& place, std::uint64_t offset) noexcept {
  place.offset = std::max(place.offset, offset);
  if (place.target == 0 || place.offset < place.target) return;
  place.target = 0;
  place.offset = std::max(place.offset, place.live);
}

void on_live(Place& place, std::uint64_t offset) noexcept {
  if (offset == 0) return;  // not kept: has no place in the log
  place.live = std::max(place.live, offset);
  if (place.target == 0) place.offset = std::max(place.offset, place.live);
}

}  // namespace

std::uint32_t Positions::find(std::string_view room) const noexcept {
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    if (places_[i].room.view() == room) return i;
  }
  return kNone;
}

std::uint32_t Positions::make(std::string_view room) noexcept {
  const std::uint32_t known = find(room);
  if (known != kNone) return known;
  Place* place = nullptr;
  if (places_.size() < places_.size_max()) {
    place = places_.emplace_back();
  } else {
    const auto idle = std::find_if(places_.begin(), places_.end(), [](const Place& one) {
      return !one.joined && one.awaited == 0;
    });
    if (idle != places_.end()) place = &(*idle = Place{});
  }
  if (place == nullptr) return kNone;
  place->room.assign(room);
  return static_cast<std::uint32_t>(place - places_.data());
}

void Positions::on_join(Place& place, const Event& answer) noexcept {
  place.joined = true;
  const bool pages = answer.was_recovering && answer.recovered && answer.more;
  const std::uint64_t before = place.offset;
  begin_epoch(place, answer.epoch, answer.offset);
  if (!pages) return;
  place.offset = answer.messages.empty() ? before : answer.messages.back().offset;
  place.target = answer.offset;
  advance(place, place.offset);
}

void Positions::on_page(Place& place, const Event& answer, PageAsked asked) noexcept {
  if (!asked.after_position || place.target == 0) return;
  if (answer.epoch != place.epoch.view() || asked.after > place.offset) return;
  // The last page reaches to the target even where its end is hidden from this member.
  const std::uint64_t shown =
      answer.messages.empty() ? answer.offset : answer.messages.back().offset;
  const std::uint64_t last = std::max(asked.after, shown);
  advance(place, answer.more ? last : std::max(last, place.target));
}

void Positions::on_event(const Event& event) noexcept {
  const bool message = event.type == EventType::message;
  const std::uint32_t index = find(message ? event.message.room : event.room);
  if (index == kNone) return;
  Place& place = places_[index];
  switch (event.type) {
    case EventType::message:
      ++place.messages;
      if (event.message.offset > 0 && event.message.offset <= place.live) ++place.duplicated;
      on_live(place, event.message.offset);
      break;
    case EventType::gap:
      ++place.gaps;
      place.lost += event.gap.count;
      on_live(place, event.gap.to);
      break;
    case EventType::reset:
      begin_epoch(place, event.epoch, event.offset);
      break;
    case EventType::left:
      place.joined = false;
      break;
    default:
      break;
  }
}

void Positions::on_restart() noexcept {
  for (Place& place : places_) {
    place.joined = false;
    place.awaited = 0;
  }
}

}  // namespace chatroom::session
