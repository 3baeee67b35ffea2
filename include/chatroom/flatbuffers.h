// FlatbuffersCodec: the native wire format, built into the core. The engine makes its own; clients,
// tools and tests make one to speak the other half.
#pragma once

#include "chatroom/codec.h"
#include "chatroom/global_heap.h"
#include "chatroom/memory.h"

namespace chatroom {

struct FlatbuffersOptions {
  // The longest frame that is encoded, or decoded from an address that is not aligned to 8.
  std::uint32_t frame_bytes_max = 128 * 1024;
  // The longest `data` of a command: a longer one is too_large before it is looked at. 0: no bound.
  // Engines give their own Limits::data_bytes.
  std::uint32_t data_bytes_max = 0;
  bool events_in = true;  // false: this one never decodes events (servers), and holds less
};

// Both halves of the Codec port, for frames of src/wire/chatroom.fbs. A frame is verified before
// any of it is read: offsets, alignment, depth 16, at most 256 tables.
//
// Thread: one at a time. Re-entry: none.
// Memory: `bytes_needed` in one block, taken by the constructor; then nothing. The library that
// does the work is hidden: a program may link any version of FlatBuffers beside this.
class FlatbuffersCodec final : public Codec {
 public:
  explicit FlatbuffersCodec(Memory& memory, const FlatbuffersOptions& options = {}) noexcept;
  explicit FlatbuffersCodec(const FlatbuffersOptions& options = {}) noexcept
      : FlatbuffersCodec(*global_heap(), options) {}
  ~FlatbuffersCodec();
  FlatbuffersCodec(const FlatbuffersCodec&) = delete;
  FlatbuffersCodec& operator=(const FlatbuffersCodec&) = delete;

  static std::size_t bytes_needed(const FlatbuffersOptions& options) noexcept;
  // False: there was no memory; decodes answer `internal`, encodes 0.
  bool ready() const noexcept { return scratch_ != nullptr; }

  Decoded decode(Bytes frame, Command& command) noexcept override;
  std::size_t encode(const Event& event, MutableBytes out) noexcept override;
  Decoded decode(Bytes frame, Event& event) noexcept override;
  std::size_t encode(const Command& command, MutableBytes out) noexcept override;

 private:
  struct Scratch;
  Memory& memory_;
  const FlatbuffersOptions options_;
  Scratch* scratch_ = nullptr;
};

}  // namespace chatroom
