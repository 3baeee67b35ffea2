// Tape: a recording that is being replayed, with its cursor. The new engine's own recording moves
// it: what it writes must be what stands there.
#pragma once

#include <cstring>

#include "base/siphash.h"
#include "chatroom/replay.h"
#include "engine/recording.h"

namespace chatroom::engine {

class Tape final : public Recorder {
 public:
  explicit Tape(Bytes all) noexcept : rest_(all) {}

  // At the end, behind a divergence, and where the recording breaks off.
  bool done() const noexcept { return diverged_ || current().empty(); }
  bool diverged() const noexcept { return diverged_; }
  bool torn() const noexcept { return !rest_.empty() && current().empty(); }
  Record type() const noexcept {
    return done() ? Record::broken : static_cast<Record>(current()[4]);
  }
  Unpacker fields() const noexcept { return Unpacker{done() ? Bytes{} : current().subspan(5)}; }
  // The value that a port is asked for now; something else stands there: the run has diverged.
  Unpacker value(Record type_wanted) noexcept {
    if (!done() && type() != type_wanted) diverged_ = true;
    return fields();
  }
  Bytes ahead() const noexcept { return rest_; }

  void record(std::span<const Bytes> pieces) noexcept override {
    if (done()) return;
    Bytes expected = current();
    for (const Bytes piece : pieces) {
      if (piece.size() > expected.size() ||
          (!piece.empty() && std::memcmp(piece.data(), expected.data(), piece.size()) != 0)) {
        diverged_ = true;
        return;
      }
      expected = expected.subspan(piece.size());
    }
    if (!expected.empty()) {
      diverged_ = true;
      return;
    }
    count();
    rest_ = rest_.subspan(current().size());
  }

  Replayed result;

 private:
  Bytes current() const noexcept {
    if (rest_.size() < 5) return {};
    const std::size_t size = Unpacker{rest_.first(4)}.u32();
    return size > rest_.size() - 4 || size == 0 ? Bytes{} : rest_.first(4 + size);
  }

  void count() noexcept {
    ++result.records;
    if (type() != Record::wrote) return;
    Unpacker from = fields();
    from.u32();
    from.u32();
    result.bytes_out += from.u32();
    ++result.writes;
    result.hash = base::siphash({result.hash, result.writes}, current());
  }

  Bytes rest_;
  bool diverged_ = false;
};

}  // namespace chatroom::engine
