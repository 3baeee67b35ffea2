// Storage: where kept messages and rooms outlive the process. Optional; adapters/memory.h ships one
// in memory, for tests and for hosts that want history past the ring.
#pragma once

#include "chatroom/error.h"
#include "chatroom/message.h"

namespace chatroom {

using StorageRequest = Handle<struct StorageTag>;

// A room's record: whatever the engine wants back with the room (its settings, its channels,
// whether all that was said is stored). Bytes to keep, not to read. A few hundred in most rooms; as
// many as here where 4,096 people with the longest names have lasting roles.
inline constexpr std::size_t kStoredRecordBytesMax = 384 * 1024;

struct StoredRoom {
  std::uint64_t epoch = 0;   // as given to append and save
  std::uint64_t offset = 0;  // of the newest appended message; 0: none yet
  Bytes record{};            // as last saved in this epoch; empty: never
};

// Where a storage puts what it read, and says that it is done. Given with each request; lives until
// the storage called `done`. May be called from inside the request (the engine queues it) or later,
// on the engine's thread (a storage with threads of its own hands over to its loop first).
class StorageReply {
 public:
  // One message of a range read, oldest first. Views are copied before this returns.
  virtual void on_message(StorageRequest request, const Message& message) noexcept = 0;
  virtual void on_room(StorageRequest request, const StoredRoom& room) noexcept = 0;
  // Exactly once a request, last.
  virtual void on_done(StorageRequest request, Status status) noexcept = 0;

 protected:
  ~StorageReply() = default;
};

// Requests of one room take effect in the order in which they were made.
// The `epoch` here is the storage's own mark of one unbroken log: an append or a save with another
// one begins the room anew, and what was there is dropped. Clients are shown another epoch after a
// crash that may have cost messages, while this one goes on with the messages that are left.
//
// Thread: the engine's. Re-entry: only the StorageReply. No call may block.
// After ~Engine nothing may be called; the adapter drops what it still has.
class Storage {
 public:
  // Appends messages of one room in order; offsets rise by one and go on behind what is there: by
  // one too, or past a hole where the room was quicker than the storage for so long that the engine
  // had forgotten them (Durability::behind). What does not go on there is storage_failed.
  // All or nothing. On `ok` a crash loses none of them.
  virtual void append(StorageRequest request, StorageReply& reply, std::string_view room,
                      std::uint64_t epoch, std::span<const Message> messages) noexcept = 0;
  // Keeps the room's record in place of the one before; messages stay. All or nothing, and on `ok`
  // a crash does not bring the old one back: the engine relies on it to tell a log that is whole
  // from one that a crash has cut. At most kStoredRecordBytesMax.
  virtual void save(StorageRequest request, StorageReply& reply, std::string_view room,
                    std::uint64_t epoch, Bytes record) noexcept = 0;
  // At most `limit` messages with offset > after (oldest first).
  virtual void read(StorageRequest request, StorageReply& reply, std::string_view room,
                    std::uint64_t epoch, std::uint64_t after, std::uint32_t limit) noexcept = 0;
  // What is known of the room: on_room, or only on_done(not_found). Any other failure means that
  // nothing is known of whom the room keeps out: who would join is refused storage_failed
  // (temporary), a room that a member opened closes, the host's is asked for again a second later.
  virtual void load(StorageRequest request, StorageReply& reply,
                    std::string_view room) noexcept = 0;

 protected:
  ~Storage() = default;
};

}  // namespace chatroom
