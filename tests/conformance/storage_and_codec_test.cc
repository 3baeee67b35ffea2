// The suites for Storage and Codec: ours pass, and each kind of broken one is found.
#include <cstring>
#include <memory>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/memory.h"
#include "chatroom/flatbuffers.h"
#include "chatroom/testing/conformance.h"
#include "chatroom/testing/fakes.h"

using namespace chatroom;
using namespace chatroom::testing;

namespace {

bool names(const Conformance& found, std::string_view promise) {
  return found.text().find(promise) != std::string::npos;
}

// A MemoryStorage with one thing wrong.
class BrokenStorage final : public Storage, private StorageReply {
 public:
  enum class Fault {
    none,
    silent,
    done_twice,
    done_first,
    loses_last,
    forgets_fields,
    keeps_views,
    after_is_inclusive,
    ignores_limit,
    one_room,
    knows_every_room,
    forgets_epoch,
    cuts_records,
    keeps_first_record,
  };
  explicit BrokenStorage(Fault fault) : fault_(fault) {}

  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override {
    if (fault_ == Fault::loses_last && messages.size() > 1) {
      messages = messages.first(messages.size() - 1);
    }
    to_ = &reply;
    under_.append(request, *this, name(room), epoch, messages);
  }
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override {
    if (fault_ == Fault::cuts_records && record.size() > 1) record = record.first(1);
    if (fault_ == Fault::keeps_first_record && std::exchange(saved_, true)) {
      return reply.on_done(request, {});
    }
    to_ = &reply;
    under_.save(request, *this, name(room), epoch, record);
  }
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override {
    to_ = &reply;
    if (fault_ == Fault::done_first) reply.on_done(request, {});
    if (fault_ == Fault::after_is_inclusive && after > 0) --after;
    if (fault_ == Fault::ignores_limit) limit = 1'000;
    if (fault_ == Fault::forgets_epoch && epoch == 8) epoch = 7;
    under_.read(request, *this, name(room), epoch, after, limit);
  }
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override {
    to_ = &reply;
    if (fault_ == Fault::knows_every_room) {
      reply.on_room(request, {.epoch = 7, .offset = 50});
      return reply.on_done(request, {});
    }
    under_.load(request, *this, name(room));
  }

 private:
  std::string_view name(std::string_view room) const {
    return fault_ == Fault::one_room ? "r" : room;
  }
  void on_message(StorageRequest request, const Message& message) noexcept override {
    Message told = message;
    if (fault_ == Fault::forgets_fields) told.reply_to = 0;
    // What is left of a view by the time it is read.
    if (fault_ == Fault::keeps_views) told.text = "########";
    to_->on_message(request, told);
  }
  void on_room(StorageRequest request, const StoredRoom& room) noexcept override {
    to_->on_room(request, room);
  }
  void on_done(StorageRequest request, Status status) noexcept override {
    if (fault_ == Fault::silent || fault_ == Fault::done_first) return;
    to_->on_done(request, status);
    if (fault_ == Fault::done_twice) to_->on_done(request, status);
  }

  const Fault fault_;
  MemoryStorage under_;
  StorageReply* to_ = nullptr;
  bool saved_ = false;
};

// A codec of ours with one thing wrong.
class BrokenCodec final : public Codec {
 public:
  enum class Fault {
    none,
    loses_reply_to,
    loses_epoch,
    writes_past,
    writes_parts,
    nothing_is_fatal,
    refuses_its_own,
    remembers,
  };
  explicit BrokenCodec(Fault fault) : fault_(fault) {}

  Decoded decode(Bytes frame, Command& command) noexcept override {
    const Decoded decoded = checked(under_.decode(frame, command));
    if (fault_ == Fault::loses_reply_to) command.out.reply_to = 0;
    if (fault_ == Fault::remembers && command.id == 0) command.id = last_;
    if (command.id != 0) last_ = command.id;
    if (fault_ == Fault::refuses_its_own && command.op == Op::leave) {
      return {.status = Errc::bad_request};
    }
    return decoded;
  }
  Decoded decode(Bytes frame, Event& event) noexcept override {
    const Decoded decoded = checked(under_.decode(frame, event));
    if (fault_ == Fault::loses_epoch) event.epoch = {};
    return decoded;
  }
  std::size_t encode(const Event& event, MutableBytes out) noexcept override {
    return shorten(under_.encode(event, out), out);
  }
  std::size_t encode(const Command& command, MutableBytes out) noexcept override {
    return shorten(under_.encode(command, out), out);
  }

 private:
  Decoded checked(Decoded decoded) const {
    if (fault_ == Fault::nothing_is_fatal) decoded.fatal = false;
    return decoded;
  }
  std::size_t shorten(std::size_t written, MutableBytes out) const {
    if (written > 0 || out.empty()) return written;
    // A test's buffer goes on behind `out`.
    if (fault_ == Fault::writes_past) *(out.data() + out.size()) = std::byte{0};
    return fault_ == Fault::writes_parts ? out.size() : 0;
  }
  const Fault fault_;
  FlatbuffersCodec under_;
  std::uint32_t last_ = 0;
};

}  // namespace

TEST_CASE("our storages keep the promises of Storage") {
  SECTION("in memory") {
    REQUIRE(check_storage([] {
              return StorageUnderTest{std::make_shared<MemoryStorage>()};
            }).text() == "");
  }
  SECTION("in memory, answering later") {
    const Conformance found = check_storage([] {
      const auto storage = std::make_shared<MemoryStorage>(MemoryStorageOptions{.later = true});
      return StorageUnderTest{storage, [storage] { storage->deliver(); }};
    });
    REQUIRE(found.text() == "");
  }
  SECTION("a wrapper that delays") {
    MemoryStorage under;
    const Conformance found = check_storage([&under] {
      const auto storage = std::make_shared<FaultyStorage>(under);
      storage->late = true;
      return StorageUnderTest{storage, [storage] { storage->deliver(); }};
    });
    REQUIRE(found.text() == "");
  }
  SECTION("the wrapper of this test, when nothing is wrong with it") {
    const Conformance found = check_storage([] {
      return StorageUnderTest{std::make_shared<BrokenStorage>(BrokenStorage::Fault::none)};
    });
    REQUIRE(found.text() == "");
  }
}

TEST_CASE("broken storages are found") {
  using Fault = BrokenStorage::Fault;
  const std::pair<Fault, std::string_view> rows[] = {
      {Fault::silent, "on_done: exactly once a request"},
      {Fault::done_twice, "on_done: exactly once a request"},
      {Fault::done_first, "on_done: last"},
      {Fault::loses_last, "read: what was appended"},
      {Fault::forgets_fields, "append: keeps every field"},
      {Fault::keeps_views, "append: keeps every field, and copies what it was given"},
      {Fault::after_is_inclusive, "read: after is exclusive"},
      {Fault::ignores_limit, "read: at most limit"},
      {Fault::one_room, "read: what was appended"},
      {Fault::knows_every_room, "load: not_found, and no room"},
      {Fault::cuts_records, "save: the record comes back as it was given"},
      {Fault::keeps_first_record, "save: in place of the one before"},
      {Fault::forgets_epoch, "read: nothing of another epoch"},
  };
  for (const auto& [fault, promise] : rows) {
    const Conformance found = check_storage(
        [fault = fault] { return StorageUnderTest{std::make_shared<BrokenStorage>(fault)}; });
    INFO(promise << "\nfound:\n" << found.text());
    REQUIRE(names(found, promise));
  }
}

TEST_CASE("our codecs keep the promises of Codec") {
  FlatbuffersCodec flatbuffers;
  REQUIRE(check_codec(flatbuffers).text() == "");
  JsonCodec json;
  REQUIRE(check_codec(json).text() == "");
  BrokenCodec whole(BrokenCodec::Fault::none);
  REQUIRE(check_codec(whole).text() == "");
}

TEST_CASE("broken codecs are found") {
  using Fault = BrokenCodec::Fault;
  const std::pair<Fault, std::string_view> rows[] = {
      {Fault::loses_reply_to, "decode: gives back every field"},
      {Fault::loses_epoch, "decode: gives back every field"},
      {Fault::writes_past, "encode: writes nowhere else"},
      {Fault::writes_parts, "encode: all of a frame, or 0"},
      {Fault::nothing_is_fatal, "decode: what is no frame is fatal"},
      {Fault::refuses_its_own, "decode: accepts what encode wrote"},
      {Fault::remembers, "decode: gives back every field"},
  };
  for (const auto& [fault, promise] : rows) {
    BrokenCodec codec(fault);
    const Conformance found = check_codec(codec);
    INFO(promise << "\nfound:\n" << found.text());
    REQUIRE(names(found, promise));
  }
}
