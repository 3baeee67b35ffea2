// Versioned items: what many look at and one changes (who is on which node, profiles, attributes),
// kept by its owner, copied by increments, refreshed once for all who ask.
//
//   owner:   items.put("ann", node_3);                       // version 41
//   copy:    Increment news = items.since(copy.stand(), room_for_it);
//            copy.apply(news);                               // equal versions: nothing to fetch
//
// Versions instead of clocks: the owner numbers the changes in the order in which it makes them, so
// that neither two writers whose clocks differ nor updates that overtake each other can put an
// older value in place of a newer one. The idea of "all that is newer than what I have" is that of
// a log's offset; forgotten removals lead to the whole list instead of a wrong one.
#pragma once

#include "chatroom/error.h"
#include "chatroom/global_heap.h"
#include "chatroom/memory.h"
#include "chatroom/types.h"

namespace chatroom {

// How far one is. Another epoch: another life of the owner, whose numbers mean nothing here.
struct VersionStand {
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;
  std::uint64_t base = 0;  // of a copy: the version at which its whole list was begun
  friend constexpr bool operator==(VersionStand a, VersionStand b) noexcept {
    return a.epoch == b.epoch && a.version == b.version;
  }
};

struct VersionedItem {
  std::string_view key{};
  Bytes value{};
  std::uint64_t version = 0;  // of its last change
  bool removed = false;
};

// What changed after `from`, up to `to`, the oldest change first.
struct Increment {
  VersionStand from{};
  VersionStand to{};
  std::uint64_t made_at = 0;  // the owner's version when it answered this
  bool whole = false;  // begins the list anew: what is not in it, or in what follows, is gone
  bool more = false;   // ask again, from `to`
  std::span<const VersionedItem> items{};
};

struct VersionedLimits {
  std::uint32_t items = 10'000;
  std::uint32_t removed = 1'024;   // removals remembered; who is further behind gets the whole list
  std::uint32_t bytes = 2u << 20;  // of keys and values
  std::uint64_t hash_key[2] = {};  // secret words, where keys come from strangers
};

// Thread: one at a time. Re-entry: none. Memory: within the limits, from the port, and given back
// at the end; about 80 bytes an item beside its key and value. Views live until the next change.
class VersionedItems final {
 public:
  static constexpr std::size_t kKeyBytesMax = 128;
  static constexpr std::size_t kValueBytesMax = 256;

  // `epoch`: of an owner, anything that its last life did not have, not 0 (a start in microseconds
  // will do); of a copy: 0.
  VersionedItems(const VersionedLimits& limits, std::uint64_t epoch,
                 Memory& memory = *global_heap()) noexcept;
  ~VersionedItems();
  VersionedItems(const VersionedItems&) = delete;
  VersionedItems& operator=(const VersionedItems&) = delete;
  bool ready() const noexcept { return state_ != nullptr; }  // false: no memory, every call fails

  // ---- The owner. Both answer the change's version; O(1).
  // bad_request: no key, or one of them is too long. limit_reached: items, bytes or memory. An
  // equal value is no change: its version is answered.
  Result<std::uint64_t> put(std::string_view key, Bytes value) noexcept;
  Result<std::uint64_t> remove(std::string_view key) noexcept;  // not_found
  // At most places.size() changes after `have`; from an equal stand: none. O(what is answered).
  Increment since(VersionStand have, std::span<VersionedItem> places) const noexcept;

  // ---- A copy.
  // known: nothing in it is new (it was overtaken). gap: something before it is missing; ask the
  // owner for what follows stand(). limit_reached, bad_request: the copy is empty now and begins
  // anew. A copy answers since() too: copies of copies.
  enum class Applied : std::uint8_t { applied, known, gap };
  Result<Applied> apply(const Increment& news) noexcept;
  bool complete() const noexcept;  // false: a whole list has begun to come, and goes on

  // ---- Both.
  VersionStand stand() const noexcept;
  bool find(std::string_view key, VersionedItem& item) const noexcept;  // false: not there
  std::uint32_t size() const noexcept;
  std::size_t bytes_held() const noexcept;

 private:
  struct State;
  State* state_ = nullptr;
};

// Readers of one thing share one refresh: the first fetches, the others wait for what it brings.
// Thread: one at a time. Re-entry: ask() from the visitor of finish(): yes, for a further refresh.
class SharedRefresh final {
 public:
  enum class Role : std::uint8_t {
    fetch,  // you are the first: fetch, then call finish
    wait,   // somebody does already: you are told with the others
    full,   // too many wait: come back later
  };
  static constexpr std::uint32_t kWaitingMax = 64;

  // `patience`: a fetch that takes longer is given up, and who asks next fetches again; its answer,
  // should it come, still serves all who wait.
  explicit SharedRefresh(Duration patience = Duration::s(5)) noexcept : patience_(patience) {}

  Role ask(Tag reader, Instant now) noexcept;
  // The fetch came back, well or not: visits each who asked, the first included, in order.
  using Visitor = void (*)(void* context, Tag reader);
  void finish(Visitor visit, void* context) noexcept;
  std::uint32_t waiting() const noexcept { return waiting_; }

 private:
  Duration patience_;
  Instant begun_ = Instant::never();
  std::uint32_t waiting_ = 0;
  Tag readers_[kWaitingMax] = {};
};

}  // namespace chatroom
