// check_json: our own checker of JSON text, for `data` that arrives inside FlatBuffers and leaves
// spliced into JSON. It walks the text once with a fixed amount of stack.
#include <algorithm>
#include <cstdint>

#include "base/plant.h"
#include "base/utf8.h"
#include "wire/check.h"

namespace chatroom {

namespace wire {
namespace {

constexpr int kDepthLimit = 64;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The value of a hexadecimal digit, or -1.
int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits after "\u"; -1 if they are not.
std::int32_t unit_at(const char* at) noexcept {
  std::int32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

// Gives a checked string's content unescaped, one byte or escaped UTF-16 unit at a time. Two
// spellings of one key differ in where they are escaped, so escapes become UTF-8 bytes here.
class Unescaped {
 public:
  // `first`: behind the opening quote.
  explicit Unescaped(const char* first) noexcept : at_(first) {}

  // The next byte of the UTF-8 form, or -1 at the end.
  int next() noexcept {
    if (waiting_ > 0) return bytes_[--waiting_];
    if (*at_ == '"') return -1;
    const char c = *at_++;
    if (c != '\\') return static_cast<unsigned char>(c);
    switch (const char escape = *at_++) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        return code_point();
      default:
        return static_cast<unsigned char>(escape);  // quote, backslash, slash
    }
  }

 private:
  int code_point() noexcept {
    auto code = static_cast<std::uint32_t>(unit_at(at_));
    at_ += 4;
    if (code >= 0xd800 && code < 0xdc00) {  // the checker saw its other half
      const auto low = static_cast<std::uint32_t>(unit_at(at_ + 2));
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at_ += 6;
    }
    if (code < 0x80) return static_cast<int>(code);
    unsigned lead = 0xc0;  // bits of the first byte; the others wait, last one first
    unsigned room = 0x20;  // what still fits into the first byte
    do {
      bytes_[waiting_++] = static_cast<int>(0x80 | (code & 0x3f));
      code >>= 6;
      if (code < room) break;
      lead = lead >> 1 | 0x80;
      room >>= 1;
    } while (true);
    return static_cast<int>((lead | code) & 0xff);
  }

  const char* at_;
  int bytes_[3] = {};
  int waiting_ = 0;
};

class JsonText {
 public:
  JsonText(std::string_view text, int depth_max) noexcept
      : first_(text.data()),
        at_(first_),
        end_(first_ + text.size()),
        depth_max_(depth_max < kDepthLimit ? depth_max : kDepthLimit) {}

  bool check() noexcept {
    for (;;) {
      space();
      bool opened = false;
      if (!value(opened)) return false;
      if (opened) continue;
      // Behind a value: close what ends here, then go on to the next one.
      for (;;) {
        space();
        if (depth_ == 0) return at_ == end_;
        if (take(object_[depth_ - 1] ? '}' : ']')) {
          if (!close()) return false;
          continue;
        }
        if (!take(',')) return false;
        space();
        if (object_[depth_ - 1] && !key()) return false;
        break;
      }
    }
  }

 private:
  struct Key {
    std::uint32_t hash;
    std::uint32_t at;  // of its first byte in the text
  };

  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool word(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < word.size()) return false;
    if (std::string_view{at_, word.size()} != word) return false;
    at_ += word.size();
    return true;
  }
  bool digits() noexcept {
    if (at_ == end_ || !is_digit(*at_)) return false;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  // One value; `opened`: it was the beginning of a container that is not empty, and the next value
  // (its key read) is inside.
  bool value(bool& opened) noexcept {
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
      case '[':
        return open(opened);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool open(bool& opened) noexcept {
    const bool object = *at_++ == '{';
    if (depth_ == depth_max_) return false;
    object_[depth_] = object;
    keys_from_[depth_] = keys_;
    ++depth_;
    space();
    if (take(object ? '}' : ']')) return close();
    opened = true;
    return !object || key();
  }
  // Twins are looked for when all keys of an object are known, by sorting: comparing each with each
  // would be slow for keys that were made to hash alike.
  bool close() noexcept {
    Key* const first = key_stack_ + keys_from_[--depth_];
    Key* const last = key_stack_ + keys_;
    keys_ = keys_from_[depth_];
    std::sort(first, last, [this](Key a, Key b) { return order(a, b) < 0; });
    const auto same = [this](Key a, Key b) { return order(a, b) == 0; };
    const bool twins = std::adjacent_find(first, last, same) != last;
    return !twins || CHATROOM_PLANTED(json_duplicate_keys);
  }

  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool string() noexcept {
    if (!take('"')) return false;
    while (at_ != end_) {
      const char c = *at_++;
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool escape() noexcept {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos;
    if (end_ - at_ < 4) return false;
    const std::int32_t unit = unit_at(at_);
    if (unit <= 0) return false;  // no digits, or NUL
    at_ += 4;
    if (unit < 0xd800 || unit > 0xdfff) return true;
    if (unit >= 0xdc00 || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return false;
    const std::int32_t low = unit_at(at_ + 2);
    at_ += 6;
    return low >= 0xdc00 && low <= 0xdfff;
  }

  bool key() noexcept {
    const char* const begin = at_;
    if (!string()) return false;
    const auto key = static_cast<std::uint32_t>(begin + 1 - first_);
    std::uint32_t hash = 2'166'136'261u;
    Unescaped bytes(begin + 1);
    for (int byte = bytes.next(); byte >= 0; byte = bytes.next()) {
      hash = (hash ^ static_cast<std::uint32_t>(byte)) * 16'777'619u;
    }
    if (keys_ == kJsonKeysMax) return false;
    key_stack_[keys_++] = {hash, key};
    space();
    if (!take(':')) return false;
    return true;
  }
  // Below, at or above zero; any order does, as long as only twins are equal.
  std::int64_t order(Key a, Key b) const noexcept {
    if (a.hash != b.hash) return std::int64_t{a.hash} - b.hash;
    Unescaped left(first_ + a.at);
    Unescaped right(first_ + b.at);
    int byte = 0;
    int other = 0;
    do {
      byte = left.next();
      other = right.next();
    } while (byte == other && byte >= 0);
    return byte - other;
  }

  const char* const first_;
  const char* at_;
  const char* const end_;
  const int depth_max_;
  int depth_ = 0;
  bool object_[kDepthLimit] = {};
  std::size_t keys_from_[kDepthLimit] = {};  // where the keys of each open object begin
  // Keys of all open objects, as a stack.
  std::size_t keys_ = 0;
  Key key_stack_[kJsonKeysMax];
};

}  // namespace
}  // namespace wire

Status check_json(Bytes bytes, int depth_max) noexcept {
  const std::string_view text = as_text(bytes);
  if (bytes.size() > UINT32_MAX || !base::valid_utf8(text)) {
    return wire::bad_request(wire::Field::data);
  }
  if (!wire::JsonText(text, depth_max).check()) return wire::bad_request(wire::Field::data);
  return {};
}

}  // namespace chatroom
