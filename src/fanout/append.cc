// Append: one entry into a room's log, for all profiles or for none.
#include <algorithm>
#include <cstring>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

constexpr int kKeysTried = 64;  // live `latest` keys of a room; older ones are not superseded
// Cursors are 32 bits: now and then everybody is visited, however quiet the channel.
constexpr Sequence kRefreshEvery = Sequence{1} << 30;

bool concerns(const View& view, std::uint8_t channel) noexcept {
  return channel == kEveryChannel || (view.channels >> channel & 1) != 0;
}

bool concerns(const Stream& stream, std::uint8_t channel) noexcept {
  for (const View* view = stream.views; view != nullptr; view = view->next) {
    if (concerns(*view, channel)) return true;
  }
  return false;
}

// Nobody gets it, and nobody had a chance to.
void count_withheld(State& s, const RoomLog& log, const EntryMeta& meta, Withheld how) noexcept {
  Ledger::Class& totals = s.totals.by_priority[static_cast<int>(meta.priority)];
  for (const Stream* stream : log.streams) {
    if (stream == nullptr) continue;
    for (const View* view = stream->views; view != nullptr; view = view->next) {
      if (!concerns(*view, meta.channel)) continue;
      totals.admitted += view->records.size();
      (how == Withheld::merged ? totals.merged : totals.sampled) += view->records.size();
    }
  }
}

class Append final {
 public:
  Append(State& s, RoomLog& log, const EntryMeta& meta) noexcept
      : s_(s),
        log_(log),
        meta_(meta),
        sequence_(log.head + 1),
        refresh_(sequence_ % kRefreshEvery == 0) {
    lossy_ = !meta.reliable && meta.priority != Priority::high && !log.reliable;
  }

  Result<Appended> run(const Event& event) noexcept {
    bool wanted = refresh_;
    for (const Stream* stream : log_.streams) {
      if (stream != nullptr && concerns(*stream, meta_.channel)) wanted = true;
    }
    const bool stored = wanted || log_.first <= log_.head;
    if (stored) {
      const Errc failed = stage(event);
      if (failed != Errc::ok) {
        undo();
        if (failed != Errc::room_overloaded || !lossy_) return failed;
        count_withheld(s_, log_, meta_, Withheld::sampled);
        return Appended{log_.head, true};
      }
      commit();
    }
    ++log_.head;
    for (Stream* stream : log_.streams) {
      if (stream != nullptr && !in_use(*stream)) stream->first = log_.head + 1;
    }
    if (!stored) log_.first = log_.head + 1;
    if (meta_.offset != 0) log_.offset_last = meta_.offset;
    settle(s_, log_);  // a refresh may have found nobody
    return Appended{sequence_, false};
  }

 private:
  bool in_use(const Stream& stream) const noexcept { return staged_[stream.profile].used; }

  Errc stage(const Event& event) noexcept {
    forget_gather(s_, log_);
    if (log_.first > log_.head) {
      log_.index.clear(s_.chunks);
      log_.index_base = sequence_;
    }
    for (Stream* stream : log_.streams) {
      if (stream == nullptr) continue;
      const bool live = stream->first <= log_.head;
      const bool encode = concerns(*stream, meta_.channel);
      if (!live && !encode && !refresh_) continue;
      if (!live) {
        stream->starts.clear(s_.chunks);
        stream->bytes.clear(s_.chunks);
        stream->starts_base = sequence_;
        stream->first = sequence_;
      }
      const Errc failed = stage(*stream, encode ? &event : nullptr);
      if (failed != Errc::ok) return failed;
    }
    const std::uint64_t end = (sequence_ + 1 - log_.index_base) * sizeof(Entry);
    return make_space(log_.index, end) ? Errc::ok : Errc::room_overloaded;
  }

  Errc stage(Stream& stream, const Event* event) noexcept {
    Staged& staged = staged_[stream.profile];
    staged.used = true;
    if (event != nullptr) {
      const Bytes frame = encode_frame(s_, stream.profile, *event);
      if (frame.empty() || frame.size() > kWriteBytesMax) return Errc::too_large;
      const std::uint64_t begin = stream.bytes.end();
      if (!make_space(stream, stream.bytes, begin + frame.size())) return Errc::room_overloaded;
      stream.bytes.write(s_.chunks, begin, frame);
      staged.size = static_cast<std::uint32_t>(frame.size());
    }
    const std::uint64_t end = (sequence_ + 1 - stream.starts_base) * sizeof(std::uint32_t);
    return make_space(stream, stream.starts, end) ? Errc::ok : Errc::room_overloaded;
  }

  // Gives way in the stated order: what nobody needs, the oldest chunk of this log, and if the
  // pool is dry a chunk of whoever held one longest.
  bool make_space(Stream& stream, Tape& tape, std::uint64_t end) noexcept {
    while (true) {
      const bool in_window = tape.chunks() + tape.missing(s_.chunks, end) <= window_chunks(s_);
      if (in_window && tape.grow(s_.chunks, end)) return true;
      const std::size_t before = s_.chunks.bytes_in_use();
      trim(s_, stream);
      if (s_.chunks.bytes_in_use() < before) continue;
      if (in_window ? !relieve_pool(s_) : !reclaim(s_, stream)) return false;
    }
  }
  bool make_space(Tape& index, std::uint64_t end) noexcept {
    while (true) {
      const bool in_window = index.chunks() + index.missing(s_.chunks, end) <= window_chunks(s_);
      if (in_window && index.grow(s_.chunks, end)) return true;
      Stream* oldest = nullptr;
      for (Stream* stream : log_.streams) {
        if (stream != nullptr && (oldest == nullptr || stream->first < oldest->first)) {
          oldest = stream;
        }
      }
      const std::size_t before = s_.chunks.bytes_in_use();
      if (oldest != nullptr) trim(s_, *oldest);
      if (s_.chunks.bytes_in_use() < before) continue;
      if (in_window ? !relieve_pool(s_) : oldest == nullptr || !reclaim(s_, *oldest)) return false;
    }
  }

  void undo() noexcept {
    for (Stream* stream : log_.streams) {
      if (stream == nullptr || !in_use(*stream)) continue;
      stream->bytes.shrink(s_.chunks);
      stream->starts.shrink(s_.chunks);
    }
    log_.index.shrink(s_.chunks);
    settle(s_, log_);
  }

  void commit() noexcept {
    for (Stream* stream : log_.streams) {
      if (stream == nullptr || !in_use(*stream)) continue;
      const auto low = static_cast<std::uint32_t>(stream->bytes.end());
      stream->starts.write(s_.chunks, stream->starts.end(), std::as_bytes(std::span(&low, 1)));
      stream->starts.commit(stream->starts.end() + sizeof(low));
      stream->bytes.commit(stream->bytes.end() + staged_[stream->profile].size);
    }
    Entry entry;
    entry.author = meta_.author;
    entry.offset_low = static_cast<std::uint32_t>(meta_.offset);
    entry.channel = meta_.channel;
    entry.bits = static_cast<std::uint8_t>(meta_.priority);
    if (lossy_) entry.bits |= Entry::kLossy;
    if (meta_.offset != 0) entry.bits |= Entry::kHasOffset;
    if (meta_.counted) entry.bits |= Entry::kCounted;
    if (meta_.latest != 0) supersede(entry);
    log_.index.write(s_.chunks, log_.index.end(), std::as_bytes(std::span(&entry, 1)));
    log_.index.commit(log_.index.end() + sizeof(entry));
    if (!log_.linked()) s_.active.push_back(log_);
    for (Stream* stream : log_.streams) {
      if (stream == nullptr) continue;
      for (View* view = stream->views; view != nullptr; view = view->next) {
        if (concerns(*view, meta_.channel)) {
          s_.totals.by_priority[entry.priority()].admitted += view->records.size();
          log_.offered += view->records.size();
          log_.offered_bytes += view->records.size() * staged_[stream->profile].size;
          ++view->admitted[entry.priority()];
        } else if (!refresh_) {
          continue;
        }
        mark_dirty(s_, *view, sequence_);
        if (view->waiting && crowded(s_, *view)) stop_waiting(s_, *view);
      }
    }
  }

  // Keyed entries form a chain through the index, newest first; each live key is in it once.
  void supersede(Entry& entry) noexcept {
    entry.key = static_cast<std::uint32_t>(meta_.latest ^ meta_.latest >> 32);
    if (entry.key == 0) entry.key = 1;
    Sequence at = log_.keyed_last;
    Entry* newer = nullptr;
    for (int tried = 0; at >= log_.first && at != 0 && tried < kKeysTried; ++tried) {
      Entry& older = entry_at(s_, log_, at);
      const Sequence before = older.key_back == 0 ? 0 : at - older.key_back;
      if (older.key == entry.key && older.channel == entry.channel) {
        older.bits |= Entry::kSuperseded;
        if (newer == nullptr) {
          log_.keyed_last = before;
        } else {
          const Sequence back = before == 0 ? 0 : older.key_back + Sequence{newer->key_back};
          newer->key_back = back > UINT16_MAX ? 0 : static_cast<std::uint16_t>(back);
        }
        break;
      }
      newer = &older;
      at = before;
    }
    const Sequence back = log_.keyed_last < log_.first ? 0 : sequence_ - log_.keyed_last;
    entry.key_back = back > UINT16_MAX ? 0 : static_cast<std::uint16_t>(back);
    log_.keyed_last = sequence_;
  }

  struct Staged {
    bool used = false;
    std::uint32_t size = 0;
  };

  State& s_;
  RoomLog& log_;
  const EntryMeta& meta_;
  const Sequence sequence_;
  const bool refresh_;
  bool lossy_ = false;
  Staged staged_[kProfileCount];
};

}  // namespace

Result<Appended> Fanout::append(RoomSlot room, const EntryMeta& meta, const Event& event) noexcept {
  RoomLog** log = state_->rooms.find(room);
  CHATROOM_ASSERT(log != nullptr);
  CHATROOM_ASSERT(*log != nullptr);
  CHATROOM_ASSERT(meta.channel < 32 || meta.channel == kEveryChannel);
  return Append(*state_, **log, meta).run(event);
}

void Fanout::withhold(RoomSlot room, const EntryMeta& meta, Withheld how) noexcept {
  RoomLog** log = state_->rooms.find(room);
  CHATROOM_ASSERT(log != nullptr && *log != nullptr);
  count_withheld(*state_, **log, meta, how);
}

void Fanout::recall(RoomSlot room, Sequence sequence) noexcept {
  RoomLog** log = state_->rooms.find(room);
  if (log == nullptr || *log == nullptr) return;
  if (sequence < (*log)->first || sequence > (*log)->head) return;
  forget_gather(*state_, **log);
  entry_at(*state_, **log, sequence).bits |= Entry::kRecalled;
}

void Fanout::recall_where(RoomSlot room, OffsetTest recalled, void* context) noexcept {
  RoomLog** found = state_->rooms.find(room);
  if (found == nullptr || *found == nullptr) return;
  RoomLog& log = **found;
  forget_gather(*state_, log);
  for (Sequence at = log.first; at <= log.head; ++at) {
    Entry& entry = entry_at(*state_, log, at);
    if ((entry.bits & Entry::kHasOffset) == 0) continue;
    const auto back = static_cast<std::uint32_t>(log.offset_last) - entry.offset_low;
    if (recalled(context, log.offset_last - back)) entry.bits |= Entry::kRecalled;
  }
}

}  // namespace chatroom::fanout
