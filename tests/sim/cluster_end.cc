// The end of a world of several engines: nothing is in the way any more, and all must be well.
#include <cinttypes>

#include "sim/cluster_world.h"

namespace chatroom::sim {

void Cluster::settle() {
  calm_ = true;
  net_.calm();
  for (auto& node : nodes_) node->asleep_until = {};
  const auto wait = [this](int s) { run_until(schedule_.now() + Duration::s(s)); };
  wait(8);
  forgive_all();
  for (int round = 0; round < 3; ++round) {
    for (const auto& seat : seats_) {
      if (!nodes_[seat->engine]->engine) continue;
      enter(*seat);
      for (int i = 0; i < 3; ++i) {
        const std::string room = "hall" + std::to_string(i);
        if (seat->rooms.count(room) == 0) join(*seat, room);
      }
    }
    wait(4);
  }
  for (int i = 0; i < 3; ++i) {
    const std::string room = "hall" + std::to_string(i);
    broadcast(*nodes_[net_.home_of(room)]->engine, room);
  }
  wait(3);
  for (int i = 0; i < 3; ++i) check_room("hall" + std::to_string(i));
  // All are here: who is written to hears it, whatever engine he is at.
  const std::uint64_t first = directs_.next();
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = *seats_[i];
    const Seat& to = *seats_[(i + 1) % seats_.size()];
    if (!seat.open || !to.open) continue;
    directs_.send(*engine_of(seat), seat.session, seat.user, to.user);
  }
  wait(2);
  directs_.check_heard(first);
  for (const auto& node : nodes_) {
    if (!node->engine || node->watch.waiting.empty()) continue;
    report_.fail(Verdict::liveness, "%zu calls were never answered, the first %" PRIu64,
                 node->watch.waiting.size(), node->watch.waiting.begin()->first);
  }
}

// By the hosts of the homes, so that all come back.
void Cluster::forgive_all() {
  for (int i = 0; i < 3; ++i) {
    const std::string room = "hall" + std::to_string(i);
    wardens_.forgive(room);
    Result<Room> there = nodes_[net_.home_of(room)]->engine->room(room);
    if (!there) continue;
    RoomPolicy policy = there->policy();
    policy.mute_all = false;
    static_cast<void>(there->set_policy(policy));
    for (const auto& seat : seats_) {
      static_cast<void>(there->unban(seat->user));
      static_cast<void>(there->unmute(seat->user));
    }
  }
}

void Cluster::check_room(const std::string& room) {
  Engine& home = *nodes_[net_.home_of(room)]->engine;
  const Result<Room> there = home.room(room);
  if (!there) report_.fail(Verdict::liveness, "%s is not open", room.c_str());
  std::set<std::string> members;
  there->for_each_member(
      [](void* to, const Member& member) {
        static_cast<std::set<std::string>*>(to)->insert(std::string{member.user});
        return true;
      },
      &members);
  std::set<std::string> inside;
  const std::uint64_t head = there->position().offset;
  std::string epoch;
  for (const auto& seat : seats_) {
    if (!nodes_[seat->engine]->engine) continue;
    const auto at = seat->rooms.find(room);
    if (at == seat->rooms.end()) {
      report_.fail(Verdict::liveness, "%s is not back in %s", seat->user.c_str(), room.c_str());
    }
    inside.insert(seat->user);
    if (epoch.empty()) epoch = at->second.epoch;
    if (at->second.offset != head || at->second.epoch != epoch) {
      report_.fail(Verdict::correctness, "%s in %s stands at %" PRIu64 ", the room at %" PRIu64,
                   seat->user.c_str(), room.c_str(), at->second.offset, head);
    }
  }
  if (members != inside) {
    report_.fail(Verdict::correctness, "%s: %zu are in it, its home lists %zu", room.c_str(),
                 inside.size(), members.size());
  }
  check_history(*there, room, epoch, head);
}

// The home's history is what members were given, without a hole, up to the head.
void Cluster::check_history(const Room& there, const std::string& room, const std::string& epoch,
                            std::uint64_t head) {
  struct Walk {
    const Log* log;
    const Wardens* wardens;
    const std::string* room;
    std::uint64_t last = 0;
    bool good = true;
  } walk{&logs_[room + epoch], &wardens_, &room, 0, true};
  static_cast<void>(there.history(
      0, 100,
      [](void* to, const Message& message) {
        Walk& at = *static_cast<Walk*>(to);
        const std::uint64_t serial = std::strtoull(message.text.data() + 1, nullptr, 10);
        const auto seen = at.log->at.find(message.offset);
        if (seen != at.log->at.end() && seen->second != serial) at.good = false;
        if (at.wardens->gone(*at.room, message.offset)) at.good = false;
        while (at.last != 0 && at.last + 1 < message.offset &&
               at.wardens->may_lack(*at.room, at.last + 1)) {
          ++at.last;
        }
        if (at.last != 0 && message.offset != at.last + 1) at.good = false;
        at.last = message.offset;
      },
      &walk));
  if (!walk.good || walk.last != head) {
    report_.fail(Verdict::correctness, "history of %s is not what was told", room.c_str());
  }
}

}  // namespace chatroom::sim
