#include "unit/fanout/world.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "catch.hpp"

namespace fanout_test {

void* CountingMemory::allocate(std::size_t size, std::size_t align) noexcept {
  if (++calls == fail_at) return nullptr;
  bytes += size;
  peak = std::max(peak, bytes);
  const std::size_t unit = std::max(align, sizeof(void*));
  return std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
}

void CountingMemory::release(void* block, std::size_t size, std::size_t) noexcept {
  bytes -= size;
  std::free(block);
}

std::size_t TextCodec::encode(const Event& event, MutableBytes out) noexcept {
  ++encodes;
  std::string text(name_of(event.type));
  text += ' ';
  if (event.type == EventType::message) {
    text += std::string(event.room) + ' ' + std::to_string(event.message.offset) + ' ' +
            std::string(event.message.text);
  } else if (event.type == EventType::gap) {
    text += std::string(event.room) + ' ' + std::to_string(event.gap.from) + ' ' +
            std::to_string(event.gap.to) + ' ' + std::to_string(event.gap.count) + ' ' +
            (event.gap.lossy ? "l" : "") + (event.gap.reliable ? "r" : "");
  } else {
    text += std::to_string(event.id) + ' ' + std::string(event.text);
  }
  if (text.size() > out.size()) return 0;
  std::memcpy(out.data(), text.data(), text.size());
  return text.size();
}

void Book::restart(std::uint8_t window_bits) noexcept {
  ++chains;
  place_ = 0;
  bits_ = window_bits;
  over_ = false;
}

std::size_t Book::deflate(std::span<const Bytes> payload, MutableBytes out) noexcept {
  const bool fails = fail_every != 0 && ++calls_ % fail_every == 0;
  if (over_ || fails || out.size() < 8) return over_ = true, 0;
  Page page{chains, place_++, bits_, {}};
  for (const Bytes piece : payload) page.text += as_text(piece);
  char number[9];
  std::snprintf(number, sizeof number, "%08zx", pages.size());
  std::memcpy(out.data(), number, 8);
  pages.push_back(page);
  return 8;
}

std::string Book::read(std::string_view frame, Compress agreed, Reader& reader) const {
  if (frame.size() != 8 || agreed == Compress::none) return {};
  const std::size_t number = std::stoull(std::string(frame), nullptr, 16);
  if (number >= pages.size()) return {};
  const Page& page = pages[number];
  const std::size_t has = reader.chain == page.chain ? reader.places : 0;
  if (page.place != has || page.bits != (agreed == Compress::alone ? 9 : 15)) return {};
  if (agreed == Compress::alone && page.place != 0) return {};
  reader = {page.chain, page.place + 1};
  return page.text;
}

std::size_t Link::write(std::span<const Bytes> pieces) noexcept {
  ++writes;
  std::size_t offered = 0;
  for (const Bytes& piece : pieces) {
    if (piece.empty()) problem = "an empty piece";
    offered += piece.size();
  }
  if (pieces.empty() || pieces.size() > 64) problem = "too many pieces";
  if (offered > 64 * 1024) problem = "too many bytes";
  if (blocked) problem = "a write while blocked";
  std::uint64_t takes = std::min<std::uint64_t>({offered, allowance, per_write});
  if (message && takes < offered) takes = 0;
  blocked = takes < offered;
  if (allowance != kAll) allowance -= takes;
  sizes.push_back(takes);
  std::size_t left = takes;
  for (const Bytes& piece : pieces) {
    const std::size_t size = std::min(left, piece.size());
    stream_.append(as_text(piece.first(size)));
    left -= size;
  }
  return takes;
}

std::vector<std::string> Link::take_frames() {
  std::vector<std::string> frames;
  std::size_t at = 0;
  while (true) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(stream_[at + i]));
    };
    std::size_t header = 0;
    std::size_t size = 0;
    bool deflates = false;
    const std::size_t have = stream_.size() - at;
    if (framing == Framing::outer) {
      header = 4;
      if (have < header) break;
      deflates = byte(0) == 0x31;
      if (byte(0) != 0x30 && !deflates) problem = "a frame that is not PLAIN";
      size = byte(1) | byte(2) << 8 | byte(3) << 16;
    } else {
      header = have < 2 || byte(1) < 126 ? 2 : 4;
      if (have < header) break;
      deflates = (byte(0) & 0x40) != 0;
      if ((byte(0) & 0xbf) != 0x82 && (byte(0) & 0xbf) != 0x81) problem = "not a data frame";
      size = header == 2 ? byte(1) : byte(2) << 8 | byte(3);
    }
    if (have < header + size) break;
    frames.push_back(stream_.substr(at + header, size));
    if (deflates) {
      ++deflated;
      frames.back() = book->read(frames.back(), compress, reader_);
      if (frames.back().empty()) problem = "a deflated frame that cannot be read";
    }
    at += header + size;
  }
  stream_.erase(0, at);
  return frames;
}

std::string Link::joined(const std::vector<std::string>& frames) {
  std::string all;
  for (const std::string& frame : frames) all += (all.empty() ? "" : "|") + frame;
  return all;
}

Limits World::small() {
  Limits limits;
  limits.sessions = 4'096;
  limits.rooms = 64;
  limits.memberships = 8'192;
  limits.window_bytes = 72 * 1024;
  limits.log_pool_bytes = 4 << 20;
  limits.private_bytes = 16 * 1024;
  limits.private_pool_bytes = 4 << 20;
  limits.receive_choices = 64;
  limits.room_writes = 0;
  return limits;
}

World::World(Limits with, WriteTap tap) : limits(with) {
  REQUIRE(fanout.init(memory, limits, {&codec, &codec}, tap, &book));
}

Link& World::open(SessionSlot session, OutletOptions options) {
  auto link = std::make_unique<Link>();
  link->message = options.boundary == Boundary::message;
  link->framing = options.profile.framing;
  link->book = &book;
  link->compress = options.compress;
  REQUIRE(fanout.open_outlet(session, *link, options));
  return *(links[session] = std::move(link));
}

void World::close(SessionSlot session) {
  fanout.close_outlet(session);
  links.erase(session);
}

void World::room(RoomSlot slot, LogOptions options) {
  keys[slot] = "r" + std::to_string(slot);
  said[slot] = 0;
  REQUIRE(fanout.open_log(slot, keys[slot], options));
}

void World::join(RoomSlot slot, SessionSlot session, ChannelMask channels) {
  REQUIRE(fanout.attach(slot, session, channels));
}

Result<Appended> World::say(RoomSlot slot, std::string_view text, EntryMeta meta) {
  Event event;
  event.type = EventType::message;
  event.room = keys[slot];
  event.message.text = text;
  event.message.offset = said[slot] + 1;
  meta.offset = said[slot] + 1;
  const Result<Appended> appended = fanout.append(slot, meta, event);
  if (appended && !appended->sampled) ++said[slot];
  return appended;
}

Pushed World::answer(SessionSlot session, std::uint32_t id, PrivateOptions options) {
  Event event;
  event.type = EventType::answer;
  event.id = id;
  return fanout.push_private(session, event, options);
}

void World::flush() {
  while (flush(1'000'000)) {
  }
}

bool World::flush(std::uint32_t sends) {
  Budget budget;
  budget.sends = sends;
  return fanout.flush(now, budget).more;
}

void World::writable(SessionSlot session, std::uint64_t allowance) {
  Link& link = *links[session];
  link.allowance = allowance;
  link.blocked = false;
  fanout.on_writable(session);
}

std::vector<Doomed> World::doomed() {
  std::vector<Doomed> all;
  for (Doomed one; fanout.next_doomed(one);) all.push_back(one);
  return all;
}

std::vector<GapTold> World::gaps() {
  std::vector<GapTold> all;
  for (GapTold one; fanout.next_gap(one);) all.push_back(one);
  return all;
}

std::string World::imbalance(const Ledger& ledger) {
  for (int p = 0; p < kPriorityCount; ++p) {
    const Ledger::Class& of = ledger.by_priority[p];
    if (of.admitted ==
        of.delivered + of.merged + of.sampled + of.dropped + of.closed + of.pending) {
      continue;
    }
    char line[200];
    std::snprintf(line, sizeof(line),
                  "class %d: admitted %lld = delivered %lld + merged %lld + sampled %lld + "
                  "dropped %lld + closed %lld + pending %lld",
                  p, static_cast<long long>(of.admitted), static_cast<long long>(of.delivered),
                  static_cast<long long>(of.merged), static_cast<long long>(of.sampled),
                  static_cast<long long>(of.dropped), static_cast<long long>(of.closed),
                  static_cast<long long>(of.pending));
    return line;
  }
  return {};
}

}  // namespace fanout_test
