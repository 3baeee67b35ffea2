// The records of Links: links in slabs that are reused, errands in two lists by deadline.
#include <cerrno>
#include <new>

#include "uv/links.h"
#include "uv/socket.h"

namespace chatroom::uv {

Link* Links::take() noexcept {
  if (free_ == nullptr) {
    if (slabs_.empty() || made_ == kLinksPerSlab) {
      const std::align_val_t align{kLinkSlabBytes};
      void* const block = ::operator new(kLinkSlabBytes, align, std::nothrow);
      if (block == nullptr) return nullptr;
      slabs_.push_back(std::construct_at(static_cast<LinkSlab*>(block), LinkSlab{this}));
      made_ = 0;
    }
    free_ = std::construct_at(slabs_.back()->first() + made_++);
    free_->next_ = nullptr;
    stats_.memory_bytes += sizeof(Link);
  }
  Link* const link = free_;
  free_ = link->next_;
  link->address_ = nullptr;
  return link;
}

void Links::free_gone() noexcept {
  while (gone_ != nullptr) {
    Link* const link = gone_;
    gone_ = link->next_;
    link->filter_ = nullptr;
    link->state_ = {};
    link->session_ = {};
    link->next_ = free_;
    free_ = link;
  }
}

Errand* Links::errand_of(Link& link) noexcept {
  if (link.errand_ != nullptr) return link.errand_;
  link.errand_ = new (std::nothrow) Errand;
  if (link.errand_ == nullptr) return nullptr;
  link.errand_->link = &link;
  stats_.memory_bytes += sizeof(Errand);
  return link.errand_;
}

void Links::drop_errand(Link& link) noexcept {
  unlist(*link.errand_);
  stats_.memory_bytes -= sizeof(Errand);
  delete link.errand_;
  link.errand_ = nullptr;
}

// Puts an errand where its deadline belongs: behind those of its stage, which wait equally long and
// began earlier; or in front, if it is due at once.
void Links::enlist(Errand& errand, Errand::Stage stage, Duration wait) noexcept {
  unlist(errand);
  errand.stage = stage;
  errand.deadline = loop_.now() + wait;
  List& list = list_of(stage);
  if (stage == Errand::Stage::opening) ++stats_.opening;
  const bool front = wait.us == 0;
  errand.previous = front ? nullptr : list.last;
  errand.next = front ? list.first : nullptr;
  (errand.previous != nullptr ? errand.previous->next : list.first) = &errand;
  (errand.next != nullptr ? errand.next->previous : list.last) = &errand;
  arm();
}

void Links::unlist(Errand& errand) noexcept {
  if (errand.stage == Errand::Stage::none) return;
  List& list = list_of(errand.stage);
  if (errand.stage == Errand::Stage::opening) --stats_.opening;
  (errand.previous != nullptr ? errand.previous->next : list.first) = errand.next;
  (errand.next != nullptr ? errand.next->previous : list.last) = errand.previous;
  errand.previous = nullptr;
  errand.next = nullptr;
  errand.stage = Errand::Stage::none;
}

// One timer for both lists. It is left alone when its errand goes: a wake for nothing is cheaper
// than moving it each time.
void Links::arm() noexcept {
  Instant first = Instant::never();
  for (const List* list : {&opening_, &closing_}) {
    if (list->first != nullptr && list->first->deadline < first) first = list->first->deadline;
  }
  if (first == Instant::never() || (timer_.active() && armed_ <= first)) return;
  armed_ = first;
  timer_.start(first - loop_.now());
}

void Links::on_deadline() noexcept {
  on_round_begin();
  const Instant now = loop_.now();
  expire(opening_, now);
  expire(closing_, now);
  on_round_end();
  armed_ = Instant::never();
  arm();
}

void Links::expire(List& list, Instant now) noexcept {
  while (list.first != nullptr && list.first->deadline <= now) {
    Link& link = *list.first->link;
    const bool opening = list.first->stage == Errand::Stage::opening;
    if (opening) ++stats_.timed_out;
    // Forced: what the peer did not take in time is dropped, with the kernel's memory for it.
    const bool reset = link.has(Link::kBroken) || unsent(link.fd_) > 0;
    finish(link, opening ? ETIMEDOUT : 0, reset);
  }
}

}  // namespace chatroom::uv
