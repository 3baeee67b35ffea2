// MemoryStorage: what is appended is read, within its bounds, at once or later.
#include "chatroom/adapters/memory.h"

#include <string>
#include <vector>

#include "catch.hpp"

namespace {

using namespace chatroom;

class Reply final : public StorageReply {
 public:
  void on_message(StorageRequest, const Message& message) noexcept override {
    offsets.push_back(message.offset);
    texts.emplace_back(message.text);
    mentions += message.mentions.size();
  }
  void on_room(StorageRequest, const StoredRoom& found) noexcept override { room = found; }
  void on_done(StorageRequest, Status status) noexcept override {
    ++done;
    last = status.error().code;
  }

  std::vector<std::uint64_t> offsets;
  std::vector<std::string> texts;
  std::size_t mentions = 0;
  StoredRoom room;
  int done = 0;
  Errc last = Errc::ok;
};

Message message(std::uint64_t offset, std::string_view text) {
  Message it;
  it.room = "r";
  it.channel = "main";
  it.user = "alice";
  it.offset = offset;
  it.text = text;
  return it;
}

Errc append(MemoryStorage& storage, std::uint64_t first, int count, std::uint64_t epoch = 1,
            std::string_view room = "r", std::string_view text = "hello") {
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) {
    messages.push_back(message(first + static_cast<std::uint64_t>(i), text));
  }
  Reply reply;
  storage.append({1, 1}, reply, room, epoch, messages);
  REQUIRE(reply.done == 1);
  return reply.last;
}

std::vector<std::uint64_t> read(MemoryStorage& storage, std::uint64_t after, std::uint32_t limit,
                                std::uint64_t epoch = 1) {
  Reply reply;
  storage.read({1, 1}, reply, "r", epoch, after, limit);
  REQUIRE(reply.done == 1);
  return reply.offsets;
}

}  // namespace

TEST_CASE("stored messages come back in order, with everything they carried", "[adapters]") {
  MemoryStorage storage;
  {
    std::string text = "text that goes away";
    const std::string_view mentioned[] = {"bob", "carol"};
    Message one = message(5, text);
    one.mentions = mentioned;
    one.data = {.form = Data::Form::json, .bytes = as_bytes("{}")};
    Reply reply;
    storage.append({1, 1}, reply, "r", 7, std::span(&one, 1));
    CHECK(reply.last == Errc::ok);
    text.assign(text.size(), '?');
  }
  Reply reply;
  storage.read({1, 1}, reply, "r", 7, 4, 10);
  REQUIRE(reply.texts == std::vector<std::string>{"text that goes away"});
  CHECK(reply.mentions == 2);
  Reply loaded;
  storage.load({1, 1}, loaded, "r");
  CHECK(loaded.room.epoch == 7);
  CHECK(loaded.room.offset == 5);
}

TEST_CASE("a range read gives what lies after, at most the limit", "[adapters]") {
  MemoryStorage storage;
  REQUIRE(append(storage, 1, 10) == Errc::ok);
  CHECK(read(storage, 0, 3) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(read(storage, 8, 100) == std::vector<std::uint64_t>{9, 10});
  CHECK(read(storage, 10, 100).empty());
  CHECK(read(storage, 0, 0).empty());
  CHECK(read(storage, 0, 3, 2).empty());  // another epoch
}

TEST_CASE("an append that does not go on where the room ended changes nothing", "[adapters]") {
  MemoryStorage storage;
  REQUIRE(append(storage, 1, 3) == Errc::ok);
  CHECK(append(storage, 3, 1) == Errc::storage_failed);
  CHECK(storage.messages("r") == 3);
  CHECK(append(storage, 4, 1) == Errc::ok);
  CHECK(append(storage, 7, 1) == Errc::ok);  // a hole: the engine had nothing more of it
  CHECK(append(storage, 5, 1) == Errc::storage_failed);
  // A new epoch is a new log.
  CHECK(append(storage, 1, 2, 9) == Errc::ok);
  CHECK(read(storage, 0, 10, 9) == std::vector<std::uint64_t>{1, 2});
  CHECK(read(storage, 0, 10, 1).empty());
}

TEST_CASE("past its bounds the storage forgets the oldest, or refuses", "[adapters]") {
  MemoryStorageOptions options;
  options.rooms = 2;
  options.messages_per_room = 5;
  options.bytes = 6'000;
  MemoryStorage storage(options);
  REQUIRE(append(storage, 1, 4) == Errc::ok);
  REQUIRE(append(storage, 5, 4) == Errc::ok);
  CHECK(read(storage, 0, 10) == std::vector<std::uint64_t>{4, 5, 6, 7, 8});
  CHECK(append(storage, 9, 6) == Errc::storage_failed);  // more at once than a room may have
  CHECK(append(storage, 9, 1, 1, "r", std::string(3'500, 'x')) == Errc::ok);
  CHECK(storage.bytes() <= options.bytes);
  CHECK(append(storage, 1, 1, 1, "second", std::string(4'000, 'x')) == Errc::storage_failed);
  CHECK(append(storage, 1, 1, 1, "third") == Errc::storage_failed);  // rooms
  CHECK(storage.bytes() <= options.bytes);
}

TEST_CASE("answers wait for deliver when they shall come later", "[adapters]") {
  MemoryStorageOptions options;
  options.later = true;
  options.waiting = 3;
  MemoryStorage storage(options);
  Reply reply;
  const Message one = message(1, "hello");
  storage.append({1, 1}, reply, "r", 1, std::span(&one, 1));
  storage.read({2, 1}, reply, "r", 1, 0, 10);
  storage.load({3, 1}, reply, "r");
  CHECK(reply.done == 0);
  storage.load({4, 1}, reply, "r");  // one too many: refused at once
  CHECK(reply.done == 1);
  CHECK(reply.last == Errc::storage_failed);
  CHECK(storage.deliver(1) == 1);
  CHECK(reply.done == 2);
  CHECK(storage.deliver() == 2);
  CHECK(reply.done == 4);
  CHECK(reply.offsets == std::vector<std::uint64_t>{1});
  storage.load({5, 1}, reply, "r");
  storage.drop();
  CHECK(storage.deliver() == 0);
  CHECK(reply.done == 4);
}
