// Pipe: a link in memory between an Engine and a Client, for tests, simulations and programs that
// keep both ends. It can split, delay, stall and break what passes. Header-only.
//
//   Pipe pipe(*engine, client, {});
//   pipe.open();
//   client.auth({.user = "alice"});
//   while (pipe.pump(loop.now())) {}
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "chatroom/client.h"
#include "chatroom/engine.h"

namespace chatroom {

struct PipeOptions {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  Boundary boundary = Boundary::stream;
  std::uint32_t max_frame = 1'200;      // message links: bytes in one message
  std::size_t holds_bytes = 64 * 1024;  // each way; then the sender is told to wait
  Duration delay{0};                    // each way
  const Identity* identity = nullptr;   // as SessionOptions
  std::string peer{};
  // How many of `available` bytes (at least 1) pass at once; not asked for messages. Empty: all.
  std::function<std::size_t(std::size_t available)> split{};
};

// Thread: the engine's. Re-entry: from inside an engine call only what Connection says.
// Bounds: holds_bytes each way. Must outlive its session: pump until done(), or destroy the engine
// first.
class Pipe final : public Connection {
 public:
  enum class Way : std::uint8_t { to_engine, to_client };

  Pipe(Engine& engine, Client& client, PipeOptions options)
      : engine_(engine), client_(client), options_(std::move(options)) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // Opens the session. As Engine::open.
  [[nodiscard]] Status open() {
    open_ = true;  // hello is written from inside of this
    const Result<SessionId> opened = engine_.open(*this, {.codec = options_.codec,
                                                          .framing = options_.framing,
                                                          .boundary = options_.boundary,
                                                          .max_frame = options_.max_frame,
                                                          .identity = options_.identity,
                                                          .peer = options_.peer});
    open_ = bool(opened);
    if (!opened) return opened.error();
    session_ = *opened;
    return {};
  }
  SessionId session() const noexcept { return session_; }
  bool done() const noexcept { return !open_; }  // the engine knows that the link is gone
  bool ended() const noexcept { return broken_ || (closing_ && to_client_.pieces.empty()); }
  bool closed_by_engine() const noexcept { return closing_; }
  CloseCode close_code() const noexcept { return close_code_; }
  bool paused() const noexcept { return paused_; }
  // Bytes under way.
  std::size_t holds(Way way) const noexcept { return line(way).bytes; }
  // The first thing that the engine did against the contract of Connection; empty: none.
  const std::string& breach() const noexcept { return breach_; }
  // What the client said of what it got; not ok: the link broke.
  Status client_status() const noexcept { return client_status_; }

  void stall(Way way, bool stalled) noexcept { line(way).stalled = stalled; }
  // The link breaks: what was under way is lost, both ends learn of it at the next pump.
  void reset() noexcept {
    broken_ = true;
    to_client_.clear();
    to_engine_.clear();
  }
  // One byte of what is under way changes. False: nothing is.
  bool corrupt(Way way, std::size_t which, std::byte by) noexcept {
    for (Piece& piece : line(way).pieces) {
      if (which < piece.bytes.size()) {
        piece.bytes[which] ^= by;
        return true;
      }
      which -= piece.bytes.size();
    }
    return false;
  }

  // Moves what is due at `now`, both ways. False: nothing moved.
  bool pump(Instant now) {
    now_ = now;
    if (open_ && now >= give_up_) reset();
    const bool delivered = deliver();
    const bool collected = collect();
    return take() || delivered || collected;
  }
  // When there is something to move of what is under way; never: nothing is, or it is stalled.
  Instant next_due() const noexcept {
    const Instant ending = open_ ? give_up_ : Instant::never();
    return std::min({to_client_.due(), paused_ ? Instant::never() : to_engine_.due(), ending});
  }

  // Connection.
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t offered = 0;
    check(!pieces.empty() && pieces.size() <= 64, "write: not 1 to 64 pieces");
    for (const Bytes piece : pieces) {
      check(!piece.empty(), "write: an empty piece");
      offered += piece.size();
    }
    check(offered <= 64 * 1024, "write: over 64 KiB");
    check(open_ && !closing_, "write: on a closed connection");
    check(!blocked_, "write: blocked and not told writable");
    const bool message = options_.boundary == Boundary::message;
    if (message) check(offered <= options_.max_frame, "write: a message over max_frame");
    if (broken_) return 0;
    const std::size_t room = options_.holds_bytes - std::min(options_.holds_bytes, holds());
    std::size_t taken = std::min(offered, room);
    if (message && taken < offered && !to_client_.pieces.empty()) taken = 0;
    if (message && taken > 0) taken = offered;
    if (!message && taken > 0 && options_.split) taken = std::min(taken, options_.split(taken));
    blocked_ = taken < offered;
    keep(to_client_, pieces, taken);
    return taken;
  }
  void pause(bool paused) noexcept override { paused_ = paused; }
  void close(CloseCode code) noexcept override {
    check(open_ && !closing_, "close: called twice");
    closing_ = true;
    close_code_ = code;
    give_up_ = now_ + Duration::ms(100);
  }

 private:
  struct Piece {
    Instant due;
    FrameKind kind;  // WebSocket, to the engine
    std::vector<std::byte> bytes;
  };
  struct Line {
    std::deque<Piece> pieces;
    std::size_t bytes = 0;
    bool stalled = false;

    Instant due() const noexcept {
      return stalled || pieces.empty() ? Instant::never() : pieces.front().due;
    }
    void clear() noexcept {
      pieces.clear();
      bytes = 0;
    }
    void pop(std::size_t count) {
      std::vector<std::byte>& front = pieces.front().bytes;
      bytes -= count;
      front.erase(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(count));
      if (front.empty()) pieces.pop_front();
    }
  };
  Line& line(Way way) noexcept { return way == Way::to_client ? to_client_ : to_engine_; }
  const Line& line(Way way) const noexcept {
    return way == Way::to_client ? to_client_ : to_engine_;
  }
  std::size_t holds() const noexcept { return to_client_.bytes; }

  void check(bool good, const char* what) noexcept {
    if (!good && breach_.empty()) breach_ = what;
  }
  std::size_t portion(std::size_t available) const {
    if (options_.boundary == Boundary::message || !options_.split) return available;
    return std::clamp<std::size_t>(options_.split(available), 1, available);
  }
  void keep(Line& to, std::span<const Bytes> pieces, std::size_t count) {
    if (count == 0) return;
    Piece kept{now_ + options_.delay, FrameKind::binary, {}};
    for (const Bytes piece : pieces) {
      const Bytes part = piece.first(std::min(piece.size(), count - kept.bytes.size()));
      kept.bytes.insert(kept.bytes.end(), part.begin(), part.end());
    }
    to.bytes += kept.bytes.size();
    to.pieces.push_back(std::move(kept));
  }

  // What is due for the client.
  bool deliver() {
    bool moved = false;
    while (to_client_.due() <= now_ && !broken_) {
      const std::size_t count = portion(to_client_.pieces.front().bytes.size());
      const std::vector<std::byte> part(
          to_client_.pieces.front().bytes.begin(),
          to_client_.pieces.front().bytes.begin() + static_cast<std::ptrdiff_t>(count));
      to_client_.pop(count);
      moved = true;
      client_status_ =
          options_.framing == Framing::outer ? client_.on_bytes(part) : on_websocket(part);
      if (!client_status_) reset();
    }
    return moved;
  }
  // A server's frames: never masked, never in fragments.
  Status on_websocket(Bytes part) {
    begun_.insert(begun_.end(), part.begin(), part.end());
    for (;;) {
      const auto at = [&](std::size_t i) { return std::to_integer<std::uint64_t>(begun_[i]); };
      if (begun_.size() < 2) return {};
      std::uint64_t length = at(1);
      const std::size_t digits = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (begun_.size() < 2 + digits) return {};
      if (digits > 0) length = 0;
      for (std::size_t i = 0; i < digits; ++i) length = length << 8 | at(2 + i);
      const std::size_t header = 2 + digits;
      if (begun_.size() - header < length) return {};
      const FrameKind kind = kind_of(at(0) & 15);
      const Bytes payload = Bytes(begun_).subspan(header, static_cast<std::size_t>(length));
      const Status status = client_.on_frame(kind, payload);
      begun_.erase(begun_.begin(), begun_.begin() + static_cast<std::ptrdiff_t>(header + length));
      if (!status && kind != FrameKind::close) return status;
    }
  }

  static FrameKind kind_of(std::uint64_t opcode) noexcept {
    switch (opcode) {
      case 2:
        return FrameKind::binary;
      case 8:
        return FrameKind::close;
      case 9:
        return FrameKind::ping;
      case 10:
        return FrameKind::pong;
      default:
        return FrameKind::text;
    }
  }

  // What the client has to say gets under way.
  bool collect() {
    bool moved = false;
    if (ended()) return false;
    while (to_engine_.bytes < options_.holds_bytes) {
      if (options_.framing == Framing::websocket) {
        Client::OutFrame frame;
        if (!client_.pending_frame(frame)) break;
        to_engine_.pieces.push_back(
            {now_ + options_.delay, frame.kind, {frame.payload.begin(), frame.payload.end()}});
        to_engine_.bytes += frame.payload.size();
        client_.frame_sent();
      } else {
        Bytes waiting = client_.pending();
        if (waiting.empty()) break;
        if (options_.boundary == Boundary::message) {
          waiting = waiting.first(std::min<std::size_t>(waiting.size(), options_.max_frame));
        }
        keep(to_engine_, std::span{&waiting, 1}, waiting.size());
        client_.sent(waiting.size());
      }
      moved = true;
    }
    return moved;
  }

  // What the engine has to hear of.
  bool take() {
    if (!open_) return false;
    const bool input = to_engine_.due() <= now_ && !paused_ && !closing_;
    const bool writable = blocked_ && !broken_ && !closing_ && holds() < options_.holds_bytes &&
                          (options_.boundary == Boundary::stream || to_client_.pieces.empty());
    if (!input && !writable && !ended()) return false;
    Engine::Turn turn(engine_);
    if (writable) {
      blocked_ = false;
      turn.on_writable(session_);
    }
    while (to_engine_.due() <= now_ && !paused_ && !closing_) {
      if (options_.framing == Framing::websocket) {
        const Piece piece = std::move(to_engine_.pieces.front());
        to_engine_.pieces.pop_front();
        to_engine_.bytes -= piece.bytes.size();
        turn.on_frame(session_, piece.kind, piece.bytes);
        continue;
      }
      const std::vector<std::byte>& front = to_engine_.pieces.front().bytes;
      const std::size_t count = portion(front.size());
      const std::vector<std::byte> part(front.begin(),
                                        front.begin() + static_cast<std::ptrdiff_t>(count));
      to_engine_.pop(count);
      turn.on_bytes(session_, part);
    }
    if (ended()) {
      open_ = false;
      turn.on_closed(session_);
    }
    return true;
  }

  Engine& engine_;
  Client& client_;
  const PipeOptions options_;
  SessionId session_;
  Instant now_{0};
  Line to_client_;
  Line to_engine_;
  std::vector<std::byte> begun_;  // a WebSocket frame that has not come whole
  CloseCode close_code_ = CloseCode::normal;
  Instant give_up_ = Instant::never();  // on what a closed connection still had to send
  bool open_ = false;
  bool paused_ = false;
  bool blocked_ = false;
  bool closing_ = false;
  bool broken_ = false;
  Status client_status_;
  std::string breach_;
};

}  // namespace chatroom
