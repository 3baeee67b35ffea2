// WordFilter: what a match must be, beside letters in a row, and what becomes of the text.
#include "chatroom/adapters/words.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "chatroom/fold.h"
#include "words/automaton.h"

namespace chatroom {

namespace {

constexpr std::size_t kWordBytes = 128;

bool is_latin(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

struct WordFilter::List {
  struct Word {
    Action action = Action::mask;
    bool begins = false;  // only where a word begins
    bool ends = false;    // only where one ends
    bool phrase = false;  // has spaces itself
  };

  // One letter of a text that is left when it is folded: a byte of it.
  struct Letter {
    std::uint32_t begin;  // of its character, in the text
    std::uint32_t end;
    char byte;
  };

  bool whole(std::string_view text, const Word& word, std::size_t first,
             std::size_t last) const noexcept;
  void mark(std::string_view text, std::size_t first, std::size_t last);
  void scan(std::string_view text);
  void check(std::string_view text, std::uint32_t state, std::size_t used);

  std::array<char, 128> ascii{};  // folded
  words::Automaton automaton;
  std::vector<Word> words;
  bool ready = false;
  // Of the text that is looked at.
  std::vector<Letter> letters;
  std::string masked;
  Action worst = Action::mask;
  bool found = false;
};

WordFilter::WordFilter() : list_(std::make_unique<List>()) {
  for (char32_t c = 0; c < list_->ascii.size(); ++c) list_->ascii[c] = static_cast<char>(fold(c));
}
WordFilter::~WordFilter() = default;
WordFilter::WordFilter(WordFilter&&) noexcept = default;
WordFilter& WordFilter::operator=(WordFilter&&) noexcept = default;

std::size_t WordFilter::size() const noexcept { return list_->words.size(); }

bool WordFilter::add(std::string_view word, Action action) {
  if (word.size() > kWordBytes) return false;
  List::Word added{.action = action, .begins = true, .ends = true, .phrase = false};
  if (word.starts_with('*')) word.remove_prefix(1), added.begins = false;
  if (word.ends_with('*')) word.remove_suffix(1), added.ends = false;
  char folded[kWordBytes];
  const std::size_t size = fold(word, folded);
  if (size == 0) return false;
  added.begins = added.begins && is_latin(folded[0]);
  added.ends = added.ends && is_latin(folded[size - 1]);
  added.phrase = word.find(' ') != std::string_view::npos;
  list_->automaton.add({folded, size}, static_cast<std::uint32_t>(list_->words.size()));
  list_->words.push_back(added);
  list_->ready = false;
  return true;
}

std::size_t WordFilter::add_lines(std::string_view lines, Action action) {
  std::size_t count = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    count += add(line, action) ? 1 : 0;
  }
  return count;
}

// Whether letters `first` to `last` stand there as that word, and not across two others.
bool WordFilter::List::whole(std::string_view text, const Word& word, std::size_t first,
                             std::size_t last) const noexcept {
  const Letter& begin = letters[first];
  const Letter& end = letters[last];
  if (word.begins && first > 0 && is_latin(letters[first - 1].byte) &&
      letters[first - 1].end == begin.begin) {
    return false;
  }
  if (word.ends && end.end < text.size()) {
    std::size_t bytes = 1;
    const char32_t next = fold(first_character(text.substr(end.end), bytes));
    if (next != 0 && next < 0x80) return false;
  }
  if (word.phrase || !(word.begins || word.ends)) return true;
  // Spaces inside: only where all letters stand apart.
  bool spaces = false;
  bool touching = false;
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t from = letters[i].end;
    const std::size_t to = letters[i + 1].begin;
    if (letters[i].begin == to) continue;  // bytes of one character
    touching = touching || from == to;
    spaces = spaces || text.substr(from, to - from).find(' ') != std::string_view::npos;
  }
  return !spaces || !touching;
}

void WordFilter::List::mark(std::string_view text, std::size_t first, std::size_t last) {
  if (masked.empty()) masked = text;
  for (std::size_t i = first; i <= last; ++i) {
    for (std::uint32_t at = letters[i].begin; at < letters[i].end; ++at) masked[at] = '\0';
    masked[letters[i].begin] = '*';
  }
}

void WordFilter::List::scan(std::string_view text) {
  if (letters.size() < text.size()) letters.resize(text.size());
  std::size_t used = 0;
  std::uint32_t state = words::Automaton::kRoot;
  const auto take = [&](std::size_t begin, std::size_t end, char byte) {
    letters[used++] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), byte};
    state = automaton.next(state, byte);
    if (words::Automaton::ends_words(state)) check(text, state, used);
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    if (lead < 0x80) {
      if (ascii[lead] != 0) take(at, at + 1, ascii[lead]);
      ++at;
      continue;
    }
    std::size_t bytes = 1;
    const char32_t c = first_character(text.substr(at), bytes);
    const char32_t plain = fold(c);
    char folded[4];
    std::string_view shown = text.substr(at, bytes);
    if (plain != c) shown = {folded, fold(shown, folded)};
    for (const char byte : shown) take(at, at + bytes, byte);
    at += bytes;
  }
}

// The words whose last letter is the last of `used`.
void WordFilter::List::check(std::string_view text, std::uint32_t state, std::size_t used) {
  automaton.each_end(state, [&](std::uint32_t index, std::size_t length) {
    const Word& word = words[index];
    if (!whole(text, word, used - length, used - 1)) return;
    found = true;
    worst = std::max(worst, word.action);
    if (word.action == Action::mask) mark(text, used - length, used - 1);
  });
}

Answer WordFilter::look(std::string_view text) noexcept {
  List& list = *list_;
  if (!list.ready) list.automaton.build();
  list.ready = true;
  list.found = false;
  list.worst = Action::mask;
  list.masked.clear();
  list.scan(text);
  Answer answer;
  if (!list.found) return answer;
  switch (list.worst) {
    case Action::refuse:
      answer.verdict = Answer::Verdict::refuse;
      answer.error = refusal(Errc::filtered, Rule::filter);
      break;
    case Action::hold:
      answer.verdict = Answer::Verdict::hold;
      break;
    case Action::mask:
      list.masked.erase(std::remove(list.masked.begin(), list.masked.end(), '\0'),
                        list.masked.end());
      answer.verdict = Answer::Verdict::rewrite;
      answer.text = list.masked;
      break;
  }
  return answer;
}

}  // namespace chatroom
