// Runs a recording of `chatd --record FILE` again, offline, and says whether the engine did the
// same. Minutes of chat take seconds; a recording that was attached to a bug report shows the bug.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/global_heap.h"
#include "chatroom/replay.h"

using namespace chatroom;

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: replay_log FILE\n", stderr), 2;
  std::ifstream file(argv[1], std::ios::binary);
  if (!file) return std::fprintf(stderr, "replay_log: cannot read %s\n", argv[1]), 2;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  JsonCodec json;
  const Replayed result = replay(as_bytes({bytes.data(), bytes.size()}), *global_heap(), &json);

  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("{\"records\":%llu,\"writes\":%llu,\"bytes_out\":%llu,\"hash\":\"%016llx\"}\n",
              number(result.records), number(result.writes), number(result.bytes_out),
              number(result.hash));
  switch (result.status.error().code) {
    case Errc::ok:
      return 0;
    case Errc::position_lost:
      std::fprintf(stderr, "replay_log: it went another way after record %llu\n",
                   number(result.records));
      return 1;
    case Errc::unsupported:
      return std::fputs("replay_log: recorded by another version\n", stderr), 2;
    default:
      std::fprintf(stderr, "replay_log: breaks off or is no recording after record %llu\n",
                   number(result.records));
      return 2;
  }
}
