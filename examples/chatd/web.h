// What the --ws port serves beside /chat: the page, /healthz, /metrics, /inspect.
#pragma once

#include <functional>
#include <string>

#include "chatroom/adapters/websocket.h"

namespace chatd {

class Web final : public chatroom::HttpHandler {
 public:
  // `root`: a folder to serve the page from, or empty for the built-in files.
  explicit Web(std::string root) : root_(std::move(root)) {}

  // Each answers a body. Set before the first request.
  std::function<std::string()> metrics;
  std::function<std::string()> health;
  std::function<std::string()> inspect;  // empty: there is no such page
  std::function<bool()> healthy;

  bool on_request(const chatroom::HttpRequest& request,
                  chatroom::HttpResponse& response) noexcept override;

 private:
  bool find_file(std::string_view path, std::string& bytes) const;
  std::string root_;
};

}  // namespace chatd
