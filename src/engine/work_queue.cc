// WorkQueue: the mailbox once more, the other way round: the engine puts, and when there is no
// place it takes the oldest out itself.
#include <algorithm>

#include "base/plant.h"
#include "chatroom/slow_work.h"
#include "engine/mailbox.h"
#include "engine/pack.h"

namespace chatroom {

using engine::Mailbox;
using engine::Packer;
using engine::Unpacker;

namespace {

void pack(Packer& to, const Work& work) noexcept {
  to.u8(static_cast<std::uint8_t>(work.kind));
  to.u64(work.number);
  to.i64(work.time_ms);
  to.text(work.room);
  to.text(work.user);
  to.text(work.by);
  to.text(work.text);
  to.u8(static_cast<std::uint8_t>(work.op));
  to.u8(static_cast<std::uint8_t>(work.reason));
  to.i64(work.until_ms);
  to.u64(work.offset);
  engine::pack(to, work.message);
}

void unpack(Unpacker& from, Work& work, std::span<std::string_view> mentions) noexcept {
  work.kind = static_cast<WorkKind>(from.u8());
  work.number = from.u64();
  work.time_ms = from.i64();
  work.room = from.text();
  work.user = from.text();
  work.by = from.text();
  work.text = from.text();
  work.op = static_cast<Op>(from.u8());
  work.reason = static_cast<LeaveReason>(from.u8());
  work.until_ms = from.i64();
  work.offset = from.u64();
  engine::unpack(from, work.message, mentions);
  work.message.room = work.room;
}

constexpr std::size_t kAlign = alignof(std::max_align_t);

}  // namespace

WorkQueue::WorkQueue(Memory& memory, const WorkQueueOptions& options) noexcept
    : memory_(memory), one_bytes_(options.one_bytes) {
  scratch_ = static_cast<std::byte*>(memory_.allocate(2 * std::size_t{one_bytes_}, kAlign));
  if (scratch_ == nullptr) return;
  // One piece always fits, so that putting it ends.
  const auto one = one_bytes_ + static_cast<std::uint32_t>(sizeof(std::uint32_t));
  pieces_ = Mailbox::create(memory_, nullptr, std::max(options.bytes, one),
                            std::max(options.entries, 1u));
}

WorkQueue::~WorkQueue() {
  if (pieces_ != nullptr) pieces_->drop_reference();
  if (scratch_ != nullptr) memory_.release(scratch_, 2 * std::size_t{one_bytes_}, kAlign);
}

MutableBytes WorkQueue::half(std::size_t which) const noexcept {
  return {scratch_ + which * one_bytes_, one_bytes_};
}

std::uint32_t WorkQueue::put(const Work& work) noexcept {
  if (pieces_ == nullptr) return 1;
  Packer to{half(0)};
  pack(to, work);
  if (!to.ok()) return 1;
  std::uint32_t lost = 0;
  while (!pieces_->put(to.bytes())) {
    const auto dropped = static_cast<std::uint32_t>(pieces_->drop());  // 0: somebody took it
    if (!CHATROOM_PLANTED(lost_copy_not_counted)) lost += dropped;
  }
  return lost;
}

bool WorkQueue::take(Work& work) noexcept {
  if (pieces_ == nullptr) return false;
  const std::size_t size = pieces_->take(half(1));
  if (size == 0) return false;
  Unpacker from{Bytes{half(1)}.first(size)};
  unpack(from, work, mentions_);
  return true;
}

bool WorkQueue::empty() const noexcept { return pieces_ == nullptr || pieces_->empty(); }

}  // namespace chatroom
