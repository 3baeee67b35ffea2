// Host: the program around the engine: it says who people are and what they may say, now, late or
// never; it speaks, kicks, changes settings, closes rooms; it watches what it is told. It also
// holds the reference model of who may do what.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/moderators.h"
#include "sim/random.h"
#include "sim/truth.h"

namespace chatroom::sim {

class World;
struct User;

class Host final : public Auth, public Rules, public Profiles, public EngineObserver {
 public:
  explicit Host(World& world);

  void start();
  void settle();
  void crashed();  // the engine is another one and knows nothing
  void reopen();
  // Around a crash: each room that stores behind its members is closed and opened again; each is
  // told something that the storage may not have when the end comes.
  void close_stored();
  void speak_last();
  void say(const std::string& room, std::string_view channel, std::uint32_t size);
  void check_end() const;
  void watch_rooms();

  // Nothing of the room may be offered to the user's sessions from here on.
  void quiet(const std::string& room, std::string_view user);
  // A message that had passed was not said: slow mode counts from nothing.
  void forgive(std::string_view room, std::string_view user, Instant asked);
  // It came past the rules of the room, and waits for a filter.
  void passed(std::string_view room, std::string_view user);
  const Moderators& moderators() const noexcept { return moderators_; }
  // Who follows, says it once a stay, and the room is for followers, or no longer.
  static bool follows(std::string_view user) { return (user.back() & 1) == 0; }
  void change_followers(const std::string& room);

  // --- What this world can give as a reason.
  const RoomPolicy& policy_of(const std::string& room);
  bool could_be(const std::string& room, const User& user, Role role) const;
  bool ever_restricted(const std::string& room) const;
  bool ever_slow(const std::string& room) const;
  bool ever_capped(const std::string& room) const;
  std::uint64_t closed_sessions() const noexcept { return closed_; }

  // --- The ports.
  Answer on_auth(Question question, const AuthRequest& request) noexcept override;
  Answer on_missing_room(Question question, const JoinRequest& request) noexcept override;
  Answer on_join(Question question, const JoinRequest& request) noexcept override;
  Answer before_publish(Question question, const PublishRequest& request) noexcept override;
  Answer on_follower(Question question, const PublishRequest& request) noexcept override;
  Answer on_call(Question question, const CallRequest& request) noexcept override;
  Answer on_profile(Question question, const ProfileRequest& request) noexcept override;
  void on_event(const HostEvent& event) noexcept override;

  static std::string profile_of(std::string_view user);

 private:
  struct Spoke {  // one user in one room
    double tokens = -1;
    Instant at;
    Instant spoke{-1'000'000'000};
    bool bound = false;   // slow mode counts from `spoke`
    bool passed = false;  // a message was let through at `passed_at`; it may still fail
    Instant passed_at;
    Instant last{INT64_MIN};  // something passed the rules of the room
    Instant forgiven{-1};
  };
  struct RoomModel {
    RoomPolicy policy;
    bool restricted = false;
    bool slow = false;
    bool capped = false;
    std::map<std::string, Role> lasting;
    std::map<std::string, std::set<Role>> once;  // given at any time: storage may bring them back
    std::map<std::string, std::set<Role>> passing;  // until its last session leaves
    std::set<std::string> visitors;
    std::map<std::string, Spoke> spoke;
    std::map<std::string, int> sessions;
    double places = -1;  // of the receive budget that are left, normal and high together
    Instant places_at;
  };
  struct Session {
    std::string user;
    bool ready = false;
    bool closed = false;
    std::set<std::string> rooms;
  };
  enum class Decision : std::uint8_t { auth, missing, join, publish, call };

  void open_room(std::uint32_t index, bool as_stored = false);
  void plan_next();
  void act();
  void burst();
  void moderate();
  void kick(const std::string& room, const std::string& user);
  void set_role(const std::string& room, const std::string& user);
  void change_policy();
  void apply(const std::string& room, const RoomPolicy& policy);
  void close_room();
  bool close(const std::string& room);
  void aside();
  void from_afar();
  void end_session();
  void speak_for();
  // Now, or later: then the question is answered by itself.
  Answer soon(Question question, Decision kind, std::string data, std::uint64_t serial);
  Answer verdict(Decision kind, const std::string& data, std::uint64_t serial, std::string& text);
  void answer(Question question, Decision kind, const std::string& data, std::uint64_t serial);
  void check_may_speak(const PublishRequest& request);
  void check_pace(const PublishRequest& request, RoomModel& room);
  static bool spend(Spoke& spoke, Rate rate, Instant now);
  void let_through(std::uint64_t serial);
  RoomModel* model(std::string_view room);
  std::set<Role> roles_of(const RoomModel& room, std::string_view user) const;
  void on_published(const HostEvent& event);
  void check_shown(const HostEvent& event, RoomModel& room);
  void on_left(const HostEvent& event);
  [[noreturn]] void fail(const std::string& what) const;
  std::string some_room();
  const User& some_user();

  World& world_;
  Random random_;
  Moderators moderators_;
  std::map<std::string, RoomModel> rooms_;
  std::map<std::string, Spoke> speakers_;  // over all rooms
  std::uint64_t profiles_asked_ = 0;
  std::string profile_;  // as it was given
  std::map<SessionId, Session> sessions_;
  std::set<Tag> mail_;  // Remote calls that nothing was heard of yet
  Tag next_tag_ = 1;
  std::uint64_t closed_ = 0;
  std::uint64_t lost_ = 0;
  bool settled_ = false;
  std::map<std::string, std::uint64_t> climbs_;  // changes of the rung that it was told of
};

}  // namespace chatroom::sim
