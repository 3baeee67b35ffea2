#include "inspect_text.h"

#include <sys/stat.h>

#include <fstream>

#include "json_text.h"

namespace chatd {

using namespace chatroom;

namespace {

std::string number(const char* key, std::uint64_t value) {
  return std::string(",\"") + key + "\":" + std::to_string(value);
}

}  // namespace

std::string inspect_json(const Engine& engine, long long now_ms) {
  std::string out = "{\"time\":" + std::to_string(now_ms);
  const std::pair<const char*, RoomOrder> orders[] = {{"by_bytes", RoomOrder::bytes},
                                                      {"by_lag", RoomOrder::lag}};
  for (const auto& [name, by] : orders) {
    RoomCost top[10];
    const std::size_t found = engine.top_rooms(top, by);
    out += std::string(",\"") + name + "\":[";
    for (std::size_t i = 0; i < found; ++i) {
      const RoomCost& one = top[i];
      out += std::string(i == 0 ? "" : ",") + "{\"room\":" + quoted(one.key) +
             number("online", one.online) + number("entries", one.entries) +
             number("deliveries", one.deliveries) + number("bytes", one.bytes) +
             number("blocked", one.blocked) + number("lag_bytes", one.lag_bytes) + "}";
    }
    out += "]";
  }
  Refusal last[100];
  const std::size_t found = engine.refusals({}, last);
  out += ",\"refusals\":[";
  for (std::size_t i = 0; i < found; ++i) {
    const Refusal& one = last[i];
    const Rule rule = rule_of(one.error);
    out += std::string(i == 0 ? "" : ",") + "{\"verdict\":" + std::to_string(one.verdict) +
           ",\"time\":" + std::to_string(one.time_ms) + field("user", one.user) +
           field("room", one.room) + field("op", name_of(one.op)) +
           field("code", name_of(one.error.code)) + field("rule", name_of(rule)) +
           field("scope", name_of(scope_of(rule)));
    if (one.error.retry_after_ms != 0) out += number("retry_after_ms", one.error.retry_after_ms);
    out += field("why", message_of(rule)) + "}";
  }
  return out + "]}\n";
}

void log_trace(Log& log, const HostEvent& event) {
  std::string line = std::string(name_of(event.step)) + " " + std::string(name_of(event.op));
  if (event.id != 0) line += " #" + std::to_string(event.id);
  if (!event.room.empty()) line += " in " + escaped(event.room);
  if (event.step == TraceStep::told) line += " " + std::string(event.text);
  if (event.step == TraceStep::command) line += ", behind " + std::to_string(event.count);
  if (event.step == TraceStep::reading && event.count == 0) line += " stops";
  if (event.step == TraceStep::gap) line += ", lost " + std::to_string(event.gap.count);
  if (event.step == TraceStep::closed) {
    line += " " + std::to_string(static_cast<int>(event.close_code)) + " " +
            std::string(name_of(event.reason));
  }
  if (event.step == TraceStep::refused) {
    line += " " + std::string(name_of(event.error.code)) + " by " +
            std::string(name_of(rule_of(event.error))) + ", verdict " + std::to_string(event.count);
    if (event.error.retry_after_ms != 0) {
      line += ", again in " + std::to_string(event.error.retry_after_ms) + " ms";
    }
  }
  log.info("trace %s %u: %s", escaped(event.user).c_str(), event.session.index, line.c_str());
}

void TraceFile::look(Engine& engine, Log& log) {
  if (path_.empty()) return;
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) now.st_mtim = {};  // gone: nobody is traced
  if (now.st_mtim.tv_sec == changed_.tv_sec && now.st_mtim.tv_nsec == changed_.tv_nsec) return;
  changed_ = now.st_mtim;
  std::set<std::string> users;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) users.insert(line);
  }
  for (const std::string& gone : users_) {
    if (!users.contains(gone)) static_cast<void>(engine.trace(gone, false));
  }
  for (const std::string& user : users) {
    if (!engine.trace(user, true)) log.error("trace: no more users than this");
  }
  users_ = std::move(users);
}

}  // namespace chatd
