// What replay is asked to do.
#pragma once

#include <cstdint>
#include <string>

namespace replayer {

struct Place {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: not given
};

struct Options {
  std::string trace;  // empty: a crowd
  std::uint64_t seed = 1;
  double rate = 8;
  double speed = 1;
  std::size_t members = 40;
  std::uint64_t lines = UINT64_MAX;
  std::int64_t seconds = 0;  // 0: until the script ends
  bool over_tcp = false;
  bool over_ws = true;
  Place ws{"127.0.0.1", 8080};
  Place tcp;
  std::string room = "live/1";
  bool json = false;
  bool generated() const { return trace.empty(); }
};

// 0: go on; otherwise the exit code (help was printed, or what is wrong) plus one.
int parse_options(int argc, char** argv, Options& options);

}  // namespace replayer
