// What the checks of codec_checks.h say in Error::detail: which field was wrong. For logs and
// tests; it does not go on the wire.
#pragma once

#include <cstdint>

#include "chatroom/codec_checks.h"
#include "chatroom/error.h"

namespace chatroom::wire {

enum class Field : std::uint16_t {
  none,
  op,
  body,  // the command itself is missing
  id,
  room,
  channel,
  kind,
  text,
  data,
  priority,
  key,
  offset,  // reply_to, before, after, since.offset, since_version
  mentions,
  user,
  nick,
  token,
  password,
  epoch,
  cursor,
  name,
  limit,
  time,
  reason,
  role,
  value,
  line,
  count,
};

constexpr Error bad_request(Field field) noexcept {
  return {Errc::bad_request, static_cast<std::uint16_t>(field), 0};
}

}  // namespace chatroom::wire
