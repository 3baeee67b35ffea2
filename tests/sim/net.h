// Net: a Broker port for each engine of a world, with the promises of chatroom/broker.h and no
// more: in order, late, refused when a mailbox is full; engines that are parted or lost are told so
// when they look.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/broker.h"
#include "sim/random.h"

namespace chatroom::sim {

class Net final {
 public:
  Net(std::uint64_t seed, std::uint32_t engines);

  Broker* port(std::uint32_t engine) noexcept;
  void at(Instant now) noexcept { now_ = now; }
  void part(std::uint32_t a, std::uint32_t b);
  bool alive(std::uint32_t engine) const { return alive_[engine]; }
  // As it is; ports know as much as they have looked.
  PeerId home_of(std::string_view room) const { return home(room, alive_); }
  std::uint64_t parted() const noexcept { return parted_; }
  void calm() noexcept { capacity_ = 100'000; }

  ~Net();

 private:
  enum class Kind : std::uint8_t { message, entry, subscribe, unsubscribe };
  struct Item {
    Instant due;
    Kind kind = Kind::message;
    std::uint32_t link = 0;
    std::string room;
    Term term = 0;
    std::uint64_t sequence = 0;
    std::string bytes;
  };
  struct Lane {
    std::deque<Item> items;
    Instant last;
  };
  class Port;
  PeerId home(std::string_view room, const std::vector<bool>& among) const;
  Lane& lane(std::uint32_t from, std::uint32_t to) { return lanes_[from * count_ + to]; }
  std::uint32_t& link(std::uint32_t a, std::uint32_t b) {
    return links_[std::min(a, b) * count_ + std::max(a, b)];
  }

  const std::uint32_t count_;
  Random random_;
  Instant now_;
  std::size_t capacity_;
  std::uint32_t delay_us_;
  std::uint64_t parted_ = 0;
  std::vector<bool> alive_;
  std::vector<std::uint32_t> links_;
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace chatroom::sim
