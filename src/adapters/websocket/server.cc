// WebSocketServer: the upgrade and plain HTTP, then frames. What a link holds on the way is a head
// that has not all arrived; afterwards a frames.h lease, or nothing.
#include <algorithm>
#include <cstring>
#include <new>

#include "chatroom/adapters/websocket.h"
#include "websocket/extensions.h"
#include "websocket/frames.h"
#include "websocket/handshake.h"
#include "websocket/http.h"

namespace chatroom {

namespace {

using websocket::Head;
using websocket::kHeadBytes;
using websocket::same_word;

// ByteFilter::State::word.
enum Mode : std::uint64_t { kUpgrading = 0, kOpen = 1, kDone = 2, kOpenDeflate = 3 };

bool is_open(std::uint64_t mode) noexcept { return mode == kOpen || mode == kOpenDeflate; }

// A head on its way.
struct Arriving {
  std::size_t size = 0;
  char text[kHeadBytes];
};

struct Subprotocol {
  std::string_view name;
  CodecKind codec;
};
constexpr Subprotocol kSubprotocols[] = {{"chatroom.v1.json", CodecKind::json},
                                         {"chatroom.v1.fb", CodecKind::flatbuffers}};

// The first that the client named and we know; null: none.
const Subprotocol* choose_subprotocol(std::string_view list) noexcept {
  std::string_view item;
  while (websocket::next_item(list, item)) {
    for (const Subprotocol& known : kSubprotocols) {
      if (item == known.name) return &known;
    }
  }
  return nullptr;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) noexcept {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

// Same host and port; a scheme's default port may be left out on either side.
bool same_host(std::string_view origin, std::string_view host) noexcept {
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, std::string_view>{"http", ":80"}, {"https", ":443"}}) {
    const std::string_view head = origin.substr(0, scheme.size());
    if (!same_word(head, scheme) || !origin.substr(scheme.size()).starts_with("://")) continue;
    const std::string_view authority = origin.substr(scheme.size() + 3);
    return !authority.empty() &&
           same_word(without_suffix(authority, port), without_suffix(host, port));
  }
  return false;
}

}  // namespace

struct WebSocketServer::Impl {
  explicit Impl(WebSocketOptions given)
      : options(std::move(given)),
        leases(options.held_bytes),
        frames(websocket::Role::server,
               {options.message_bytes, options.message_bytes_before_admitted}, leases,
               options.compressor) {}

  void upgrade(State& state, MutableBytes bytes, FilterSink& sink) noexcept;
  bool arrive(State& state, MutableBytes& bytes, FilterSink& sink) noexcept;
  void decide(State& state, std::string_view text, FilterSink& sink) noexcept;
  void open(State& state, const Head& head, FilterSink& sink) noexcept;
  void serve(State& state, const Head& head, FilterSink& sink) noexcept;
  bool origin_allowed(const Head& head) const noexcept;
  void refuse(State& state, FilterSink& sink, int status, std::string_view why,
              std::vector<std::pair<std::string, std::string>> headers = {}) noexcept;
  void answer(State& state, FilterSink& sink, const HttpResponse& response,
              bool head_only) noexcept;
  void run(State& state, MutableBytes bytes, FilterSink& sink) noexcept;
  void forget_head(State& state) noexcept;

  WebSocketOptions options;
  websocket::Leases leases;
  websocket::Frames frames;
  Stats stats;
  std::uint64_t heads = 0;  // links with an incomplete head
};

WebSocketServer::WebSocketServer(WebSocketOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
WebSocketServer::~WebSocketServer() = default;

void WebSocketServer::feed(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  if (is_open(state.word)) return impl_->run(state, bytes, sink);
  if (state.word == kUpgrading) impl_->upgrade(state, bytes, sink);
}

void WebSocketServer::stop(State& state) noexcept {
  if (state.word == kUpgrading) {
    impl_->forget_head(state);
  } else {
    auto* held = static_cast<websocket::Partial*>(state.held);
    impl_->leases.give_back(held);
    state.held = nullptr;
  }
  state.word = kDone;
}

WebSocketServer::Stats WebSocketServer::stats() const noexcept {
  Stats stats = impl_->stats;
  stats.faults = impl_->frames.faults();
  stats.held_links = impl_->leases.links() + impl_->heads;
  stats.held_bytes = impl_->leases.bytes();
  return stats;
}

void WebSocketServer::Impl::run(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  auto* held = static_cast<websocket::Partial*>(state.held);
  if (!frames.feed(held, bytes, state.word == kOpenDeflate, sink)) state.word = kDone;
  state.held = held;
}

void WebSocketServer::Impl::upgrade(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  if (bytes.empty()) return;
  if (state.held == nullptr) {
    // The usual case: the whole head in one read, parsed where it lies.
    const std::string_view text = as_text(bytes.first(std::min(bytes.size(), kHeadBytes)));
    if (text.front() < 'A' || text.front() > 'Z') {
      return refuse(state, sink, 400, "This port speaks HTTP and WebSocket.");
    }
    const std::size_t end = websocket::end_of_head(text, 0);
    if (end != std::string_view::npos) {
      decide(state, text.substr(0, end), sink);
      bytes = bytes.subspan(end);
    } else if (!arrive(state, bytes, sink)) {
      return;
    }
  } else if (!arrive(state, bytes, sink)) {
    return;
  }
  if (is_open(state.word) && !bytes.empty()) run(state, bytes, sink);
}

// Adds to the head that is held; true: it was complete and has been decided, `bytes` is the rest.
bool WebSocketServer::Impl::arrive(State& state, MutableBytes& bytes, FilterSink& sink) noexcept {
  auto* head = static_cast<Arriving*>(state.held);
  if (head == nullptr) {
    if (leases.hold(sizeof(Arriving))) head = new (std::nothrow) Arriving;
    if (head == nullptr) {
      refuse(state, sink, 503, "The server is full.", {{"Retry-After", "5"}});
      return false;
    }
    state.held = head;
    ++heads;
  }
  const std::size_t before = head->size;
  const std::size_t size = std::min(bytes.size(), kHeadBytes - before);
  std::memcpy(head->text + before, bytes.data(), size);
  head->size += size;
  const std::string_view text(head->text, head->size);
  const std::size_t end = websocket::end_of_head(text, before);
  if (end == std::string_view::npos) {
    if (head->size == kHeadBytes) {
      forget_head(state);
      refuse(state, sink, 431, "A request's head may have 4096 bytes.");
    }
    return false;
  }
  bytes = bytes.subspan(end - before);
  state.held = nullptr;  // decide may start frames, which lease anew
  decide(state, text.substr(0, end), sink);
  --heads;
  leases.unhold(sizeof(Arriving));
  delete head;
  return true;
}

void WebSocketServer::Impl::forget_head(State& state) noexcept {
  auto* head = static_cast<Arriving*>(state.held);
  if (head == nullptr) return;
  --heads;
  leases.unhold(sizeof(Arriving));
  delete head;
  state.held = nullptr;
}

void WebSocketServer::Impl::decide(State& state, std::string_view text, FilterSink& sink) noexcept {
  Head head;
  const int bad = websocket::parse_head(websocket::HeadKind::request, text, head);
  if (bad == 431) return refuse(state, sink, 431, "A request may have 64 headers.");
  if (bad != 0) return refuse(state, sink, bad, "This is not a good request.");
  if (head.method != "GET" && head.method != "HEAD") {
    return refuse(state, sink, 405, "Only GET and HEAD are served.", {{"Allow", "GET, HEAD"}});
  }
  if (head.body) return refuse(state, sink, 400, "A request here has no body.");
  if (head.path == options.path && head.method == "GET") return open(state, head, sink);
  serve(state, head, sink);
}

void WebSocketServer::Impl::open(State& state, const Head& head, FilterSink& sink) noexcept {
  const std::pair<std::string, std::string> upgrade{"Upgrade", "websocket"};
  if (!head.http11 || !head.upgrade_websocket || !head.connection_upgrade) {
    return refuse(state, sink, 426, "This address is for WebSocket.", {upgrade});
  }
  if (head.version != "13") {
    return refuse(state, sink, 426, "WebSocket version 13 is spoken here.",
                  {upgrade, {"Sec-WebSocket-Version", "13"}});
  }
  if (!websocket::is_handshake_key(head.key)) {
    return refuse(state, sink, 400, "Sec-WebSocket-Key is missing or malformed.");
  }
  if (!origin_allowed(head)) {
    return refuse(state, sink, 403, "Pages of this origin are not welcome.");
  }
  const Subprotocol* const chosen = choose_subprotocol(head.protocols);
  if (chosen == nullptr) {
    return refuse(state, sink, 400, "Name a subprotocol: chatroom.v1.json or chatroom.v1.fb.");
  }
  websocket::Agreed agreed;
  if (head.extensions_given) agreed = websocket::agree(head.extensions);
  if (agreed.malformed) return refuse(state, sink, 400, "Sec-WebSocket-Extensions is malformed.");
  if (options.compressor == nullptr) agreed = {};
  if (!sink.on_open({.codec = chosen->codec,
                     .framing = Framing::websocket,
                     .compress = agreed.compress,
                     .peer = {}})) {
    return refuse(state, sink, 503, "The server is full.", {{"Retry-After", "5"}});
  }
  ++stats.upgrades;
  std::string answer(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
  answer.append(websocket::accept_for(head.key)).append("\r\nSec-WebSocket-Protocol: ");
  answer.append(chosen->name);
  if (!agreed.answer.empty()) {
    answer.append("\r\nSec-WebSocket-Extensions: ").append(agreed.answer);
  }
  answer.append("\r\n\r\n");
  state.word = agreed.answer.empty() ? kOpen : kOpenDeflate;
  sink.on_output(as_bytes(answer));
}

bool WebSocketServer::Impl::origin_allowed(const Head& head) const noexcept {
  if (!head.origin_given || same_host(head.origin, head.host)) return true;
  return std::any_of(options.origins.begin(), options.origins.end(),
                     [&head](const std::string& allowed) {
                       return allowed == "*" || same_word(allowed, head.origin);
                     });
}

void WebSocketServer::Impl::serve(State& state, const Head& head, FilterSink& sink) noexcept {
  ++stats.requests;
  HttpResponse response;
  const HttpRequest request{head.method, head.path, head.query, head.host};
  if (options.http == nullptr || !options.http->on_request(request, response)) {
    response = {.status = 404, .body = "There is nothing here.\n", .headers = {}};
  } else if (response.body.size() > options.http_body_bytes) {
    response = {.status = 500, .body = "The answer is too large.\n", .headers = {}};
  }
  answer(state, sink, response, head.method == "HEAD");
}

void WebSocketServer::Impl::refuse(
    State& state, FilterSink& sink, int status, std::string_view why,
    std::vector<std::pair<std::string, std::string>> headers) noexcept {
  ++stats.refused;
  HttpResponse response;
  response.status = status;
  response.body.append(why).append("\n");
  response.headers = std::move(headers);
  answer(state, sink, response, false);
}

void WebSocketServer::Impl::answer(State& state, FilterSink& sink, const HttpResponse& response,
                                   bool head_only) noexcept {
  const std::string bytes = websocket::answer_bytes(response, head_only);
  state.word = kDone;
  sink.on_output(as_bytes(bytes));
  sink.on_end();
}

}  // namespace chatroom
