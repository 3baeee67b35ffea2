#include "chatroom/assert.h"

#include <atomic>

namespace chatroom {

namespace {

// The one piece of process-wide state, as assert.h says: there is no engine to hang it on.
constinit std::atomic<AssertHandler> assert_handler{nullptr};

}  // namespace

void set_assert_handler(AssertHandler handler) noexcept {
  assert_handler.store(handler, std::memory_order_release);
}

void assert_failed(const char* expression, const char* file, int line) noexcept {
  if (AssertHandler handler = assert_handler.load(std::memory_order_acquire)) {
    handler(expression, file, line);
  }
  __builtin_trap();
}

}  // namespace chatroom
