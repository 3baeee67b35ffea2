// MemoryStorage: rooms in a map, messages in deques, everything owned here.
#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chatroom/adapters/memory.h"

namespace chatroom {

namespace {

// A message with its own bytes.
class Kept {
 public:
  explicit Kept(const Message& message)
      : message_(message),
        room_(message.room),
        channel_(message.channel),
        user_(message.user),
        nick_(message.nick),
        info_(message.info.begin(), message.info.end()),
        kind_(message.kind.name),
        text_(message.text),
        data_(message.data.bytes.begin(), message.data.bytes.end()),
        mentions_(message.mentions.begin(), message.mentions.end()) {}

  std::uint64_t offset() const noexcept { return message_.offset; }
  std::size_t bytes() const noexcept {
    std::size_t sum = sizeof(Kept) + room_.size() + channel_.size() + user_.size() + nick_.size();
    sum += info_.size() + kind_.size() + text_.size() + data_.size();
    for (const std::string& mention : mentions_) sum += sizeof mention + mention.size();
    return sum;
  }
  // As a Message whose views are good until this goes; `mentions` is where those lie.
  Message view(std::vector<std::string_view>& mentions) const {
    Message message = message_;
    message.room = room_;
    message.channel = channel_;
    message.user = user_;
    message.nick = nick_;
    message.info = info_;
    message.kind = Kind{kind_};
    message.text = text_;
    message.data.bytes = data_;
    mentions.assign(mentions_.begin(), mentions_.end());
    message.mentions = mentions;
    return message;
  }

 private:
  Message message_;  // its views are dead; the plain fields count
  std::string room_;
  std::string channel_;
  std::string user_;
  std::string nick_;
  std::vector<std::byte> info_;
  std::string kind_;
  std::string text_;
  std::vector<std::byte> data_;
  std::vector<std::string> mentions_;
};

struct KeptRoom {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  std::string record = {};
  std::deque<Kept> messages = {};
};

// A request with its own bytes, for later.
struct Waiting {
  enum class What : std::uint8_t { append, save, read, load } what = What::load;
  StorageRequest request;
  StorageReply* reply = nullptr;
  std::string room = {};
  std::uint64_t epoch = 0;
  std::uint64_t after = 0;
  std::uint32_t limit = 0;
  std::string record = {};
  std::vector<Kept> messages = {};
};

}  // namespace

struct MemoryStorage::Impl {
  explicit Impl(const MemoryStorageOptions& given) : options(given) {}

  void answer(Waiting& waiting) noexcept;
  Status append(const std::string& room, std::uint64_t epoch, std::vector<Kept>& messages);
  Status save(const std::string& room, std::uint64_t epoch, std::string& record);
  KeptRoom* find_or_make(const std::string& name, std::uint64_t epoch);
  void begin_anew(KeptRoom& room, std::uint64_t epoch) noexcept;
  bool make_room(KeptRoom& room, std::size_t bytes) noexcept;
  void take(Waiting waiting) noexcept;

  MemoryStorageOptions options;
  std::map<std::string, KeptRoom, std::less<>> rooms;
  std::uint64_t bytes = 0;
  std::deque<Waiting> queue;
};

MemoryStorage::MemoryStorage(const MemoryStorageOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
MemoryStorage::~MemoryStorage() = default;

void MemoryStorage::append(StorageRequest request, StorageReply& reply, std::string_view room,
                           std::uint64_t epoch, std::span<const Message> messages) noexcept {
  Waiting waiting{.what = Waiting::What::append, .request = request, .reply = &reply};
  waiting.room = room;
  waiting.epoch = epoch;
  waiting.messages.reserve(messages.size());
  for (const Message& message : messages) waiting.messages.emplace_back(message);
  impl_->take(std::move(waiting));
}

void MemoryStorage::save(StorageRequest request, StorageReply& reply, std::string_view room,
                         std::uint64_t epoch, Bytes record) noexcept {
  Waiting waiting{.what = Waiting::What::save, .request = request, .reply = &reply};
  waiting.room = room;
  waiting.epoch = epoch;
  waiting.record = as_text(record);
  impl_->take(std::move(waiting));
}

void MemoryStorage::read(StorageRequest request, StorageReply& reply, std::string_view room,
                         std::uint64_t epoch, std::uint64_t after, std::uint32_t limit) noexcept {
  Waiting waiting{.what = Waiting::What::read, .request = request, .reply = &reply};
  waiting.room = room;
  waiting.epoch = epoch;
  waiting.after = after;
  waiting.limit = limit;
  impl_->take(std::move(waiting));
}

void MemoryStorage::load(StorageRequest request, StorageReply& reply,
                         std::string_view room) noexcept {
  Waiting waiting{.what = Waiting::What::load, .request = request, .reply = &reply};
  waiting.room = room;
  impl_->take(std::move(waiting));
}

std::size_t MemoryStorage::deliver(std::size_t count) noexcept {
  std::size_t answered = 0;
  // Only what waits now: an answer may cause new requests.
  for (count = std::min(count, impl_->queue.size()); count > 0; --count) {
    Waiting waiting = std::move(impl_->queue.front());
    impl_->queue.pop_front();
    impl_->answer(waiting);
    ++answered;
  }
  return answered;
}

void MemoryStorage::drop() noexcept { impl_->queue.clear(); }
std::size_t MemoryStorage::waiting() const noexcept { return impl_->queue.size(); }
std::uint64_t MemoryStorage::bytes() const noexcept { return impl_->bytes; }
std::uint64_t MemoryStorage::messages(std::string_view room) const noexcept {
  const auto at = impl_->rooms.find(room);
  return at == impl_->rooms.end() ? 0 : at->second.messages.size();
}

void MemoryStorage::Impl::take(Waiting waiting) noexcept {
  if (!options.later) return answer(waiting);
  if (queue.size() >= options.waiting) {
    return waiting.reply->on_done(waiting.request, Errc::storage_failed);
  }
  queue.push_back(std::move(waiting));
}

void MemoryStorage::Impl::answer(Waiting& waiting) noexcept {
  StorageReply& reply = *waiting.reply;
  if (waiting.what == Waiting::What::append) {
    return reply.on_done(waiting.request, append(waiting.room, waiting.epoch, waiting.messages));
  }
  if (waiting.what == Waiting::What::save) {
    return reply.on_done(waiting.request, save(waiting.room, waiting.epoch, waiting.record));
  }
  const auto at = rooms.find(waiting.room);
  if (at == rooms.end()) return reply.on_done(waiting.request, Errc::not_found);
  const KeptRoom& room = at->second;
  if (waiting.what == Waiting::What::load) {
    reply.on_room(waiting.request,
                  {.epoch = room.epoch, .offset = room.offset, .record = as_bytes(room.record)});
    return reply.on_done(waiting.request, {});
  }
  if (room.epoch != waiting.epoch) return reply.on_done(waiting.request, Errc::not_found);
  auto message =
      std::partition_point(room.messages.begin(), room.messages.end(),
                           [&waiting](const Kept& kept) { return kept.offset() <= waiting.after; });
  std::vector<std::string_view> mentions;
  for (std::uint32_t i = 0; i < waiting.limit && message != room.messages.end(); ++i, ++message) {
    reply.on_message(waiting.request, message->view(mentions));
  }
  reply.on_done(waiting.request, {});
}

// Null: there are as many rooms as there may be.
KeptRoom* MemoryStorage::Impl::find_or_make(const std::string& name, std::uint64_t epoch) {
  const auto at = rooms.find(name);
  if (at != rooms.end()) return &at->second;
  if (rooms.size() >= options.rooms) return nullptr;
  return &rooms.emplace(name, KeptRoom{.epoch = epoch}).first->second;
}

void MemoryStorage::Impl::begin_anew(KeptRoom& room, std::uint64_t epoch) noexcept {
  for (const Kept& message : room.messages) bytes -= message.bytes();
  bytes -= room.record.size();
  room = KeptRoom{.epoch = epoch};
}

// All or nothing. A new epoch begins the room anew; within one, offsets go on by one.
Status MemoryStorage::Impl::append(const std::string& name, std::uint64_t epoch,
                                   std::vector<Kept>& messages) {
  KeptRoom* found = find_or_make(name, epoch);
  if (found == nullptr) return Errc::storage_failed;
  KeptRoom& room = *found;
  const bool anew = room.epoch != epoch;
  std::uint64_t expected = anew || room.offset == 0 ? 0 : room.offset + 1;
  std::size_t size = 0;
  for (const Kept& message : messages) {
    const bool first = &message == &messages.front();  // before it there may be a hole
    if (expected != 0 && (first ? message.offset() < expected : message.offset() != expected)) {
      return Errc::storage_failed;
    }
    expected = message.offset() + 1;
    size += message.bytes();
  }
  if (messages.size() > options.messages_per_room || size > options.bytes) {
    return Errc::storage_failed;
  }
  if (anew) begin_anew(room, epoch);
  if (!make_room(room, size)) return Errc::storage_failed;
  for (Kept& message : messages) {
    room.offset = message.offset();
    room.messages.push_back(std::move(message));
  }
  bytes += size;
  while (room.messages.size() > options.messages_per_room) {
    bytes -= room.messages.front().bytes();
    room.messages.pop_front();
  }
  return {};
}

Status MemoryStorage::Impl::save(const std::string& name, std::uint64_t epoch,
                                 std::string& record) {
  if (record.size() > kStoredRecordBytesMax) return Errc::storage_failed;
  KeptRoom* room = find_or_make(name, epoch);
  if (room == nullptr) return Errc::storage_failed;
  if (room->epoch != epoch) begin_anew(*room, epoch);
  if (!make_room(*room, record.size())) return Errc::storage_failed;
  bytes += record.size();
  bytes -= room->record.size();
  room->record = std::move(record);
  return {};
}

// Forgets the room's oldest until `size` more fit; false: other rooms have it all.
bool MemoryStorage::Impl::make_room(KeptRoom& room, std::size_t size) noexcept {
  while (bytes + size > options.bytes && !room.messages.empty()) {
    bytes -= room.messages.front().bytes();
    room.messages.pop_front();
  }
  return bytes + size <= options.bytes;
}

}  // namespace chatroom
