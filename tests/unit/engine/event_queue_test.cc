// The queue that polled hosts read: order, lifetime of strings, what happens when it is full.
#include "chatroom/event_queue.h"

#include <string>

#include "catch.hpp"
#include "chatroom/global_heap.h"

namespace chatroom {
namespace {

HostEvent joined(std::string_view user) {
  HostEvent event;
  event.type = HostEventType::joined;
  event.user = user;
  event.room = "r";
  return event;
}

TEST_CASE("a polled host gets events in order, with strings that outlive the turn") {
  EventQueue queue(*global_heap(), 4);
  for (int i = 0; i < 3; ++i) {
    const std::string user = "user-" + std::to_string(i);
    queue.on_event(joined(user));
  }
  HostEvent event;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(queue.poll(event));
    CHECK(event.user == "user-" + std::to_string(i));
    CHECK(event.room == "r");
  }
  CHECK_FALSE(queue.poll(event));
}

TEST_CASE("what a full queue could not take is counted, and said first") {
  EventQueue queue(*global_heap(), 2);
  for (int i = 0; i < 5; ++i) queue.on_event(joined("eve"));
  HostEvent event;
  REQUIRE(queue.poll(event));
  CHECK(event.type == HostEventType::events_lost);
  CHECK(event.gap.count == 3);
  REQUIRE(queue.poll(event));
  CHECK(event.type == HostEventType::joined);
  queue.on_event(joined("eve"));  // there is room again, around the end of the ring
  REQUIRE(queue.poll(event));
  REQUIRE(queue.poll(event));
  CHECK_FALSE(queue.poll(event));
}

TEST_CASE("a queue without memory says that everything was lost") {
  struct Dry final : Memory {
    void* allocate(std::size_t, std::size_t) noexcept override { return nullptr; }
    void release(void*, std::size_t, std::size_t) noexcept override {}
  } dry;
  EventQueue queue(dry, 8);
  CHECK(queue.capacity() == 0);
  queue.on_event(joined("eve"));
  HostEvent event;
  REQUIRE(queue.poll(event));
  CHECK(event.gap.count == 1);
  CHECK_FALSE(queue.poll(event));
}

}  // namespace
}  // namespace chatroom
