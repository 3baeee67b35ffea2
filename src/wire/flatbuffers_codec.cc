// FlatbuffersCodec: memory and alignment; what is in the frames is decided by the files beside it.
#include <cstring>
#include <memory>

#include "base/checked.h"
#include "wire/check.h"
#include "wire/flatbuffers_decode.h"
#include "wire/flatbuffers_encode.h"
#include "wire/flatbuffers_scratch.h"

namespace chatroom {

namespace {

constexpr std::size_t kAlign = 16;

// Where the parts stand in the one block.
struct Layout {
  std::size_t events;
  std::size_t built;
  std::size_t aligned;
  std::size_t bytes;
};
Layout layout(const FlatbuffersOptions& options, std::size_t scratch_bytes) noexcept {
  const std::size_t frame = base::round_up(options.frame_bytes_max, kAlign);
  const std::size_t lists = options.events_in ? sizeof(wire::EventLists) : 0;
  Layout at{};
  at.events = base::round_up(scratch_bytes, kAlign);
  at.built = at.events + base::round_up(lists, kAlign);
  at.aligned = at.built + frame;
  at.bytes = at.aligned + frame;
  return at;
}

// The frame itself if its address allows reading in place, else a copy; empty if that has no room.
Bytes in_place_or_copied(Bytes frame, std::byte* copy, std::size_t copy_bytes) noexcept {
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % 8 == 0) return frame;
  if (frame.size() > copy_bytes) return {};
  std::memcpy(copy, frame.data(), frame.size());
  return {copy, frame.size()};
}

std::size_t copy_out(Bytes frame, MutableBytes out) noexcept {
  if (frame.empty() || frame.size() > out.size()) return 0;
  std::memcpy(out.data(), frame.data(), frame.size());
  return frame.size();
}

constexpr Decoded kNotOurs{Status{Errc::bad_request}, true};
constexpr Decoded kNotReady{Status{Errc::internal}, false};

}  // namespace

FlatbuffersCodec::FlatbuffersCodec(Memory& memory, const FlatbuffersOptions& options) noexcept
    : memory_(memory), options_(options) {
  const Layout at = layout(options_, sizeof(Scratch));
  void* block = memory_.allocate(at.bytes, kAlign);
  if (block == nullptr) return;
  auto* bytes = static_cast<std::byte*>(block);
  scratch_ = std::construct_at(static_cast<Scratch*>(block));
  if (options_.events_in) {
    scratch_->events = std::construct_at(reinterpret_cast<wire::EventLists*>(bytes + at.events));
  }
  scratch_->built = bytes + at.built;
  scratch_->aligned = bytes + at.aligned;
}

FlatbuffersCodec::~FlatbuffersCodec() {
  if (scratch_ != nullptr) memory_.release(scratch_, bytes_needed(options_), kAlign);
}

std::size_t FlatbuffersCodec::bytes_needed(const FlatbuffersOptions& options) noexcept {
  return layout(options, sizeof(Scratch)).bytes;
}

Decoded FlatbuffersCodec::decode(Bytes frame, Command& command) noexcept {
  command = Command{};
  if (!ready()) return kNotReady;
  const Bytes readable = in_place_or_copied(frame, scratch_->aligned, options_.frame_bytes_max);
  if (readable.empty()) return kNotOurs;
  return wire::decode_command(readable, options_.data_bytes_max, scratch_->command, command);
}

std::size_t FlatbuffersCodec::encode(const Event& event, MutableBytes out) noexcept {
  if (!ready()) return 0;
  const std::size_t room = base::round_up(options_.frame_bytes_max, kAlign);
  return copy_out(wire::encode_event(event, {scratch_->built, room}), out);
}

Decoded FlatbuffersCodec::decode(Bytes frame, Event& event) noexcept {
  event = Event{};
  if (!ready() || scratch_->events == nullptr) return kNotReady;
  const Bytes readable = in_place_or_copied(frame, scratch_->aligned, options_.frame_bytes_max);
  if (readable.empty()) return kNotOurs;
  return wire::decode_event(readable, *scratch_->events, event);
}

std::size_t FlatbuffersCodec::encode(const Command& command, MutableBytes out) noexcept {
  if (!ready()) return 0;
  const std::size_t room = base::round_up(options_.frame_bytes_max, kAlign);
  return copy_out(wire::encode_command(command, {scratch_->built, room}), out);
}

}  // namespace chatroom
