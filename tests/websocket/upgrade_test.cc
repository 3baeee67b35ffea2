// The HTTP half: who gets a session, and what everybody else is told.
#include "catch.hpp"
#include "websocket/echo.h"
#include "websocket/handshake.h"

namespace chatroom::websocket_test {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers good_headers() {
  return {{"Host", "example.org:8080"},
          {"Upgrade", "websocket"},
          {"Connection", "keep-alive, Upgrade"},
          {"Sec-WebSocket-Version", "13"},
          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
          {"Sec-WebSocket-Protocol", "chatroom.v1.json"}};
}
std::string request(const Headers& headers, std::string_view line = "GET /chat HTTP/1.1") {
  std::string text(line);
  text += "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}
Headers with(Headers headers, std::string name, std::string value) {
  for (auto& [known, old] : headers) {
    if (known == name) {
      old = value;
      return headers;
    }
  }
  headers.emplace_back(name, value);
  return headers;
}
Headers without(Headers headers, const std::string& name) {
  std::erase_if(headers, [&name](const auto& header) { return header.first == name; });
  return headers;
}

struct Answer {
  int status = 0;
  std::string text;
  int opened = 0;
  bool ended = false;
};
Answer ask(WebSocketServer& filter, const std::string& text, bool bytewise = false,
           bool room = true) {
  Echo link(filter);
  link.room = room;
  link.feed(text, bytewise);
  CHECK(link.after_end == 0);
  Answer answer{.status = 0, .text = link.http, .opened = link.opened, .ended = link.ended};
  if (link.http.starts_with("HTTP/1.1 ")) answer.status = std::stoi(link.http.substr(9, 3));
  return answer;
}
// The same whole and bytewise; a refusal never reaches the engine.
int status_of(WebSocketServer& filter, const std::string& text) {
  const Answer whole = ask(filter, text);
  const Answer bytewise = ask(filter, text, true);
  CHECK(whole.status == bytewise.status);
  CHECK(whole.text == bytewise.text);
  CHECK(whole.opened == (whole.status == 101 ? 1 : 0));
  CHECK(whole.ended == (whole.status != 101 && whole.status != 0));
  CHECK(filter.stats().held_bytes == 0);
  return whole.status;
}

struct Pages final : HttpHandler {
  bool on_request(const HttpRequest& asked, HttpResponse& response) noexcept override {
    query = asked.query;
    if (asked.path == "/") {
      response.content_type = "text/html; charset=utf-8";
      response.body = "<p>hello</p>";
      response.headers = {{"Cache-Control", "no-cache"}};
      return true;
    }
    if (asked.path == "/big") {
      response.body.assign(100'000, 'x');
      return true;
    }
    return false;
  }
  std::string query;
};

}  // namespace

TEST_CASE("SHA-1 and base64 give the published values", "[websocket]") {
  using namespace websocket;
  const auto hex = [](std::string_view text) {
    std::string out;
    for (const std::byte byte : sha1(text)) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += kDigits[std::to_integer<unsigned>(byte) >> 4];
      out += kDigits[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
  };
  CHECK(hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(hex(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  CHECK(base64(as_bytes("f")) == "Zg==");
  CHECK(base64(as_bytes("fo")) == "Zm8=");
  CHECK(base64(as_bytes("foobar")) == "Zm9vYmFy");
  CHECK(accept_for("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("a good upgrade is accepted with the right key and subprotocol", "[websocket]") {
  WebSocketServer filter;
  for (const bool bytewise : {false, true}) {
    const Answer answer = ask(filter, request(good_headers()), bytewise);
    CHECK(answer.status == 101);
    CHECK(answer.text.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") !=
          std::string::npos);
    CHECK(answer.text.find("Sec-WebSocket-Protocol: chatroom.v1.json\r\n") != std::string::npos);
    CHECK(answer.text.ends_with("\r\n\r\n"));
    CHECK_FALSE(answer.ended);
  }
  Echo link(filter);
  link.feed(request(with(good_headers(), "Sec-WebSocket-Protocol",
                         "soap, chatroom.v1.fb, "
                         "chatroom.v1.json")));
  CHECK(link.info.codec == CodecKind::flatbuffers);
  CHECK(link.info.framing == Framing::websocket);
}

TEST_CASE("frames that came right behind the head are not lost", "[websocket]") {
  WebSocketServer filter;
  for (const bool bytewise : {false, true}) {
    Echo link(filter);
    link.feed(request(good_headers()) + encode({.payload = "early"}), bytewise);
    REQUIRE(link.said.size() == 1);
    CHECK(link.said[0].payload == "early");
  }
}

TEST_CASE("header names and words are compared without regard to case", "[websocket]") {
  WebSocketServer filter;
  CHECK(status_of(filter,
                  "GET /chat HTTP/1.1\r\nhOST: a\r\nuPGRADE: WebSocket\r\nCONNECTION: upgrade\r\n"
                  "sec-websocket-VERSION:13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==  \r\n"
                  "sec-websocket-protocol:\tchatroom.v1.fb\r\n\r\n") == 101);
  // The list may come in several headers.
  Headers headers = good_headers();
  headers.emplace_back("Sec-WebSocket-Protocol", "another");
  CHECK(status_of(filter, request(headers)) == 101);
  CHECK(status_of(filter, request(good_headers(), "GET /chat?token=1 HTTP/1.1")) == 101);
}

TEST_CASE("each fault of an upgrade has its status", "[websocket]") {
  WebSocketServer filter;
  const Headers good = good_headers();
  const auto status = [&filter](const Headers& headers) {
    return status_of(filter, request(headers));
  };
  CHECK(status(without(good, "Sec-WebSocket-Protocol")) == 400);
  CHECK(status(with(good, "Sec-WebSocket-Protocol", "chatroom.v9")) == 400);
  CHECK(status(with(good, "Sec-WebSocket-Protocol", "CHATROOM.V1.JSON")) == 400);
  CHECK(status(with(good, "Sec-WebSocket-Version", "8")) == 426);
  CHECK(status(without(good, "Sec-WebSocket-Version")) == 426);
  CHECK(status(without(good, "Upgrade")) == 426);
  CHECK(status(with(good, "Upgrade", "h2c")) == 426);
  CHECK(status(with(good, "Connection", "keep-alive")) == 426);
  CHECK(status(without(good, "Sec-WebSocket-Key")) == 400);
  CHECK(status(with(good, "Sec-WebSocket-Key", "tooshort")) == 400);
  CHECK(status(with(good, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j!Q==")) == 400);
  CHECK(status(without(good, "Host")) == 400);
  CHECK(status(with(good, "Content-Length", "5")) == 400);
  CHECK(status(with(good, "Transfer-Encoding", "chunked")) == 400);
  CHECK(status_of(filter, request(good, "GET /other HTTP/1.1")) == 404);
  CHECK(status_of(filter, request(good, "GET /chat/ HTTP/1.1")) == 404);
  CHECK(status_of(filter, request(good, "POST /chat HTTP/1.1")) == 405);
  CHECK(status_of(filter, request(good, "GET /chat HTTP/1.0")) == 426);
  CHECK(ask(filter, request(with(good, "Sec-WebSocket-Version", "8")))
            .text.find("Sec-WebSocket-Version: 13\r\n") != std::string::npos);
}

TEST_CASE("a header that must be single is refused when it comes twice", "[websocket]") {
  WebSocketServer filter;
  for (const char* name : {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"}) {
    Headers headers = with(good_headers(), "Origin", "http://example.org:8080");
    REQUIRE(status_of(filter, request(headers)) == 101);
    for (const auto& header : good_headers()) {
      if (header.first == name) headers.push_back(header);
    }
    if (std::string_view(name) == "Origin") headers.emplace_back("Origin", "http://evil.example");
    INFO(name);
    CHECK(status_of(filter, request(headers)) == 400);
  }
}

TEST_CASE("a page of another origin is refused unless it is listed", "[websocket]") {
  WebSocketServer filter;
  WebSocketOptions options;
  options.origins = {"https://chat.example.net"};
  WebSocketServer listed(options);
  options.origins = {"*"};
  WebSocketServer any(options);
  const auto status = [](WebSocketServer& server, std::string origin,
                         std::string host = "example.org:8080") {
    return status_of(server, request(with(with(good_headers(), "Host", host), "Origin", origin)));
  };
  CHECK(status(filter, "http://example.org:8080") == 101);
  CHECK(status(filter, "http://EXAMPLE.org:8080") == 101);
  CHECK(status(filter, "https://example.org", "example.org") == 101);
  CHECK(status(filter, "https://example.org", "example.org:443") == 101);
  CHECK(status(filter, "http://example.org", "example.org:80") == 101);
  CHECK(status(filter, "http://example.org") == 403);
  CHECK(status(filter, "http://example.org:8081") == 403);
  CHECK(status(filter, "http://example.org:8080.evil.example") == 403);
  CHECK(status(filter, "http://evil.example") == 403);
  CHECK(status(filter, "null") == 403);
  CHECK(status(filter, "file://") == 403);
  CHECK(status(filter, "") == 403);
  CHECK(status(listed, "https://chat.example.net") == 101);
  CHECK(status(listed, "https://chat.example.net.evil") == 403);
  CHECK(status(listed, "http://example.org:8080") == 101);
  CHECK(status(any, "null") == 101);
}

TEST_CASE("a full engine is told as 503", "[websocket]") {
  WebSocketServer filter;
  const Answer answer = ask(filter, request(good_headers()), false, false);
  CHECK(answer.status == 503);
  CHECK(answer.opened == 1);
  CHECK(answer.ended);
}

TEST_CASE("heads are bounded in bytes and in headers", "[websocket]") {
  WebSocketServer filter;
  const auto padded = [](std::size_t size) {
    std::string text = request(with(good_headers(), "X-Padding", ""));
    text = request(with(good_headers(), "X-Padding", std::string(size - text.size(), 'p')));
    REQUIRE(text.size() == size);
    return text;
  };
  CHECK(status_of(filter, padded(4096)) == 101);
  CHECK(status_of(filter, padded(4097)) == 431);
  CHECK(status_of(filter, padded(70'000)) == 431);
  Headers many = good_headers();
  while (many.size() < 64) many.emplace_back("X-" + std::to_string(many.size()), "1");
  CHECK(status_of(filter, request(many)) == 101);
  many.emplace_back("X-one-more", "1");
  CHECK(status_of(filter, request(many)) == 431);
  CHECK(status_of(filter, "GET /chat HTTP/1.1\r\n" + std::string(65'536, ' ')) == 431);
}

TEST_CASE("what is no HTTP request is refused at once or when it can be known", "[websocket]") {
  WebSocketServer filter;
  CHECK(status_of(filter, std::string("\x16\x03\x01\x02\x00\x01", 6)) == 400);  // a TLS hello
  CHECK(status_of(filter, std::string("\x00", 1)) == 400);
  CHECK(status_of(filter, "GET\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /chat\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET http://example.org/chat HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /chat HTTP/2.0\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /chat HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /chat HTTP/1.1\r\nHost a\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /chat HTTP/1.1\r\nHost: a\nX: b\r\n\r\n") == 400);
  CHECK(status_of(filter, "GET /ch\tat HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of(filter, std::string("GET /chat HTTP/1.1\r\nHost: a\0b\r\n\r\n", 34)) == 400);
}

TEST_CASE("pages are served on the same port, HEAD without the body", "[websocket]") {
  Pages pages;
  WebSocketOptions options;
  options.http = &pages;
  options.http_body_bytes = 50'000;
  WebSocketServer filter(options);
  const auto get = [&filter](std::string line) {
    return ask(filter, line + " HTTP/1.1\r\nHost: a\r\n\r\n", true).text;
  };
  const std::string page = get("GET /?name=bob#x");
  CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(page.find("Content-Type: text/html; charset=utf-8\r\n") != std::string::npos);
  CHECK(page.find("Content-Length: 12\r\n") != std::string::npos);
  CHECK(page.find("Cache-Control: no-cache\r\n") != std::string::npos);
  CHECK(page.ends_with("\r\n\r\n<p>hello</p>"));
  CHECK(pages.query == "name=bob");
  const std::string head = get("HEAD /");
  CHECK(head.find("Content-Length: 12\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(get("GET /nothing").starts_with("HTTP/1.1 404 "));
  CHECK(get("GET /big").starts_with("HTTP/1.1 500 "));
  CHECK(get("DELETE /").starts_with("HTTP/1.1 405 "));
  CHECK(ask(filter, "GET / HTTP/1.0\r\n\r\n").status == 200);
  CHECK(ask(filter, "GET / HTTP/1.1\r\n\r\n").status == 400);  // 1.1 has a Host
}

TEST_CASE("heads that never end hold a bounded amount, and give it back", "[websocket]") {
  WebSocketOptions options;
  options.held_bytes = 64 * 1024;
  WebSocketServer filter(options);
  std::vector<std::unique_ptr<Echo>> links;
  int full = 0;
  for (int i = 0; i < 100; ++i) {
    links.push_back(std::make_unique<Echo>(filter));
    links.back()->feed("GET /chat HTTP/1.1\r\nX: slow");
    full += links.back()->http.starts_with("HTTP/1.1 503") ? 1 : 0;
  }
  CHECK(filter.stats().held_bytes <= options.held_bytes);
  CHECK(full > 80);
  CHECK(full < 100);
  links.clear();
  CHECK(filter.stats().held_bytes == 0);
  CHECK(filter.stats().held_links == 0);
}

}  // namespace chatroom::websocket_test
