// Store: the Storage port of a world, and what outlives its engine. Requests take their time, fail,
// are confirmed long after they took effect; when the process dies, some of those under way have
// taken effect and nobody was told. It remembers everything that was ever stored, so that the
// checkers know what may be shown, and where a room has to go on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "chatroom/adapters/memory.h"
#include "chatroom/storage.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;

class Store final : public Storage, private StorageReply {
 public:
  explicit Store(World& world);

  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override;
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override;
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override;
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override;

  // The process dies. Whoever made a request is gone; the oldest of them may still take effect.
  void crash();

  // --- For the checkers.
  struct Loaded {  // what the engine was told of a room when it last opened it
    std::uint64_t offset = 0;
    std::uint64_t newest = 0;  // the serial that stands there
    bool record = false;       // with a record of the engine's
    bool cold = false;         // what it wanted to read after that, it did not get
  };
  Loaded loaded(const std::string& room) const;
  // Serial 0: whatever stands there.
  bool ever_held(const std::string& room, std::uint64_t offset, std::uint64_t serial) const;
  // The room was too quick for its storage, which never got this one.
  bool never_got(const std::string& room, std::uint64_t offset) const;

 private:
  enum class What : std::uint8_t { append, save, read, load };
  struct Shelf {  // a room; its requests take effect in order
    std::unique_ptr<MemoryStorage> rows;
    Instant last;
    std::uint64_t epoch = 0;
    std::map<std::uint64_t, std::uint64_t> now;  // offset to serial, of the log that is there
    std::map<std::uint64_t, std::set<std::uint64_t>> ever;
    std::set<std::uint64_t> holes;
    Loaded loaded;
    bool record = false;
  };
  struct Under {  // a request under way
    What what = What::load;
    StorageReply* reply = nullptr;
    std::string room;
    std::uint64_t epoch = 0;
    std::map<std::uint64_t, std::uint64_t> messages;
  };

  void on_message(StorageRequest request, const Message& message) noexcept override;
  void on_room(StorageRequest request, const StoredRoom& room) noexcept override;
  void on_done(StorageRequest request, Status status) noexcept override;

  Shelf& shelf(std::string_view room);
  // False: it fails instead, a little later.
  bool begin(StorageRequest request, Under under);
  void take_effect(const std::string& room);
  void perhaps_at_once(std::string_view room);
  void took_effect(const Under& under);
  Duration some_time();

  World& world_;
  Random random_;
  std::map<std::string, Shelf, std::less<>> shelves_;
  std::map<StorageRequest, Under> under_;
};

}  // namespace chatroom::sim
