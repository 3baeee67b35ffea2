// Deflate: in rooms that compress, the run of entries that a view's members wait for is deflated
// once, at the gather that they share; each entry stays a frame of its own, which may refer back to
// those before it in the run. The log holds plain bytes alone, so whoever does not stand at the
// beginning of a run, is in several rooms, has private items or is behind gets the same entries
// plain, by the slow path; a peer that takes deflated frames takes plain ones between them.
//
// Never deflated: private items. One session's secrets must not stand beside what others wrote, or
// the length tells about them; for the same reason sealed private records (wire/WIRE.md, PRIVATE)
// are to be made of plain bytes when they come.
#include "base/plant.h"
#include "fanout/state.h"
#include "wire/outer.h"
#include "wire/websocket_header.h"

namespace chatroom::fanout {

namespace {

constexpr std::uint8_t kChainedBits = 15;
constexpr std::uint8_t kAloneBits = 9;
// A frame of the log spans so many chunks at most.
constexpr std::size_t kSpansMax = (kWriteBytesMax >> 12) + 2;

bool websocket(const Stream& stream) noexcept {
  return static_cast<Framing>(stream.profile >> 1) == Framing::websocket;
}

std::size_t header_bytes(const State& s, const Stream& stream, std::uint64_t begin) noexcept {
  if (!websocket(stream)) return wire::kOuterHeaderBytes;
  const auto length = std::to_integer<unsigned>(*stream.bytes.at(s.chunks, begin + 1));
  return length < 126 ? 2 : length == 126 ? 4 : wire::kWebsocketHeaderBytesMax;
}

std::size_t write_header(const Stream& stream, std::size_t size,
                         std::span<std::byte, wire::kWebsocketHeaderBytesMax> out) noexcept {
  if (!websocket(stream)) {
    return wire::write_outer_header(wire::OuterType::deflated, size,
                                    out.first<wire::kOuterHeaderBytes>());
  }
  const bool json = (stream.profile & 1) != 0;
  const auto opcode = json ? wire::WebsocketOpcode::text : wire::WebsocketOpcode::binary;
  return wire::write_websocket_header(opcode, size, out, true);
}

}  // namespace

bool deflates(const State& s, const View& view) noexcept {
  return view.compress != Compress::none && view.stream->log->compress && s.compressor != nullptr;
}

void begin_deflating(State& s, const View& view) noexcept {
  s.deflated.size = s.deflated.count = 0;
  if (view.compress != Compress::chained) return;
  if (CHATROOM_PLANTED(deflate_chain_kept) && s.counters.deflated_runs > 0) return;
  s.compressor->restart(kChainedBits);
}

bool deflate_entry(State& s, const View& view, std::uint64_t begin, std::uint64_t end) noexcept {
  const Stream& stream = *view.stream;
  Deflated& run = s.deflated;
  if (run.count == Deflated::kEntriesMax) return false;
  if (view.compress == Compress::alone) s.compressor->restart(kAloneBits);
  begin += header_bytes(s, stream, begin);
  const std::size_t most = kHeaderRoom + Compressor::worst_bytes(end - begin);
  if (run.place.size() - run.size < most) return false;
  Bytes payload[kSpansMax];
  std::size_t spans = 0;
  while (begin < end) {
    const std::uint64_t size =
        std::min<std::uint64_t>(Tape::together(s.chunks, begin), end - begin);
    payload[spans++] = {stream.bytes.at(s.chunks, begin), size};
    begin += size;
  }
  const MutableBytes place = run.place.subspan(run.size, most);
  const std::size_t size =
      s.compressor->deflate(std::span{payload}.first(spans), place.subspan(kHeaderRoom));
  if (size == 0) return false;
  std::byte header[wire::kWebsocketHeaderBytesMax];
  const std::size_t header_size = write_header(stream, size, header);
  std::copy_n(header, header_size, place.begin());
  std::copy_n(place.begin() + kHeaderRoom, size,
              place.begin() + static_cast<std::ptrdiff_t>(header_size));
  run.size += static_cast<std::uint32_t>(header_size + size);
  run.ends[run.count++] = run.size;
  return true;
}

void drop_deflated_entry(State& s) noexcept {
  Deflated& run = s.deflated;
  --run.count;
  run.size = run.count == 0 ? 0 : run.ends[run.count - 1];
}

void finish_deflating(State& s, SharedGather& gather) noexcept {
  if (s.deflated.size >= gather.pieces.bytes() || s.deflated.count == 0) {
    gather.deflated = false;
    return;
  }
  s.counters.deflated_from += gather.pieces.bytes();
  gather.pieces.reset(kWriteBytesMax);
  gather.pieces.add(Bytes{s.deflated.place}.first(s.deflated.size));
  ++s.counters.deflated_runs;
  s.counters.deflated_to += s.deflated.size;
}

// Entries that are whole count as in a plain run. The rest of a frame that was cut goes into the
// private store at once: nobody has its bytes a moment later.
bool advance_deflated(State& s, Member& member, std::size_t taken) noexcept {
  const Deflated& run = s.deflated;
  const Stream& stream = *member.view->stream;
  std::uint32_t whole = 0;
  while (run.ends[whole] <= taken) ++whole;  // not all were taken
  Filter filter;
  filter.channels = member.view->channels;
  std::size_t plain = 0;
  Sequence at = s.shared.from;
  for (std::uint32_t passed = 0;; ++at) {
    if (fate_of(entry_at(s, member.log(), at), at, filter) != Fate::send) continue;
    if (passed++ == whole) break;
    plain += start_of(s, stream, at + 1) - start_of(s, stream, at);
  }
  advance(s, member, at, plain);
  const std::uint32_t begin = whole == 0 ? 0 : run.ends[whole - 1];
  if (taken == begin || CHATROOM_PLANTED(deflated_rest_forgotten)) return true;
  const Bytes rest = Bytes{run.place}.subspan(taken, run.ends[whole] - taken);
  Item* item = s.store.make(static_cast<std::uint32_t>(rest.size()), false);
  if (item == nullptr) return doom(s, member.session, CloseCode::slow_consumer), false;
  PrivateStore::fill(*item, 0, rest);
  keep_rest(s, member, *item);
  return true;
}

}  // namespace chatroom::fanout
