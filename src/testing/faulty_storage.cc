// FaultyStorage: late requests keep copies of what they were given, since views end with the call.
#include <memory>

#include "chatroom/testing/fakes.h"

namespace chatroom::testing {

namespace {

// Messages with their own bytes.
struct Copies {
  std::deque<std::string> texts;
  std::deque<std::vector<std::string_view>> lists;
  std::vector<Message> messages;

  std::string_view keep(std::string_view text) { return texts.emplace_back(text); }
  Bytes keep(Bytes bytes) { return as_bytes(keep(as_text(bytes))); }

  explicit Copies(std::span<const Message> from) : messages(from.begin(), from.end()) {
    for (Message& message : messages) {
      message.room = keep(message.room);
      message.channel = keep(message.channel);
      message.user = keep(message.user);
      message.nick = keep(message.nick);
      message.info = keep(message.info);
      message.kind = Kind{keep(message.kind.name)};
      message.text = keep(message.text);
      message.data.bytes = keep(message.data.bytes);
      std::vector<std::string_view>& mentions = lists.emplace_back();
      for (const std::string_view user : message.mentions) mentions.push_back(keep(user));
      message.mentions = mentions;
    }
  }
};

}  // namespace

void FaultyStorage::run(std::function<void()> work) {
  if (late) {
    waiting_.push_back(std::move(work));
  } else {
    work();
  }
}

void FaultyStorage::append(StorageRequest request, StorageReply& reply, std::string_view room,
                           std::uint64_t epoch, std::span<const Message> messages) noexcept {
  if (fails()) {
    return run([request, &reply] { reply.on_done(request, Errc::storage_failed); });
  }
  if (!late) return under_.append(request, reply, room, epoch, messages);
  const auto copies = std::make_shared<Copies>(messages);
  run([this, request, &reply, room = std::string(room), epoch, copies] {
    under_.append(request, reply, room, epoch, copies->messages);
  });
}

void FaultyStorage::save(StorageRequest request, StorageReply& reply, std::string_view room,
                         std::uint64_t epoch, Bytes record) noexcept {
  if (fails()) {
    return run([request, &reply] { reply.on_done(request, Errc::storage_failed); });
  }
  run([this, request, &reply, room = std::string(room), epoch,
       record = std::string(as_text(record))] {
    under_.save(request, reply, room, epoch, as_bytes(record));
  });
}

void FaultyStorage::read(StorageRequest request, StorageReply& reply, std::string_view room,
                         std::uint64_t epoch, std::uint64_t after, std::uint32_t limit) noexcept {
  if (fails()) {
    return run([request, &reply] { reply.on_done(request, Errc::storage_failed); });
  }
  run([this, request, &reply, room = std::string(room), epoch, after, limit] {
    under_.read(request, reply, room, epoch, after, limit);
  });
}

void FaultyStorage::load(StorageRequest request, StorageReply& reply,
                         std::string_view room) noexcept {
  if (fails()) {
    return run([request, &reply] { reply.on_done(request, Errc::storage_failed); });
  }
  run([this, request, &reply, room = std::string(room)] { under_.load(request, reply, room); });
}

}  // namespace chatroom::testing
