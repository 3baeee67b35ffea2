// Fuzz target: the session layer, both halves. The first byte chooses framing, codec, whether the
// session is signed in, and in what pieces the rest comes. A server session must make the same of
// the bytes however they are cut; a client must survive whatever a server says.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "chatroom/adapters/json.h"
#include "chatroom/client.h"
#include "chatroom/flatbuffers.h"
#include "chatroom/global_heap.h"
#include "session/session.h"

namespace {

using namespace chatroom;
using session::Intake;
using session::Session;
using session::Sessions;

constexpr Instant kNow{1'700'000'000'000'000};

struct Choice {
  bool json;
  bool websocket;
  bool known;
  bool client;
  std::size_t piece;
};

Codec& codec_of(bool json) {
  static FlatbuffersCodec flatbuffers;
  static JsonCodec text;
  return json ? static_cast<Codec&>(text) : flatbuffers;
}

void note(Sessions& sessions, Session& session, const Intake& intake, std::string& log) {
  if (intake.type == Intake::Type::none) return;
  log += static_cast<char>('0' + static_cast<int>(intake.type));
  log += std::to_string(intake.id) + "," + std::to_string(static_cast<int>(intake.op)) + "," +
         std::to_string(static_cast<int>(intake.error.code)) + "," +
         std::to_string(static_cast<int>(intake.code)) + ";";
  if (intake.command != nullptr) log += intake.command->room;
  if (intake.op == Op::auth && intake.type == Intake::Type::command) sessions.accept(session);
}

// What a session makes of `bytes`, handed over `piece` by piece.
std::string serve(Bytes bytes, const Choice& choice, std::size_t piece) {
  static const Limits limits;
  Sessions sessions(limits, *global_heap());
  Session session;
  const Sessions::Options codecs{.flatbuffers = &codec_of(false), .json = &codec_of(true)};
  if (!sessions.create(codecs)) std::abort();
  const CodecKind kind = choice.json ? CodecKind::json : CodecKind::flatbuffers;
  const Framing framing = choice.websocket ? Framing::websocket : Framing::outer;
  if (!sessions.open(session, {.codec = kind, .framing = framing, .known = choice.known}, kNow)) {
    std::abort();
  }
  std::string log;
  while (!bytes.empty()) {
    Bytes part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    if (choice.websocket) {
      const auto frame = static_cast<FrameKind>(std::to_integer<unsigned>(part.front()) % 5);
      note(sessions, session, sessions.frame(session, frame, part.subspan(1), kNow), log);
      continue;
    }
    for (;;) {
      const Intake intake = sessions.next(session, part, kNow);
      if (intake.type == Intake::Type::none) break;
      note(sessions, session, intake, log);
    }
    if (!part.empty()) std::abort();
  }
  sessions.close(session);
  if (sessions.input_bytes() != 0) std::abort();
  return log;
}

class Deaf final : public ClientHandler {
 public:
  void on_event(const Event&) noexcept override {}
};

void listen(Bytes bytes, const Choice& choice) {
  Deaf deaf;
  Client client({.codec = &codec_of(choice.json),
                 .kind = choice.json ? CodecKind::json : CodecKind::flatbuffers,
                 .framing = choice.websocket ? Framing::websocket : Framing::outer},
                deaf);
  static_cast<void>(client.join({.room = "r"}));
  static_cast<void>(client.history({.room = "r", .has_after = true}));
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(choice.piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    const auto kind = static_cast<FrameKind>(std::to_integer<unsigned>(part.front()) % 5);
    const Status status =
        choice.websocket ? client.on_frame(kind, part.subspan(1)) : client.on_bytes(part);
    if (!status && !client.ended()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Bytes rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const Choice choice{.json = (data[0] & 1) != 0,
                      .websocket = (data[0] & 2) != 0,
                      .known = (data[0] & 4) != 0,
                      .client = (data[0] & 8) != 0,
                      .piece = std::size_t{1} << (data[0] >> 4)};
  if (choice.client) {
    listen(rest, choice);
    return 0;
  }
  const std::string log = serve(rest, choice, choice.piece);
  if (!choice.websocket && serve(rest, choice, SIZE_MAX) != log) std::abort();
  return 0;
}
