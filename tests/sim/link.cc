#include "sim/link.h"

#include <algorithm>

#include "sim/world.h"

namespace chatroom::sim {

Link::Link(World& world, LinkEnd& end, const LinkShape& shape, std::string who, std::uint64_t actor)
    : world_(world),
      end_(&end),
      shape_(shape),
      who_(std::move(who)),
      hasty_(shape.framing == Framing::outer && actor % 3 == 0),
      random_(world.plan().seed, actor),
      reader_(shape.framing) {}

void Link::opened(SessionId session) noexcept {
  session_ = session;
  opened_at_ = heard_at_ = world_.engine_now();
}

// ---- The engine's side

std::size_t Link::write(std::span<const Bytes> pieces) noexcept {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  check_pieces(pieces, size);
  const std::size_t taken = room_for(size);
  world_.hash_write(who_, pieces, taken);
  carry(pieces, taken);
  blocked_ = taken < size;
  // Some transports take less than they have room for; they say so at once.
  if (blocked_ && !aborted_ && shape_.boundary == Boundary::stream) told_writable();
  return taken;
}

void Link::check_pieces(std::span<const Bytes> pieces, std::size_t size) {
  const auto wrong = [&](const char* what) {
    world_.report().fail(Verdict::correctness, "%s was offered %zu bytes: %s", who_.c_str(), size,
                         what);
  };
  if (over_ || closing_) wrong("it is closed");
  if (blocked_) wrong("it is blocked");
  if (pieces.empty() || pieces.size() > 64 || size > 64 * 1'024) wrong("more than may be");
  for (const Bytes piece : pieces) {
    if (piece.empty()) wrong("an empty piece");
  }
  if (shape_.boundary == Boundary::message && size > shape_.max_frame) wrong("over max_frame");
}

bool Link::unsound() const noexcept { return world_.faulty() && !shape_.clean; }

std::size_t Link::room_for(std::size_t offered) {
  if (aborted_) return offered;  // into a socket that nobody reads
  const std::size_t left = shape_.window - std::min<std::size_t>(unread_, shape_.window);
  if (shape_.boundary == Boundary::message) return offered <= left || unread_ == 0 ? offered : 0;
  std::size_t taken = std::min(offered, left);
  if (taken > 0 && unsound() && random_.per_mille(world_.plan().faults.partial)) {
    taken = random_.below(static_cast<std::uint32_t>(taken) + 1);
  }
  return taken;
}

void Link::carry(std::span<const Bytes> pieces, std::size_t size) {
  if (size == 0) return;
  reader_.write_at(taken_, world_.now());
  taken_ += size;
  std::string bytes;
  bytes.reserve(size);
  for (const Bytes piece : pieces) {
    bytes.append(as_text(piece.first(std::min(piece.size(), size - bytes.size()))));
    if (bytes.size() == size) break;
  }
  unread_ += size;
  out_.push_back({.due = due_after(out_last_), .bytes = std::move(bytes)});
  if (aborted_) return;
  world_.schedule().at(out_.back().due, [self = shared_from_this()] { self->arrive_out(); });
}

Instant Link::due_after(Instant& last) {
  const std::uint32_t more = world_.plan().jitter ? random_.below(shape_.latency_us + 1) : 0;
  const std::uint32_t us = shape_.latency_us + more;
  // Whole quarters of a millisecond, so that things happen at the same moment.
  const std::int64_t at = (world_.now().us + us + 249) / 250 * 250;
  last = std::max(last, Instant{at});
  return last;
}

void Link::arrive_out() {
  if (over_ || aborted_ || out_.empty()) return;
  arrived_.append(out_.front().bytes);
  out_.pop_front();
  read_some();
}

// The peer reads when it likes; what it read makes room again.
void Link::read_some() {
  if (over_ || aborted_ || reading_ || arrived_.empty()) return;
  if (unsound() && stalled_until_ <= world_.now() &&
      random_.per_mille(world_.plan().faults.stall)) {
    stall(Duration::ms(random_.between(20, 6'000)));
  }
  if (stalled_until_ > world_.now()) return;
  reading_ = true;
  const bool part = unsound() && random_.per_mille(world_.plan().faults.split);
  const std::size_t size =
      part ? random_.below(static_cast<std::uint32_t>(arrived_.size())) + 1 : arrived_.size();
  reader_.feed(as_bytes(std::string_view{arrived_}.substr(0, size)));
  arrived_.erase(0, size);
  unread_ -= size;
  if (blocked_) told_writable();
  Reader::Whole whole;
  while (!over_ && !aborted_ && reader_.next(whole)) end_->on_frame(whole);
  if (reader_.broken()) {
    world_.report().fail(Verdict::correctness, "%s was sent something that is no frame",
                         who_.c_str());
  }
  reading_ = false;
  if (!arrived_.empty()) {
    world_.schedule().after(Duration{250}, [self = shared_from_this()] { self->read_some(); });
  }
}

void Link::told_writable() {
  if (waking_ || over_) return;
  if (unread_ >= shape_.window && unread_ > 0) return;
  waking_ = true;
  world_.schedule().after(Duration{500}, [self = shared_from_this()] {
    self->waking_ = false;
    if (self->over_ || self->closing_ || !self->blocked_) return;
    self->blocked_ = false;
    self->world_.turn().on_writable(self->session_);
  });
}

void Link::stall(Duration how_long) {
  stalled_until_ = world_.now() + how_long;
  world_.report().note("stalls", who_, {}, static_cast<std::uint64_t>(how_long.in_ms()));
  world_.schedule().at(stalled_until_, [self = shared_from_this()] { self->read_some(); });
}

void Link::close(CloseCode code) noexcept {
  if (closing_ || over_) {
    world_.report().fail(Verdict::correctness, "%s was closed twice", who_.c_str());
  }
  world_.report().note("engine closes", who_, {}, static_cast<std::uint64_t>(code), unread_);
  closing_ = true;
  code_ = code;
  if (aborted_) return;  // on_closed is on its way
  // What was taken still arrives, if it does so soon.
  const Instant latest = world_.now() + Duration::ms(100);
  const Instant at =
      stalled_until_ > latest ? latest : std::min(latest, std::max(out_last_, world_.now()));
  world_.schedule().at(at + Duration{500}, [self = shared_from_this()] { self->finish(); });
}

void Link::finish() {
  if (over_) return;
  while (!out_.empty()) {
    arrived_.append(out_.front().bytes);
    out_.pop_front();
  }
  if (stalled_until_ <= world_.now() && !reading_) {
    reader_.feed(as_bytes(arrived_));
    arrived_.clear();
    Reader::Whole whole;
    while (!aborted_ && reader_.next(whole)) end_->on_frame(whole);
  }
  reader_.feed(as_bytes(arrived_));
  arrived_.clear();
  drop_rest();
  over_ = true;
  LinkEnd* const end = end_;
  end_ = nullptr;
  if (end != nullptr && !aborted_) end->on_link_closed();
  world_.link_closed(*this);
}

// Taken by the transport and never read: the account calls that delivered.
void Link::drop_rest() {
  Reader::Whole whole;
  while (reader_.next(whole)) world_.count_entry(shape_.codec, whole);
}

// ---- The peer's side

void Link::abort() {
  if (aborted_ || over_) return;
  aborted_ = true;
  world_.report().note("aborts", who_);
  in_.clear();
  world_.schedule().after(Duration{shape_.latency_us + 250},
                          [self = shared_from_this()] { self->finish(); });
}

void Link::die() {
  over_ = true;
  end_ = nullptr;
  in_.clear();
  out_.clear();
}

void Link::send(Bytes bytes) {
  while (!bytes.empty()) {
    const bool part = unsound() && random_.per_mille(world_.plan().faults.split);
    const std::size_t size =
        part ? random_.below(static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), 600))) +
                   1
             : bytes.size();
    send_parcel({.due = {}, .bytes = std::string{as_text(bytes.first(size))}});
    bytes = bytes.subspan(size);
  }
}

void Link::send_frame(FrameKind kind, Bytes payload) {
  send_parcel({.due = {}, .frame = true, .kind = kind, .bytes = std::string{as_text(payload)}});
}

void Link::send_parcel(Parcel parcel) {
  if (aborted_ || over_ || closing_) return;
  if (unsound() && !parcel.bytes.empty() && random_.per_mille(world_.plan().faults.corrupt)) {
    corrupted_ = true;
    world_.report().note("corrupts", who_);
    char& victim = parcel.bytes[random_.below(static_cast<std::uint32_t>(parcel.bytes.size()))];
    // Text frames reach the engine as valid UTF-8 only: that is the filter's part.
    const bool text = parcel.frame && parcel.kind == FrameKind::text;
    victim = text ? 'x' : static_cast<char>(victim ^ (1 << random_.below(8)));
    if (text) parcel.bytes = std::string(parcel.bytes.size(), 'x');
  }
  parcel.due = due_after(in_last_);
  const Instant due = parcel.due;
  in_.push_back(std::move(parcel));
  world_.schedule().at(due, [self = shared_from_this()] { self->arrive_in(); });
}

void Link::arrive_in() {
  while (!closing_ && !aborted_ && !over_ && !in_.empty() && in_.front().due <= world_.now()) {
    if (paused_ && (after_pause_ == 0 || in_.front().bytes.size() > 1'000)) break;
    if (paused_) --after_pause_;
    const Parcel parcel = std::move(in_.front());
    in_.pop_front();
    hand_over(parcel);
  }
}

void Link::hand_over(const Parcel& parcel) {
  heard_at_ = world_.now();
  if (parcel.frame) {
    world_.turn().on_frame(session_, parcel.kind, as_bytes(parcel.bytes));
  } else {
    world_.turn().on_bytes(session_, as_bytes(parcel.bytes));
  }
}

void Link::pause(bool paused) noexcept {
  if (paused == paused_) {
    world_.report().fail(Verdict::correctness, "%s was paused or resumed twice", who_.c_str());
  }
  paused_ = paused;
  world_.report().note(paused ? "paused" : "resumed", who_);
  if (paused) {
    after_pause_ = hasty_ ? 4 : 0;
    return;
  }
  heard_at_ = world_.now();  // of what it has held back it takes note now
  world_.schedule().after(Duration{250}, [self = shared_from_this()] { self->arrive_in(); });
}

}  // namespace chatroom::sim
