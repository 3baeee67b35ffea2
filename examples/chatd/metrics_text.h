// The engine's metrics as Prometheus reads them.
#pragma once

#include <string>

#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/metrics.h"

namespace chatd {

struct Numbers {
  chatroom::MetricsSnapshot engine;
  chatroom::uv::ServerStats sockets;
  chatroom::WebSocketServer::Stats websocket;
  double uptime_s = 0;
  bool draining = false;
};

std::string metrics_text(const Numbers& numbers);
std::string health_json(const Numbers& numbers);

}  // namespace chatd
