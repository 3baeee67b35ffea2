// MemoryStorage: the Storage port in memory, for tests and for hosts that want history past the
// ring without a file. What "a crash loses none" means for a process that is its own storage: only
// what a new engine in the same process finds again.
#pragma once

#include <memory>

#include "chatroom/storage.h"

namespace chatroom {

struct MemoryStorageOptions {
  std::uint32_t rooms = 1'024;                // above: storage_failed
  std::uint32_t messages_per_room = 100'000;  // above: the room's oldest are forgotten
  std::uint64_t bytes = 64ull << 20;  // all rooms: the writing room's oldest go, then refused
  bool later = false;                 // answer from deliver(), not from inside the request
  std::uint32_t waiting = 65'536;     // with `later`: requests; above: storage_failed at once
};

// Thread: the engine's.
class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(const MemoryStorageOptions& options = {});
  ~MemoryStorage();
  MemoryStorage(const MemoryStorage&) = delete;
  MemoryStorage& operator=(const MemoryStorage&) = delete;

  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override;
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override;
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override;
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override;

  // With `later`: answers up to `count` waiting requests in order; how many it answered. Effects of
  // a request take place when it is answered. Not from inside an engine call.
  std::size_t deliver(std::size_t count = SIZE_MAX) noexcept;
  void drop() noexcept;  // forgets waiting requests: call it after ~Engine
  std::size_t waiting() const noexcept;
  std::uint64_t bytes() const noexcept;
  std::uint64_t messages(std::string_view room) const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatroom
