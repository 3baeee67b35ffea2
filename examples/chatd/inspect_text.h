// --inspect and --trace: what an operator asks of one engine while it runs.
#pragma once

#include <ctime>
#include <set>
#include <string>

#include "chatroom/engine.h"
#include "log.h"

namespace chatd {

// `/inspect`: the ten rooms that cost most and the last refusals, as JSON.
std::string inspect_json(const chatroom::Engine& engine, long long now_ms);

// One line of a traced user.
void log_trace(Log& log, const chatroom::HostEvent& event);

// A file of users who are traced, one a line; looked at again when it changes.
class TraceFile {
 public:
  explicit TraceFile(std::string path) : path_(std::move(path)) {}
  void look(chatroom::Engine& engine, Log& log);

 private:
  const std::string path_;
  std::timespec changed_{};
  std::set<std::string> users_;
};

}  // namespace chatd
