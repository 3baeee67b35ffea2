#include "metrics_text.h"

#include <cstdio>

namespace chatd {
namespace {

enum class Type { gauge, counter };

class Text {
 public:
  void add(const char* name, Type type, const char* help, std::uint64_t value) {
    head(name, type, help);
    line(name, "", value);
  }
  void head(const char* name, Type type, const char* help) {
    out_ += "# HELP chatroom_" + std::string(name) + " " + help + "\n# TYPE chatroom_" + name +
            (type == Type::gauge ? " gauge\n" : " counter\n");
  }
  void line(const char* name, const std::string& labels, std::uint64_t value) {
    out_ += "chatroom_" + std::string(name) + labels + " " + std::to_string(value) + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void add_ledger(const chatroom::Ledger& ledger, Text& text) {
  constexpr const char* kName = "entries";
  text.head(kName, Type::gauge,
            "Entries times members, by class and fate; admitted is the sum of the other fates.");
  for (int i = 0; i < chatroom::kPriorityCount; ++i) {
    const auto& row = ledger.by_priority[i];
    const std::pair<const char*, std::uint64_t> fates[] = {
        {"admitted", row.admitted}, {"delivered", row.delivered}, {"merged", row.merged},
        {"sampled", row.sampled},   {"dropped", row.dropped},     {"closed", row.closed},
        {"pending", row.pending}};
    const std::string priority(chatroom::name_of(static_cast<chatroom::Priority>(i)));
    for (const auto& [fate, value] : fates) {
      text.line(kName, "{class=\"" + priority + "\",fate=\"" + fate + "\"}", value);
    }
  }
}

void add_engine(const chatroom::MetricsSnapshot& m, Text& text) {
  text.add("sessions", Type::gauge, "Sessions now.", m.sessions);
  text.add("sessions_half_open", Type::gauge, "Of them, not authenticated yet.",
           m.sessions_half_open);
  text.add("rooms", Type::gauge, "Rooms now.", m.rooms);
  text.add("memberships", Type::gauge, "Sessions in rooms, all rooms together.", m.memberships);
  text.add("blocked_members", Type::gauge, "Members whose link takes nothing now.",
           m.blocked_members);
  text.add("log_bytes", Type::gauge, "Room logs.", m.log_bytes);
  text.add("private_bytes", Type::gauge, "Private items and cut frames.", m.private_bytes);
  text.add("history_bytes", Type::gauge, "Kept messages.", m.history_bytes);
  text.add("memory_bytes", Type::gauge, "All that the engine holds.", m.memory_bytes);
  text.add("questions_waiting", Type::gauge, "Decisions the host has not answered.",
           m.questions_waiting);
  text.add("turns_total", Type::counter, "Turns.", m.turns);
  text.add("sessions_opened_total", Type::counter, "Sessions opened.", m.sessions_opened);
  text.add("sessions_closed_total", Type::counter, "Sessions closed.", m.sessions_closed);
  text.add("commands_total", Type::counter, "Commands of clients.", m.commands);
  text.add("refused_total", Type::counter, "Of them, answered with an error.", m.refused);
  text.add("published_total", Type::counter, "Messages admitted.", m.published);
  text.add("bytes_in_total", Type::counter, "Bytes of frames taken in.", m.bytes_in);
  text.add("bytes_out_total", Type::counter, "Bytes taken by transports.", m.bytes_out);
  text.add("writes_total", Type::counter, "Writes to transports.", m.writes);
  text.add("writes_blocked_total", Type::counter, "Of them, not taken whole.", m.writes_blocked);
  text.add("slow_consumers_total", Type::counter, "Sessions closed as too slow.", m.slow_consumers);
  text.add("gaps_total", Type::counter, "Losses that members were told.", m.gaps);
  text.add("deflated_runs_total", Type::counter, "Runs of entries, each deflated once.",
           m.deflated_runs);
  text.add("deflated_from_bytes_total", Type::counter, "Their bytes.", m.deflated_from);
  text.add("deflated_to_bytes_total", Type::counter, "Their bytes, deflated.", m.deflated_to);
  text.add("breakers_open", Type::gauge, "Ports that failed and are left alone.", m.breakers_open);
  text.add("breaker_trips_total", Type::counter, "Times that a port failed so often.",
           m.breaker_trips);
  text.add("breaker_refused_total", Type::counter, "What was refused or held meanwhile.",
           m.breaker_refused);
  text.add("slow_work_total", Type::counter, "Copies and pushes handed over.", m.slow_work);
  text.add("slow_work_lost_total", Type::counter, "Of them, lost since nobody took them in time.",
           m.slow_work_lost);
  add_ledger(m.ledger, text);
}

}  // namespace

std::string metrics_text(const Numbers& numbers) {
  Text text;
  add_engine(numbers.engine, text);
  const auto& s = numbers.sockets;
  text.add("sockets", Type::gauge, "Sockets open.", s.open);
  text.add("sockets_upgrading", Type::gauge, "Of them, without a session yet.", s.upgrading);
  text.add("sockets_accepted_total", Type::counter, "Sockets accepted.", s.accepted);
  text.add("sockets_refused_total", Type::counter, "Sockets refused by a limit.", s.refused);
  text.add("sockets_accept_failed_total", Type::counter, "Accepts that failed in the system.",
           s.accept_failed);
  text.add("sockets_timed_out_total", Type::counter, "Sockets that never began to speak.",
           s.timed_out);
  text.add("socket_memory_bytes", Type::gauge, "Records and buffers for sockets.", s.memory_bytes);
  const auto& w = numbers.websocket;
  text.add("websocket_upgrades_total", Type::counter, "WebSocket handshakes done.", w.upgrades);
  text.add("websocket_refused_total", Type::counter, "WebSocket handshakes refused.", w.refused);
  text.add("http_requests_total", Type::counter, "Plain HTTP requests.", w.requests);
  text.add("websocket_faults_total", Type::counter, "Links that broke RFC 6455 or a limit.",
           w.faults);
  text.add("websocket_held_bytes", Type::gauge, "Incomplete heads and messages.", w.held_bytes);
  text.add("uptime_seconds", Type::gauge, "Since the start.",
           static_cast<std::uint64_t>(numbers.uptime_s));
  return text.take();
}

std::string health_json(const Numbers& numbers) {
  char body[256];
  std::snprintf(body, sizeof(body),
                "{\"status\":\"%s\",\"version\":\"0.1.0\",\"uptime_s\":%.0f,\"sessions\":%llu,"
                "\"rooms\":%llu}\n",
                numbers.draining ? "draining" : "ok", numbers.uptime_s,
                static_cast<unsigned long long>(numbers.engine.sessions),
                static_cast<unsigned long long>(numbers.engine.rooms));
  return body;
}

}  // namespace chatd
