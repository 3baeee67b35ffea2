// Reader: one JSON frame to a flat list of nodes, everything checked on the way. The only file
// pair that knows simdjson; what the nodes mean is decided by command_reader and event_reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "chatroom/codec_checks.h"
#include "chatroom/types.h"

namespace chatroom::json {

// How deep a frame may go, its own braces being the first level, and how many keys the objects open
// at once may have. Events hold what commands said, in a page up to four levels further down.
// `data` of the frame itself is looked at so far and no further; 0: to its end.
struct Bounds {
  std::uint32_t depth;
  std::uint32_t keys;
  std::uint32_t data = 0;
};
inline constexpr Bounds kCommandBounds{kFrameDepthMax, kJsonKeysMax};
inline constexpr Bounds kEventBounds{kFrameDepthMax + 4, kJsonKeysMax + 64};

enum class Type : std::uint8_t { null, boolean, number, string, array, object };

// Nodes stand in the order of the text; a container's elements follow it up to `end`. The root is
// node 0. Views live until the next read.
struct Node {
  Type type = Type::null;
  bool truth = false;
  std::uint32_t end = 0;  // index of the first node behind this one and all it holds
  std::string_view key;   // unescaped; empty in arrays
  std::string_view text;  // string: unescaped; number: as written
  std::string_view raw;   // the value as it stood in the frame; lives as long as the frame
};

// What a frame is worth, from good to hopeless.
enum class Verdict : std::uint8_t {
  good,
  refused,    // JSON, but not by our rules: depth, duplicate keys, NUL, lone surrogates, too large
  too_large,  // its `data` is: what stands there was not read to its end
  not_json,   // not an object in UTF-8 JSON
};

// Thread: one. After construction nothing is allocated.
class Reader {
 public:
  explicit Reader(std::uint32_t max_frame) noexcept;
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool ready() const noexcept { return parts_ != nullptr; }
  // Reads all of `frame`. When refused, nodes() holds what could be told apart all the same, so
  // that an answer can carry the command's id.
  Verdict read(std::string_view frame, Bounds bounds) noexcept;
  std::span<const Node> nodes() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The children of a container, to be walked with a range-for.
class Children {
 public:
  Children(std::span<const Node> nodes, std::size_t parent) noexcept
      : nodes_(nodes), first_(parent + 1), end_(nodes[parent].end) {}
  class Iterator {
   public:
    Iterator(std::span<const Node> nodes, std::size_t at) noexcept : nodes_(nodes), at_(at) {}
    std::size_t operator*() const noexcept { return at_; }
    Iterator& operator++() noexcept {
      at_ = nodes_[at_].end;
      return *this;
    }
    bool operator!=(const Iterator& other) const noexcept { return at_ != other.at_; }

   private:
    std::span<const Node> nodes_;
    std::size_t at_;
  };
  Iterator begin() const noexcept { return {nodes_, first_}; }
  Iterator end() const noexcept { return {nodes_, end_}; }

 private:
  std::span<const Node> nodes_;
  std::size_t first_;
  std::size_t end_;
};

}  // namespace chatroom::json
