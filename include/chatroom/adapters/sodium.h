// SodiumPasswords: passwords of rooms as Argon2id of libsodium.
//
//   SodiumPasswords passwords;
//   auto engine = Engine::create({...}, {.loop = &loop, .passwords = &passwords});
//   passwords.attach((*engine)->remote());
//
// A hash costs 19 MiB and some 25 ms of a core with the defaults: threads of its own make them, one
// after the other, so the loop never does and memory stays within `threads` times `memory_bytes`.
// Past `waiting` a question is refused `queue_full`, temporary; without memory for the hash
// `internal`, temporary, which is not held against who asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "chatroom/decision.h"
#include "chatroom/remote.h"

namespace chatroom {

struct SodiumPasswordsOptions {
  std::uint32_t threads = 1;
  std::uint32_t waiting = 64;                // questions, beside those being worked on
  std::uint64_t memory_bytes = 19ull << 20;  // of new hashes; old ones say their own
  std::uint32_t passes = 2;
};

// Thread: attach and the questions on the engine's. Must outlive the engine; its end waits for the
// hash being made.
class SodiumPasswords final : public Passwords {
 public:
  explicit SodiumPasswords(const SodiumPasswordsOptions& options = {});
  ~SodiumPasswords();

  // Where answers go. Until then questions are refused `internal`, temporary.
  void attach(Remote remote);

  // In the calling thread: for Room::set_password, and tools. Empty: out of memory.
  std::string make(std::string_view password) const;
  static bool is(std::string_view password, std::string_view stored) noexcept;

  Answer on_set(Question question, const PasswordRequest& request) noexcept override;
  Answer on_try(Question question, const PasswordRequest& request) noexcept override;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace chatroom
