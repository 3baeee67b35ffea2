// WebSocketClient: asks for the upgrade, then frames the other way round.
#include <algorithm>
#include <cstring>
#include <new>
#include <random>

#include "chatroom/adapters/websocket.h"
#include "websocket/extensions.h"
#include "websocket/frames.h"
#include "websocket/handshake.h"
#include "websocket/http.h"

namespace chatroom {

namespace {

enum Mode : std::uint64_t { kWaiting = 0, kOpen = 1, kDone = 2, kOpenDeflate = 3 };

bool is_open(std::uint64_t mode) noexcept { return mode == kOpen || mode == kOpenDeflate; }

struct Arriving {
  std::size_t size = 0;
  char text[websocket::kHeadBytes];
};

std::uint8_t opcode_of(FrameKind kind) noexcept {
  switch (kind) {
    case FrameKind::text:
      return 0x1;
    case FrameKind::binary:
      return 0x2;
    case FrameKind::close:
      return 0x8;
    case FrameKind::ping:
      return 0x9;
    case FrameKind::pong:
      return 0xA;
  }
  return 0x2;
}

}  // namespace

struct WebSocketClient::Impl {
  explicit Impl(WebSocketClientOptions given)
      : options(std::move(given)),
        leases(options.held_bytes),
        frames(websocket::Role::client, {options.message_bytes, options.message_bytes}, leases,
               options.compressor),
        random(std::random_device{}()) {
    std::byte key[16];
    for (std::byte& byte : key) byte = static_cast<std::byte>(random());
    // One key for all connections: it only shows that the server read it.
    const std::string sent = websocket::base64(key);
    accept = websocket::accept_for(sent);
    request.append("GET ").append(options.path).append(" HTTP/1.1\r\nHost: ");
    request.append(options.host).append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    request.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ").append(sent);
    request.append("\r\nSec-WebSocket-Protocol: ").append(options.protocol).append("\r\n");
    if (options.compressor != nullptr) {
      request.append("Sec-WebSocket-Extensions: ").append(websocket::kClientOffer).append("\r\n");
    }
    if (!options.origin.empty()) request.append("Origin: ").append(options.origin).append("\r\n");
    request.append("\r\n");
  }

  void arrive(State& state, MutableBytes bytes, FilterSink& sink) noexcept;
  void decide(State& state, std::string_view text, FilterSink& sink) noexcept;
  void fail(State& state, FilterSink& sink, int status) noexcept;
  void run(State& state, MutableBytes bytes, FilterSink& sink) noexcept;
  void forget_head(State& state) noexcept;
  // None, or what was offered.
  bool extensions_good(const websocket::Head& head) const {
    return !head.extensions_given ||
           (options.compressor != nullptr && websocket::offer_accepted(head.extensions));
  }

  WebSocketClientOptions options;
  websocket::Leases leases;
  websocket::Frames frames;
  std::mt19937 random;  // masks protect caches between browsers and servers: not us
  std::string request;
  std::string accept;
  int last_status = 0;
};

WebSocketClient::WebSocketClient(WebSocketClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
WebSocketClient::~WebSocketClient() = default;

int WebSocketClient::last_status() const noexcept { return impl_->last_status; }

void WebSocketClient::start(State&, FilterSink& sink) noexcept {
  sink.on_output(as_bytes(impl_->request));
}

void WebSocketClient::feed(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  if (is_open(state.word)) return impl_->run(state, bytes, sink);
  if (state.word == kWaiting && !bytes.empty()) impl_->arrive(state, bytes, sink);
}

void WebSocketClient::stop(State& state) noexcept {
  if (state.word == kWaiting) {
    impl_->forget_head(state);
  } else {
    auto* held = static_cast<websocket::Partial*>(state.held);
    impl_->leases.give_back(held);
    state.held = nullptr;
  }
  state.word = kDone;
}

std::size_t WebSocketClient::wrap(State&, FrameKind kind, Bytes payload,
                                  MutableBytes out) noexcept {
  std::size_t size = 0;
  if (out.size() < payload.size() || out.size() - payload.size() < kWrapBytes) return 0;
  const auto put = [&out, &size](std::uint64_t byte) {
    out[size++] = static_cast<std::byte>(byte & 0xFF);
  };
  put(0x80u | opcode_of(kind));
  const std::size_t length = payload.size();
  const int extended = length < 126 ? 0 : length < 65'536 ? 2 : 8;
  put(0x80u | (extended == 0 ? length : extended == 2 ? 126u : 127u));
  for (int i = extended - 1; i >= 0; --i) put(std::uint64_t{length} >> (8 * i));
  auto mask = static_cast<std::uint32_t>(impl_->random());
  std::memcpy(out.data() + size, &mask, sizeof mask);
  size += sizeof mask;
  if (length > 0) std::memcpy(out.data() + size, payload.data(), length);
  websocket::apply_mask(mask, out.data() + size, length);
  return size + length;
}

void WebSocketClient::Impl::run(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  auto* held = static_cast<websocket::Partial*>(state.held);
  if (!frames.feed(held, bytes, state.word == kOpenDeflate, sink)) state.word = kDone;
  state.held = held;
}

void WebSocketClient::Impl::arrive(State& state, MutableBytes bytes, FilterSink& sink) noexcept {
  auto* head = static_cast<Arriving*>(state.held);
  if (head == nullptr) {
    head = new (std::nothrow) Arriving;
    if (head == nullptr) return fail(state, sink, 0);
    state.held = head;
  }
  const std::size_t before = head->size;
  const std::size_t size = std::min(bytes.size(), websocket::kHeadBytes - before);
  std::memcpy(head->text + before, bytes.data(), size);
  head->size += size;
  const std::string_view text(head->text, head->size);
  const std::size_t end = websocket::end_of_head(text, before);
  if (end == std::string_view::npos) {
    if (head->size == websocket::kHeadBytes) {
      forget_head(state);
      fail(state, sink, 0);
    }
    return;
  }
  bytes = bytes.subspan(end - before);
  state.held = nullptr;
  decide(state, text.substr(0, end), sink);
  delete head;
  if (is_open(state.word) && !bytes.empty()) run(state, bytes, sink);
}

void WebSocketClient::Impl::decide(State& state, std::string_view text, FilterSink& sink) noexcept {
  websocket::Head head;
  const int bad = websocket::parse_head(websocket::HeadKind::response, text, head);
  const bool good = bad == 0 && head.status == 101 && head.upgrade_websocket &&
                    head.connection_upgrade && head.accept == accept && extensions_good(head) &&
                    head.protocols == options.protocol;
  if (!good) return fail(state, sink, bad == 0 ? head.status : 0);
  state.word = head.extensions_given ? kOpenDeflate : kOpen;
  const CodecKind codec =
      options.protocol == "chatroom.v1.json" ? CodecKind::json : CodecKind::flatbuffers;
  if (!sink.on_open({.codec = codec, .framing = Framing::websocket, .peer = {}})) {
    state.word = kDone;
    sink.on_end();
  }
}

void WebSocketClient::Impl::fail(State& state, FilterSink& sink, int status) noexcept {
  last_status = status;
  state.word = kDone;
  sink.on_end();
}

void WebSocketClient::Impl::forget_head(State& state) noexcept {
  delete static_cast<Arriving*>(state.held);
  state.held = nullptr;
}

}  // namespace chatroom
