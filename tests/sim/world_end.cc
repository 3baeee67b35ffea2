// The end of a world: the faults stop, everybody comes back, and all that was seen is compared.
#include <algorithm>
#include <cinttypes>

#include "chatroom/replay.h"
#include "sim/host.h"
#include "sim/insider.h"
#include "sim/loop.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

void World::finish() {
  report_.note("quiet");
  host_->settle();
  lines_.settle();
  desk_.settle();
  retire_surplus();
  for (const auto& peer : peers_) peer->settle();
  for (const auto& insider : insiders_) insider->settle();
  run_until(quiet_at_ + Duration::s(9));
  host_->watch_rooms();
  for (int round = 0; round < 3; ++round) {
    for (const auto& peer : peers_) peer->settle();
    for (const auto& insider : insiders_) insider->settle();
    run_until(now() + Duration::s(1));
  }
  say_last_words(0);
  run_until(now() + Duration::s(2));
  for (const auto& peer : peers_) peer->ask_presence();
  run_until(now() + Duration::s(4));
  // Who still catches up may do so, page by page, if it comes to an end.
  const auto asking = [](const auto& peer) { return peer->asking(); };
  for (int s = 0; s < 60 && std::any_of(peers_.begin(), peers_.end(), asking); ++s) {
    run_until(now() + Duration::s(1));
  }
  check_end();
  if (plan_.drain) drain();
  check_replay();
  engine_.reset();
  if (heap_.held() != 0) {
    report_.fail(Verdict::correctness, "%" PRIu64 " bytes were not given back", heap_.held());
  }
}

// A user who comes with more sessions than may be would never come to rest.
void World::retire_surplus() {
  std::map<std::string, std::uint32_t> sessions;
  for (const auto& peer : peers_) {
    if (++sessions[peer->user()] > plan_.limits.sessions_per_user) peer->retire();
  }
  for (const auto& insider : insiders_) {
    if (++sessions[insider->user()] > plan_.limits.sessions_per_user) insider->retire();
  }
}

void World::say_last_words(int) {
  for (std::uint32_t i = 0; i < plan_.rooms; ++i) host_->say(room_key(i), "main", 12);
}

void World::check_end() {
  host_->check_end();
  lines_.check_end();
  desk_.check_end();
  copies_.check_end();
  for (const auto& peer : peers_) peer->check_end();
  for (const auto& insider : insiders_) insider->check_end();
  std::vector<std::shared_ptr<Stay>> stays;
  const auto take = [&](Eyes& eyes) {
    stays.insert(stays.end(), eyes.ended().begin(), eyes.ended().end());
    for (const auto& [room, stay] : eyes.stays()) stays.push_back(stay);
  };
  for (const auto& peer : peers_) take(peer->eyes());
  for (const auto& insider : insiders_) take(insider->eyes());
  for (const auto& [name, life] : truth_.lives()) {
    truth_.check_published(life);
    truth_.check_sampled(life);
    truth_.check_pins(life);
  }
  for (const auto& stay : stays) {
    check_rung(*stay);
    check_stay(*stay, report_);
    check_pages(*stay, truth_, report_);
  }
  check_presence();
  check_history();
  check_delivered();
}

// Everybody knows how far the room is from showing everything.
void World::check_rung(const Stay& stay) {
  if (!stay.open || stay.tainted || !plan_.budgeted) return;
  const Result<Room> room = engine_->room(stay.life->room);
  if (!room || epoch_text(room->position().epoch) != stay.life->epoch) return;
  const auto check = [&](const std::string& channel, Rung rung) {
    const auto at = stay.rungs.find(channel);
    const Rung told = at == stay.rungs.end() ? Rung::normal : at->second;
    if (told == rung) return;
    report_.fail(Verdict::correctness, "%s in %s %s was told %s where it is %s", stay.who.c_str(),
                 stay.life->room.c_str(), channel.c_str(), std::string{name_of(told)}.c_str(),
                 std::string{name_of(rung)}.c_str());
  };
  if (!plan_.apart) return check({}, room->rung());
  for (std::uint32_t i = 0; i < plan_.channels; ++i) {
    if ((stay.channels_now() >> i & 1) == 0) continue;
    check(std::string{channel_name(i)}, room->rung(channel_name(i)));
  }
}

// What the account calls delivered, whole frames came out of links.
void World::check_delivered() {
  const Ledger ledger = engine_->metrics().ledger;
  for (int i = 0; i < kPriorityCount; ++i) {
    const Ledger::Class& one = ledger.by_priority[i];
    if (one.pending != 0) {
      report_.fail(Verdict::liveness, "%" PRIu64 " entries of class %d still wait", one.pending, i);
    }
    if (one.delivered == counted_[i] || plan_.faults.corrupt != 0) continue;
    report_.fail(Verdict::correctness,
                 "class %d: the ledger has %" PRIu64 " delivered, the links took %" PRIu64, i,
                 one.delivered, counted_[i]);
  }
}

// Everybody who is in a room agrees on who is.
void World::check_presence() {
  for (std::uint32_t i = 0; i < plan_.rooms; ++i) {
    const Result<Room> there = engine_->room(room_key(i));
    if (!there) continue;
    struct Found {
      std::set<std::string> members;
      std::map<std::string, std::string> worn;
    } found;
    there->for_each_member(
        [](void* context, const Member& member) {
          Found& into = *static_cast<Found*>(context);
          into.members.insert(std::string{member.user});
          const std::string worn = worn_text(member);
          if (!worn.empty()) into.worn[std::string{member.user}] = worn;
          return true;
        },
        &found);
    const std::set<std::string>& members = found.members;
    std::set<std::string> seen;
    const auto look = [&](Eyes& eyes, const std::string& user) {
      const Stay* stay = eyes.stay(room_key(i));
      if (stay == nullptr) return;
      seen.insert(user);
      if (!stay->list_known || stay->list_stale || stay->tainted) return;
      if (stay->worn != found.worn) {
        report_.fail(Verdict::correctness, "%s in %s knows something else of what members show",
                     stay->who.c_str(), room_key(i).c_str());
      }
      if (stay->list == members) return;
      std::string both;
      for (const std::string& one : stay->list) both += " " + one;
      both += " |";
      for (const std::string& one : members) both += " " + one;
      report_.fail(Verdict::correctness, "%s in %s has another list of who is here:%s",
                   stay->who.c_str(), room_key(i).c_str(), both.c_str());
    };
    for (const auto& peer : peers_) look(peer->eyes(), peer->user());
    for (const auto& insider : insiders_) look(insider->eyes(), insider->user());
    for (const auto& insider : insiders_) {
      if (insider->watches(room_key(i))) seen.insert(insider->user());
    }
    if (seen == members) continue;
    std::string both;
    for (const std::string& one : seen) both += " " + one;
    both += " |";
    for (const std::string& one : members) both += " " + one;
    report_.fail(Verdict::correctness, "%s: those who are in it and those it says:%s",
                 room_key(i).c_str(), both.c_str());
  }
}

// The ring, read back by the host, is what was delivered, without a hole.
void World::check_history() {
  for (std::uint32_t i = 0; i < plan_.rooms; ++i) {
    const Result<Room> there = engine_->room(room_key(i));
    if (!there) continue;
    const Position head = there->position();
    Life& life = truth_.life(room_key(i), epoch_text(head.epoch));
    struct Walk {
      World* world;
      Life* life;
      std::vector<std::uint64_t> offsets;
    } walk{this, &life, {}};
    std::uint64_t before = 0;
    std::uint64_t have = 0;
    std::uint64_t next = head.offset;
    for (;;) {
      walk.offsets.clear();
      static_cast<void>(there->history(
          before, 100,
          [](void* context, const Message& message) {
            Walk& to = *static_cast<Walk*>(context);
            to.world->truth_.sight(*to.life, message, "the host");
            if (to.life->recalled.count(message.offset) != 0) {
              to.world->report_.fail(Verdict::correctness,
                                     "history of %s has %" PRIu64 ", which was taken back",
                                     to.life->room.c_str(), message.offset);
            }
            to.offsets.push_back(message.offset);
          },
          &walk));
      if (walk.offsets.empty()) break;
      for (auto at = walk.offsets.rbegin(); at != walk.offsets.rend(); ++at, --next, ++have) {
        const auto lacks = [&] {
          return truth_.may_lack(life.room, next) || life.recalled.count(next) != 0;
        };
        while (*at < next && lacks()) --next;
        if (*at != next) {
          report_.fail(Verdict::correctness,
                       "history of %s has %" PRIu64 " where %" PRIu64 " should be",
                       life.room.c_str(), *at, next);
        }
      }
      before = walk.offsets.front();
      if (before <= 1) break;
    }
    const bool roomy = !plan_.storage.on && plan_.limits.history_pool_bytes >= 4u << 20;
    std::uint64_t due = std::min<std::uint64_t>(head.offset, life.history_least);
    const auto first = life.recalled.upper_bound(head.offset - due);
    due -= static_cast<std::uint64_t>(std::distance(first, life.recalled.end()));
    if (roomy && have < due) {
      report_.fail(Verdict::correctness, "history of %s holds %" PRIu64 " of %" PRIu64,
                   life.room.c_str(), have, due);
    }
  }
}

void World::drain() {
  report_.note("drains");
  ending_ = true;
  engine_->drain(CloseCode::shutdown, Duration::s(2));
  for (const auto& peer : peers_) {
    if (peer->link() == nullptr) continue;
    SessionOptions late;
    const Identity identity{.user = "late", .nick = {}, .info = {}};
    late.identity = &identity;
    if (engine_->open(*peer->link(), late)) {
      report_.fail(Verdict::correctness, "a session was opened after drain");
    }
  }
  run_until(now() + Duration::s(5));
  if (!engine_->drained()) report_.fail(Verdict::liveness, "not drained in time");
  if (host_->closed_sessions() != sessions_) {
    report_.fail(Verdict::correctness, "%" PRIu64 " sessions were opened, %" PRIu64 " closed",
                 sessions_, host_->closed_sessions());
  }
}

// The same inputs, offline: the same bytes.
void World::check_replay() {
  if (recording_ == nullptr) return;
  JsonCodec json;
  const std::uint64_t bytes_out = engine_->metrics().bytes_out;
  const Replayed replayed = replay(recording_->bytes(), *global_heap(), &json);
  if (!replayed.status || replayed.bytes_out != bytes_out) {
    report_.fail(Verdict::correctness,
                 "the replay differs (%s) after %" PRIu64 " records, %" PRIu64 " of %" PRIu64
                 " bytes",
                 std::string{name_of(replayed.status.error().code)}.c_str(), replayed.records,
                 replayed.bytes_out, bytes_out);
  }
}

}  // namespace chatroom::sim
