#include "uv/link.h"

#include "uv/links.h"
#include "uv/socket.h"

namespace chatroom::uv {

static_assert(sizeof(void*) != 8 || sizeof(Link) <= 64,
              "an idle session pays for this record: see src/README.md");

std::size_t Link::write(std::span<const Bytes> pieces) noexcept {
  if (has(kEnding | kClosing | kBroken | kGone | kConnecting)) return 0;
  if (has(kHeld) || waiting() > 0) {
    set(kBlocked);
    return 0;
  }
  std::size_t offered = 0;
  for (const Bytes piece : pieces) offered += piece.size();
  std::ptrdiff_t sent = send_pieces(fd_, pieces);
  if (sent < 0) {
    if (!would_block(sent)) {
      links().broke(*this);
      return 0;
    }
    sent = 0;
  }
  const auto taken = static_cast<std::size_t>(sent);
  links().stats_.bytes_out += taken;
  if (taken < offered) {
    set(kBlocked);
    links().watch(*this);
  }
  return taken;
}

void Link::pause(bool paused) noexcept {
  if (has(kClosing | kBroken | kGone) || has(kPaused) == paused) return;
  paused ? set(kPaused) : clear(kPaused);
  links().watch(*this);
}

void Link::close(CloseCode) noexcept { links().end(*this); }

}  // namespace chatroom::uv
