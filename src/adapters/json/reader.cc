#include "json/reader.h"

#include <algorithm>
#include <cstring>
#include <new>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <simdjson.h>
#pragma GCC diagnostic pop

namespace chatroom::json {
namespace {

namespace ondemand = simdjson::ondemand;

// Enough for a page of 100 messages or a presence list of 500 members.
constexpr std::uint32_t kNodesMax = 8192;
// Below this many keys comparing each with each beats sorting.
constexpr std::size_t kFewKeys = 16;

// Objects and arrays under these keys hold what the protocol names; any other container is passed
// on raw or ignored, so its elements are checked but not listed.
constexpr std::string_view kContainers[] = {
    "since",   "channels", "mentions",   "error",   "ok",     "limits", "state",
    "changed", "policy",   "messages",   "members", "joins",  "leaves", "classes",
    "rooms",   "pinned",   "attributes", "message", "changes"};

bool is_container_of_ours(std::string_view key) noexcept {
  return std::find(std::begin(kContainers), std::end(kContainers), key) != std::end(kContainers);
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Whether `text` is a number by the grammar, of any size. Not left to simdjson, which refuses those
// that no double can hold.
bool is_number(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto take = [&](char c) {
    if (at == text.size() || text[at] != c) return false;
    ++at;
    return true;
  };
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > start;
  };
  take('-');
  if (!take('0') && !digits()) return false;
  if (take('.') && !digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) return false;
  }
  return at == text.size();
}

// Tells a lone surrogate (JSON, but of no use) from what no JSON string may hold. `text` begins
// behind the opening quote.
bool has_valid_escapes(const char* text) noexcept {
  const auto is_hex = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  for (; *text != '"'; ++text) {
    if (*text != '\\') continue;
    ++text;
    if (*text == 'u') {
      for (int i = 0; i < 4; ++i) {
        if (!is_hex(*++text)) return false;
      }
    } else if (std::string_view("\"\\/bfnrt").find(*text) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

std::string_view without_space_behind(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool has_twins(std::span<std::string_view> keys) noexcept {
  if (keys.size() <= kFewKeys) {
    for (std::size_t i = 1; i < keys.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (keys[i] == keys[j]) return true;
      }
    }
    return false;
  }
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

}  // namespace

struct Reader::Parts {
  explicit Parts(std::uint32_t longest) noexcept
      : max_frame(longest),
        text(new (std::nothrow) char[longest + simdjson::SIMDJSON_PADDING]),
        unescaped(new (std::nothrow) std::uint8_t[longest + simdjson::SIMDJSON_PADDING]),
        keys(new (std::nothrow) std::string_view[kEventBounds.keys]),
        nodes(new (std::nothrow) Node[kNodesMax]) {
    complete = text && unescaped && keys && nodes;
    if (complete) complete = parser.allocate(longest) == simdjson::SUCCESS;
  }

  // Each answers false when the text is not JSON.
  bool read_root(ondemand::document& document) noexcept;
  bool read_object(simdjson::simdjson_result<ondemand::object> object, std::uint32_t depth,
                   bool listed) noexcept;
  bool read_array(simdjson::simdjson_result<ondemand::array> array, std::uint32_t depth,
                  bool listed) noexcept;
  bool read_value(ondemand::value value, std::string_view key, std::uint32_t depth,
                  bool listed) noexcept;
  bool read_scalar(ondemand::value& value, ondemand::json_type type, std::string_view token,
                   Node& node) noexcept;
  bool read_string(const char* behind_quote, std::string_view& out) noexcept;
  bool read_container(ondemand::value& value, bool is_object, std::uint32_t depth,
                      bool listed) noexcept;

  Node* add_node() noexcept {
    if (node_count == kNodesMax) {
      refused = true;
      return nullptr;
    }
    Node& node = nodes[node_count++];
    node = Node{};
    return &node;
  }
  // The frame's own bytes for a piece of the padded copy.
  std::string_view raw(std::string_view piece) const noexcept {
    return frame.substr(static_cast<std::size_t>(piece.data() - text.get()), piece.size());
  }

  const std::uint32_t max_frame;
  bool complete = false;
  std::unique_ptr<char[]> text;  // the frame, with the room behind it that simdjson reads into
  // All strings of the frame. The parser has such a block too, but does not say if it got none.
  std::unique_ptr<std::uint8_t[]> unescaped;
  std::unique_ptr<std::string_view[]> keys;  // of the objects that are open, outermost first
  std::unique_ptr<Node[]> nodes;
  ondemand::parser parser;

  std::string_view frame;
  std::uint8_t* unescaped_end = nullptr;
  std::uint32_t node_count = 0;
  std::uint32_t key_count = 0;
  Bounds bounds = kCommandBounds;
  const char* data_end = nullptr;  // where the value that is read must be over; null: anywhere
  bool refused = false;
  bool too_large = false;
};

Reader::Reader(std::uint32_t max_frame) noexcept : parts_(new (std::nothrow) Parts(max_frame)) {
  if (parts_ && !parts_->complete) parts_.reset();
}
Reader::~Reader() = default;

std::span<const Node> Reader::nodes() const noexcept {
  return {parts_->nodes.get(), parts_->node_count};
}

Verdict Reader::read(std::string_view frame, Bounds bounds) noexcept {
  Parts& parts = *parts_;
  parts.bounds = bounds;
  parts.frame = frame;
  parts.unescaped_end = parts.unescaped.get();
  parts.node_count = 0;
  parts.key_count = 0;
  parts.refused = parts.too_large = false;
  parts.data_end = nullptr;
  if (frame.size() > parts.max_frame) return Verdict::refused;
  if (frame.empty()) return Verdict::not_json;
  std::memcpy(parts.text.get(), frame.data(), frame.size());
  std::memset(parts.text.get() + frame.size(), 0, simdjson::SIMDJSON_PADDING);

  ondemand::document document;
  const bool begun =
      parts.parser
          .iterate(parts.text.get(), frame.size(), frame.size() + simdjson::SIMDJSON_PADDING)
          .get(document) == simdjson::SUCCESS;
  if (!begun || !parts.read_root(document)) {
    parts.node_count = 0;
    return Verdict::not_json;
  }
  if (parts.too_large) return Verdict::too_large;
  return parts.refused ? Verdict::refused : Verdict::good;
}

bool Reader::Parts::read_root(ondemand::document& document) noexcept {
  Node& root = *add_node();
  root.type = Type::object;
  root.raw = frame;
  if (!read_object(document.get_object(), 1, true)) return false;
  root.end = node_count;
  // Nothing but space may follow: the text is at its end when there is no next token.
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// Both loops step over what of a value was not read, and whatever goes wrong there comes to light
// with the next element.
bool Reader::Parts::read_object(simdjson::simdjson_result<ondemand::object> object,
                                std::uint32_t depth, bool listed) noexcept {
  const std::uint32_t first_key = key_count;
  for (auto entry : object) {
    ondemand::field field;
    if (std::move(entry).get(field) != simdjson::SUCCESS) return false;
    const char* const behind_quote = field.key().raw();
    std::string_view key;
    if (!read_string(behind_quote, key)) return false;
    if (key_count < bounds.keys) {
      keys[key_count++] = key;
    } else {
      refused = true;
    }
    if (!read_value(field.value(), key, depth, listed)) return false;
    if (too_large && data_end != nullptr) break;
  }
  if (has_twins({keys.get() + first_key, key_count - first_key})) refused = true;
  key_count = first_key;
  return true;
}

bool Reader::Parts::read_array(simdjson::simdjson_result<ondemand::array> array,
                               std::uint32_t depth, bool listed) noexcept {
  for (auto element : array) {
    ondemand::value value;
    if (std::move(element).get(value) != simdjson::SUCCESS) return false;
    if (!read_value(value, {}, depth, listed)) return false;
    if (too_large && data_end != nullptr) break;
  }
  return true;
}

bool Reader::Parts::read_value(ondemand::value value, std::string_view key, std::uint32_t depth,
                               bool listed) noexcept {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  const std::string_view token = without_space_behind(value.raw_json_token());

  const bool bounded = bounds.data != 0 && depth == 1 && key == "data";
  if (bounded) data_end = token.data() + bounds.data;
  if (data_end != nullptr && token.data() + token.size() > data_end) {
    // The loops step over what is left of it, but would take a string for a key.
    if (type == ondemand::json_type::string) (void)value.get_raw_json_string();
    if (bounded) data_end = nullptr;
    return too_large = true;
  }

  const std::uint32_t index = node_count;
  Node spare;
  Node* node = listed ? add_node() : nullptr;
  if (node == nullptr) {
    listed = false;
    node = &spare;
  }
  node->key = key;
  const bool is_object = type == ondemand::json_type::object;
  if (is_object || type == ondemand::json_type::array) {
    node->type = is_object ? Type::object : Type::array;
    const bool list_inside = listed && (key.empty() || is_container_of_ours(key));
    if (!read_container(value, is_object, depth + 1, list_inside)) return false;
    // The next token ends this value; one inside the root has another behind it.
    const char* to = nullptr;
    if (value.current_location().get(to) != simdjson::SUCCESS) return false;
    node->raw = raw(without_space_behind({token.data(), to}));
  } else {
    if (!read_scalar(value, type, token, *node)) return false;
    node->raw = raw(token);
  }
  if (bounded) {
    data_end = nullptr;
    too_large = too_large || node->raw.size() > bounds.data;
  }
  if (listed) nodes[index].end = node_count;
  return true;
}

bool Reader::Parts::read_container(ondemand::value& value, bool is_object, std::uint32_t depth,
                                   bool listed) noexcept {
  if (depth > bounds.depth) {
    // Deeper text is stepped over unread: the frame is refused whatever it says.
    refused = true;
    return true;
  }
  return is_object ? read_object(value.get_object(), depth, listed)
                   : read_array(value.get_array(), depth, listed);
}

bool Reader::Parts::read_string(const char* behind_quote, std::string_view& out) noexcept {
  const ondemand::raw_json_string as_written(reinterpret_cast<const std::uint8_t*>(behind_quote));
  if (parser.unescape(as_written, unescaped_end).get(out) == simdjson::SUCCESS) {
    refused = refused || out.find('\0') != out.npos;
    return true;
  }
  refused = true;
  return has_valid_escapes(behind_quote);
}

bool Reader::Parts::read_scalar(ondemand::value& value, ondemand::json_type type,
                                std::string_view token, Node& node) noexcept {
  switch (type) {
    case ondemand::json_type::string:
      node.type = Type::string;
      (void)value.get_raw_json_string();  // steps over it: the loop would take it for a key
      return read_string(token.data() + 1, node.text);
    case ondemand::json_type::number:
      node.type = Type::number;
      node.text = token;
      return is_number(token);
    case ondemand::json_type::boolean:
      node.type = Type::boolean;
      node.truth = token == "true";
      return node.truth || token == "false";
    default:
      return token == "null";
  }
}

}  // namespace chatroom::json
