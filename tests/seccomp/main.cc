// A whole engine's life under strict seccomp: from before `create` to after the end, any system
// call but write and exit kills the process. Memory is an arena taken before; nothing is printed
// meanwhile.
//
//   seccomp_run [--break]      --break makes one call more and must be killed
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "chatroom/adapters/manual_loop.h"
#include "chatroom/chatroom.h"

namespace {

using namespace chatroom;

// Never gives back: an engine's life is short here.
class Arena final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    used_ = (used_ + align - 1) / align * align;
    if (size > sizeof bytes_ - used_) return nullptr;
    void* block = bytes_ + used_;
    used_ += size;
    return block;
  }
  void release(void*, std::size_t, std::size_t) noexcept override {}
  void touch() noexcept { std::memset(bytes_, 1, sizeof bytes_); }

 private:
  alignas(4096) std::byte bytes_[48 << 20];
  std::size_t used_ = 0;
};

// Takes at most `most` bytes a write, so that partial writes are part of it.
struct Peer final : Connection {
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    const std::size_t part = size < most ? size : most;
    taken += part;
    return part;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}

  std::size_t most = SIZE_MAX;
  std::size_t taken = 0;
};

struct Listener final : LocalMember {
  void on_event(const Event& event) noexcept override { events += event.type != EventType::none; }
  int events = 0;
};

// The number of bytes that members got; 0: something was refused.
std::size_t live(Arena& memory) noexcept {
  static Peer peers[64];
  static Listener listener;
  ManualLoop loop;
  auto made = Engine::create({.seed = 3, .open_server = true, .open_rooms = true},
                             {.loop = &loop, .memory = &memory});
  if (!made) return 0;
  Engine& engine = **made;
  auto room = engine.open_room("quiet", {.history_messages = 50});
  auto local = engine.open_local(listener, {.user = "inside"});
  if (!room || !local || !engine.join(*local, {.room = "quiet"})) return 0;
  SessionId sessions[64];
  for (int i = 0; i < 64; ++i) {
    char name[] = "user-00";
    name[5] = static_cast<char>('0' + i / 10);
    name[6] = static_cast<char>('0' + i % 10);
    const Identity identity{.user = name};
    const bool websocket = i % 2 != 0;
    auto session = engine.open(
        peers[i],
        {.framing = websocket ? Framing::websocket : Framing::outer, .identity = &identity});
    if (!session || !engine.join(*session, {.room = "quiet", .recent = 10})) return 0;
    sessions[i] = *session;
    peers[i].most = i % 8 == 7 ? 50 : SIZE_MAX;
  }
  for (int round = 0; round < 500; ++round) {
    engine.publish(sessions[round % 64], {.room = "quiet", .text = "not a sound"});
    room->broadcast({.kind = Kind::notice, .text = "nor a call"});
    {
      Engine::Turn turn(engine);
      turn.on_bytes(sessions[round % 64], as_bytes("\x30\x01"));
      for (int i = 7; i < 64; i += 8) turn.on_writable(sessions[i]);
    }
    loop.advance(Duration::ms(40));
  }
  engine.drain(CloseCode::shutdown, Duration::s(1));
  loop.advance(Duration::s(2));
  std::size_t taken = 0;
  for (const Peer& peer : peers) taken += peer.taken;
  return listener.events > 0 ? taken : 0;
}

[[noreturn]] void child(bool broken) noexcept {
  static Arena memory;
  memory.touch();
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(77);
  if (broken) getppid();
  const std::size_t taken = live(memory);
  // glibc's _exit is another call than the one that strict mode allows.
  for (;;) syscall(SYS_exit, taken > 0 ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  const bool broken = argc > 1 && std::strcmp(argv[1], "--break") == 0;
  const pid_t pid = fork();
  if (pid == 0) child(broken);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) {
    std::printf("killed by signal %d: there was a system call\n", WTERMSIG(status));
    return 1;
  }
  if (WEXITSTATUS(status) == 77) return std::puts("skipped: no seccomp in this kernel"), 77;
  std::puts(WEXITSTATUS(status) == 0 ? "no system call" : "the engine refused something");
  return WEXITSTATUS(status);
}
