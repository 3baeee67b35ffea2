// RecordedCompressor: the Compressor port as the layers see it. What it answers is written down
// like every value of a port: how long a deflated frame is decides which frame a link has cut, so a
// replay must get the same bytes whatever library and version it has.
#pragma once

#include "chatroom/engine.h"

namespace chatroom::engine {

class RecordedCompressor final : public Compressor {
 public:
  explicit RecordedCompressor(Engine::State& state) noexcept : state_(state) {}

  void restart(std::uint8_t window_bits) noexcept override;
  std::size_t deflate(std::span<const Bytes> payload, MutableBytes out) noexcept override;
  Inflated inflate(Bytes message, MutableBytes out) noexcept override;

 private:
  Engine::State& state_;
};

}  // namespace chatroom::engine
