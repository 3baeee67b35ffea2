// The audience: members inside this program, each with its own words. Browsers join the same room
// with --serve.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chatroom/chatroom.h"

class Viewer final : public chatroom::LocalMember {
 public:
  void on_event(const chatroom::Event& event) noexcept override {
    using chatroom::Errc;
    using chatroom::EventType;
    if (event.type == EventType::gap) missed += event.gap.count;
    if (event.type == EventType::room_state && event.state.likes) {
      ++likes_told;
      likes = *event.state.likes;
    }
    if (event.type == EventType::room_state && event.state.has_rate) {
      kept = event.state.kept;
      ++rates_told;
    }
    if (event.type == EventType::answer && event.op == chatroom::Op::call) {
      ++(event.error.code == Errc::ok ? songs : songs_refused);
    }
    if (event.type != EventType::message) return;
    const chatroom::Message& message = event.message;
    if (message.kind == chatroom::Kind::gift) {
      ++gifts;
    } else {
      ++(message.count > 1 ? merged : shown);
      if (message.count > 1) repeats += message.count;
      unmasked = unmasked || message.text.find("spoiler") != message.text.npos;
    }
  }

  chatroom::SessionId session;
  std::uint64_t shown = 0;    // what viewers said, one frame each
  std::uint64_t merged = 0;   // frames that stand for many ("x37") ...
  std::uint64_t repeats = 0;  // ... and how many those were
  std::uint64_t missed = 0;   // what the sample left out, as the room counted it
  std::uint64_t gifts = 0;
  std::uint64_t likes = 0;     // of all, as the room said last ...
  int likes_told = 0;          // ... and how often it did
  std::uint32_t kept = 1'000;  // what share of the messages the room shows, in thousandths
  int rates_told = 0;
  std::uint64_t songs = 0;
  std::uint64_t songs_refused = 0;
  bool unmasked = false;
};

class Audience {
 public:
  Audience(chatroom::Engine& engine, std::string_view room, std::size_t size)
      : engine_(engine), room_(room), viewers_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::string name = "viewer-" + std::to_string(i);
      const auto session = engine.open_local(viewers_[i], {.user = name});
      if (!session) continue;
      viewers_[i].session = *session;
      engine.join(*session, {.room = room_});
    }
  }

  // The next few say something: half of it the same cheer, as crowds do.
  void shout(std::size_t how_many) {
    for (std::size_t i = 0; i < how_many; ++i, ++said_) {
      Viewer& viewer = viewers_[said_ % viewers_.size()];
      std::string text = "wow " + std::to_string(said_);
      if (said_ % 2 == 0) text = "goal!";
      if (said_ % 50 == 1) text = "spoiler: they win";
      const auto answer = engine_.publish(viewer.session, {.room = room_, .text = text});
      refused_ += answer ? 0 : 1;
    }
  }
  // And the next few like what they see, some of them several times: no line in the chat, a number.
  void like(std::size_t how_many) {
    for (std::size_t i = 0; i < how_many; ++i, ++likers_) {
      const std::uint32_t times = 1 + static_cast<std::uint32_t>(likers_ % 3);
      const chatroom::SessionId who = viewers_[likers_ % viewers_.size()].session;
      const chatroom::Outgoing like{.room = room_, .kind = chatroom::Kind::like, .count = times};
      if (engine_.publish(who, like)) likes_ += times;
    }
  }
  // A command of the host's own, which it answers when it can.
  void wish_songs(std::size_t how_many) {
    for (std::size_t i = 0; i < how_many && i < viewers_.size(); ++i) {
      engine_.command(viewers_[i].session,
                      {.op = chatroom::Op::call, .room = room_, .name = "song"});
    }
  }

  // Each of what was said is one that a viewer saw, or part of a merged frame, or counted as left
  // out; its own it saw in any case, also where the others did not.
  bool accounts_for_all(const Viewer& viewer) const {
    const std::uint64_t known = viewer.shown + viewer.repeats + viewer.missed;
    const std::uint64_t own = said_ / viewers_.size() + 1;
    return known >= said_ - refused_ && known <= said_ - refused_ + own;
  }

  const std::vector<Viewer>& viewers() const { return viewers_; }
  std::size_t said() const { return said_; }
  std::uint64_t likes() const { return likes_; }
  std::size_t refused() const { return refused_; }

 private:
  chatroom::Engine& engine_;
  std::string room_;
  std::vector<Viewer> viewers_;  // never grows: the engine knows their places
  std::size_t said_ = 0;
  std::size_t refused_ = 0;
  std::size_t likers_ = 0;
  std::uint64_t likes_ = 0;
};
