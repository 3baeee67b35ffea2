// member_bytes [members]: what one more member of a room costs a process, in resident private
// memory. All sessions are inside the host and there before; half of them join the room, then the
// others, and what these took is the members' alone: users, sessions, links and what a room takes
// once were there.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "chatroom/adapters/manual_loop.h"
#include "chatroom/engine.h"

using namespace chatroom;

namespace {

struct Nobody final : LocalMember {
  void on_event(const Event&) noexcept override {}
};

std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  statm >> size >> resident >> shared;
  return (resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t settled_bytes(ManualLoop& loop) {
  while (loop.run_once()) {
  }
  return resident_bytes();
}

}  // namespace

int main(int count, char** arguments) {
  const auto members =
      static_cast<std::uint32_t>(count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 10'000);
  ManualLoop loop;
  EngineOptions options;
  options.seed = 1;
  options.limits.sessions = options.limits.memberships = members;
  options.limits.joins = Rate::unlimited();
  options.limits.waiting_bytes = 256ull << 20;
  options.limits.private_pool_bytes = 1ull << 30;
  const Result<EnginePtr> engine = Engine::create(options, {.loop = &loop});
  if (!engine) return 1;
  const Result<Room> room = (*engine)->open_room("r", {});
  if (!room) return 1;
  Nobody nobody;
  std::vector<SessionId> sessions;
  sessions.reserve(members);
  for (std::uint32_t i = 0; i < members; ++i) {
    const std::string user = "u" + std::to_string(i);
    const Result<SessionId> opened = (*engine)->open_local(nobody, {.user = user});
    if (!opened) return 1;
    sessions.push_back(*opened);
    if (i % 256 == 0) loop.run_once();
  }
  std::uint64_t before = 0;
  for (std::uint32_t i = 0; i < members; ++i) {
    if (i == members / 2) before = settled_bytes(loop);
    if (!(*engine)->join(sessions[i], {.room = "r"})) return 1;
    if (i % 256 == 0) loop.run_once();
  }
  const std::uint64_t after = settled_bytes(loop);
  if (room->online() != members) return 1;
  std::printf("members %u, bytes each %.1f\n", members,
              static_cast<double>(after - before) / (members - members / 2));
  return 0;
}
