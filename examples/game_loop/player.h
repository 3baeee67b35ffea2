// Player: a game client at the far end of a link, through the library's client role. Hears what is
// said in the lobby, in its own team and by the system, as one timeline.
#pragma once

#include <array>
#include <cstdio>
#include <string_view>

#include "chatroom/client.h"
#include "link.h"

inline constexpr std::string_view kRoom = "match/7";

class Player final : public chatroom::ClientHandler {
 public:
  struct Heard {
    int lobby = 0;
    int team = 0;
    int system = 0;
    int others_team = 0;  // must stay 0
    int disordered = 0;   // so must this
  };

  Player(const char* player, const char* side, chatroom::Codec& codec, chatroom::Memory& memory)
      : name(player), team(side), client({.codec = &codec, .memory = &memory}, *this) {}

  void enter() {
    const std::array<std::string_view, 3> channels{"main", team, "system"};
    client.auth({.user = name});
    client.join({.room = kRoom, .channels = channels});
  }
  void say(std::string_view channel, std::string_view text) {
    client.publish({.room = kRoom, .channel = channel, .text = text});
  }
  // One operation: the channel left, the other entered, and the answer says from which offset on.
  void change_team(const char* to) {
    client.switch_channel(kRoom, team, to);
    team = to;
  }

  void on_event(const chatroom::Event& event) noexcept override {
    using chatroom::EventType;
    if (event.type == EventType::answer && event.error.code != chatroom::Errc::ok) ++refused;
    if (event.type != EventType::message) return;
    const chatroom::Message& message = event.message;
    const std::string_view channel = message.channel.empty() ? "main" : message.channel;
    // One order for all channels of a room: whoever sees two messages sees them in this order.
    if (message.offset <= last_) ++heard.disordered;
    last_ = message.offset;
    if (channel == "main") ++heard.lobby;
    if (channel == "system") ++heard.system;
    if (channel == "red" || channel == "blue") ++(channel == team ? heard.team : heard.others_team);
    if (shows) {
      std::printf("  %s's screen: [%.*s] %.*s%s%.*s\n", name, static_cast<int>(channel.size()),
                  channel.data(), static_cast<int>(message.user.size()), message.user.data(),
                  message.user.empty() ? "" : ": ", static_cast<int>(message.text.size()),
                  message.text.data());
    }
  }

  // Once a tick: takes what came, gives what is to go out.
  void tick(chatroom::Instant now) noexcept {
    client.beat(now);
    while (!link.to_client.front().empty()) {
      if (!client.on_bytes(link.to_client.front())) return;
      link.to_client.pop();
    }
    const chatroom::Bytes out = client.pending();
    const chatroom::Bytes piece = out.first(out.size() < kFrameBytes ? out.size() : kFrameBytes);
    if (!piece.empty() && link.to_server.push({&piece, 1})) client.sent(piece.size());
  }

  const char* name;
  const char* team;
  chatroom::Client client;
  Link link;
  chatroom::SessionId session;
  Heard heard;
  int refused = 0;
  bool shows = false;

 private:
  std::uint64_t last_ = 0;
};
