// Link: a game's own reliable, ordered message transport with 1,200-byte frames, as far as the
// engine sees it. Here both ends are in one program; a real one would resend over UDP.
#pragma once

#include <array>
#include <cstring>

#include "chatroom/connection.h"

inline constexpr std::size_t kFrameBytes = 1'200;

// A fixed number of frames on their way in one direction.
class Lane {
 public:
  bool push(std::span<const chatroom::Bytes> pieces) noexcept {
    if (count_ == frames_.size()) return false;
    Frame& frame = frames_[(first_ + count_) % frames_.size()];
    frame.size = 0;
    for (const chatroom::Bytes piece : pieces) {
      if (piece.size() > kFrameBytes - frame.size) return false;
      std::memcpy(frame.bytes.data() + frame.size, piece.data(), piece.size());
      frame.size += piece.size();
    }
    ++count_;
    return true;
  }
  // The oldest frame; empty: none. It stays until pop().
  chatroom::Bytes front() const noexcept {
    if (count_ == 0) return {};
    return chatroom::Bytes(frames_[first_].bytes).first(frames_[first_].size);
  }
  void pop() noexcept {
    first_ = (first_ + 1) % frames_.size();
    --count_;
  }

 private:
  struct Frame {
    std::array<std::byte, kFrameBytes> bytes;
    std::size_t size = 0;
  };
  std::array<Frame, 8> frames_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

// The server's end: takes a message whole or not at all.
class Link final : public chatroom::Connection {
 public:
  std::size_t write(std::span<const chatroom::Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const chatroom::Bytes piece : pieces) size += piece.size();
    if (to_client.push(pieces)) return size;
    blocked = true;
    return 0;
  }
  void pause(bool paused) noexcept override { reading = !paused; }
  void close(chatroom::CloseCode) noexcept override { closing = true; }

  Lane to_client;
  Lane to_server;
  bool blocked = false;  // tell the engine when there is room again
  bool reading = true;
  bool closing = false;
};
