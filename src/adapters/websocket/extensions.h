// Extensions: what a Sec-WebSocket-Extensions header offers, and what of it we agree to:
// permessage- deflate (RFC 7692), the first offer that we can meet, or none.
#pragma once

#include <string>
#include <string_view>

#include "chatroom/framing.h"

namespace chatroom::websocket {

struct Agreed {
  bool malformed = false;  // not the header's grammar: the handshake fails
  Compress compress = Compress::none;
  std::string answer;  // the header's value in the response; empty: no such header
};

// A server's side of it. We take a peer's messages one by one (client_no_context_takeover), so that
// no link keeps a window.
Agreed agree(std::string_view offers);

// What a client of ours offers, and whether a server's answer is one to that.
inline constexpr std::string_view kClientOffer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
bool offer_accepted(std::string_view answer);

}  // namespace chatroom::websocket
