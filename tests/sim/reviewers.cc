#include "sim/reviewers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/host.h"
#include "sim/lines.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::uint64_t kStream = 7'002;  // of random numbers: nobody else's worlds change by ours

struct Waits {
  std::uint64_t held;
  std::uint64_t serial;
  std::string user;
  std::string text;
};

}  // namespace

Reviewers::Reviewers(World& world) : world_(world), random_(world.plan().seed, kStream) {}

void Reviewers::start() {
  if (world_.plan().reviewed) plan_next();
}

void Reviewers::plan_next() {
  world_.schedule().after(Duration::ms(random_.between(50, 900)), [this] { act(); });
}

// The same message gets the same verdict each time.
Answer Reviewers::verdict(std::uint64_t serial, std::string& text) {
  Said* said = world_.truth().find(serial);
  if (!world_.busy() || said == nullptr || said->tainted) return Answer::pass();
  Random fate{world_.plan().seed ^ serial, 4};
  const std::uint32_t which = fate.below(100);
  Answer answer;
  if (which < 8) {
    answer.verdict = Answer::Verdict::hold;
  } else if (which < 10) {
    answer = Answer::refuse(Errc::filtered);
  } else if (which < 11) {
    answer.verdict = Answer::Verdict::drop;
    said->dropped = true;
  } else if (which < 14) {
    answer.verdict = Answer::Verdict::rewrite;
    answer.text = said->text = text = Truth::prefix(serial) + "****";
  }
  return answer;
}

Answer Reviewers::on_text(Question question, const PublishRequest& request) noexcept {
  const Outgoing& given = *request.message;
  if (given.room == Lines::kRoom) return Answer::pass();
  if (given.room == Desk::kRoom) return world_.desk().on_text(request);
  Message message;
  message.text = given.text;
  message.data = given.data;
  const std::uint64_t serial = Truth::serial_of(message);
  const std::uint32_t when = random_.below(100);
  const Instant asked = world_.engine_now();
  world_.host().passed(given.room, request.user);
  if (world_.busy() && serial != 0 && when < 12) {
    late_.insert(serial);
    const std::uint64_t life = world_.lives();
    const Said* said = world_.truth().find(serial);
    const std::string room = said == nullptr ? std::string{} : said->room;
    const std::string user = said == nullptr ? std::string{} : said->user;
    // At the deadline it is refused, and given the time back.
    world_.schedule().after(world_.plan().limits.question_deadline,
                            [this, life, room, user, asked] {
                              if (life == world_.lives()) world_.host().forgive(room, user, asked);
                            });
    if (when == 0) return Answer::later();  // for ever
    const Duration wait = Duration::ms(random_.between(1, 1'500));
    world_.schedule().after(wait, [this, life, question, serial, room, user, asked] {
      if (life != world_.lives()) return;
      std::string text;
      const Answer made = verdict(serial, text);
      world_.host().forgive(room, user, asked);
      static_cast<void>(world_.engine().answer(question, made));
    });
    return Answer::later();
  }
  static thread_local std::string text;  // lives until the engine copied it
  const Answer made = verdict(serial, text);
  const bool said =
      made.verdict == Answer::Verdict::pass || made.verdict == Answer::Verdict::rewrite;
  if (!said) world_.host().forgive(given.room, request.user, asked);
  return made;
}

bool Reviewers::released_lately(std::string_view room, std::string_view user) const {
  const auto at = released_.find({std::string{room}, std::string{user}});
  return at != released_.end() && at->second + Duration::s(1) > world_.engine_now();
}

void Reviewers::act() {
  if (!world_.busy()) return;
  const std::string key = world_.room_key(random_.below(world_.plan().rooms));
  if (const Result<Room> there = world_.engine().room(key)) decide(key, *there);
  plan_next();
}

void Reviewers::decide(const std::string& key, Room room) {
  std::vector<Waits> waiting;
  static_cast<void>(room.for_each_held(
      [](void* context, std::uint64_t held, const Message& message) {
        static_cast<std::vector<Waits>*>(context)->push_back({held, Truth::serial_of(message),
                                                              std::string{message.user},
                                                              std::string{message.text}});
      },
      &waiting));
  const auto fail = [&](const char* what) {
    world_.report().fail(Verdict::correctness, "what is held in %s: %s", key.c_str(), what);
  };
  const std::uint32_t most = std::max(world_.plan().limits.held_messages / 4, 1u);
  if (waiting.size() > most) fail("more than its share");
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (i > 0 && waiting[i].held <= waiting[i - 1].held) fail("not in order");
    const Said* said = world_.truth().find(waiting[i].serial);
    if (said == nullptr || said->tainted) continue;
    if (said->text != waiting[i].text || said->user != waiting[i].user || said->room != key) {
      fail("not what was said");
    }
    if (said->offset != 0 && said->key.empty()) fail("it was said, too");
  }
  if (waiting.empty()) return;
  const Waits& one = waiting[random_.below(static_cast<std::uint32_t>(waiting.size()))];
  Said* said = world_.truth().find(one.serial);
  if (random_.chance(40)) {
    if (said != nullptr && said->key.empty()) said->dropped = true;
    world_.report().note("rejects", one.user, key, one.serial);
    if (!room.reject(one.held, "no")) fail("it cannot be rejected");
    return;
  }
  const bool dropped = said != nullptr && std::exchange(said->dropped, false);
  if (said != nullptr) said->released = true;
  world_.report().note("releases", one.user, key, one.serial);
  released_[{key, one.user}] = world_.engine_now();  // the host may be told within the call
  if (room.release(one.held)) {
    if (room.release(one.held)) fail("it was released twice");
  } else if (said != nullptr) {
    said->dropped = dropped;
    said->released = false;
  }
}

}  // namespace chatroom::sim
