// HTTP heads: one class over whichever parser the machine has (llhttp, else http_parser), and the
// answers. Only http.cc knows the parser's name.
//
// Heads are small (4 KiB), so they are collected until their blank line and parsed once: one pass,
// no state between reads, every value one view into the head.
#pragma once

#include <string>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom {
struct HttpResponse;
}

namespace chatroom::websocket {

inline constexpr std::size_t kHeadBytes = 4096;
inline constexpr std::uint32_t kHeadHeaders = 64;

// What of a head matters here. Views into it.
struct Head {
  std::string_view method;  // requests
  std::string_view path;
  std::string_view query;
  int status = 0;  // responses
  bool http11 = false;
  bool body = false;        // says that a body follows
  bool host_given = false;  // an empty Host is one
  std::string_view host;
  std::string_view origin;
  bool origin_given = false;
  std::string_view key;
  std::string_view version;
  std::string_view accept;
  bool upgrade_websocket = false;   // Upgrade names it
  bool connection_upgrade = false;  // Connection names upgrade
  bool extensions_given = false;
  std::string extensions;  // all Sec-WebSocket-Extensions values, with commas between
  std::string protocols;   // all Sec-WebSocket-Protocol values, likewise
};

enum class HeadKind : std::uint8_t { request, response };

// 0: good; else the status to refuse it with (400, 431). `text` ends with the blank line.
int parse_head(HeadKind kind, std::string_view text, Head& head);

// Where the head ends (past the blank line), looking from `from` on; npos: not yet.
std::size_t end_of_head(std::string_view text, std::size_t from) noexcept;

// Walks a comma-separated list; the next item without blanks around it, false at the end.
bool next_item(std::string_view& list, std::string_view& item) noexcept;
bool same_word(std::string_view a, std::string_view b) noexcept;  // ASCII, any case

std::string_view reason_of(int status) noexcept;
// A whole answer; `head_only`: without the body, but with its length.
std::string answer_bytes(const HttpResponse& response, bool head_only);

}  // namespace chatroom::websocket
