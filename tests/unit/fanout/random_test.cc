// Random histories against a simple reference: what each member must have received, given what was
// said, who was there, and the gaps it was told.
#include "base/random.h"
#include "catch.hpp"
#include "unit/fanout/reference.h"

namespace fanout_test {
namespace {

class History {
 public:
  History(std::uint64_t seed, Reached& reached)
      : random_(seed),
        world_(limits(seed)),
        reached_(reached),
        crowded_(seed % 7 == 0),
        sessions_(crowded_ ? 50 : 3 + below(12)),
        rooms_(1 + below(4)) {
    for (RoomSlot room = 0; room < rooms_; ++room) {
      world_.room(room, {.reliable = below(5) == 0,
                         .flush_interval_min = Duration::ms(below(4) == 0 ? 100 : 0),
                         .compress = below(2) == 0,
                         .head = below(3) == 0 ? 0xffffff00u + below(512) : below(9)});
      heads_.push_back(world_.fanout.head(room));
    }
    if (seed % 6 == 0) world_.book.fail_every = 1 + below(40);
    for (SessionSlot session = 0; session < sessions_; ++session) open(session);
  }
  ~History() { reached_.deflated += world_.book.pages.size(); }

  std::string run(int steps) {
    for (step_ = 1; step_ <= static_cast<std::uint64_t>(steps) && problem_.empty(); ++step_) {
      act();
      check();
    }
    if (problem_.empty()) drain();
    if (!problem_.empty()) problem_ += " (step " + std::to_string(step_) + ")";
    return problem_;
  }

 private:
  using Key = std::pair<RoomSlot, SessionSlot>;

  static Limits limits(std::uint64_t seed) {
    Limits limits = World::small();
    limits.memberships = 200;
    limits.sessions = 64;
    limits.receive_choices = 2;
    if (seed % 4 == 0) limits.room_writes = 200;  // rooms of so few wait, too
    if (seed % 3 == 0) limits.log_pool_bytes = 160 * 1024;
    if (seed % 5 == 0) limits.private_pool_bytes = 24 * 1024;
    return limits;
  }

  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  }
  void fail(const std::string& what) {
    if (problem_.empty()) problem_ = what;
  }

  void open(SessionSlot session) {
    OutletOptions options;
    if (!crowded_ && below(2) == 0) options.profile.codec = CodecKind::json;
    if (!crowded_ && below(2) == 0) options.profile.framing = Framing::websocket;
    options.compress = static_cast<Compress>(below(3));
    if (below(4) == 0) {
      options.boundary = Boundary::message;
      options.max_frame = 256 + below(2'000);
    }
    Link& link = world_.open(session, options);
    link.per_write = below(3) == 0 && !link.message ? 1 + below(300) : Link::kAll;
    begun_[session] = 0;
    finishing_[session] = false;
  }

  void act() {
    const std::uint32_t dice = below(100);
    const RoomSlot room = below(rooms_);
    const SessionSlot session = below(sessions_);
    if (dice < 45) return say(room, 1 + below(4));
    if (dice < 65) return flush(below(4) == 0 ? 1 + below(6) : 300);
    if (dice < 72) return join(room, session);
    if (dice < 75) return leave(room, session);
    if (dice < 79) return push(room, session);
    if (dice < 82) return change_mask(room, session);
    if (dice < 84) return below(2) == 0 ? choose(room, session) : recall(room);
    if (dice < 90) return stall(session);
    if (dice < 97) return resume(session);
    if (dice < 98) return reopen(session);
    world_.now = world_.now + Duration::ms(below(200));
    if (below(8) == 0) world_.now = world_.now + Duration::s(6);
    world_.fanout.doom_stalled(world_.now);
  }

  void say(RoomSlot room, std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
      Said said;
      EntryMeta meta;
      said.priority = static_cast<int>(below(8) == 0 ? 0 : 1 + below(2));
      meta.priority = static_cast<Priority>(said.priority);
      meta.reliable = below(20) == 0;
      said.counted = meta.counted = below(3) != 0;
      if (below(2) == 0) said.channel = meta.channel = static_cast<std::uint8_t>(below(8));
      if (below(6) == 0) said.key = meta.latest = 1 + below(3);
      const std::uint32_t kind = below(30);
      const std::uint32_t size = kind == 0 ? below(20'000) : kind < 6 ? below(3'000) : below(80);
      const std::string text(size, static_cast<char>('a' + below(26)));
      const Result<Appended> appended = say(room, text, meta);
      if (!appended) {
        if (appended.error().code != Errc::room_overloaded) fail("append failed oddly");
        ++reached_.overloaded;
        continue;
      }
      if (appended->sampled) {
        if (said.priority == 0 || meta.reliable) fail("a reliable entry was sampled");
        continue;
      }
      if (appended->sequence != ++heads_[room]) fail("a sequence was skipped");
      said.lossy = said.priority != 0 && !meta.reliable;
      said.frame = "message " + world_.keys[room] + " " + std::to_string(heads_[room]) + " " + text;
      if (said.key != 0) withdraw_older(room, said);
      said_[{room, heads_[room]}] = said;
    }
  }
  Result<Appended> say(RoomSlot room, const std::string& text, EntryMeta meta) {
    Event event;
    event.type = EventType::message;
    event.room = world_.keys[room];
    event.message.text = text;
    event.message.offset = meta.offset = heads_[room] + 1;
    return world_.fanout.append(room, meta, event);
  }
  void withdraw_older(RoomSlot room, const Said& newer) {
    for (auto& [at, said] : said_) {
      if (at.first == room && said.key == newer.key && said.channel == newer.channel &&
          said.withdrawn == 0) {
        said.withdrawn = step_;
      }
    }
  }
  void recall(RoomSlot room) {
    const Sequence sequence = heads_[room] - below(6);
    const auto said = said_.find({room, sequence});
    if (said == said_.end()) return;
    world_.fanout.recall(room, sequence);
    if (said->second.withdrawn == 0) said->second.withdrawn = step_;
  }

  void flush(std::uint32_t sends) { world_.flush(sends); }

  ChannelMask some_mask() {
    return below(2) == 0 ? kAllChannels : static_cast<ChannelMask>(random_.next());
  }
  void join(RoomSlot room, SessionSlot session) {
    const ChannelMask mask = some_mask();
    if (!world_.fanout.attach(room, session, mask)) return;
    if (members_.contains({room, session})) return fail("joined twice");
    Membership& membership = members_[{room, session}];
    membership.joined_at = step_;
    membership.joined = membership.last = heads_[room];
    membership.masks.emplace_back(heads_[room] + 1, mask);
  }
  void leave(RoomSlot room, SessionSlot session) {
    if (!members_.contains({room, session})) return;
    world_.fanout.detach(room, session);
    members_.erase({room, session});
    collect(session);
    finishing_[session] = world_.links[session]->in_a_frame();
    reached_.finished_after_leave += finishing_[session];
  }
  void change_mask(RoomSlot room, SessionSlot session) {
    const auto found = members_.find({room, session});
    if (found == members_.end()) return;
    const ChannelMask mask = some_mask();
    collect(session);
    if (!world_.fanout.set_mask(room, session, mask)) {
      ++reached_.masks_refused;
      return;
    }
    found->second.masks.emplace_back(heads_[room] + 1, mask);
    changed_.insert({room, session});
  }
  void choose(RoomSlot room, SessionSlot session) {
    const auto found = members_.find({room, session});
    if (found == members_.end()) return;
    Membership& member = found->second;
    const Receive receive{.normal_per_s = below(4), .high_per_s = below(3)};
    collect(session);
    if (!world_.fanout.set_receive(room, session, receive, kNoSlot)) {
      ++reached_.choices_refused;
      return;
    }
    ++reached_.choices;
    // What an earlier choice let through may still be on its way.
    const bool over = member.chose && !member.receive.bounded() && !receive.bounded();
    member.chose = true;
    member.receive = over ? member.receive : receive;
    member.chosen = heads_[room];
    member.chosen_at = world_.now;
    std::fill(std::begin(member.taken), std::end(member.taken), 0);
  }
  void check_choice(const Membership& member, const std::string& frame) {
    const std::uint64_t seconds =
        1 + static_cast<std::uint64_t>((world_.now - member.chosen_at).us + 999'999) / 1'000'000;
    const std::uint64_t normal = std::uint64_t{member.receive.normal_per_s} * seconds;
    const std::uint64_t high = std::uint64_t{member.receive.high_per_s} * seconds;
    if (normal == 0) return;
    const std::uint64_t others = member.taken[1] + member.taken[2];
    if (others > normal || (high != 0 && others + member.taken[0] > normal + high)) {
      fail("more than it chose: " + frame.substr(0, 40));
    }
  }
  void push(RoomSlot room, SessionSlot session) {
    PrivateOptions options;
    Event event;
    event.type = EventType::answer;
    event.id = 7;
    std::string text = "- - -";
    if (below(2) == 0 && members_.contains({room, session})) {
      options.room = room;
      Sequence& pushed = members_[{room, session}].pushed;
      options.barrier = pushed = std::max<Sequence>(pushed, heads_[room] - below(3));
      // Nothing behind the barrier was begun yet: then nothing may be before the item is there.
      collect(session);
      const bool strict =
          members_[{room, session}].last <= options.barrier && !world_.links[session]->in_a_frame();
      reached_.strict_barriers += strict;
      text = std::to_string(room) + " " + std::to_string(options.barrier) + (strict ? " s" : " -");
    }
    text += std::string(below(5) == 0 ? below(3'000) : below(100), '.');
    event.text = text;
    options.lossy = below(2) == 0;
    const Pushed pushed = world_.fanout.push_private(session, event, options);
    if (pushed == Pushed::dropped) ++reached_.items_dropped;
    if (pushed == Pushed::dropped && !options.lossy) fail("an answer was dropped");
  }

  void stall(SessionSlot session) {
    world_.links[session]->allowance = below(2) == 0 ? 0 : below(500);
  }
  void resume(SessionSlot session) {
    Link& link = *world_.links[session];
    const bool was_blocked = link.blocked;
    link.allowance = below(3) == 0 ? below(5'000) : Link::kAll;
    link.blocked = false;
    if (was_blocked) world_.fanout.on_writable(session);
  }
  void reopen(SessionSlot session) {
    collect(session);
    forget(session);
    world_.close(session);
    open(session);
  }
  void forget(SessionSlot session) {
    for (RoomSlot room = 0; room < rooms_; ++room) {
      members_.erase({room, session});
      changed_.erase({room, session});
    }
  }

  // Reads what arrived and checks each frame against the reference.
  void collect(SessionSlot session) {
    Link& link = *world_.links[session];
    bool first = true;
    for (const std::string& frame : link.take_frames()) {
      if (!first || begun_[session] == 0) begun_[session] = step_;
      if (frame.starts_with("message ")) {
        ++arrived_;
        on_message(session, frame, begun_[session]);
      } else if (frame.starts_with("gap r")) {
        on_gap(session, frame, begun_[session]);
      } else if (frame.starts_with("answer ") && frame[9] != '-') {
        on_barrier(session, frame, begun_[session]);
      }
      first = false;
      begun_[session] = 0;
      finishing_[session] = false;
    }
    if (link.in_a_frame() && begun_[session] == 0) begun_[session] = step_;
    if (!link.problem.empty()) fail(link.problem);
  }
  static std::uint64_t number(const std::string& frame, int word) {
    std::size_t at = 0;
    for (; word > 0; --word) at = frame.find(' ', at) + 1;
    return std::strtoull(frame.c_str() + at, nullptr, 10);
  }
  void on_message(SessionSlot session, const std::string& frame, std::uint64_t begun) {
    const auto room = static_cast<RoomSlot>(std::strtoul(frame.c_str() + 9, nullptr, 10));
    const Sequence sequence = number(frame, 2);
    const auto said = said_.find({room, sequence});
    if (said == said_.end()) return fail("never said: " + frame.substr(0, 40));
    if (said->second.frame != frame) return fail("changed on the way: " + frame.substr(0, 40));
    const auto found = members_.find({room, session});
    if (found == members_.end()) {
      if (!finishing_[session]) fail("delivered after leave: " + frame.substr(0, 40));
      return;
    }
    Membership& membership = found->second;
    if (sequence <= membership.joined) {
      if (!finishing_[session]) fail("delivered from before the join: " + frame.substr(0, 40));
      return;
    }
    if (sequence <= membership.last) return fail("out of order: " + frame.substr(0, 40));
    if (sequence <= membership.barrier) return fail("behind its barrier: " + frame.substr(0, 40));
    const std::uint8_t channel = said->second.channel;
    if (channel != kEveryChannel && (membership.mask_at(sequence) >> channel & 1) == 0) {
      return fail("not on this channel: " + frame.substr(0, 40));
    }
    if (said->second.withdrawn != 0 && said->second.withdrawn < begun) {
      return fail("sent though withdrawn: " + frame.substr(0, 40));
    }
    membership.last = sequence;
    membership.received.insert(sequence);
    if (said->second.counted && membership.chose && sequence > membership.chosen) {
      ++membership.taken[said->second.priority];
      check_choice(membership, frame);
    }
  }
  void on_gap(SessionSlot session, const std::string& frame, std::uint64_t begun) {
    const auto room = static_cast<RoomSlot>(std::strtoul(frame.c_str() + 5, nullptr, 10));
    const auto found = members_.find({room, session});
    if (found == members_.end()) {
      if (!finishing_[session]) fail("a gap after leave");
      return;
    }
    if (begun <= found->second.joined_at) return;  // of a membership before
    found->second.told += number(frame, 4);
    found->second.gaps.emplace_back(number(frame, 2), number(frame, 3));
  }
  void on_barrier(SessionSlot session, const std::string& frame, std::uint64_t begun) {
    const auto room = static_cast<RoomSlot>(number(frame, 2));
    const auto found = members_.find({room, session});
    if (found == members_.end() || begun <= found->second.joined_at) return;
    Membership& membership = found->second;
    const Sequence barrier = number(frame, 3);
    const bool strict = frame[frame.find(' ', frame.find(' ', 9) + 1) + 1] == 's';
    if (strict && membership.last > barrier) fail("an entry overtook: " + frame.substr(0, 40));
    membership.barrier = std::max(membership.barrier, barrier);
  }

  void check() {
    for (SessionSlot session = 0; session < sessions_; ++session) collect(session);
    for (const Doomed& doomed : world_.doomed()) {
      collect(doomed.session);
      ++reached_.doomed;
      reopen(doomed.session);
    }
    reached_.gaps += world_.gaps().size();
    for (SessionSlot relieved; world_.fanout.next_relieved(relieved);) {
    }
    check_ledger();
  }
  void check_ledger() {
    const Ledger ledger = world_.fanout.ledger();
    const std::string imbalance = World::imbalance(ledger);
    if (!imbalance.empty()) fail(imbalance);
    std::uint64_t delivered = 0;
    for (const Ledger::Class& of : ledger.by_priority) delivered += of.delivered;
    if (delivered != arrived_) {
      fail("delivered " + std::to_string(delivered) + ", arrived " + std::to_string(arrived_));
    }
    totals_ = ledger;
    const std::uint64_t chunk = 4096;
    if (world_.fanout.counters().log_bytes > world_.limits.log_pool_bytes / chunk * chunk) {
      fail("the log pool is over its limit");
    }
  }

  void drain() {
    world_.now = world_.now + Duration::ms(500);
    for (int round = 0; round < 60 && problem_.empty(); ++round) {
      for (SessionSlot session = 0; session < sessions_; ++session) {
        world_.links[session]->per_write = Link::kAll;
        world_.writable(session);
      }
      world_.flush();
      world_.now = world_.now + Duration::ms(500);
      check();
    }
    if (!problem_.empty()) return;
    if (world_.fanout.counters().log_bytes != 0) fail("a quiet room holds chunks");
    if (world_.fanout.counters().private_bytes != 0) fail("private bytes were left");
    for (const auto& [at, membership] : members_) check_member(at, membership);
    for (const Ledger::Class& of : totals_.by_priority) {
      reached_.delivered += of.delivered;
      reached_.merged += of.merged;
      reached_.sampled += of.sampled;
      reached_.dropped += of.dropped;
      reached_.closed += of.closed;
    }
  }
  void check_member(Key at, const Membership& membership) {
    std::uint64_t missing = 0;
    std::uint64_t withdrawn = 0;  // perhaps when it had been told already
    for (auto it = said_.upper_bound({at.first, membership.joined});
         it != said_.end() && it->first.first == at.first; ++it) {
      const Said& said = it->second;
      const Sequence sequence = it->first.second;
      if (said.channel != kEveryChannel &&
          (membership.mask_at(sequence) >> said.channel & 1) == 0) {
        continue;
      }
      if (membership.received.contains(sequence)) continue;
      if (said.withdrawn != 0) ++withdrawn;
      if (said.withdrawn != 0) continue;
      ++missing;
      bool told = false;
      for (const auto& [from, to] : membership.gaps) told |= from <= sequence && sequence <= to;
      if (changed_.contains(at)) continue;  // entries of a channel left were closed
      if (!told) {
        fail("session " + std::to_string(at.second) +
             " lost without a gap: " + said.frame.substr(0, 40) + " of " +
             std::to_string(heads_[at.first]) + ", told " + std::to_string(membership.told));
      }
      const bool may_hold_back = membership.chose && said.counted;
      if (!said.lossy && !may_hold_back)
        fail("a reliable entry was lost: " + said.frame.substr(0, 40));
    }
    const Ledger ledger = world_.fanout.ledger_of(at.first, at.second);
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;
    for (const Ledger::Class& of : ledger.by_priority) {
      delivered += of.delivered;
      dropped += of.dropped;
      if (of.pending != 0) fail("something is still pending");
    }
    if (delivered != membership.received.size()) fail("a member's own account is wrong");
    const bool over = membership.told > dropped + withdrawn && !changed_.contains(at);
    if (membership.told < dropped || over)
      fail("told " + std::to_string(membership.told) + " of " + std::to_string(dropped) +
           " losses");
    if (!changed_.contains(at) && missing > dropped) fail("more is missing than was told");
  }

  base::Random random_;
  World world_;
  Reached& reached_;
  bool crowded_;  // more masks in a room than views of their own
  std::uint32_t sessions_;
  std::uint32_t rooms_;
  std::uint64_t step_ = 0;
  std::string problem_;
  Ledger totals_;
  std::vector<Sequence> heads_;
  std::map<std::pair<RoomSlot, Sequence>, Said> said_;
  std::map<Key, Membership> members_;
  std::set<Key> changed_;
  std::map<SessionSlot, std::uint64_t> begun_;  // the step in which the unfinished frame began
  std::map<SessionSlot, bool> finishing_;       // it began before its member left
  std::uint64_t arrived_ = 0;
};

}  // namespace

TEST_CASE("random histories agree with the reference") {
  Reached reached;
  const char* many = std::getenv("CHATROOM_FANOUT_SEEDS");  // for long runs by hand
  const std::uint64_t seeds = many == nullptr ? 300 : std::strtoull(many, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string problem = History(seed, reached).run(400);
    INFO("seed " << seed);
    REQUIRE(problem == "");
  }
  CHECK(reached.delivered > 100'000);
  CHECK(reached.deflated > 10'000);
  CHECK(reached.merged > 1'000);
  CHECK(reached.sampled > 100);
  CHECK(reached.dropped > 1'000);
  CHECK(reached.closed > 1'000);
  CHECK(reached.overloaded > 15);
  CHECK(reached.doomed > 100);
  CHECK(reached.gaps > 100);
  CHECK(reached.items_dropped > 5);
  CHECK(reached.strict_barriers > 100);
  CHECK(reached.finished_after_leave > 10);
  CHECK(reached.masks_refused > 10);
  CHECK(reached.choices > 100);
  CHECK(reached.choices_refused > 10);
}

}  // namespace fanout_test
