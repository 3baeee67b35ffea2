// WebSocket (RFC 6455) and the little HTTP around it, as ByteFilters: the server's side for
// listeners, the client's for tools and tests. No loop, no socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chatroom/byte_filter.h"
#include "chatroom/compressor.h"

namespace chatroom {

// A plain GET or HEAD on the port that also serves WebSocket. Views live until the call returns.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // as sent, without the query; not percent-decoded
  std::string_view query;  // without '?'
  std::string_view host;
};
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;  // at most WebSocketOptions::http_body_bytes, else the peer gets 500
  std::vector<std::pair<std::string, std::string>> headers;  // beside length, type, connection
};

// What else the port serves: a page, /healthz, /metrics. HEAD is answered from the same response;
// every answer closes its connection.
// Thread: the filter's. Re-entry: Engine::metrics and inspect are fine, nothing that changes state.
class HttpHandler {
 public:
  // False: nothing there, 404.
  virtual bool on_request(const HttpRequest& request, HttpResponse& response) noexcept = 0;

 protected:
  ~HttpHandler() = default;
};

struct WebSocketOptions {
  std::string path = "/chat";
  std::vector<std::string> origins;         // allowed beside the server's own host; "*": any
  HttpHandler* http = nullptr;              // null: 404 for every other path
  std::uint32_t message_bytes = 64 * 1024;  // above: close 1009
  std::uint32_t message_bytes_before_admitted = 6 * 1024;  // while FilterSink::admitted is false
  std::uint64_t held_bytes = 32ull << 20;  // incomplete heads and messages, all links: close 4006
  std::uint32_t http_body_bytes = 4u << 20;
  // Agrees to permessage-deflate (RFC 7692) with whoever offers it. What peers send deflated then
  // counts by what it becomes, and may become at most `inflated_bytes_max`: past that close 1009,
  // and 1007 if it is no deflate. Costs no link anything. Null: never.
  Compressor* compressor = nullptr;
};

// Upgrade heads are at most 4 KiB and 64 headers (431 past that). Keep the deadline for the upgrade
// in the adapter: the filter has no clock. Answers 400, 403, 404, 405, 426, 431, 503.
class WebSocketServer final : public ByteFilter {
 public:
  explicit WebSocketServer(WebSocketOptions options = {});
  ~WebSocketServer();
  WebSocketServer(const WebSocketServer&) = delete;
  WebSocketServer& operator=(const WebSocketServer&) = delete;

  void feed(State& state, MutableBytes bytes, FilterSink& sink) noexcept override;
  void stop(State& state) noexcept override;

  struct Stats {
    std::uint64_t upgrades = 0;    // sessions opened
    std::uint64_t refused = 0;     // upgrades answered with an error
    std::uint64_t requests = 0;    // plain HTTP
    std::uint64_t faults = 0;      // links that broke RFC 6455 or a limit
    std::uint64_t held_links = 0;  // links with something incomplete now
    std::uint64_t held_bytes = 0;  // what is held for them
  };
  Stats stats() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct WebSocketClientOptions {
  std::string host = "localhost";  // the Host header, with the port if it is not 80
  std::string path = "/chat";
  std::string protocol = "chatroom.v1.json";  // or chatroom.v1.fb
  std::string origin;                         // empty: none is sent
  std::uint32_t message_bytes = 1024 * 1024;
  std::uint64_t held_bytes = 256ull << 20;
  Compressor* compressor =
      nullptr;  // offers permessage-deflate, each message by itself; sends plain
};

// One object for all connections to one place. Its sink gets on_open after the 101, on_end when the
// server answered anything else. Pings are handed on like every frame: the sink answers them.
class WebSocketClient final : public ByteFilter {
 public:
  explicit WebSocketClient(WebSocketClientOptions options = {});
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  void start(State& state, FilterSink& sink) noexcept override;
  void feed(State& state, MutableBytes bytes, FilterSink& sink) noexcept override;
  void stop(State& state) noexcept override;
  std::size_t wrap(State& state, FrameKind kind, Bytes payload, MutableBytes out) noexcept override;

  int last_status() const noexcept;  // of the newest refused handshake; 0: not HTTP

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatroom
