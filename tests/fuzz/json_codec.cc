// Fuzz target: any bytes through both decoding halves of the JSON codec. What is accepted must be
// JSON to the core's own checker as well, and survive being written and read again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "chatroom/adapters/json.h"
#include "chatroom/codec_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chatroom;
  static JsonCodec codec;
  static JsonCodec other;
  static std::array<std::byte, 256 * 1024> out;
  const Bytes frame(reinterpret_cast<const std::byte*>(data), size);

  Command command;
  if (codec.decode(frame, command).status) {
    if (!check_json(frame, kFrameDepthMax)) std::abort();
    const std::size_t written = codec.encode(command, out);
    Command again;
    if (written == 0 || !other.decode(Bytes(out).first(written), again).status) std::abort();
  }
  Event event;
  if (codec.decode(frame, event).status && event.type != EventType::none) {
    // Pages nest data up to four levels further down; and its keys may be as many as all of a
    // command's, before those around it.
    const auto colons = static_cast<std::size_t>(std::count(data, data + size, ':'));
    if (!check_json(frame, kFrameDepthMax + 4) && colons <= kJsonKeysMax) std::abort();
    if (codec.encode(event, out) == 0) std::abort();
  }
  return 0;
}
