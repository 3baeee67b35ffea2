// Writer: compact JSON into a span that somebody else owns. Runs out of room quietly: `finish`
// answers 0 then.
#pragma once

#include <charconv>
#include <cstring>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom::json {

class Writer {
 public:
  explicit Writer(MutableBytes out) noexcept
      : begin_(reinterpret_cast<char*>(out.data())), at_(begin_), end_(begin_ + out.size()) {}

  std::size_t finish() const noexcept { return full_ ? 0 : static_cast<std::size_t>(at_ - begin_); }

  // Separators are the writer's: a comma comes before whatever follows a complete value.
  void open(char bracket) noexcept {
    separate();
    put(bracket);
    fresh_ = true;
  }
  void close(char bracket) noexcept {
    put(bracket);
    fresh_ = false;
  }
  void key(std::string_view name) noexcept {  // one of ours: needs no escapes
    separate();
    put('"');
    put(name);
    put('"');
    put(':');
    fresh_ = true;
  }

  // A key that is somebody else's.
  void open_field(std::string_view name) noexcept {
    text(name);
    put(':');
    fresh_ = true;
  }

  void text(std::string_view value) noexcept {
    separate();
    put('"');
    escaped(value);
    put('"');
  }
  void number(std::uint64_t value) noexcept { digits(value); }
  void number(std::int64_t value) noexcept { digits(value); }
  void truth(bool value) noexcept { raw(value ? "true" : "false"); }
  void null() noexcept { raw("null"); }
  // JSON as it stands.
  void raw(std::string_view json) noexcept {
    separate();
    put(json);
  }
  void base64(Bytes bytes) noexcept;

  // A field at once. The `_if` forms leave out what has its default.
  void field(std::string_view name, std::string_view value) noexcept { key(name), text(value); }
  void field(std::string_view name, std::uint64_t value) noexcept { key(name), number(value); }
  void field_signed(std::string_view name, std::int64_t value) noexcept {
    key(name), number(value);
  }
  void field_truth(std::string_view name, bool value) noexcept { key(name), truth(value); }
  void field_if(std::string_view name, std::string_view value) noexcept {
    if (!value.empty()) field(name, value);
  }
  void field_if(std::string_view name, std::uint64_t value) noexcept {
    if (value != 0) field(name, value);
  }

 private:
  void separate() noexcept {
    if (!fresh_) put(',');
    fresh_ = false;
  }
  void put(char c) noexcept {
    if (at_ == end_) {
      full_ = true;
      return;
    }
    *at_++ = c;
  }
  void put(std::string_view piece) noexcept {
    if (piece.size() > static_cast<std::size_t>(end_ - at_)) {
      full_ = true;
      at_ = end_;
      return;
    }
    if (!piece.empty()) std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }
  template <class Integer>
  void digits(Integer value) noexcept {
    separate();
    const auto [end, error] = std::to_chars(at_, end_, value);
    full_ = full_ || error != std::errc();
    at_ = end;
  }
  void escaped(std::string_view value) noexcept;

  char* begin_;
  char* at_;
  char* end_;
  bool fresh_ = true;  // nothing before that asks for a comma
  bool full_ = false;
};

}  // namespace chatroom::json
