// Automaton: Aho and Corasick's machine over bytes. One step a byte finds every word of the list
// that ends there, however many words there are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace chatroom::words {

// A table with a row a state and a column for each byte that is in any word; bytes that are in none
// share one. A state is the beginning of its row, so that a step is one addition and one load; its
// top bit says that words end there.
class Automaton final {
 public:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr bool ends_words(std::uint32_t state) noexcept { return (state & kEnds) != 0; }

  void add(std::string_view word, std::uint32_t index);
  void build();

  std::uint32_t next(std::uint32_t state, char byte) const noexcept {
    return steps_[(state & ~kEnds) + columns_[static_cast<std::uint8_t>(byte)]];
  }
  // Calls found(index, length) for each word that ends at `state`, the longest first.
  template <class Found>
  void each_end(std::uint32_t state, Found found) const {
    std::uint32_t at = (state & ~kEnds) / width_;
    if (ends_[at].first == kNone) at = ends_[at].shorter;
    for (; at != kNone; at = ends_[at].shorter) {
      for (std::uint32_t word = ends_[at].first; word != kNone; word = words_[word].twin) {
        found(words_[word].index, words_[word].text_size);
      }
    }
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kEnds = 1u << 31;

  struct Word {
    std::uint32_t text_begin;
    std::uint32_t text_size;
    std::uint32_t index;
    std::uint32_t twin;  // the same text again
  };
  struct End {
    std::uint32_t first = kNone;    // word
    std::uint32_t shorter = kNone;  // state of the longest ending that ends words too
  };

  void choose_columns();
  void plant();  // the tree of the words
  void join();   // where to go on when a word breaks off

  std::vector<char> texts_;
  std::vector<Word> words_;
  std::array<std::uint32_t, 256> columns_{};
  std::uint32_t width_ = 1;
  std::vector<std::uint32_t> steps_ = {0};
  std::vector<End> ends_ = {End{}};
};

}  // namespace chatroom::words
