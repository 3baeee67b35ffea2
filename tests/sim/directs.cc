#include "sim/directs.h"

#include <cinttypes>
#include <cstdlib>

namespace chatroom::sim {

void Directs::send(Engine& engine, SessionId from, const std::string& user, const std::string& to) {
  const std::uint64_t number = next();
  said_[number] = {user, to, {}, false};
  const std::string text = "~" + std::to_string(number);
  Command command;
  command.op = Op::send_to;
  command.user = to;
  command.out.text = text;
  static_cast<void>(engine.command(from, command));
}

void Directs::hear(const std::string& ear, const std::string& user, const Event& event) {
  const std::string text{event.message.text};
  const auto wrong = [&](const char* what) {
    report_.fail(Verdict::correctness, "%s heard %s, %s", user.c_str(), text.c_str(), what);
  };
  const auto said = said_.find(text.empty() ? 0 : std::strtoull(text.c_str() + 1, nullptr, 10));
  if (said == said_.end()) return wrong("which nobody said to anybody");
  if (said->second.from != event.message.user) wrong("of another");
  if (said->second.to != event.user) wrong("to another");
  if (user != said->second.to && user != said->second.from) wrong("which is not for him");
  if (!said->second.ears.insert(ear).second) wrong("twice");
  if (user == said->second.to) said->second.arrived = true;
}

void Directs::check_heard(std::uint64_t first) const {
  for (auto at = said_.lower_bound(first); at != said_.end(); ++at) {
    if (at->second.arrived) continue;
    report_.fail(Verdict::correctness, "%s never heard ~%" PRIu64 " of %s", at->second.to.c_str(),
                 at->first, at->second.from.c_str());
  }
}

}  // namespace chatroom::sim
