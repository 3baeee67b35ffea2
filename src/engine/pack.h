// Packing: values to bytes and back, for everything that must outlive the call that brought it:
// mail from other threads, commands that wait for an answer, records for the replayer.
// Little-endian, no alignment, the same on every machine.
#pragma once

#include <cstring>
#include <utility>

#include "chatroom/command.h"
#include "chatroom/decision.h"
#include "chatroom/room.h"

namespace chatroom::engine {

// Writes into a span; once something did not fit, `ok` is false and nothing more is written.
class Packer {
 public:
  explicit Packer(MutableBytes out) noexcept : out_(out) {}

  bool ok() const noexcept { return ok_; }
  std::size_t size() const noexcept { return used_; }
  std::size_t left() const noexcept { return out_.size() - used_; }
  Bytes bytes() const noexcept { return out_.first(used_); }

  void u8(std::uint8_t value) noexcept { integer(value, 1); }
  void u16(std::uint16_t value) noexcept { integer(value, 2); }
  void u32(std::uint32_t value) noexcept { integer(value, 4); }
  void u64(std::uint64_t value) noexcept { integer(value, 8); }
  void i64(std::int64_t value) noexcept { integer(static_cast<std::uint64_t>(value), 8); }
  void flag(bool value) noexcept { u8(value ? 1 : 0); }
  template <class T>
  void handle(Handle<T> value) noexcept {
    u32(value.index);
    u32(value.generation);
  }
  void text(std::string_view value) noexcept { blob(as_bytes(value)); }
  void blob(Bytes value) noexcept {
    u32(static_cast<std::uint32_t>(value.size()));
    raw(value);
  }
  void raw(Bytes value) noexcept {
    if (!room_for(value.size())) return;
    if (!value.empty()) std::memcpy(out_.data() + used_, value.data(), value.size());
    used_ += value.size();
  }

 private:
  bool room_for(std::size_t size) noexcept {
    ok_ = ok_ && size <= out_.size() - used_;
    return ok_;
  }
  void integer(std::uint64_t value, std::size_t size) noexcept {
    if (!room_for(size)) return;
    for (std::size_t i = 0; i < size; ++i) {
      out_[used_++] = static_cast<std::byte>(value >> (8 * i));
    }
  }

  MutableBytes out_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

// Reads what a Packer wrote. Past the end everything is zero and `ok` is false: a torn record is
// noticed once, at its end, instead of at every field.
class Unpacker {
 public:
  explicit Unpacker(Bytes in) noexcept : in_(in) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return used_ == in_.size(); }

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() noexcept { return integer(8); }
  std::int64_t i64() noexcept { return static_cast<std::int64_t>(integer(8)); }
  bool flag() noexcept { return u8() != 0; }
  template <class H>
  H handle() noexcept {
    const std::uint32_t index = u32();
    return {index, u32()};
  }
  std::string_view text() noexcept { return as_text(blob()); }
  Bytes rest() noexcept { return in_.subspan(std::exchange(used_, in_.size())); }
  Bytes blob() noexcept {
    const std::size_t size = u32();
    if (!ok_ || size > in_.size() - used_) {
      ok_ = false;
      return {};
    }
    const Bytes value = in_.subspan(used_, size);
    used_ += size;
    return value;
  }

 private:
  std::uint64_t integer(std::size_t size) noexcept {
    if (!ok_ || size > in_.size() - used_) {
      ok_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(in_[used_++]) << (8 * i);
    }
    return value;
  }

  Bytes in_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

// Where the lists of an unpacked command or message are put.
struct Lists {
  std::string_view channels[kChannelsPerCommand];
  std::string_view mentions[kMentionsPerMessage];
};

void pack(Packer& to, const Outgoing& message) noexcept;
void unpack(Unpacker& from, Outgoing& message, Lists& lists) noexcept;
void pack(Packer& to, const Message& message) noexcept;
// `mentions` has a place for kMentionsPerMessage.
void unpack(Unpacker& from, Message& message, std::span<std::string_view> mentions) noexcept;
void pack(Packer& to, const Command& command) noexcept;
void unpack(Unpacker& from, Command& command, Lists& lists) noexcept;
void pack(Packer& to, const Answer& answer) noexcept;
void unpack(Unpacker& from, Answer& answer) noexcept;
void pack(Packer& to, const Identity& identity) noexcept;
void unpack(Unpacker& from, Identity& identity) noexcept;
void pack(Packer& to, const RoomPolicy& policy) noexcept;
void unpack(Unpacker& from, RoomPolicy& policy) noexcept;

inline Role unpack_role(Unpacker& from) noexcept {
  const std::uint8_t role = from.u8();
  return role > static_cast<std::uint8_t>(Role::owner) ? Role::owner : static_cast<Role>(role);
}

}  // namespace chatroom::engine
