// Gifts are paid for elsewhere and arrive in a queue, on another thread. Each must show in the room
// once, also when the consumer dies between showing a gift and committing it.
//
//   queue --> [this thread] --Remote--> [engine] --event with our tag--> commit
//
// The queue gives a gift again until it is committed; the idempotency key makes the second showing
// the first one's answer. So: at least once from the queue, once in the room.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chatroom/adapters/uv.h"
#include "chatroom/chatroom.h"

using namespace chatroom;

namespace {

// Stands in for a message broker's topic: hands out what is not committed, from the oldest on.
class GiftQueue {
 public:
  struct Gift {
    Tag number;  // its place in the queue, and our word for it in the engine
    std::string order;
    std::string text;
  };
  bool poll(Tag after, Gift& gift) {
    const std::lock_guard lock(mutex_);
    const Tag next = after < committed_ ? committed_ : after;
    if (next >= kGifts) return false;
    gift = {next + 1, "order-" + std::to_string(next + 1), "a rose for the singer"};
    return true;
  }
  // In order only: a gift that was refused comes again, and those behind it with it.
  void commit(Tag number) {
    const std::lock_guard lock(mutex_);
    if (number == committed_ + 1) committed_ = number;
    if (committed_ == kGifts) done = true;
  }
  std::atomic<bool> done{false};

 private:
  static constexpr Tag kGifts = 5;
  std::mutex mutex_;
  Tag committed_ = 0;
};

// On the engine's thread: a gift took its place in the room (or had taken it before).
struct Committer final : EngineObserver {
  explicit Committer(GiftQueue& queue) : gifts(queue) {}
  void on_event(const HostEvent& event) noexcept override {
    if (event.tag == 0) return;
    if (event.type == HostEventType::published) {
      std::printf("gift %llu stands at offset %llu\n", static_cast<unsigned long long>(event.tag),
                  static_cast<unsigned long long>(event.position.offset));
      gifts.commit(event.tag);
    } else if (event.type == HostEventType::refused) {
      std::printf("gift %llu refused: %s\n", static_cast<unsigned long long>(event.tag),
                  std::string(name_of(event.error.code)).c_str());
    }
  }
  GiftQueue& gifts;
};

struct Singer final : LocalMember {
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::message) ++seen;
  }
  int seen = 0;
};

// Reads the queue `rounds` times from what is committed, as a consumer does that is killed before
// it could commit and starts again.
void consume(GiftQueue& queue, Remote room, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    GiftQueue::Gift gift;
    for (Tag after = 0; queue.poll(after, gift); after = gift.number) {
      const Outgoing message{
          .kind = Kind::gift, .text = gift.text, .priority = Priority::high, .key = gift.order};
      // queue_full: the engine is busy; the gift stays where it is and comes again.
      while (!room.broadcast("live/1", message, gift.number)) std::this_thread::yield();
    }
  }
}

}  // namespace

int main() {
  uv::Loop loop;
  GiftQueue queue;
  Committer committer(queue);
  Singer singer;
  auto engine = Engine::create({}, {.loop = &loop, .observer = &committer});
  if (!engine) return 1;
  auto room = (*engine)->open_room("live/1", {});
  auto session = (*engine)->open_local(singer, {.user = "singer"});
  if (!room || !session) return 1;
  (*engine)->join(*session, {.room = "live/1"});

  std::thread consumer(consume, std::ref(queue), (*engine)->remote(), 3);
  for (int i = 0; i < 100 && !queue.done; ++i) loop.run_for(Duration::ms(20));
  consumer.join();
  loop.run_for(Duration::ms(50));  // what was sent again after the last commit
  std::printf("the singer saw %d gifts\n", singer.seen);
  return queue.done ? 0 : 1;
}
