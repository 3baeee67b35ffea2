// Far: a clerk's session over the wire: a client at the other end of a link without faults, which
// asks one thing at a time. So what members do who are not inside the host is compared with the
// same model, and goes through codec, frames and held input as anybody's commands do.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chatroom/client.h"
#include "sim/link.h"
#include "sim/random.h"

namespace chatroom::sim {

class Clerk;
class World;

// What came of a command, which took effect at some moment between the two.
struct Done {
  Errc code = Errc::ok;
  std::uint64_t offset = 0;
  Instant asked;
  Instant now;
};
using Then = std::function<void(const Done&)>;

class Far final : public ClientHandler, public LinkEnd {
 public:
  Far(World& world, Clerk& clerk, std::uint32_t index);

  bool open();
  // Answered once, unless the link ends before.
  void ask(const Command& command, Then then);
  bool waits() const noexcept { return static_cast<bool>(then_); }
  Instant asked_at() const noexcept { return asked_; }
  // From here on in the stream nothing of the room may be offered, until it is in again.
  void quiet() noexcept { quiet_ = link_ == nullptr ? UINT64_MAX : link_->taken(); }

  void on_event(const Event& event) noexcept override;
  void on_frame(const Reader::Whole& whole) override;
  void on_link_closed() override;

 private:
  void on_answer(const Event& event);
  void check_place(const Event& event);
  void flush();
  void beat();

  World& world_;
  Clerk& clerk_;
  const std::uint32_t index_;
  Random random_;
  LinkShape shape_;
  std::shared_ptr<Link> link_;
  std::unique_ptr<Client> client_;
  std::uint32_t id_ = 0;
  Op op_ = Op::none;
  Then then_;
  Instant asked_;
  Frame frame_;
  bool counted_ = false;
  bool in_ = false;  // as far as it has heard
  std::uint64_t quiet_ = UINT64_MAX;
};

}  // namespace chatroom::sim
