// Fields: typed reading of one object's fields. Null counts as absent; a wrong type or a number out
// of range is remembered, and asked for once at the end. What values may be beyond their type is
// checked by check_command, for all codecs alike.
#pragma once

#include <charconv>

#include "chatroom/codec_checks.h"
#include "json/reader.h"

namespace chatroom::json {

class Fields {
 public:
  Fields(std::span<const Node> nodes, std::size_t object) noexcept
      : nodes_(nodes), object_(object) {}

  bool good() const noexcept { return good_; }
  void fail() noexcept { good_ = false; }

  // The value's index, or 0 (the root, which is nobody's value) when absent.
  std::size_t find(std::string_view key) const noexcept {
    for (const std::size_t at : Children(nodes_, object_)) {
      if (nodes_[at].key == key) return nodes_[at].type == Type::null ? 0 : at;
    }
    return 0;
  }
  bool has(std::string_view key) const noexcept { return find(key) != 0; }
  const Node& node(std::size_t at) const noexcept { return nodes_[at]; }
  std::span<const Node> all() const noexcept { return nodes_; }

  // Each answers whether the field was there and is good.
  bool text(std::string_view key, std::string_view& out) noexcept {
    const std::size_t at = find(key);
    return at != 0 && text_of(nodes_[at], out);
  }
  // A string that may be absent, but not empty.
  bool name(std::string_view key, std::string_view& out) noexcept {
    if (!text(key, out)) return false;
    return !out.empty() || (good_ = false);
  }
  bool truth(std::string_view key, bool& out) noexcept {
    const std::size_t at = find(key);
    if (at == 0) return false;
    if (nodes_[at].type != Type::boolean) return good_ = false;
    out = nodes_[at].truth;
    return true;
  }
  template <class Integer>
  bool number(std::string_view key, Integer& out, std::uint64_t least = 0,
              std::uint64_t most = kIntegerMax) noexcept {
    const std::size_t at = find(key);
    if (at == 0) return false;
    if (sizeof(Integer) < 8 && most > UINT32_MAX) most = UINT32_MAX;
    const std::string_view digits = nodes_[at].text;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (nodes_[at].type != Type::number || error != std::errc() ||
        end != digits.data() + digits.size() || value < least || value > most) {
      return good_ = false;
    }
    out = static_cast<Integer>(value);
    return true;
  }
  // The whole numbers of an array; more than `out` holds is bad.
  std::span<const std::uint64_t> numbers(std::size_t array, std::span<std::uint64_t> out) noexcept {
    std::size_t count = 0;
    for (const std::size_t at : Children(nodes_, array)) {
      const std::string_view digits = nodes_[at].text;
      if (count == out.size() || nodes_[at].type != Type::number)
        return good_ = false, out.first(0);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), out[count]);
      if (error != std::errc() || end != digits.data() + digits.size()) {
        return good_ = false, out.first(0);
      }
      ++count;
    }
    return out.first(count);
  }
  // A container of the wanted type, or 0.
  std::size_t container(std::string_view key, Type type) noexcept {
    const std::size_t at = find(key);
    if (at != 0 && nodes_[at].type != type) {
      good_ = false;
      return 0;
    }
    return at;
  }
  // Fills `out` with the strings of an array; more than it holds is bad.
  std::span<const std::string_view> texts(std::string_view key,
                                          std::span<std::string_view> out) noexcept {
    const std::size_t array = container(key, Type::array);
    std::size_t count = 0;
    if (array == 0) return {};
    for (const std::size_t at : Children(nodes_, array)) {
      if (count == out.size() || !text_of(nodes_[at], out[count])) {
        good_ = false;
        return {};
      }
      ++count;
    }
    return out.first(count);
  }

 private:
  bool text_of(const Node& node, std::string_view& out) noexcept {
    if (node.type != Type::string) return good_ = false;
    out = node.text;
    return true;
  }

  std::span<const Node> nodes_;
  std::size_t object_;
  bool good_ = true;
};

}  // namespace chatroom::json
