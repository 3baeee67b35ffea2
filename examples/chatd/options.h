// Options of chatd: one table serves the command line, the config file and --help, so that they
// cannot disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chatroom/limits.h"
#include "chatroom/log.h"
#include "chatroom/room.h"
#include "chatroom/tenant.h"

namespace chatd {

struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool loopback() const;
};

struct NamedTenant {
  std::string name;
  chatroom::TenantPolicy policy;
};

// A channel that each new room has beside main, and from which rank on it is read.
struct NamedChannel {
  std::string name;
  chatroom::Role access = chatroom::Role::visitor;
};

struct Options {
  std::vector<Address> ws;
  std::vector<Address> tcp;
  bool open = false;
  bool open_any_address = false;
  bool unlimited = false;
  std::string owner;
  std::vector<std::string> origins;
  std::string web_root;
  std::string record;
  std::string words;
  std::string audit;
  std::vector<NamedTenant> tenants;
  std::string sessions;
  std::uint32_t sessions_per_s = 10'000;
  std::uint32_t log_per_s = 1'000;
  std::vector<NamedChannel> channels;
  std::string copies;
  std::string trace;
  std::string profiles;
  std::string blocks;
  bool inspect = false;
  std::uint32_t password_mib = 19;
  chatroom::LogLevel log_level = chatroom::LogLevel::info;
  std::int64_t drain_s = 5;
  std::uint32_t threads = 1;
  std::uint64_t seed = 0;
  std::uint32_t connections_per_address = 64;
  std::uint32_t opens_per_address = 10;
  chatroom::Limits limits;
  // `owner` is set from the string above at the end.
  chatroom::RoomPolicy policy{
      .likes = true, .gift_window = chatroom::Duration::s(5), .line_length = 200, .hands = 50};
};

// What became of reading the options.
struct Parsed {
  enum class Next { run, exit_ok, exit_wrong };
  Next next = Next::run;
  std::string error;  // exit_wrong: one sentence for stderr
  std::string text;   // exit_ok: for stdout
};

// Reads the command line, and the files it names with --config at their place in it: what comes
// later wins, but for options that may be given several times.
Parsed parse_options(int argc, char** argv, Options& options);

}  // namespace chatd
