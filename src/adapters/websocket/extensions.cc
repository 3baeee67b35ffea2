#include "websocket/extensions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace chatroom::websocket {

namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr int kLeastBits = 8;   // that the RFC knows
constexpr int kOurLeast = 9;    // that we can keep to when we send
constexpr int kWholeBits = 15;  // what nobody has to ask for

struct Param {
  std::string_view name;
  std::optional<std::string> value;
};
struct Offer {
  std::string_view name;
  std::vector<Param> params;
};

bool is_token_character(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 6455 9.1, by descent.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  bool read(std::vector<Offer>& offers) {
    do {
      blanks();
      if (rest_.empty() || rest_.front() == ',') continue;  // lists may have empty places
      Offer offer;
      if (!token(offer.name)) return false;
      while (take(';')) {
        Param param;
        if (!token(param.name)) return false;
        if (take('=') && !value(param.value.emplace())) return false;
        offer.params.push_back(std::move(param));
      }
      offers.push_back(std::move(offer));
    } while (take(','));
    return rest_.empty() && !offers.empty();
  }

 private:
  void blanks() noexcept {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  bool take(char wanted) noexcept {
    blanks();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool token(std::string_view& out) noexcept {
    blanks();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    out = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(out.size());
    return !out.empty();
  }
  // A quoted value must be a token too once it is unquoted.
  bool value(std::string& out) {
    blanks();
    if (rest_.empty() || rest_.front() != '"') {
      std::string_view plain;
      if (!token(plain)) return false;
      out = plain;
      return true;
    }
    for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
      if (rest_.front() == '"') {
        rest_.remove_prefix(1);
        return !out.empty();
      }
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty() || !is_token_character(rest_.front())) return false;
      out += rest_.front();
    }
    return false;
  }

  std::string_view rest_;
};

// 8 to 15 as RFC 7692 writes them: no sign, no leading zero. 0: anything else.
int window_bits(std::string_view text) noexcept {
  for (int bits = kLeastBits; bits <= kWholeBits; ++bits) {
    if (text == std::to_string(bits)) return bits;
  }
  return 0;
}

struct Terms {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  int server_bits = 0;  // 0: not said
  int client_bits = 0;
};

// False: an offer (or an answer) that must be declined (RFC 7692 7.1): a parameter that is unknown,
// there twice, or has a value that it must not have.
bool read_terms(const Offer& offer, bool answer, Terms& terms) noexcept {
  std::array<bool, 4> seen{};
  for (const Param& param : offer.params) {
    constexpr std::string_view kNames[] = {"server_no_context_takeover",
                                           "client_no_context_takeover", "server_max_window_bits",
                                           "client_max_window_bits"};
    const auto* const known = std::find(std::begin(kNames), std::end(kNames), param.name);
    if (known == std::end(kNames)) return false;
    const auto at = static_cast<std::size_t>(known - kNames);
    if (std::exchange(seen[at], true)) return false;
    const bool valued = param.value.has_value();
    const int bits = valued ? window_bits(*param.value) : 0;
    if (at < 2 ? valued : valued && bits == 0) return false;
    if (at >= 2 && !valued && (at == 2 || answer)) return false;
    if (at == 0) terms.server_no_takeover = true;
    if (at == 1) terms.client_no_takeover = true;
    if (at == 2) terms.server_bits = bits;
    if (at == 3) terms.client_bits = bits;
  }
  return true;
}

}  // namespace

Agreed agree(std::string_view offers) {
  Agreed agreed;
  std::vector<Offer> list;
  if (!Reader(offers).read(list)) {
    agreed.malformed = true;
    return agreed;
  }
  for (const Offer& offer : list) {
    Terms terms;
    if (offer.name != kName || !read_terms(offer, false, terms)) continue;
    if (terms.server_bits != 0 && terms.server_bits < kOurLeast) continue;
    agreed.answer.append(kName).append("; client_no_context_takeover");
    if (terms.server_no_takeover) agreed.answer.append("; server_no_context_takeover");
    if (terms.server_bits != 0) {
      agreed.answer.append("; server_max_window_bits=").append(std::to_string(terms.server_bits));
    }
    const bool small = terms.server_bits != 0 && terms.server_bits < kWholeBits;
    agreed.compress = terms.server_no_takeover || small ? Compress::alone : Compress::chained;
    break;
  }
  return agreed;
}

bool offer_accepted(std::string_view answer) {
  std::vector<Offer> list;
  Terms terms;
  return Reader(answer).read(list) && list.size() == 1 && list[0].name == kName &&
         read_terms(list[0], true, terms) && terms.server_no_takeover && terms.client_bits == 0;
}

}  // namespace chatroom::websocket
