#include "session/input_pool.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "chatroom/assert.h"

namespace chatroom::session {

namespace {

// The last block's fill: a chain's blocks are full up to the last one.
std::size_t filled(std::uint32_t size) noexcept {
  if (size == 0) return 0;
  return (size - 1) % InputBlock::kBytes + 1;
}

}  // namespace

InputPool::~InputPool() {
  while (slab_ != nullptr) {
    Slab* const gone = slab_;
    slab_ = gone->next;
    memory_.release(gone, kSlabBytes, alignof(std::max_align_t));
  }
}

bool InputPool::append(InputChain& chain, Bytes part) noexcept {
  const std::size_t room = chain.empty() ? 0 : InputBlock::kBytes - filled(chain.size);
  const std::size_t behind = part.size() > room ? part.size() - room : 0;
  if (!reserve((behind + InputBlock::kBytes - 1) / InputBlock::kBytes)) return false;
  while (!part.empty()) {
    std::size_t at = filled(chain.size);
    if (chain.empty() || at == InputBlock::kBytes) {
      InputBlock* const block = free_;
      free_ = block->next;
      --free_blocks_;
      ++used_blocks_;
      block->next = chain.last == nullptr ? block : chain.last->next;
      if (chain.last != nullptr) chain.last->next = block;
      chain.last = block;
      at = 0;
    }
    const std::size_t count = std::min(part.size(), InputBlock::kBytes - at);
    std::memcpy(chain.last->bytes + at, part.data(), count);
    chain.size += static_cast<std::uint32_t>(count);
    part = part.subspan(count);
  }
  return true;
}

void InputPool::copy(const InputChain& chain, MutableBytes out) const noexcept {
  CHATROOM_ASSERT(out.size() >= chain.size);
  std::size_t left = chain.size;
  for (const InputBlock* block = chain.last; left > 0;) {
    block = block->next;
    const std::size_t count = std::min(left, InputBlock::kBytes);
    std::memcpy(out.data() + (chain.size - left), block->bytes, count);
    left -= count;
  }
}

Bytes InputPool::front(const InputChain& chain) noexcept {
  CHATROOM_ASSERT(!chain.empty());
  return {chain.last->next->bytes, std::min<std::size_t>(chain.size, InputBlock::kBytes)};
}

void InputPool::release(InputChain& chain) noexcept {
  if (chain.last == nullptr) return;
  const std::uint64_t blocks = (chain.size + InputBlock::kBytes - 1) / InputBlock::kBytes;
  InputBlock* const first = chain.last->next;
  chain.last->next = free_;
  free_ = first;
  free_blocks_ += blocks;
  used_blocks_ -= blocks;
  chain = {};
}

bool InputPool::reserve(std::size_t blocks) noexcept {
  while (free_blocks_ < blocks) {
    if (!grow()) return false;
  }
  return true;
}

bool InputPool::grow() noexcept {
  if (slabs_ == slabs_max_) return false;
  void* const place = memory_.allocate(kSlabBytes, alignof(std::max_align_t));
  if (place == nullptr) return false;
  ++slabs_;
  slab_ = ::new (place) Slab{slab_};
  // The slab's link takes the place of one block.
  std::byte* const bytes = static_cast<std::byte*>(place);
  for (std::size_t at = sizeof(InputBlock); at < kSlabBytes; at += sizeof(InputBlock)) {
    InputBlock* const block = ::new (bytes + at) InputBlock;
    block->next = free_;
    free_ = block;
    ++free_blocks_;
  }
  return true;
}

}  // namespace chatroom::session
