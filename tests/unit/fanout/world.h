// What the fan-out tests share: a codec that writes readable frames, links that take as much as a
// test says, a memory that counts and fails, and a Fanout over them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fanout/fanout.h"

namespace fanout_test {

using namespace chatroom;
using namespace chatroom::fanout;

class CountingMemory final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override;
  void release(void* block, std::size_t size, std::size_t align) noexcept override;

  std::size_t calls = 0;
  std::size_t bytes = 0;
  std::size_t peak = 0;
  std::size_t fail_at = 0;  // the call of this number answers null; 0: none
};

// "message <room> <offset> <text>", "gap <room> <from> <to> <count> <classes>", "answer <id>", ...
class TextCodec final : public Codec {
 public:
  Decoded decode(Bytes, Command&) noexcept override { return {}; }
  std::size_t encode(const Event& event, MutableBytes out) noexcept override;
  Decoded decode(Bytes, Event&) noexcept override { return {}; }
  std::size_t encode(const Command&, MutableBytes) noexcept override { return 0; }

  std::uint64_t encodes = 0;
};

// "Deflates" each message to the number of a page in a book, so that whoever reads a page shows
// that it has read what that refers to: the pages of its chain before it, and nothing in between.
class Book final : public Compressor {
 public:
  struct Page {
    std::uint64_t chain;
    std::size_t place;  // in the chain
    std::uint8_t bits;
    std::string text;
  };
  struct Reader {
    std::uint64_t chain = 0;
    std::size_t places = 0;
  };

  void restart(std::uint8_t window_bits) noexcept override;
  std::size_t deflate(std::span<const Bytes> payload, MutableBytes out) noexcept override;
  Inflated inflate(Bytes, MutableBytes) noexcept override { return {}; }

  // Empty: it cannot be read.
  std::string read(std::string_view frame, Compress agreed, Reader& reader) const;

  std::uint64_t chains = 0;
  std::vector<Page> pages;
  std::size_t fail_every = 0;  // a call of so many; 0: none

 private:
  bool over_ = true;
  std::size_t place_ = 0;
  std::uint8_t bits_ = 0;
  std::size_t calls_ = 0;
};

// Takes `allowance` bytes and then nothing; a message link takes whole messages only.
class Link final : public Connection {
 public:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  std::size_t write(std::span<const Bytes> pieces) noexcept override;
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}

  // Whole frames that arrived since the last call, without their headers.
  std::vector<std::string> take_frames();
  bool in_a_frame() const { return !stream_.empty(); }  // after take_frames
  std::string all() { return joined(take_frames()); }
  static std::string joined(const std::vector<std::string>& frames);

  std::uint64_t allowance = kAll;
  std::uint64_t per_write = kAll;  // of it, in one call
  bool message = false;
  bool blocked = false;  // took less than offered; the test clears it with on_writable
  std::uint64_t writes = 0;
  std::vector<std::size_t> sizes;  // what each write took
  std::string problem;             // a broken promise of Connection's
  Framing framing = Framing::outer;
  const Book* book = nullptr;
  Compress compress = Compress::none;
  std::uint64_t deflated = 0;  // frames that were

 private:
  Book::Reader reader_;
  std::string stream_;
};

struct World {
  explicit World(Limits with = small(), WriteTap tap = {});

  // Sizes that a test reaches quickly: 72 KiB a log.
  static Limits small();

  Link& open(SessionSlot session, OutletOptions options = {});
  void close(SessionSlot session);
  void room(RoomSlot room, LogOptions options = {});
  void join(RoomSlot room, SessionSlot session, ChannelMask channels = kAllChannels);
  // "message <room> <n> <text>" with n counting in this room.
  Result<Appended> say(RoomSlot room, std::string_view text = "", EntryMeta meta = {});
  Pushed answer(SessionSlot session, std::uint32_t id, PrivateOptions options = {});
  void flush();  // without a bound
  bool flush(std::uint32_t sends);
  void writable(SessionSlot session, std::uint64_t allowance = Link::kAll);
  std::vector<Doomed> doomed();
  std::vector<GapTold> gaps();
  std::string frames(SessionSlot session) { return links[session]->all(); }

  static std::string imbalance(const Ledger& ledger);  // empty: it balances

  CountingMemory memory;
  TextCodec codec;
  Book book;
  Limits limits;
  Instant now{1'000'000};
  std::map<SessionSlot, std::unique_ptr<Link>> links;
  std::map<RoomSlot, std::string> keys;
  std::map<RoomSlot, std::uint64_t> said;
  Fanout fanout;  // before the memory goes
};

}  // namespace fanout_test
