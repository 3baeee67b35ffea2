// ZlibCompressor: the Compressor port on zlib; ZlibInflater: a client's Inflater.
#pragma once

#include <memory>

#include "chatroom/compressor.h"

namespace chatroom {

struct ZlibOptions {
  int level = 6;  // 1 (fast) to 9 (small)
};

// About 300 KiB once it deflates and 40 KiB once it inflates, whatever the number of sessions.
class ZlibCompressor final : public Compressor {
 public:
  explicit ZlibCompressor(const ZlibOptions& options = {});
  ~ZlibCompressor();
  ZlibCompressor(const ZlibCompressor&) = delete;
  ZlibCompressor& operator=(const ZlibCompressor&) = delete;

  void restart(std::uint8_t window_bits) noexcept override;
  std::size_t deflate(std::span<const Bytes> payload, MutableBytes out) noexcept override;
  Inflated inflate(Bytes message, MutableBytes out) noexcept override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// About 40 KiB from the first message on.
class ZlibInflater final : public Inflater {
 public:
  ZlibInflater();
  ~ZlibInflater();
  ZlibInflater(const ZlibInflater&) = delete;
  ZlibInflater& operator=(const ZlibInflater&) = delete;

  void restart() noexcept override;
  Compressor::Inflated inflate(Bytes message, MutableBytes out) noexcept override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatroom
