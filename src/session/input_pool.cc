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

bool InputPool::append(InputChain& chain, Bytes part) noexcept {
  while (!part.empty()) {
    std::size_t at = filled(chain.size);
    if (chain.empty() || at == InputBlock::kBytes) {
      void* const place = blocks_.take();
      if (place == nullptr) return false;
      InputBlock* const block = ::new (place) InputBlock;
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

void InputPool::copy(const InputChain& chain, MutableBytes out) noexcept {
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
  InputBlock* block = chain.last->next;
  chain.last->next = nullptr;
  while (block != nullptr) {
    InputBlock* const next = block->next;
    blocks_.give(block);
    block = next;
  }
  chain = {};
}

}  // namespace chatroom::session
