// WordFilter: a Filter on a list of words. Links nothing but the core.
//
//   WordFilter words;
//   words.add("damn");                               // becomes ****
//   words.add("*spam*", WordFilter::Action::hold);   // anywhere in a word: waits for a moderator
//   Engine::create({...}, {.filter = &words});
//
// Looks at texts as `fold` (fold.h) sees them: FULL-WIDTH and styled letters, capitals, accents,
// what has no width and signs between letters make no other word. A word of Latin letters is found
// as a word of its own, spelt in one or with spaces between all of its letters, unless it is given
// with '*' in front or behind. Words of scripts without spaces are found anywhere. The list is one
// automaton: what a text costs hangs on its length, not on how many words there are.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "chatroom/decision.h"

namespace chatroom {

// Thread: the engine's; add only from there too, or before. Memory: from the C++ heap, some 4 KB a
// word in a list of 1,000; texts take none after the longest one.
class WordFilter final : public Filter {
 public:
  enum class Action : std::uint8_t { mask, hold, refuse };  // of several in a text: the last here

  WordFilter();
  ~WordFilter();
  WordFilter(WordFilter&&) noexcept;
  WordFilter& operator=(WordFilter&&) noexcept;

  // False: nothing is left of it when it is folded, or it is longer than 128 bytes. The list is
  // made ready with the first text that follows.
  bool add(std::string_view word, Action action = Action::mask);
  // One word a line; empty lines and those that begin with '#' are passed over. Answers how many.
  std::size_t add_lines(std::string_view lines, Action action = Action::mask);
  std::size_t size() const noexcept;

  // What becomes of a text. Views live until the next call. For hosts with a Filter of their own,
  // which may hold one list a tenant.
  Answer look(std::string_view text) noexcept;

  Answer on_text(Question, const PublishRequest& request) noexcept override {
    return look(request.message->text);
  }

 private:
  struct List;
  std::unique_ptr<List> list_;
};

}  // namespace chatroom
