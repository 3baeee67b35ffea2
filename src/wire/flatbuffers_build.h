// What both encoders share: a builder over a fixed block, and the bound that is worked out before
// anything is built, so that the block never has to grow.
#pragma once

#include "base/checked.h"
#include "chatroom/message.h"
#include "wire/flatbuffers_scratch.h"
#include "wire/hidden_flatbuffers.h"

namespace chatroom::wire {

using FbText = flatbuffers::Offset<flatbuffers::String>;
using FbTexts = flatbuffers::Offset<flatbuffers::Vector<FbText>>;
using FbBlob = flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>;

// Hands the one block out once. The bound was checked, so a second request is a bug of ours.
class FixedBlock final : public flatbuffers::Allocator {
 public:
  explicit FixedBlock(MutableBytes block) noexcept : block_(block) {}
  std::uint8_t* allocate(std::size_t size) override {
    CHATROOM_ASSERT(size <= block_.size());
    return reinterpret_cast<std::uint8_t*>(block_.data());
  }
  void deallocate(std::uint8_t*, std::size_t) override {}
  std::uint8_t* reallocate_downward(std::uint8_t*, std::size_t, std::size_t, std::size_t,
                                    std::size_t) override {
    constexpr bool kBoundWasEnough = false;
    CHATROOM_ASSERT(kBoundWasEnough);
    return nullptr;
  }

 private:
  MutableBytes block_;
};

// Adds up what a frame can take at most: every part with its length, offset, terminator and worst
// padding. A table of n fields: its vtable, the fields at 8 bytes, the builder's notes on them.
class Bound {
 public:
  static constexpr std::size_t kFrame = 1'024;  // root, body, their tables and loose fields

  Bound& text(std::string_view text) noexcept { return bytes(text.size()); }
  Bound& bytes(std::size_t size) noexcept { return raw(base::saturating_add(size, kPiece)); }
  Bound& table(std::size_t fields) noexcept { return raw(40 + 12 * fields); }
  Bound& texts(std::span<const std::string_view> list) noexcept {
    for (const std::string_view item : list) text(item).raw(sizeof(std::uint32_t));
    return raw(kPiece);
  }
  bool within(MutableBytes block) const noexcept { return sum_ <= block.size(); }

 private:
  static constexpr std::size_t kPiece = 20;
  Bound& raw(std::size_t size) noexcept {
    sum_ = base::saturating_add(sum_, size);
    return *this;
  }
  std::size_t sum_ = kFrame;
};

class Build {
 public:
  explicit Build(MutableBytes block) noexcept : block_(block), fbb_(block.size(), &block_) {}

  flatbuffers::FlatBufferBuilder& fbb() noexcept { return fbb_; }

  // Absent when empty.
  FbText text(std::string_view text) noexcept {
    return text.empty() ? FbText{} : fbb_.CreateString(text.data(), text.size());
  }
  // The same again in a row is written once: rooms and channels of a page.
  FbText shared(std::string_view text, std::string_view& last, FbText& last_at) noexcept {
    if (last_at.IsNull() || last != text) {
      last = text;
      last_at = this->text(text);
    }
    return last_at;
  }
  FbBlob blob(Bytes bytes) noexcept { return bytes.empty() ? FbBlob{} : present_blob(bytes); }
  // Data with a form is there even when it is empty.
  FbBlob data(const Data& data) noexcept {
    return data.form == Data::Form::none ? FbBlob{} : present_blob(data.bytes);
  }
  FbTexts texts(std::span<const std::string_view> list) noexcept {
    if (list.empty()) return {};
    FbText at[kStringsMax];
    for (std::size_t i = 0; i < list.size(); ++i) {
      at[i] = fbb_.CreateString(list[i].data(), list[i].size());
    }
    return fbb_.CreateVector(at, list.size());
  }
  FbText kind(Kind kind) noexcept { return kind == Kind::text ? FbText{} : text(kind.name); }

  template <class Root>
  Bytes finish(flatbuffers::Offset<Root> root) noexcept {
    fbb_.Finish(root);
    return {reinterpret_cast<const std::byte*>(fbb_.GetBufferPointer()), fbb_.GetSize()};
  }

 private:
  FbBlob present_blob(Bytes bytes) noexcept {
    return fbb_.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }

  FixedBlock block_;
  flatbuffers::FlatBufferBuilder fbb_;
};

}  // namespace chatroom::wire
