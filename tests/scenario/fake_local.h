// A member inside the host, for scenarios: it keeps what it was told and may call back in.
#pragma once

#include <functional>

#include "scenario/stage.h"

namespace chatroom::test {

// A member inside the host that keeps what it was told.
class FakeLocal final : public LocalMember {
 public:
  void on_event(const Event& event) noexcept override {
    std::string text(512 * 1024, '\0');
    text.resize(tool_json().encode(event, std::as_writable_bytes(std::span(text))));
    told.push_back(std::move(text));
    if (then) then(event);
  }
  void on_closed(CloseCode code) noexcept override {
    closed = static_cast<int>(code);
    if (closed_then) closed_then();
  }

  std::vector<std::string> told;
  int closed = 0;
  std::function<void(const Event&)> then;
  std::function<void()> closed_then;
};

}  // namespace chatroom::test
