#include "base/text.h"

namespace chatroom::base {

namespace {

constexpr BlockPool::Shape shape(std::size_t block, std::size_t bytes_max) noexcept {
  return {.block_bytes = block, .blocks_max = bytes_max / block, .align = 8};
}

}  // namespace

TextPool::TextPool(Memory& memory, std::size_t bytes_max) noexcept
    : TextPool(memory, bytes_max, std::make_index_sequence<kSizes.size()>{}) {}

template <std::size_t... kClass>
TextPool::TextPool(Memory& memory, std::size_t bytes_max, std::index_sequence<kClass...>) noexcept
    : memory_(memory, bytes_max), pools_{BlockPool{memory_, shape(kSizes[kClass], bytes_max)}...} {}

std::size_t TextPool::class_of(std::size_t text_bytes) noexcept {
  std::size_t size_class = 0;
  while (kSizes[size_class] < text_bytes + Text::kHeader) ++size_class;
  return size_class;
}

bool TextPool::keep(std::string_view text, Text& kept) noexcept {
  kept = Text{};
  if (text.empty()) return true;
  CHATROOM_ASSERT(text.size() <= kTextMax);
  char* at = static_cast<char*>(pools_[class_of(text.size())].take());
  if (at == nullptr) return false;
  const auto size = static_cast<std::uint16_t>(text.size());
  std::memcpy(at, &size, sizeof(size));
  std::memcpy(at + Text::kHeader, text.data(), text.size());
  kept = Text{at};
  return true;
}

void TextPool::drop(Text& text) noexcept {
  if (!text) return;
  pools_[class_of(text.size())].give(text.at_);
  text = Text{};
}

bool TextPool::replace(Text& text, std::string_view by) noexcept {
  Text fresh;
  if (!keep(by, fresh)) return false;
  drop(text);
  text = fresh;
  return true;
}

std::size_t TextPool::bytes_in_use() const noexcept {
  std::size_t sum = 0;
  for (const BlockPool& pool : pools_) sum += pool.bytes_in_use();
  return sum;
}

}  // namespace chatroom::base
