// TurnScope: what makes a call of the host's part of a turn.
#pragma once

#include "chatroom/engine.h"

namespace chatroom {

// Between these two a call counts as part of a turn.
class TurnScope final {
 public:
  explicit TurnScope(Engine::State& state) noexcept;
  ~TurnScope();

 private:
  Engine::State& state_;
};

}  // namespace chatroom
