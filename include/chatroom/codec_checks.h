// What every codec checks of a decoded frame, whatever its language: so that FlatBuffers, JSON and
// a host's own codec refuse the same things with the same words.
#pragma once

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"

namespace chatroom {

// Bytes of UTF-8, without C0 controls.
inline constexpr std::size_t kRoomBytesMax = 128;
inline constexpr std::size_t kNameBytesMax = 64;  // user, channel, key, nick, a call's name
inline constexpr std::size_t kKindBytesMax = 32;  // a-z, '_' and '.'
// Opaque strings: text without NUL.
inline constexpr std::size_t kTokenBytesMax = 4'096;
inline constexpr std::size_t kPasswordBytesMax = 128;
inline constexpr std::size_t kReasonBytesMax = 200;
inline constexpr std::size_t kAttributeBytesMax = 512;  // a value
inline constexpr std::size_t kOpaqueBytesMax = 256;     // resume, epoch, cursor
// The largest integer that every JSON reader keeps exactly.
inline constexpr std::uint64_t kIntegerMax = (std::uint64_t{1} << 53) - 1;
// Depth of a JSON frame, its own braces included; `data` stands at least one level down.
inline constexpr int kFrameDepthMax = 16;
inline constexpr int kDataDepthMax = kFrameDepthMax - 1;
inline constexpr std::uint32_t kHistoryLimitMax = 100;
inline constexpr std::uint32_t kLikesPerCommand = 100;

// Checks the fields that `command.op` reads: required ones, lengths, UTF-8, controls, the pattern
// of kinds, counts, ranges, text rules; and fills the defaults (kind, channel). Does not look into
// `data`. Lengths of text and data are limits of the engine and not checked here.
//
// bad_request otherwise; Error::detail is a Field of wire/check.h, for logs. Ops that this version
// only knows by name pass unchecked.
[[nodiscard]] Status check_command(Command& command) noexcept;

// Whether `bytes` are exactly one JSON value: grammar, UTF-8, no lone surrogates, no NUL (escaped
// ones included), at most `depth_max` levels (at most 64), no duplicate keys in an object (compared
// unescaped), at most kJsonKeysMax keys in objects that are open at once. bad_request otherwise.
// Allocates nothing, takes 10 KiB of stack.
inline constexpr std::size_t kJsonKeysMax = 1'024;
[[nodiscard]] Status check_json(Bytes bytes, int depth_max = kDataDepthMax) noexcept;

// Whether trying again can help, for an answer: as the code says, but nobody being there for
// `send_to` passes.
bool is_temporary(const Event& answer) noexcept;

}  // namespace chatroom
