// Member: one connection of the crowd, from dialing to the last message.
#pragma once

#include <array>
#include <string>

#include "account.h"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/flatbuffers.h"

namespace replayer {

// What all members share. `failed`: the first thing that went wrong, in words.
struct Crew {
  Crew(chatroom::uv::Dialer& dials, Account& counts, std::string name)
      : dialer(dials), account(counts), room(std::move(name)) {}

  chatroom::uv::Dialer& dialer;
  Account& account;
  std::string room;
  chatroom::JsonCodec json{};
  chatroom::FlatbuffersCodec flatbuffers{};
  std::array<std::byte, 16 * 1024> out{};
  std::size_t connecting = 0;
  std::size_t joined = 0;
  std::size_t closed = 0;
  std::uint64_t gaps = 0;
  std::size_t text_bytes = 2'048;  // as the server says
  std::string failed;
};

std::int64_t now_us();

class Member final : public chatroom::uv::DialHandler {
 public:
  Member(Crew& crew, std::size_t index, std::string user, std::string nick, Profile profile)
      : crew_(crew),
        index_(index),
        profile_(profile),
        user_(std::move(user)),
        nick_(std::move(nick)) {}

  bool dial(const chatroom::uv::DialOptions& options);
  bool joined() const { return stage_ == Stage::joined; }
  // False: the link has no room now; try again.
  bool publish(std::string_view text, const char* kind);
  void ping_if_quiet(std::int64_t now);
  void leave();
  std::int64_t spoke_us() const { return spoke_us_; }

  void on_open(chatroom::uv::DialId id) noexcept override;
  void on_bytes(chatroom::uv::DialId id, chatroom::Bytes bytes) noexcept override;
  void on_frame(chatroom::uv::DialId id, chatroom::FrameKind kind,
                chatroom::Bytes payload) noexcept override;
  void on_closed(chatroom::uv::DialId id, chatroom::CloseCode code, int error) noexcept override;

 private:
  enum class Stage : std::uint8_t { dialing, authenticating, joining, joined, leaving };

  bool send(const chatroom::Command& command);
  void receive(chatroom::Bytes frame, std::int64_t now);
  void on_event(const chatroom::Event& event, std::string_view frame, std::int64_t now);
  void on_answer(const chatroom::Event& event);
  void fail(const std::string& what);
  chatroom::Codec& codec();

  Crew& crew_;
  const std::size_t index_;
  const Profile profile_;
  Stage stage_ = Stage::dialing;
  chatroom::uv::DialId id_;
  std::uint32_t next_id_ = 3;
  std::int64_t spoke_us_ = 0;
  std::string user_;
  std::string nick_;
  std::string partial_;  // an outer frame that is not whole yet
};

}  // namespace replayer
