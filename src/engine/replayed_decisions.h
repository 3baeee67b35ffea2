// Every port that decides, when its answers come from a recording: the next one, whatever is asked.
#pragma once

#include "chatroom/decision.h"

namespace chatroom::engine {

class ReplayedDecisions : public Auth,
                          public Rules,
                          public Filter,
                          public Passwords,
                          public Relations,
                          public Profiles {
 public:
  Answer on_auth(Question, const AuthRequest&) noexcept override { return decision(); }
  Answer on_missing_room(Question, const JoinRequest&) noexcept override { return decision(); }
  Answer on_join(Question, const JoinRequest&) noexcept override { return decision(); }
  Answer before_publish(Question, const PublishRequest&) noexcept override { return decision(); }
  Answer on_follower(Question, const PublishRequest&) noexcept override { return decision(); }
  Answer on_text(Question, const PublishRequest&) noexcept override { return decision(); }
  Answer on_call(Question, const CallRequest&) noexcept override { return decision(); }
  Answer on_set(Question, const PasswordRequest&) noexcept override { return decision(); }
  Answer on_try(Question, const PasswordRequest&) noexcept override { return decision(); }
  Answer on_direct(Question, const DirectRequest&) noexcept override { return decision(); }
  Answer on_block(Question, const BlockRequest&) noexcept override { return decision(); }
  Answer on_profile(Question, const ProfileRequest&) noexcept override { return decision(); }

 protected:
  ~ReplayedDecisions() = default;
  virtual Answer decision() noexcept = 0;
};

}  // namespace chatroom::engine
