// CHATROOM_ASSERT: a broken invariant stops the program, in release builds too. Never used on what
// a peer sends: that is an Error (error.h).
#pragma once

namespace chatroom {

// Called with the place of a failed assertion; must not return. The default traps without touching
// stdio, since the core links nothing. A host that wants a line in its log sets its own before it
// creates an engine (`set_assert_handler`); one handler a process, set it once, from one thread.
using AssertHandler = void (*)(const char* expression, const char* file, int line);
void set_assert_handler(AssertHandler handler) noexcept;
[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace chatroom

#define CHATROOM_ASSERT(condition)        \
  (static_cast<bool>(condition) ? void(0) \
                                : ::chatroom::assert_failed(#condition, __FILE__, __LINE__))
