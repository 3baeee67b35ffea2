#include "sim/wardens.h"

namespace chatroom::sim {

Command Verb::command() const {
  Command made;
  made.op = op;
  made.room = room;
  made.user = user;
  made.offset = offset;
  made.key = op == Op::set_attribute ? "topic" : "";
  if (op == Op::set_attribute) made.value = "news";
  if (op == Op::set_policy) made.policy.mute_all = on;
  return made;
}

Verb Wardens::choose(const std::string& room, const Target& target, std::uint64_t newest) {
  static constexpr Op kOps[] = {Op::mute,  Op::mute,  Op::unmute,        Op::unmute,    Op::ban,
                                Op::unban, Op::unban, Op::kick,          Op::recall,    Op::clear,
                                Op::pin,   Op::unpin, Op::set_attribute, Op::set_policy};
  Verb verb;
  verb.op = kOps[random_.below(std::size(kOps))];
  verb.room = room;
  const std::uint64_t back = random_.below(4);
  const bool all = random_.chance(30);
  const bool about_user = verb.op < Op::set_policy || (verb.op == Op::clear && !all);
  if (about_user && verb.op != Op::recall) verb.user = target.user;
  // Of who is not in it the room knows nothing: a member like others.
  verb.of = std::max(target.role, Role::member);
  verb.of_least = std::min(target.role, Role::member);
  verb.offset = newest > back ? newest - back : 1;
  verb.on = quiet_.count(room) == 0 && random_.chance(50);
  return verb;
}

void Wardens::asks(const std::string& who, Role rank, Verb& verb) {
  verb.life = lives_[verb.room];
  const Key key{verb.room, verb.user};
  if (rank < Role::moderator && verb.user != who && verb.op != Op::recall) return;
  if (verb.op == Op::unmute) muted_.erase(key);
  if (verb.op == Op::unban) banned_.erase(key);
  if (verb.op == Op::set_policy) quiet_.erase(verb.room);
  if (verb.op == Op::recall) taken_[verb.room].maybe.insert(verb.offset);
  if (verb.op == Op::clear) taken_[verb.room].cleared = UINT64_MAX;
}

void Wardens::answered(const std::string& who, Role rank, const Verb& verb, Errc done,
                       Instant now) {
  const auto fail = [&](const char* what) {
    report_.fail(Verdict::correctness, "%s: %s of %s in %s %s", who.c_str(),
                 std::string{name_of(verb.op)}.c_str(), verb.user.c_str(), verb.room.c_str(), what);
  };
  const bool of_user = !verb.user.empty();
  const Role needs = verb.op == Op::set_policy || (verb.op == Op::clear && !of_user)
                         ? Role::admin
                         : Role::moderator;
  if (done == Errc::forbidden && rank >= needs && verb.op != Op::recall &&
      (!of_user || rank > verb.of)) {
    fail("is refused, and may be done");
  }
  if (done != Errc::ok) return;
  ++done_;
  const bool own = verb.user == who && (verb.op == Op::mute || verb.op == Op::unmute);
  const bool may = verb.op == Op::recall || (rank >= needs && (!of_user || rank > verb.of_least));
  if (!may && !own) fail("is done, and may not be");
  if (verb.life != lives_[verb.room]) return;
  const Key key{verb.room, verb.user};
  if (verb.op == Op::mute) muted_[key] = now;
  if (verb.op == Op::ban) banned_[key] = now;
  if (verb.op == Op::set_policy && verb.on) quiet_[verb.room] = now;
  if (verb.op == Op::recall) taken_[verb.room].surely.insert(verb.offset);
}

// And offsets begin anew.
void Wardens::home_lost(const std::string& room) {
  ++lives_[room];
  forgive(room);
  taken_.erase(room);
}

void Wardens::forgive(const std::string& room) {
  const auto here = [&](const auto& one) { return one.first.first == room; };
  std::erase_if(muted_, here);
  std::erase_if(banned_, here);
  quiet_.erase(room);
}

bool Wardens::silent(const std::string& room, const std::string& user, Role rank,
                     Instant asked) const {
  for (const auto* measures : {&muted_, &banned_}) {
    const auto at = measures->find({room, user});
    if (at != measures->end() && at->second <= asked) return true;
  }
  const auto at = quiet_.find(room);
  return at != quiet_.end() && at->second <= asked && rank < Role::moderator && !user.empty();
}

bool Wardens::barred(const std::string& room, const std::string& user, Instant asked) const {
  const auto at = banned_.find({room, user});
  return at != banned_.end() && at->second <= asked;
}

bool Wardens::may_lack(const std::string& room, std::uint64_t offset) const {
  const auto at = taken_.find(room);
  if (at == taken_.end()) return false;
  return offset <= at->second.cleared || at->second.maybe.count(offset) != 0;
}

bool Wardens::gone(const std::string& room, std::uint64_t offset) const {
  const auto at = taken_.find(room);
  return at != taken_.end() && at->second.surely.count(offset) != 0;
}

}  // namespace chatroom::sim
