// A registry with a heap that counts, and short words for what tests do to it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "room/registry.h"
#include "unit/base/heap.h"

namespace chatroom::room::test {

inline constexpr std::int64_t kStart = 1'700'000'000'000'000;

struct Town {
  explicit Town(const Limits& given = {}, HashKey key = {1, 2}, std::uint64_t seed = 7)
      : limits(given) {
    const Status status = rooms.init(heap, limits, key, seed);
    REQUIRE(static_cast<bool>(status));
  }

  // Signs a new session in.
  SessionIndex session(const std::string& user, Role role = Role::member,
                       const std::string& nick = "", const std::string& info = "") {
    const SessionIndex index = sessions++;
    const Result<UserIndex> signed_in =
        rooms.sign_in(index, {.user = user, .nick = nick, .info = as_bytes(info), .role = role});
    REQUIRE(static_cast<bool>(signed_in));
    return index;
  }
  RoomId open(const std::string& key, const RoomPolicy& policy = {}) {
    const Result<RoomId> room = rooms.open(key, policy, "creator", now);
    REQUIRE(static_cast<bool>(room));
    return *room;
  }
  Joined join(RoomId room, SessionIndex who, std::vector<std::string_view> channels = {"main"}) {
    const Result<Joined> joined = rooms.join(room, who, channels, now);
    REQUIRE(joined.error().code == Errc::ok);
    return *joined;
  }
  Errc refused_join(RoomId room, SessionIndex who,
                    std::vector<std::string_view> channels = {"main"}) {
    return rooms.join(room, who, channels, now).error().code;
  }
  // Checks and commits; the error, or ok.
  Error publish(RoomId room, SessionIndex who, const Outgoing& message) {
    const PublishVerdict verdict = rooms.check_publish(room, who, message, now);
    if (verdict.error.code != Errc::ok) return verdict.error;
    last = verdict.first;
    if (verdict.repeated) return verdict.error;
    const Result<Committed> committed =
        rooms.commit_publish(room, rooms.user_of(who), message, now);
    REQUIRE(static_cast<bool>(committed));
    last = committed->position;
    rooms.place_said(verdict.said, last.offset);
    return {};
  }
  Errc say(RoomId room, SessionIndex who, std::string_view text = "hi") {
    return publish(room, who, {.text = text}).code;
  }
  void broadcast(RoomId room, std::string_view text, std::string_view channel = "main") {
    const Result<Committed> committed =
        rooms.commit_publish(room, kNone, {.channel = channel, .text = text}, now);
    REQUIRE(static_cast<bool>(committed));
    last = committed->position;
  }
  void leave(RoomId room, SessionIndex who) {
    REQUIRE(static_cast<bool>(rooms.leave(room, who, now)));
  }
  void wait(Duration duration) { now = now + duration; }

  const Limits limits;
  chatroom::test::Heap heap;
  Registry rooms;
  Instant now{kStart};
  SessionIndex sessions = 0;
  Position last;
};

inline std::vector<std::string> texts_of(const Page& page) {
  std::vector<std::string> texts;
  for (const Message& message : page.messages) texts.emplace_back(message.text);
  return texts;
}

}  // namespace chatroom::room::test
