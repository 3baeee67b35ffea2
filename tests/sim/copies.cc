#include "sim/copies.h"

#include "chatroom/global_heap.h"
#include "sim/world.h"

namespace chatroom::sim {

Copies::Copies(World& world)
    : world_(world),
      random_(world.plan().seed, 9'100),
      queue_(*global_heap(), {.entries = world.plan().copies, .bytes = 64 * 1024}) {}

bool Copies::on() const noexcept { return world_.plan().copies != 0; }

void Copies::start() {
  if (on()) look();
}

void Copies::check(bool good, const char* what) const {
  if (!good) world_.report().fail(Verdict::correctness, "copies: %s", what);
}

void Copies::look() {
  const Duration pause = Duration::ms(random_.between(5, 400));
  take_all(random_.between(1, 100));
  if (!world_.ending()) world_.schedule().after(pause, [this] { look(); });
}

void Copies::take_all(std::uint32_t most) {
  Work work;
  for (; most > 0 && queue_.take(work); --most) {
    ++taken_;
    const std::pair<std::uint64_t, std::uint64_t> at{static_cast<std::uint64_t>(work.until_ms),
                                                     work.number};
    check(last_ < at, "what was put first came last");
    last_ = at;
  }
}

// The life of the process travels in a field that only moderation has a use for.
std::uint32_t Copies::put(const Work& work) noexcept {
  check(work.number == ++number_, "a piece was left out");
  Work copy = work;
  copy.until_ms = static_cast<std::int64_t>(world_.lives());
  if (work.kind == WorkKind::message) {
    check(work.message.offset != 0, "what is not kept was copied");
    ++copied_[{std::string{work.room}, work.message.offset}];
  }
  const Said* said = world_.truth().find(Truth::serial_of(work.message));
  const bool speaks = work.kind == WorkKind::message || work.kind == WorkKind::direct;
  if (speaks && said != nullptr && !said->tainted) {
    check(!said->dropped, "nobody may see it");
    check(said->user == work.message.user, "it was somebody else's");
    check(work.kind == WorkKind::direct || said->room == work.room, "it was said elsewhere");
  }
  const std::uint32_t lost = queue_.put(copy);
  ++put_;
  lost_ += lost;
  return lost;
}

void Copies::on_event(const HostEvent& event) {
  if (!on()) return;
  if (event.type == HostEventType::events_lost) all_told_ = false;
  if (event.type == HostEventType::copies_lost) told_ += event.count;
  const bool kept = event.type == HostEventType::published && event.position.offset != 0;
  if (!kept) return;
  check(copied_.contains({std::string{event.room}, event.position.offset}),
        "what was said was not copied");
}

void Copies::crashed() {
  number_ = 0;
  told_ = lost_;  // what was not told yet nobody will tell
}

void Copies::check_end() {
  if (!on()) return;
  take_all(UINT32_MAX);
  check(taken_ + lost_ == put_, "what was put is neither taken nor lost");
  check(!all_told_ || told_ == lost_, "other losses were told than there were");
}

}  // namespace chatroom::sim
