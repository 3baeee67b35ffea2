// The suite for Codec: everything there and back, short buffers, hostile bytes.
#include <algorithm>
#include <cstring>

#include "chatroom/testing/conformance.h"
#include "testing/catalogue.h"
#include "testing/describe.h"

namespace chatroom::testing {

namespace {

constexpr std::size_t kRoom = 64 * 1'024;
constexpr std::byte kGuard{0xa5};

template <class Record>
std::vector<std::byte> encoded(Codec& codec, const Record& record) {
  std::vector<std::byte> frame(kRoom);
  frame.resize(codec.encode(record, frame));
  return frame;
}

// With less room than it needs an encode answers 0, and with any room it stays inside of it.
template <class Record>
void check_short(Codec& codec, const Record& record, std::size_t needed, Conformance& found) {
  std::vector<std::byte> place(needed + 64);
  for (std::size_t room = 0; room <= needed; room += room + 20 < needed ? 7 : 1) {
    std::fill(place.begin(), place.end(), kGuard);
    const std::size_t written = codec.encode(record, MutableBytes(place).first(room));
    found.check(written <= room, "encode: never more than it was given room for");
    found.check(written == 0 || written == needed, "encode: all of a frame, or 0");
    found.check(std::all_of(place.begin() + static_cast<std::ptrdiff_t>(room), place.end(),
                            [](std::byte byte) { return byte == kGuard; }),
                "encode: writes nowhere else");
  }
}

// The same with each prefix, and with bytes changed: whatever comes of it, it comes back.
template <class Record>
void check_hostile(Codec& codec, const std::vector<std::byte>& frame, std::uint32_t& random) {
  for (std::size_t size = 0; size < frame.size(); size += 1 + frame.size() / 64) {
    const std::vector<std::byte> cut(frame.begin(),
                                     frame.begin() + static_cast<std::ptrdiff_t>(size));
    Record record;
    static_cast<void>(codec.decode(cut, record));
  }
  for (int i = 0; i < 200; ++i) {
    std::vector<std::byte> changed = frame;
    for (int byte = 0; byte < 1 + i % 4; ++byte) {
      random = random * 1'664'525 + 1'013'904'223;
      changed[(random >> 8) % changed.size()] = static_cast<std::byte>(random >> 24);
    }
    Record record;
    const Decoded decoded = codec.decode(changed, record);
    if (decoded.status) static_cast<void>(describe(record));  // its views can be read
  }
}

template <class Record>
void check_records(Codec& codec, const std::vector<Record>& records, Conformance& found) {
  std::uint32_t random = 1;
  for (const Record& record : records) {
    const std::vector<std::byte> frame = encoded(codec, record);
    found.check(!frame.empty(), "encode: of every record that the protocol has");
    if (frame.empty()) continue;
    const std::string expected = describe(record);
    const auto same = [&](const char* promise) {
      Record back;
      const Decoded decoded = codec.decode(frame, back);
      if constexpr (std::is_same_v<Record, Event>) back.op = record.op;
      found.check(bool(decoded.status), "decode: accepts what encode wrote");
      if (decoded.status) found.check(describe(back) == expected, promise);
    };
    same("decode: gives back every field that was encoded");
    check_short(codec, record, frame.size(), found);
    check_hostile<Record>(codec, frame, random);
    same("decode: owes nothing to the frames before");
    found.check(encoded(codec, record) == frame, "encode: the same bytes for the same record");
  }
}

template <class Record>
void check_not_frames(Codec& codec, Conformance& found) {
  const std::string_view frames[] = {"", "\xff\xff\xff\xff",
                                     std::string_view("\0\0\0\0\0\0\0\0", 8)};
  for (const std::string_view frame : frames) {
    Record record;
    const Decoded decoded = codec.decode(as_bytes(frame), record);
    found.check(!decoded.status && decoded.fatal, "decode: what is no frame is fatal");
  }
}

}  // namespace

Conformance check_codec(Codec& codec) {
  Conformance found;
  check_records(codec, some_commands(), found);
  check_records(codec, some_events(), found);
  check_not_frames<Command>(codec, found);
  check_not_frames<Event>(codec, found);
  return found;
}

}  // namespace chatroom::testing
