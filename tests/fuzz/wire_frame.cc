// Fuzz target: the parsers of src/wire. The first byte chooses: FlatBuffers commands, FlatBuffers
// events, outer frames, JSON text. What is accepted must survive being written and read again.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "chatroom/codec_checks.h"
#include "chatroom/flatbuffers.h"
#include "wire/outer.h"

namespace {

using namespace chatroom;

std::array<std::byte, 256 * 1024> out;

template <class Record>
void decode_twice(Bytes frame) {
  static FlatbuffersCodec codec(*global_heap());
  static FlatbuffersCodec other(*global_heap());
  Record record;
  if (!codec.decode(frame, record).status) return;
  const std::size_t size = codec.encode(record, out);
  // Nothing to write: a word of a later version, or more than one frame should hold.
  if (size == 0) return;
  Record again;
  if (!other.decode(Bytes(out).first(size), again).status) std::abort();
  if (other.encode(again, out) != size) std::abort();
}

void split(Bytes bytes) {
  std::size_t body_total = 0;
  while (true) {
    const wire::OuterFrame frame = wire::read_outer_frame(bytes, 64 * 1024);
    if (frame.state != wire::OuterFrame::State::whole) return;
    if (frame.bytes != frame.body.size() + wire::kOuterHeaderBytes) std::abort();
    body_total += frame.body.size();
    bytes = bytes.subspan(frame.bytes);
    if (body_total > 16 * 1024 * 1024) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      decode_twice<Command>(rest);
      break;
    case 1:
      decode_twice<Event>(rest);
      break;
    case 2:
      split(rest);
      break;
    default:
      static_cast<void>(check_json(rest).error());
      break;
  }
  return 0;
}
