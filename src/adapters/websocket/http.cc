#include "websocket/http.h"

#include <algorithm>
#include <string>

#include "chatroom/adapters/websocket.h"

#if __has_include(<llhttp.h>)
#include <llhttp.h>
#define CHATROOM_LLHTTP 1
#else
#include <http_parser.h>
#endif

namespace chatroom::websocket {

namespace {

#ifdef CHATROOM_LLHTTP
using Parser = llhttp_t;
using Settings = llhttp_settings_t;
constexpr int kStop = HPE_PAUSED;
#else
using Parser = http_parser;
using Settings = http_parser_settings;
constexpr int kStop = 1;  // any error: we have seen all we need
#endif

// What the callbacks put together. Each value arrives in one piece, since the head lies whole in
// one buffer; a second piece is a folded line, which nobody needs any more.
struct Collector {
  Head& head;
  std::string_view url;
  std::string_view field;
  std::uint32_t headers = 0;
  bool value_seen = false;
  bool complete = false;
  int refuse = 0;
};

bool once(std::string_view& slot, std::string_view value) {
  if (slot.data() != nullptr) return false;
  slot = value;
  return true;
}

void take_words(std::string_view list, std::string_view word, bool& found) {
  std::string_view item;
  while (next_item(list, item)) found = found || same_word(item, word);
}

// False: a header that must be single is there twice.
bool take_header(Head& head, std::string_view field, std::string_view value) {
  if (same_word(field, "host")) {
    if (head.host_given) return false;
    head.host_given = true;
    head.host = value;
  } else if (same_word(field, "origin")) {
    if (head.origin_given) return false;
    head.origin_given = true;
    head.origin = value;
  } else if (same_word(field, "upgrade")) {
    take_words(value, "websocket", head.upgrade_websocket);
  } else if (same_word(field, "connection")) {
    take_words(value, "upgrade", head.connection_upgrade);
  } else if (same_word(field, "sec-websocket-key")) {
    return once(head.key, value);
  } else if (same_word(field, "sec-websocket-version")) {
    return once(head.version, value);
  } else if (same_word(field, "sec-websocket-accept")) {
    return once(head.accept, value);
  } else if (same_word(field, "sec-websocket-protocol")) {
    if (!head.protocols.empty()) head.protocols += ',';
    head.protocols += value;
  } else if (same_word(field, "sec-websocket-extensions")) {
    if (!head.extensions.empty()) head.extensions += ',';
    head.extensions += value;
    head.extensions_given = true;
  } else if (same_word(field, "transfer-encoding")) {
    head.body = true;
  } else if (same_word(field, "content-length")) {
    head.body = head.body || value != "0";
  }
  return true;
}

int on_url(Parser* parser, const char* at, std::size_t size) {
  static_cast<Collector*>(parser->data)->url = {at, size};
  return 0;
}

int on_field(Parser* parser, const char* at, std::size_t size) {
  auto& c = *static_cast<Collector*>(parser->data);
  c.field = {at, size};
  c.value_seen = false;
  if (++c.headers > kHeadHeaders) c.refuse = 431;
  return c.refuse != 0 ? kStop : 0;
}

int on_value(Parser* parser, const char* at, std::size_t size) {
  auto& c = *static_cast<Collector*>(parser->data);
  std::string_view value(at, size);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (c.value_seen || !take_header(c.head, c.field, value)) c.refuse = 400;
  c.value_seen = true;
  return c.refuse != 0 ? kStop : 0;
}

int on_complete(Parser* parser) {
  static_cast<Collector*>(parser->data)->complete = true;
  return kStop;
}

bool split_target(std::string_view url, Head& head) {
  if (url.empty() || url.front() != '/') return false;  // no proxy requests here
  if (std::any_of(url.begin(), url.end(), [](char c) { return c >= 0 && c <= ' '; })) return false;
  const std::size_t mark = url.find_first_of("?#");
  head.path = url.substr(0, mark);
  if (mark != std::string_view::npos) {
    head.query = url.substr(mark + 1, url.find('#', mark) - mark - 1);
  }
  return true;
}

}  // namespace

int parse_head(HeadKind kind, std::string_view text, Head& head) {
  if (text.size() > kHeadBytes) return 431;
  // Folded lines and control bytes are refused before the parser, which is lenient about them.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0' || c == '\x7f') return 400;
    if (c == '\n' && (i == 0 || text[i - 1] != '\r')) return 400;
    if (c == '\n' && i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t')) return 400;
  }
  Collector collector{.head = head, .url = {}, .field = {}};
  Settings settings{};
  settings.on_url = on_url;
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_complete;
  Parser parser{};
#ifdef CHATROOM_LLHTTP
  llhttp_init(&parser, kind == HeadKind::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  parser.data = &collector;
  static_cast<void>(llhttp_execute(&parser, text.data(), text.size()));
#else
  http_parser_init(&parser, kind == HeadKind::request ? HTTP_REQUEST : HTTP_RESPONSE);
  parser.data = &collector;
  static_cast<void>(http_parser_execute(&parser, &settings, text.data(), text.size()));
#endif
  if (collector.refuse != 0) return collector.refuse;
  if (!collector.complete) return 400;
  head.http11 = parser.http_major == 1 && parser.http_minor == 1;
  if (parser.http_major != 1) return 400;
  head.status = parser.status_code;
  if (kind == HeadKind::response) return 0;
  // The method as sent: the word before the first blank, which the parser has judged.
  head.method = text.substr(0, text.find(' '));
  if (!split_target(collector.url, head)) return 400;
  return head.http11 && !head.host_given ? 400 : 0;
}

std::size_t end_of_head(std::string_view text, std::size_t from) noexcept {
  const std::size_t at = text.find("\r\n\r\n", from < 3 ? 0 : from - 3);
  return at == std::string_view::npos ? at : at + 4;
}

bool next_item(std::string_view& list, std::string_view& item) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) return true;
  }
  return false;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string answer_bytes(const HttpResponse& response, bool head_only) {
  std::string out;
  out.reserve(256 + (head_only ? 0 : response.body.size()));
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_of(response.status)).append("\r\n");
  out.append("Content-Type: ").append(response.content_type).append("\r\n");
  out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append("X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
  if (!head_only) out.append(response.body);
  return out;
}

}  // namespace chatroom::websocket
