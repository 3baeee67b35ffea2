// Folding: what a text is to somebody who looks for words in it, without case, width, accents,
// spaces and signs. For word filters and for finding the same words again; not for showing.
//
// Thread: any. Cost: a few instructions a character, no memory.
#pragma once

#include <span>
#include <string_view>

namespace chatroom {

// Of one character: its plain form, or 0 where nothing is left of it (spaces, signs, what has no
// width, accents that stand alone). Full-width and styled letters become plain ones, capitals
// small; ideographs, kana, emoji and digits stay what they are.
char32_t fold(char32_t character) noexcept;

// Of valid UTF-8, whole characters while they fit; answers how many bytes it wrote, never more than
// `text` has.
std::size_t fold(std::string_view text, std::span<char> to) noexcept;

// The character at the front of valid UTF-8, and how many bytes it has (1 of anything else).
char32_t first_character(std::string_view text, std::size_t& bytes) noexcept;

}  // namespace chatroom
