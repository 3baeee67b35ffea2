// LocalBroker: lanes between every two engines, leases by hash, wakes.
#include "chatroom/adapters/local.h"

#include <atomic>
#include <bit>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "local/hash.h"
#include "local/lane.h"
#include "local/record.h"

namespace chatroom {

namespace {

using local::Chunk;
using local::Head;
using local::Item;
using local::Kind;
using local::Lane;

constexpr std::uint32_t kEnginesMax = 64;

// Keyed: clients choose the names of rooms.
struct TextHash {
  using is_transparent = void;
  std::uint64_t key[2];
  std::size_t operator()(std::string_view text) const noexcept {
    return static_cast<std::size_t>(local::RoomHash(key[0], key[1]).of(text));
  }
};

constexpr std::uint64_t bit(std::uint32_t engine) noexcept { return std::uint64_t{1} << engine; }

}  // namespace

struct LocalBroker::State {
  class Port;

  explicit State(const LocalBrokerOptions& given);

  Lane& lane(std::uint32_t from, std::uint32_t to) noexcept { return *lanes[from * count + to]; }
  // Rises each time that the two are parted.
  std::atomic<std::uint32_t>& link(std::uint32_t a, std::uint32_t b) noexcept {
    return links[std::min(a, b) * count + std::max(a, b)];
  }

  // Among the engines of the mask; kNoPeer: there is none.
  std::uint32_t home(std::string_view room, std::uint64_t among) const noexcept {
    const std::uint64_t hash = local::RoomHash(options.hash_key[0], options.hash_key[1]).of(room);
    std::uint32_t best = kNoPeer;
    for (std::uint32_t engine = 0; engine < count; ++engine) {
      if ((among & bit(engine)) == 0) continue;
      if (best == kNoPeer || local::score(hash, engine) > local::score(hash, best)) best = engine;
    }
    return best;
  }

  const LocalBrokerOptions options;
  const std::uint32_t count;
  std::atomic<std::uint64_t> alive;
  std::vector<std::atomic<std::uint32_t>> links;
  // Chunks in the lanes tell their ports how much is held: lanes go first.
  std::vector<std::unique_ptr<Port>> ports;
  std::vector<std::unique_ptr<Lane>> lanes;
};

class LocalBroker::State::Port final : public Broker {
 public:
  Port(State& broker, std::uint32_t self)
      : broker_(broker),
        self_(self),
        alive_(broker.alive.load(std::memory_order_relaxed)),
        links_(broker.count),
        subscribers_(0, TextHash{{broker.options.hash_key[0], broker.options.hash_key[1]}}) {}
  ~Port() { drop_chunk(); }

  void drop_chunk() noexcept {
    if (chunk_ != nullptr) chunk_->let_go();
    chunk_ = nullptr;
  }

  PeerId attach(EventLoop* loop) noexcept override {
    const std::lock_guard guard(loop_mutex_);
    loop_ = loop;
    // Others may have spoken already.
    if (loop_ != nullptr && signalled_.load(std::memory_order_acquire)) loop_->wake();
    return self_;
  }

  void detach() noexcept override {
    flush();
    {
      const std::lock_guard guard(loop_mutex_);
      loop_ = nullptr;
    }
    broker_.alive.fetch_and(~bit(self_), std::memory_order_acq_rel);
    for (std::uint32_t peer = 0; peer < broker_.count; ++peer) {
      if (peer != self_) broker_.ports[peer]->signal();
    }
  }

  std::uint32_t home(std::string_view room) const noexcept { return broker_.home(room, alive_); }

  Lease claim(std::string_view room) noexcept override {
    const int lost = static_cast<int>(broker_.count) - std::popcount(alive_);
    return {home(room), static_cast<Term>(lost) + 1};
  }

  std::uint32_t peers(std::span<PeerId> into) noexcept override {
    std::uint32_t named = 0;
    for (std::uint32_t peer = 0; peer < broker_.count && named < into.size(); ++peer) {
      if (peer != self_ && (alive_ & bit(peer)) != 0) into[named++] = peer;
    }
    return named;
  }

  void subscribe(std::string_view room) noexcept override { tell_home(Kind::subscribe, room); }
  void unsubscribe(std::string_view room) noexcept override { tell_home(Kind::unsubscribe, room); }

  bool wanted(std::string_view room) noexcept override {
    return !subscribers_.empty() && subscribers_.find(room) != subscribers_.end();
  }

  bool publish(std::string_view room, Term term, std::uint64_t sequence, Bytes entry,
               Delivery how) noexcept override {
    const auto found = subscribers_.find(room);
    if (found == subscribers_.end()) return true;
    ++stats_.published;
    const Head head{.term = term, .sequence = sequence, .kind = Kind::entry};
    const Item item = write(head, room, entry, how);
    const std::uint64_t receivers = found->second;
    bool all = true;
    for (std::uint32_t peer = 0; peer < broker_.count; ++peer) {
      if ((receivers & bit(peer)) == 0) continue;
      if (put(peer, item, how)) {
        ++stats_.crossed;
      } else {
        all = false;
      }
    }
    return all;
  }

  bool send(PeerId to, Bytes message, Delivery how) noexcept override {
    if (to >= broker_.count || to == self_ || (alive_ & bit(to)) == 0) return false;
    if (!put(to, write({.kind = Kind::message}, {}, message, how), how)) return false;
    ++stats_.sent;
    return true;
  }

  void flush() noexcept override {
    for (std::uint64_t left = std::exchange(touched_, 0); left != 0; left &= left - 1) {
      const auto peer = static_cast<std::uint32_t>(std::countr_zero(left));
      if (broker_.lane(self_, peer).show() && broker_.ports[peer]->signal()) ++stats_.wakes;
    }
  }

  bool poll(BrokerInbox& inbox, std::uint32_t most) noexcept override {
    signalled_.exchange(false, std::memory_order_acq_rel);  // and sees what was shown before
    std::uint64_t ends[kEnginesMax];
    for (std::uint32_t peer = 0; peer < broker_.count; ++peer) {
      ends[peer] = peer == self_ ? 0 : broker_.lane(peer, self_).seen();
    }
    // After the lanes: what an engine sent once it knew of a loss is not read by one that does not.
    take_losses(inbox);
    bool more = false;
    const std::uint32_t first = turn_++ % broker_.count;
    for (std::uint32_t i = 0; i < broker_.count; ++i) {
      const std::uint32_t peer = (first + i) % broker_.count;
      if (peer == self_) continue;
      Lane& lane = broker_.lane(peer, self_);
      while (most > 0 && lane.has_before(ends[peer])) {
        const Item item = lane.take();
        --most;
        const bool stale = item.link != links_[peer] || (alive_ & bit(peer)) == 0;
        if (!stale) read(inbox, peer, local::read_record({item.bytes, item.size}));
      }
      more = more || lane.has_before(ends[peer]);
    }
    return more;
  }

  LocalBrokerStats stats() const noexcept {
    LocalBrokerStats stats = stats_;
    stats.chunk_bytes = held_bytes_.load(std::memory_order_relaxed);
    stats.subscribed = subscribers_.size();
    return stats;
  }

 private:
  // Any thread. True: it woke the loop.
  bool signal() noexcept {
    if (signalled_.exchange(true, std::memory_order_acq_rel)) return false;
    const std::lock_guard guard(loop_mutex_);
    if (loop_ != nullptr) loop_->wake();
    return loop_ != nullptr;
  }

  void take_losses(BrokerInbox& inbox) noexcept {
    const std::uint64_t living = broker_.alive.load(std::memory_order_acquire);
    for (std::uint32_t peer = 0; peer < broker_.count; ++peer) {
      if (peer == self_ || (alive_ & bit(peer)) == 0) continue;
      const std::uint32_t link = broker_.link(self_, peer).load(std::memory_order_acquire);
      const bool dead = (living & bit(peer)) == 0;
      if (!dead && link == links_[peer]) continue;
      links_[peer] = link;
      if (dead) alive_ &= ~bit(peer);
      forget_subscriber(peer);
      ++stats_.parted;
      inbox.on_peer_lost(peer);
    }
  }

  void read(BrokerInbox& inbox, std::uint32_t peer, const local::View& view) noexcept {
    switch (view.head.kind) {
      case Kind::message:
        return inbox.on_message(peer, view.contents);
      case Kind::entry:
        return inbox.on_entry(view.room, view.head.term, view.head.sequence, view.contents);
      case Kind::subscribe:
        return add_subscriber(peer, view.room);
      case Kind::unsubscribe:
        if (const auto at = subscribers_.find(view.room); at != subscribers_.end()) {
          at->second &= ~bit(peer);
          if (at->second == 0) subscribers_.erase(at);
        }
        return;
    }
  }

  void add_subscriber(std::uint32_t peer, std::string_view room) noexcept {
    if (const auto at = subscribers_.find(room); at != subscribers_.end()) {
      at->second |= bit(peer);
    } else if (subscribers_.size() < broker_.options.subscribed_rooms) {
      subscribers_.emplace(room, bit(peer));
    } else {
      part(peer);  // rather than that it follows a room and hears nothing
    }
  }

  void forget_subscriber(std::uint32_t peer) noexcept {
    for (auto at = subscribers_.begin(); at != subscribers_.end();) {
      at->second &= ~bit(peer);
      at = at->second == 0 ? subscribers_.erase(at) : std::next(at);
    }
  }

  void tell_home(Kind kind, std::string_view room) noexcept {
    const std::uint32_t to = home(room);
    if (to == self_) return;
    put(to, write({.kind = kind}, room, {}, Delivery::certain), Delivery::certain);
  }

  // Once, whoever wants it. Without a chunk: there was no room.
  Item write(const Head& head, std::string_view room, Bytes contents, Delivery how) noexcept {
    const std::size_t size = local::record_bytes(room, contents);
    const std::size_t aligned = (size + 7) & ~std::size_t{7};
    if (chunk_ == nullptr || chunk_->left() < aligned) {
      const std::size_t capacity = std::max(Chunk::kBytes, aligned);
      const std::uint64_t most = broker_.options.engine_bytes;
      const std::uint64_t bound = how == Delivery::certain ? most : most - most / 4;
      if (held_bytes_.load(std::memory_order_relaxed) + capacity > bound) return {};
      Chunk* chunk = Chunk::make(capacity, held_bytes_);
      if (chunk == nullptr) return {};
      drop_chunk();
      chunk_ = chunk;
    }
    std::byte* at = chunk_->take(aligned);
    local::write_record(at, head, room, contents);
    return {chunk_, at, static_cast<std::uint32_t>(size), 0};
  }

  bool put(std::uint32_t peer, Item item, Delivery how) noexcept {
    Lane& lane = broker_.lane(self_, peer);
    const std::uint32_t reserve = how == Delivery::certain ? 0 : lane.capacity() / 4;
    if (item.chunk == nullptr || lane.free() <= reserve) {
      ++stats_.refused;
      if (how == Delivery::certain) part(peer);
      return false;
    }
    item.link = links_[peer];
    lane.put(item);
    touched_ |= bit(peer);
    return true;
  }

  // Both find it out when they poll.
  void part(std::uint32_t peer) noexcept {
    broker_.link(self_, peer).fetch_add(1, std::memory_order_acq_rel);
    signal();
    broker_.ports[peer]->signal();
  }

  State& broker_;
  const std::uint32_t self_;

  // This engine's thread.
  std::uint64_t alive_;               // as it was told
  std::vector<std::uint32_t> links_;  // likewise
  std::uint64_t touched_ = 0;         // lanes with something to show
  std::uint32_t turn_ = 0;
  Chunk* chunk_ = nullptr;  // being written
  std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> subscribers_;
  LocalBrokerStats stats_;

  // Any thread.
  std::atomic<std::uint64_t> held_bytes_{0};
  std::atomic<bool> signalled_{false};
  std::mutex loop_mutex_;
  EventLoop* loop_ = nullptr;
};

LocalBroker::State::State(const LocalBrokerOptions& given)
    : options(given),
      count(given.engines),
      alive(count == kEnginesMax ? ~std::uint64_t{0} : bit(count) - 1),
      links(std::size_t{count} * count) {
  for (std::uint32_t from = 0; from < count; ++from) {
    for (std::uint32_t to = 0; to < count; ++to) {
      lanes.push_back(from == to ? nullptr : std::make_unique<Lane>(options.mailbox_items));
    }
  }
  for (std::uint32_t i = 0; i < count; ++i) ports.push_back(std::make_unique<Port>(*this, i));
}

LocalBroker::LocalBroker(const LocalBrokerOptions& options) {
  CHATROOM_ASSERT(options.engines > 0 && options.engines <= kEnginesMax);
  state_ = std::make_unique<State>(options);
}

LocalBroker::~LocalBroker() = default;

Broker* LocalBroker::port(std::uint32_t engine) noexcept { return state_->ports[engine].get(); }

std::uint32_t LocalBroker::home_of(std::string_view room) const noexcept {
  return state_->home(room, state_->alive.load(std::memory_order_acquire));
}

LocalBrokerStats LocalBroker::stats(std::uint32_t engine) const noexcept {
  return state_->ports[engine]->stats();
}

}  // namespace chatroom
