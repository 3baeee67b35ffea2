#include "sim/net.h"

#include <algorithm>

namespace chatroom::sim {

class Net::Port final : public Broker {
 public:
  Port(Net& net, std::uint32_t self)
      : net_(net), self_(self), alive_(net.alive_), links_(net.count_) {}

  PeerId attach(EventLoop*) noexcept override { return self_; }
  void detach() noexcept override { net_.alive_[self_] = false; }
  Lease claim(std::string_view room) noexcept override {
    const auto lost = static_cast<Term>(std::count(alive_.begin(), alive_.end(), false));
    return {net_.home(room, alive_), lost + 1};
  }
  std::uint32_t peers(std::span<PeerId> into) noexcept override {
    std::uint32_t count = 0;
    for (std::uint32_t peer = 0; peer < net_.count_ && count < into.size(); ++peer) {
      if (peer != self_ && alive_[peer]) into[count++] = peer;
    }
    return count;
  }
  void subscribe(std::string_view room) noexcept override { tell_home(Kind::subscribe, room); }
  void unsubscribe(std::string_view room) noexcept override { tell_home(Kind::unsubscribe, room); }
  bool wanted(std::string_view room) noexcept override {
    return subscribers_.count(std::string{room}) != 0;
  }
  bool publish(std::string_view room, Term term, std::uint64_t sequence, Bytes entry,
               Delivery how) noexcept override {
    const auto found = subscribers_.find(std::string{room});
    if (found == subscribers_.end()) return true;
    bool all = true;
    for (const std::uint32_t peer : found->second) {
      Item item;
      item.kind = Kind::entry;
      item.room = room;
      item.term = term;
      item.sequence = sequence;
      item.bytes = as_text(entry);
      all = put(peer, std::move(item), how) && all;
    }
    return all;
  }
  bool send(PeerId to, Bytes message, Delivery how) noexcept override {
    if (to >= net_.count_ || to == self_ || !alive_[to]) return false;
    Item item;
    item.bytes = as_text(message);
    return put(to, std::move(item), how);
  }
  void flush() noexcept override {}

  bool poll(BrokerInbox& inbox, std::uint32_t most) noexcept override {
    for (std::uint32_t peer = 0; peer < net_.count_; ++peer) {
      if (peer == self_ || !alive_[peer]) continue;
      const bool dead = !net_.alive_[peer];
      if (!dead && net_.link(self_, peer) == links_[peer]) continue;
      links_[peer] = net_.link(self_, peer);
      if (dead) alive_[peer] = false;
      for (auto at = subscribers_.begin(); at != subscribers_.end();) {
        at->second.erase(peer);
        at = at->second.empty() ? subscribers_.erase(at) : std::next(at);
      }
      inbox.on_peer_lost(peer);
    }
    bool more = false;
    for (std::uint32_t peer = 0; peer < net_.count_; ++peer) {
      if (peer == self_) continue;
      std::deque<Item>& items = net_.lane(peer, self_).items;
      while (!items.empty() && items.front().due <= net_.now_) {
        if (most == 0) {
          more = true;
          break;
        }
        --most;
        const Item item = std::move(items.front());
        items.pop_front();
        if (item.link == links_[peer] && alive_[peer]) read(inbox, peer, item);
      }
    }
    return more;
  }

 private:
  void read(BrokerInbox& inbox, std::uint32_t peer, const Item& item) {
    switch (item.kind) {
      case Kind::message:
        return inbox.on_message(peer, as_bytes(item.bytes));
      case Kind::entry:
        return inbox.on_entry(item.room, item.term, item.sequence, as_bytes(item.bytes));
      case Kind::subscribe:
        subscribers_[item.room].insert(peer);
        return;
      case Kind::unsubscribe:
        if (const auto at = subscribers_.find(item.room); at != subscribers_.end()) {
          at->second.erase(peer);
          if (at->second.empty()) subscribers_.erase(at);
        }
        return;
    }
  }
  void tell_home(Kind kind, std::string_view room) {
    const PeerId to = net_.home(room, alive_);
    if (to == self_) return;
    Item item;
    item.kind = kind;
    item.room = room;
    static_cast<void>(put(to, std::move(item), Delivery::certain));
  }
  bool put(std::uint32_t peer, Item item, Delivery how) {
    Lane& lane = net_.lane(self_, peer);
    const std::size_t reserve = how == Delivery::certain ? 0 : net_.capacity_ / 4;
    if (lane.items.size() + reserve >= net_.capacity_) {
      if (how == Delivery::certain) net_.part(self_, peer);
      return false;
    }
    item.link = links_[peer];
    lane.last = std::max(lane.last, net_.now_ + Duration{net_.random_.below(net_.delay_us_)});
    item.due = lane.last;
    lane.items.push_back(std::move(item));
    return true;
  }

  Net& net_;
  const std::uint32_t self_;
  std::vector<bool> alive_;           // as it was told
  std::vector<std::uint32_t> links_;  // likewise
  std::map<std::string, std::set<std::uint32_t>> subscribers_;
};

Net::Net(std::uint64_t seed, std::uint32_t engines)
    : count_(engines),
      random_(seed, 90),
      capacity_(random_.chance(40) ? 8u << random_.below(4) : 4'096),
      delay_us_(random_.chance(30) ? 200 : random_.between(2'000, 60'000)),
      alive_(engines, true),
      links_(std::size_t{engines} * engines),
      lanes_(std::size_t{engines} * engines) {
  for (std::uint32_t i = 0; i < engines; ++i) ports_.push_back(std::make_unique<Port>(*this, i));
}

Net::~Net() = default;

Broker* Net::port(std::uint32_t engine) noexcept { return ports_[engine].get(); }

void Net::part(std::uint32_t a, std::uint32_t b) {
  ++link(a, b);
  ++parted_;
}

PeerId Net::home(std::string_view room, const std::vector<bool>& among) const {
  std::uint64_t best = 0;
  PeerId home = kNoPeer;
  for (std::uint32_t engine = 0; engine < count_; ++engine) {
    if (!among[engine]) continue;
    std::uint64_t hash = engine + 1;
    for (const char c : room) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    const std::uint64_t score = Random{hash}.next() | 1;
    if (score > best) best = score, home = engine;
  }
  return home;
}

}  // namespace chatroom::sim
