// Deflater: stands in for a compressor, and is stricter than one: a message says which one of its
// chain came right before it, and whoever reads it must have read just that. So a run that is
// served to somebody who stands elsewhere is noticed at its first frame that refers back.
#pragma once

#include <cstring>
#include <string>
#include <unordered_map>

#include "chatroom/compressor.h"

namespace chatroom::sim {

class Deflater final : public Compressor {
 public:
  static constexpr std::size_t kBytes = 16;  // of every message: its number, that before it

  void restart(std::uint8_t) noexcept override { last_ = 0; }

  std::size_t deflate(std::span<const Bytes> payload, MutableBytes out) noexcept override {
    if (out.size() < kBytes) return 0;
    std::string plain;
    for (const Bytes piece : payload) plain.append(as_text(piece));
    const std::uint64_t number = ++made_;
    std::memcpy(out.data(), &number, 8);
    std::memcpy(out.data() + 8, &last_, 8);
    plain_[number] = std::move(plain);
    last_ = number;
    return kBytes;
  }

  // Members here send nothing deflated.
  Inflated inflate(Bytes, MutableBytes) noexcept override { return {Outcome::bad, 0}; }

  struct Message {
    std::uint64_t number = 0;
    std::uint64_t before = 0;  // 0: it begins a chain
    const std::string* plain = nullptr;
  };
  Message find(Bytes message) const {
    Message found;
    if (message.size() != kBytes) return found;
    std::memcpy(&found.number, message.data(), 8);
    std::memcpy(&found.before, message.data() + 8, 8);
    const auto at = plain_.find(found.number);
    if (at != plain_.end()) found.plain = &at->second;
    return found;
  }

 private:
  std::uint64_t made_ = 0;
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, std::string> plain_;
};

// One member's.
class DeflatedReader final : public Inflater {
 public:
  explicit DeflatedReader(const Deflater& deflater) noexcept : deflater_(deflater) {}

  void restart() noexcept override { last_ = 0; }
  Compressor::Inflated inflate(Bytes message, MutableBytes out) noexcept override {
    using Outcome = Compressor::Outcome;
    const Deflater::Message found = deflater_.find(message);
    if (found.plain == nullptr || (found.before != 0 && found.before != last_)) {
      return {Outcome::bad, 0};
    }
    if (found.plain->size() > out.size()) return {Outcome::too_large, 0};
    last_ = found.number;
    std::memcpy(out.data(), found.plain->data(), found.plain->size());
    return {Outcome::whole, found.plain->size()};
  }

 private:
  const Deflater& deflater_;
  std::uint64_t last_ = 0;
};

}  // namespace chatroom::sim
