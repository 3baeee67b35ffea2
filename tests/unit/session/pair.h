// A client and a server half that hear each other through memory, in both codecs and framings.
#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>
#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/client.h"
#include "chatroom/flatbuffers.h"
#include "session/session.h"
#include "wire/outer.h"

namespace client_test {

using namespace chatroom;
using session::Intake;
using session::Session;
using session::Sessions;

inline constexpr Instant kStart{1'700'000'000'000'000};

class Heard final : public ClientHandler {
 public:
  void on_event(const Event& event) noexcept override {
    std::string line{name_of(event.type)};
    if (event.type == EventType::answer) {
      line += " " + std::string(name_of(event.op)) + " " + std::to_string(event.id);
      if (event.error.code != Errc::ok) line += " " + std::string(name_of(event.error.code));
      if (!event.room.empty()) line += " " + std::string(event.room);
    }
    if (event.type == EventType::message) line += " " + std::string(event.message.text);
    lines.push_back(line);
    if (again != nullptr) {
      static_cast<void>(again->ping());
    }
  }
  std::vector<std::string> lines;
  Client* again = nullptr;  // asks from inside the callback
};

struct Carrier {
  CodecKind kind;
  Framing framing;
};

// A client and a server's session, joined by strings. The server answers with whatever events the
// test gives it.
class Pair {
 public:
  explicit Pair(Carrier carrier = {}, ClientOptions options = {}) : carrier_(carrier) {
    options.codec = &codec();
    options.kind = carrier.kind;
    options.framing = carrier.framing;
    client = std::make_unique<Client>(options, heard);
    REQUIRE(client->ready());
    REQUIRE(sessions.create({.flatbuffers = &flatbuffers, .json = &json, .seed = 3}));
    REQUIRE(sessions.open(session, {.codec = carrier.kind, .framing = carrier.framing}, kStart));
  }
  ~Pair() { sessions.close(session); }

  Codec& codec() {
    return carrier_.kind == CodecKind::json ? static_cast<Codec&>(json) : flatbuffers;
  }

  // Moves what the client has to say, in pieces of `piece`; answers what the server made of it.
  std::vector<std::string> to_server(std::size_t piece = SIZE_MAX) {
    std::vector<std::string> seen;
    if (carrier_.framing == Framing::websocket) {
      Client::OutFrame frame;
      while (client->pending_frame(frame)) {
        note(sessions.frame(session, frame.kind, frame.payload, kStart), seen);
        client->frame_sent();
      }
      return seen;
    }
    while (!client->pending().empty()) {
      Bytes part = client->pending().first(std::min(piece, client->pending().size()));
      const std::size_t size = part.size();
      for (;;) {
        const Intake intake = sessions.next(session, part, kStart);
        if (intake.type == Intake::Type::none) break;
        note(intake, seen);
      }
      client->sent(size);
    }
    return seen;
  }
  // Brings an event to the client.
  Status from_server(const Event& event, std::size_t piece = SIZE_MAX) {
    std::vector<std::byte> frame(100'000);
    const std::size_t size = codec().encode(event, frame);
    REQUIRE(size > 0);
    frame.resize(size);
    if (carrier_.framing == Framing::websocket) {
      const bool text = carrier_.kind == CodecKind::json;
      return client->on_frame(text ? FrameKind::text : FrameKind::binary, frame);
    }
    std::array<std::byte, wire::kOuterHeaderBytes> header;
    wire::write_outer_header(wire::OuterType::plain, size, header);
    frame.insert(frame.begin(), header.begin(), header.end());
    Status status;
    for (std::size_t at = 0; at < frame.size() && status; at += piece) {
      status = client->on_bytes(Bytes(frame).subspan(at, std::min(piece, frame.size() - at)));
      if (piece == SIZE_MAX) break;
    }
    return status;
  }
  Status answer(std::uint32_t id, Event event = {}) {
    event.type = EventType::answer;
    event.id = id;
    if (event.op == Op::none) event.op = Op::ping;
    return from_server(event);
  }

  FlatbuffersCodec flatbuffers;
  JsonCodec json;
  Heard heard;
  std::unique_ptr<Client> client;
  Limits limits;
  Sessions sessions{limits, *global_heap()};
  Session session;
  Command last;

 private:
  void note(const Intake& intake, std::vector<std::string>& seen) {
    if (intake.type != Intake::Type::command) {
      seen.push_back(intake.type == Intake::Type::close ? "close" : "refused");
      return;
    }
    last = *intake.command;
    seen.push_back(std::string(name_of(intake.op)) + " " + std::to_string(intake.id) + " " +
                   std::string(intake.command->room));
    if (intake.op == Op::auth) sessions.accept(session);
  }
  const Carrier carrier_;
};

inline const Carrier kCarriers[] = {{CodecKind::flatbuffers, Framing::outer},
                                    {CodecKind::json, Framing::outer},
                                    {CodecKind::flatbuffers, Framing::websocket},
                                    {CodecKind::json, Framing::websocket}};

using Seen = std::vector<std::string>;

inline Event join_ok(std::string_view room, std::string_view epoch, std::uint64_t offset) {
  Event event;
  event.type = EventType::answer;
  event.id = 1;
  event.op = Op::join;
  event.room = room;
  event.epoch = epoch;
  event.offset = offset;
  return event;
}

inline Event message(std::string_view room, std::uint64_t offset) {
  Event event;
  event.type = EventType::message;
  event.message.room = room;
  event.message.channel = "main";
  event.message.offset = offset;
  event.message.user = "bob";
  event.message.text = "hello";
  event.message.time_ms = 1;
  return event;
}

}  // namespace client_test
