// Link: the Connection of one remote member, and the wire behind it: bytes take their time, come in
// other pieces, wait while the peer does not read, are lost when it dies. It also watches what the
// engine may not do with a Connection.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "chatroom/connection.h"
#include "chatroom/framing.h"
#include "sim/random.h"
#include "sim/reader.h"

namespace chatroom::sim {

class World;

// The peer's end.
class LinkEnd {
 public:
  virtual void on_frame(const Reader::Whole& whole) = 0;
  // It is over: the server closed it, or this end aborted it. No further call.
  virtual void on_link_closed() = 0;

 protected:
  ~LinkEnd() = default;
};

struct LinkShape {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  Boundary boundary = Boundary::stream;
  std::uint32_t max_frame = 0;
  std::uint32_t window = 16'384;  // bytes taken before the peer read any
  std::uint32_t latency_us = 1'000;
  bool clean = false;  // no faults
};

class Link final : public Connection, public std::enable_shared_from_this<Link> {
 public:
  Link(World& world, LinkEnd& end, const LinkShape& shape, std::string who, std::uint64_t actor);

  // --- The engine's side.
  std::size_t write(std::span<const Bytes> pieces) noexcept override;
  void pause(bool paused) noexcept override;
  void close(CloseCode code) noexcept override;

  // --- The peer's side.
  void send(Bytes bytes);  // Framing::outer
  void send_frame(FrameKind kind, Bytes payload);
  void abort();
  void stall(Duration how_long);
  void die();  // the engine's process is gone, and with it all that was on its way
  bool corrupted() const noexcept { return corrupted_; }

  void opened(SessionId session) noexcept;
  SessionId session() const noexcept { return session_; }
  const LinkShape& shape() const noexcept { return shape_; }
  std::uint64_t taken() const noexcept { return taken_; }
  bool closing() const noexcept { return closing_; }  // the engine closed it
  CloseCode code() const noexcept { return code_; }
  bool over() const noexcept { return over_; }
  bool paused() const noexcept { return paused_; }
  bool all_heard() const noexcept { return in_.empty(); }  // nothing sent is still on its way
  Instant opened_at() const noexcept { return opened_at_; }
  Instant heard_at() const noexcept { return heard_at_; }  // when the engine last took a byte

 private:
  struct Parcel {
    Instant due;
    bool frame = false;
    FrameKind kind = FrameKind::text;
    std::string bytes;
  };
  void check_pieces(std::span<const Bytes> pieces, std::size_t size);
  std::size_t room_for(std::size_t offered);
  void carry(std::span<const Bytes> pieces, std::size_t size);
  void arrive_out();
  void read_some();
  void told_writable();
  void send_parcel(Parcel parcel);
  void arrive_in();
  void hand_over(const Parcel& parcel);
  bool unsound() const noexcept;  // faults may happen
  void finish();
  void drop_rest();
  Instant due_after(Instant& last);

  World& world_;
  LinkEnd* end_;
  const LinkShape shape_;
  const std::string who_;
  const bool hasty_;  // goes on for a little when it is asked to pause
  Random random_;
  SessionId session_;
  Instant opened_at_;
  Instant heard_at_;
  // Out: taken from the engine, on its way, arrived but not read.
  std::uint64_t taken_ = 0;
  std::size_t unread_ = 0;
  std::deque<Parcel> out_;
  std::string arrived_;
  Instant out_last_;
  Instant stalled_until_;
  bool reading_ = false;
  Reader reader_;
  bool blocked_ = false;
  bool waking_ = false;
  // In.
  std::deque<Parcel> in_;
  Instant in_last_;
  bool paused_ = false;
  std::uint32_t after_pause_ = 0;  // parcels that still come: they had been read already
  bool corrupted_ = false;
  // The end.
  bool closing_ = false;
  CloseCode code_ = CloseCode::normal;
  bool aborted_ = false;
  bool over_ = false;
};

}  // namespace chatroom::sim
