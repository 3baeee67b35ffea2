// ZlibInflater: one zlib stream. ZlibCompressor: three, made when they are first needed: to deflate
// with the whole window, with the least one, and to inflate.
#include <algorithm>
#include <utility>

#define ZLIB_CONST
#include <zlib.h>

#include "chatroom/adapters/zlib.h"
#include "chatroom/assert.h"

namespace chatroom {

namespace {

constexpr int kWholeBits = 15;
constexpr int kLeastBits = 9;  // zlib has no raw deflate with 8
constexpr int kMemoryLevel = 8;
constexpr int kAtBlockEnd = 128;  // of z_stream::data_type
constexpr std::byte kSyncTail[] = {std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

const Bytef* in_of(Bytes bytes) noexcept { return reinterpret_cast<const Bytef*>(bytes.data()); }
Bytef* out_of(MutableBytes bytes) noexcept { return reinterpret_cast<Bytef*>(bytes.data()); }

using Outcome = Compressor::Outcome;

// One message; the stream stands where the one before ended.
Compressor::Inflated inflate_message(z_stream& stream, Bytes message, MutableBytes out) noexcept {
  Bytef probe = 0;  // takes the byte that would be too many
  bool full = out.empty();
  stream.next_out = full ? &probe : out_of(out);
  stream.avail_out = full ? 1 : static_cast<uInt>(out.size());
  const auto written = [&] { return full ? out.size() : out.size() - stream.avail_out; };
  for (const Bytes piece : {message, Bytes{kSyncTail}}) {
    stream.next_in = in_of(piece);
    stream.avail_in = static_cast<uInt>(piece.size());
    for (;;) {
      const int done = ::inflate(&stream, Z_SYNC_FLUSH);
      if (done == Z_MEM_ERROR) return {Outcome::no_memory, 0};
      if (done != Z_OK && done != Z_BUF_ERROR && done != Z_STREAM_END) return {Outcome::bad, 0};
      if (stream.avail_out == 0 && full) return {Outcome::too_large, out.size()};
      if (done == Z_STREAM_END) {
        // A sender may end its blocks with a final one (RFC 7692, 7.2.3.4); what follows is the
        // next stream, or nothing.
        if (stream.avail_in == 0 && piece.data() != kSyncTail) return {Outcome::whole, written()};
        if (inflateReset(&stream) != Z_OK) return {Outcome::bad, 0};
      } else if (stream.avail_out == 0) {
        full = true;
        stream.next_out = &probe;
        stream.avail_out = 1;
      } else {
        break;  // all of the input is used, and all of the output is there
      }
    }
  }
  // Cut short: not at the end of a block.
  if ((stream.data_type & kAtBlockEnd) == 0) return {Outcome::bad, 0};
  return {Outcome::whole, written()};
}

}  // namespace

struct ZlibCompressor::Impl {
  struct Deflater {
    z_stream stream{};
    bool made = false;
  };

  // Null: no memory.
  z_stream* begin(Deflater& deflater, int bits) noexcept {
    if (deflater.made) {
      deflateReset(&deflater.stream);
      return &deflater.stream;
    }
    const int made =
        deflateInit2(&deflater.stream, level, Z_DEFLATED, -bits, kMemoryLevel, Z_DEFAULT_STRATEGY);
    deflater.made = made == Z_OK;
    return deflater.made ? &deflater.stream : nullptr;
  }

  int level = 6;
  Deflater whole;
  Deflater least;
  z_stream* chain = nullptr;  // null: none was begun, or it is over
  z_stream inflater{};
  bool inflater_made = false;
};

ZlibCompressor::ZlibCompressor(const ZlibOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->level = std::clamp(options.level, 1, 9);
}

ZlibCompressor::~ZlibCompressor() {
  if (impl_->whole.made) deflateEnd(&impl_->whole.stream);
  if (impl_->least.made) deflateEnd(&impl_->least.stream);
  if (impl_->inflater_made) inflateEnd(&impl_->inflater);
}

void ZlibCompressor::restart(std::uint8_t window_bits) noexcept {
  CHATROOM_ASSERT(window_bits >= kLeastBits);
  const bool all = window_bits >= kWholeBits;
  impl_->chain = impl_->begin(all ? impl_->whole : impl_->least, all ? kWholeBits : kLeastBits);
}

std::size_t ZlibCompressor::deflate(std::span<const Bytes> payload, MutableBytes out) noexcept {
  z_stream* const stream = std::exchange(impl_->chain, nullptr);
  if (stream == nullptr) return 0;
  stream->next_out = out_of(out);
  stream->avail_out = static_cast<uInt>(out.size());
  for (const Bytes piece : payload) {
    stream->next_in = in_of(piece);
    stream->avail_in = static_cast<uInt>(piece.size());
    // zlib has nothing to do when it was given nothing; it says so, and that is fine.
    const int done = ::deflate(stream, Z_NO_FLUSH);
    if ((done != Z_OK && done != Z_BUF_ERROR) || stream->avail_in != 0) return 0;
  }
  // With place left over the flush is known to be complete.
  if (::deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_out == 0) return 0;
  const std::size_t size = out.size() - stream->avail_out;
  CHATROOM_ASSERT(size > sizeof kSyncTail);
  impl_->chain = stream;
  return size - sizeof kSyncTail;
}

Compressor::Inflated ZlibCompressor::inflate(Bytes message, MutableBytes out) noexcept {
  z_stream& stream = impl_->inflater;
  const int begun =
      impl_->inflater_made ? inflateReset(&stream) : inflateInit2(&stream, -kWholeBits);
  if (begun != Z_OK) return {Outcome::no_memory, 0};
  impl_->inflater_made = true;
  return inflate_message(stream, message, out);
}

// ---- ZlibInflater

struct ZlibInflater::Impl {
  z_stream stream{};
  bool made = false;
};

ZlibInflater::ZlibInflater() : impl_(std::make_unique<Impl>()) {}
ZlibInflater::~ZlibInflater() { restart(); }

void ZlibInflater::restart() noexcept {
  if (std::exchange(impl_->made, false)) inflateEnd(&impl_->stream);
}

Compressor::Inflated ZlibInflater::inflate(Bytes message, MutableBytes out) noexcept {
  if (!impl_->made) {
    impl_->stream = {};
    if (inflateInit2(&impl_->stream, -kWholeBits) != Z_OK) return {Outcome::no_memory, 0};
    impl_->made = true;
  }
  return inflate_message(impl_->stream, message, out);
}

}  // namespace chatroom
