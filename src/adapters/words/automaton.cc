#include "words/automaton.h"

#include <algorithm>

namespace chatroom::words {

void Automaton::add(std::string_view word, std::uint32_t index) {
  const auto begin = static_cast<std::uint32_t>(texts_.size());
  texts_.insert(texts_.end(), word.begin(), word.end());
  words_.push_back({begin, static_cast<std::uint32_t>(word.size()), index, kNone});
}

void Automaton::build() {
  choose_columns();
  plant();
  join();
}

// Column 0 is of all bytes that are in no word.
void Automaton::choose_columns() {
  columns_.fill(0);
  width_ = 1;
  for (const char c : texts_) {
    std::uint32_t& column = columns_[static_cast<std::uint8_t>(c)];
    if (column == 0) column = width_++;
  }
}

// While the tree grows, steps are numbers of states, and 0 is none: no step leads to the root.
void Automaton::plant() {
  steps_.assign(width_, 0);
  ends_.assign(1, End{});
  for (std::uint32_t i = 0; i < words_.size(); ++i) {
    Word& word = words_[i];
    std::uint32_t state = 0;
    for (std::uint32_t at = 0; at < word.text_size; ++at) {
      const auto byte = static_cast<std::uint8_t>(texts_[word.text_begin + at]);
      const std::size_t place = std::size_t{state} * width_ + columns_[byte];
      if (steps_[place] == 0) {
        steps_[place] = static_cast<std::uint32_t>(ends_.size());
        ends_.emplace_back();
        steps_.resize(steps_.size() + width_, 0);
      }
      state = steps_[place];
    }
    word.twin = ends_[state].first;
    ends_[state].first = i;
  }
}

// By length, the shortest first: what a state falls back to is complete when its turn comes.
void Automaton::join() {
  std::vector<std::uint32_t> fallback(ends_.size(), 0);
  std::vector<std::uint32_t> order = {0};
  order.reserve(ends_.size());
  for (std::size_t turn = 0; turn < order.size(); ++turn) {
    const std::uint32_t state = order[turn];
    const std::uint32_t back = fallback[state];
    if (state != 0) {
      ends_[state].shorter = ends_[back].first != kNone ? back : ends_[back].shorter;
    }
    for (std::uint32_t column = 0; column < width_; ++column) {
      std::uint32_t& step = steps_[std::size_t{state} * width_ + column];
      const std::uint32_t other = state == 0 ? 0 : steps_[std::size_t{back} * width_ + column];
      if (step == 0) {
        step = other;
      } else {
        fallback[step] = other;
        order.push_back(step);
      }
    }
  }
  for (std::uint32_t& step : steps_) {
    const End& end = ends_[step];
    const bool ends = end.first != kNone || end.shorter != kNone;
    step = step * width_ | (ends ? kEnds : 0);
  }
}

}  // namespace chatroom::words
