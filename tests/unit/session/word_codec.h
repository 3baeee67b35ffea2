// A codec of words for the tests of the session layer: "join 5" is op join with id 5. What the real
// codecs make of real frames is their own tests' business; here every verdict can be asked for.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "chatroom/codec.h"

namespace chatroom {

// "<op> <id>"; an op followed by "!" has bad fields; id "x" cannot be echoed; "?" is not our
// language. A third word is the token, "resume" instead of a token a resume token.
class WordCodec final : public Codec {
 public:
  Decoded decode(Bytes frame, Command& command) noexcept override {
    ++decoded;
    address = frame.data();
    std::string_view text = as_text(frame);
    const std::string_view op = word(text);
    const std::string_view id = word(text);
    const std::string_view rest = word(text);
    if (op.empty() || op[0] == '?') return {.status = Errc::bad_request, .fatal = true};
    const bool bad = op.back() == '!';
    command.op = op_from(bad ? op.substr(0, op.size() - 1) : op);
    if (id == "x") return {.status = Errc::bad_request, .unusable_id = true};
    std::from_chars(id.data(), id.data() + id.size(), command.id);
    (rest == "resume" ? command.resume : command.token) = rest;
    return {.status = bad ? Status(Errc::bad_request) : Status()};
  }
  std::size_t encode(const Event&, MutableBytes) noexcept override { return 0; }
  Decoded decode(Bytes, Event&) noexcept override { return {}; }
  std::size_t encode(const Command&, MutableBytes) noexcept override { return 0; }

  int decoded = 0;
  const std::byte* address = nullptr;

 private:
  static std::string_view word(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return first;
  }
};

// `payload` as one PLAIN outer frame.
inline std::string outer(std::string_view payload, char type = '\x30') {
  std::string frame(1, type);
  for (int shift : {0, 8, 16}) frame += static_cast<char>(payload.size() >> shift & 0xff);
  return frame.append(payload);
}
inline std::string deflated(std::string_view payload) { return outer(payload, '\x31'); }

}  // namespace chatroom
