// The host as the engine's ports know it, and the model that its answers are compared with.
#include "sim/host.h"

#include <algorithm>
#include <charconv>

#include "sim/insider.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

Host::Host(World& world) : world_(world), random_(world.plan().seed, 50), moderators_(world) {
  for (std::uint32_t i = 0; i < world.plan().rooms; ++i) {
    rooms_[world.room_key(i)].policy = world.plan().policies[i];
  }
}

void Host::fail(const std::string& what) const {
  world_.report().fail(Verdict::correctness, "the host: %s", what.c_str());
}

// ---- The model: role by operation, in words of its own

std::set<Role> Host::roles_of(const RoomModel& room, std::string_view user) const {
  std::set<Role> roles;
  const std::string id{user};
  // It ends when the last session leaves, which the host hears of a little later.
  if (const auto passing = room.passing.find(id); passing != room.passing.end()) {
    roles = passing->second;
  }
  if (const auto lasting = room.lasting.find(id); lasting != room.lasting.end()) {
    roles.insert(lasting->second);
  } else if (const User* known = world_.user(user); known != nullptr) {
    roles.insert(known->role);
  } else {
    roles.insert(Role::member);
  }
  const auto once = room.once.find(id);
  if (world_.store() != nullptr && once != room.once.end()) {
    roles.insert(once->second.begin(), once->second.end());
  }
  if (room.policy.first_join_owns) roles.insert(Role::owner);
  return roles;
}

void Host::check_may_speak(const PublishRequest& request) {
  const Outgoing& message = *request.message;
  const auto at = rooms_.find(std::string{message.room});
  if (at == rooms_.end()) return;  // opened by somebody's join
  const RoomModel& room = at->second;
  const std::string who = std::string{request.user} + " in " + at->first;
  if (roles_of(room, request.user).count(request.role) == 0) {
    fail(who + " has a role that nobody gave: " + std::string{name_of(request.role)});
  }
  const bool guides = request.role >= Role::moderator;
  if (request.role == Role::visitor) fail(who + " is a visitor and may speak");
  if (message.kind == Kind::notice && !guides) fail(who + " may give notice");
  if (message.priority == Priority::high && !guides) fail(who + " may speak with high priority");
  if (moderators_.muted(message.room, request.user)) fail(who + " is muted and may speak");
  if (moderators_.banned(message.room, request.user)) fail(who + " is banned and may speak");
  const bool let = guides || moderators_.allowed(message.room, request.user);
  if (room.policy.mute_all && !let) fail(who + " may speak while all are muted");
  if (room.policy.emote_only && !guides && !message.text.empty()) {
    fail(who + " may speak in words");
  }
  const std::string id{request.user};
  const bool stored = world_.store() != nullptr && room.once.count(id) != 0;
  const bool belongs = request.role >= Role::speaker || room.lasting.count(id) != 0 || stored;
  if (room.policy.members_only && !belongs) fail(who + " may speak among members");
  if (room.policy.followers_only && !belongs && !follows(request.user)) {
    fail(who + " may speak among followers");
  }
  if (room.policy.moderated && request.role < Role::speaker) {
    fail(who + " may speak in a moderated room");
  }
}

bool Host::spend(Spoke& spoke, Rate rate, Instant now) {
  const double most = rate.burst;
  if (spoke.tokens < 0) spoke.tokens = most, spoke.at = now;
  const double refill = static_cast<double>((now - spoke.at).us) * rate.per_second / 1e6;
  spoke.tokens = std::min(most, spoke.tokens + refill);
  spoke.at = now;
  if (spoke.tokens < 0.9) return false;
  spoke.tokens -= 1;
  return true;
}

// The rate and slow mode, from the moments at which messages were let through.
void Host::check_pace(const PublishRequest& request, RoomModel& room) {
  Spoke& spoke = room.spoke[std::string{request.user}];
  const Instant now = world_.engine_now();
  const Limits& limits = world_.plan().limits;
  if (!spend(spoke, limits.publishes, now)) {
    fail(std::string{request.user} + " speaks faster than the rate");
  }
  if (!spend(speakers_[std::string{request.user}], limits.user_publishes, now)) {
    fail(std::string{request.user} + " speaks faster than the rate over all rooms");
  }
  const bool binds = room.policy.slow_mode_s > 0 && request.role < Role::moderator && spoke.bound;
  if (binds && now < spoke.spoke + Duration::s(room.policy.slow_mode_s)) {
    fail(std::string{request.user} + " does not keep to slow mode");
  }
  spoke.bound = spoke.passed = false;  // until it has been published
  spoke.last = now;
}

// Only what was said at once binds: a message that is decided later may have been refused
// meanwhile.
void Host::let_through(std::uint64_t serial) {
  const Said* said = world_.truth().find(serial);
  RoomModel* room = said == nullptr ? nullptr : model(said->room);
  if (room == nullptr || world_.reviewers().was_late(serial)) return;
  Spoke& spoke = room->spoke[said->user];
  spoke.passed = true;
  spoke.passed_at = world_.engine_now();
}

void Host::passed(std::string_view room, std::string_view user) {
  if (RoomModel* at = model(room)) at->spoke[std::string{user}].last = world_.engine_now();
}

// Whoever has passed with something else since is bound by that.
void Host::forgive(std::string_view room, std::string_view user, Instant asked) {
  RoomModel* at = model(room);
  if (at == nullptr) return;
  Spoke& spoke = at->spoke[std::string{user}];
  if (spoke.last > asked) return;
  spoke.bound = false;
  spoke.forgiven = world_.engine_now();
}

// Null: a room that somebody's join opened.
Host::RoomModel* Host::model(std::string_view room) {
  const auto at = rooms_.find(std::string{room});
  return at == rooms_.end() ? nullptr : &at->second;
}

const RoomPolicy& Host::policy_of(const std::string& room) { return rooms_.at(room).policy; }

bool Host::could_be(const std::string& room, const User& user, Role role) const {
  const auto at = rooms_.find(room);
  if (at == rooms_.end() || user.role == role) return true;
  return role != Role::visitor || at->second.visitors.count(user.id) != 0;
}
bool Host::ever_restricted(const std::string& room) const {
  const auto at = rooms_.find(room);
  return at == rooms_.end() || at->second.restricted;
}
bool Host::ever_slow(const std::string& room) const {
  const auto at = rooms_.find(room);
  return at == rooms_.end() || at->second.slow;
}
bool Host::ever_capped(const std::string& room) const {
  const auto at = rooms_.find(room);
  return at == rooms_.end() || at->second.capped;
}

// ---- Decisions

Answer Host::soon(Question question, Decision kind, std::string data, std::uint64_t serial) {
  const HostHabits& habits = world_.plan().host;
  if (world_.busy() && random_.chance(habits.never)) return Answer::later();
  if (world_.busy() && random_.chance(habits.late)) {
    const Duration wait = Duration::ms(random_.between(1, 3'000));
    const std::uint64_t life = world_.lives();
    world_.schedule().after(wait, [this, life, question, kind, data = std::move(data), serial] {
      if (life == world_.lives()) answer(question, kind, data, serial);
    });
    return Answer::later();
  }
  static thread_local std::string text;  // lives until the engine copied it
  const Answer answer = verdict(kind, data, serial, text);
  const bool said =
      answer.verdict == Answer::Verdict::pass || answer.verdict == Answer::Verdict::rewrite;
  if (kind == Decision::publish && said) let_through(serial);
  return answer;
}

Answer Host::verdict(Decision kind, const std::string& data, std::uint64_t serial,
                     std::string& text) {
  const HostHabits& habits = world_.plan().host;
  const bool refused = world_.busy() && random_.chance(habits.refuse);
  switch (kind) {
    case Decision::auth: {
      const std::size_t space = data.find(' ');
      const User* user = space == std::string::npos ? nullptr : world_.user(data.substr(0, space));
      if (user == nullptr || refused) return Answer::refuse(Errc::unauthorized);
      return Answer::as(user->identity());
    }
    case Decision::missing:
      // Its own rooms it opens itself.
      return refused || model(data) != nullptr ? Answer::refuse(Errc::not_found) : Answer::pass();
    case Decision::join:
      return refused ? Answer::refuse(Errc::forbidden) : Answer::pass();
    case Decision::publish: {
      Said* said = world_.truth().find(serial);
      // The same message gets the same verdict each time.
      Random fate{world_.plan().seed ^ serial, 3};
      if (!world_.busy() || said == nullptr || said->tainted) return Answer::pass();
      if (fate.chance(habits.refuse)) return Answer::refuse(Errc::filtered);
      if (fate.chance(habits.rewrite)) {
        Answer answer;
        const std::uint32_t which = fate.below(3);
        answer.verdict = which == 0   ? Answer::Verdict::drop
                         : which == 1 ? Answer::Verdict::hold
                                      : Answer::Verdict::rewrite;
        if (which == 0) said->dropped = true;
        if (which == 2) answer.text = said->text = text = Truth::prefix(serial) + "[...]";
        return answer;
      }
      return Answer::pass();
    }
    case Decision::call: {
      if (refused) return Answer::refuse(Errc::unsupported);
      text = data;
      Answer answer;
      answer.data = {.form = Data::Form::json, .bytes = as_bytes(text)};
      return answer;
    }
  }
  return Answer::pass();
}

void Host::answer(Question question, Decision kind, const std::string& data, std::uint64_t serial) {
  std::string text;
  const Answer made = verdict(kind, data, serial, text);
  if (random_.chance(30)) {
    static_cast<void>(world_.engine().remote().answer(question, made));
  } else {
    static_cast<void>(world_.engine().answer(question, made));
  }
  if (!random_.chance(20)) return;
  // It has been answered: again is an error, and harmless.
  // Unless the mail with the first answer had not been read yet.
  static_cast<void>(world_.engine().answer(question, Answer::refuse(Errc::internal)));
}

Answer Host::on_auth(Question question, const AuthRequest& request) noexcept {
  return soon(question, Decision::auth, std::string{request.token}, 0);
}

Answer Host::on_missing_room(Question question, const JoinRequest& request) noexcept {
  return soon(question, Decision::missing, std::string{request.room}, 0);
}

Answer Host::on_join(Question question, const JoinRequest& request) noexcept {
  if (moderators_.banned(request.room, request.user)) {
    fail(std::string{request.user} + " is banned and asks to be let in");
  }
  if (request.user.substr(0, 1) == "~" || request.user == "x") return Answer::pass();
  return soon(question, Decision::join, {}, 0);
}

Answer Host::before_publish(Question question, const PublishRequest& request) noexcept {
  if (request.message->room == Lines::kRoom || request.message->room == Desk::kRoom) {
    return Answer::pass();
  }
  world_.rungs().asked(request.message->room, request.message->channel);
  Message message;
  message.text = request.message->text;
  message.data = request.message->data;
  const std::uint64_t serial = Truth::serial_of(message);
  const Said* said = world_.truth().find(serial);
  const bool late = world_.reviewers().was_late(serial);
  if (said != nullptr && !said->tainted && !late) {
    if (said->user != request.user) fail("somebody publishes as " + std::string{request.user});
    check_may_speak(request);
  }
  const auto room = rooms_.find(std::string{request.message->room});
  if (room != rooms_.end() && !late) check_pace(request, room->second);
  return soon(question, Decision::publish, {}, serial);
}

// Every second one follows, whatever the room.
Answer Host::on_follower(Question, const PublishRequest& request) noexcept {
  if (request.message->room == Desk::kRoom) return world_.desk().on_follower(request);
  return follows(request.user) ? Answer::pass() : Answer::refuse(Errc::mode_restricted);
}

Answer Host::on_call(Question question, const CallRequest& request) noexcept {
  const std::string data{as_text(request.data.bytes)};
  if (request.name == "no") return Answer::refuse(Errc::unsupported);
  if (request.name == "never" && world_.busy()) return Answer::later();
  if (request.name == "late") {
    const Duration wait = Duration::ms(random_.between(1, 500));
    const std::uint64_t life = world_.lives();
    world_.schedule().after(wait, [this, life, question, data] {
      if (life == world_.lives()) answer(question, Decision::call, data, 0);
    });
    return Answer::later();
  }
  return soon(question, Decision::call, data, 0);
}

std::string Host::profile_of(std::string_view user) {
  return "{\"of\":\"" + std::string{user} + "\"}";
}

// In turns: now, after a while, never, and that there is none. No dice: others go on as they did.
Answer Host::on_profile(Question question, const ProfileRequest& request) noexcept {
  const std::string data = profile_of(request.user);
  switch (profiles_asked_++ % 5) {
    case 0:
      return Answer::refuse(Errc::not_found);
    case 1:
      if (world_.busy()) return Answer::later();
      [[fallthrough]];
    case 2: {
      profile_ = data;
      Answer answer;
      answer.data = {Data::Form::json, as_bytes(profile_)};
      return answer;
    }
    default: {
      const std::uint64_t life = world_.lives();
      world_.schedule().after(Duration::ms(300), [this, life, question, data] {
        Answer answer;
        answer.data = {Data::Form::json, as_bytes(data)};
        if (life == world_.lives()) static_cast<void>(world_.engine().answer(question, answer));
      });
      return Answer::later();
    }
  }
}

// ---- What it is told

void Host::on_event(const HostEvent& event) noexcept {
  const std::string user{event.user};
  const std::string room{event.room};
  if (event.type == HostEventType::likes) world_.lines().likes_told(event.count);
  world_.copies().on_event(event);
  if (event.type == HostEventType::traced && user != world_.users().front().id) {
    fail(user + " is traced, and nobody asked for that");
  }
  if (room == Lines::kRoom || room == Desk::kRoom) return;  // they look after it
  switch (event.type) {
    case HostEventType::session_ready: {
      Session& session = sessions_[event.session];
      if (session.ready || session.closed) fail("a session was ready twice");
      session.ready = true;
      session.user = user;
      const bool extra = user.substr(0, 1) == "~" || user.substr(0, 1) == "c";  // of the crowd
      if (!extra && world_.user(user) == nullptr && world_.plan().faults.corrupt == 0) {
        fail("who is " + user + "?");
      }
      break;
    }
    case HostEventType::session_closed: {
      Session& session = sessions_[event.session];
      if (session.closed) fail("a session was closed twice");
      if (!session.rooms.empty() && lost_ == 0) fail("a session was closed that is in a room");
      session.closed = true;
      ++closed_;
      break;
    }
    case HostEventType::joined: {
      Session& session = sessions_[event.session];
      if (!session.ready || session.closed) fail("somebody joined who is not there");
      if (!session.rooms.insert(room).second) fail("a session joined twice");
      if (RoomModel* at = model(room); at != nullptr) ++at->sessions[user];
      if (random_.chance(world_.plan().host.echo) && world_.busy()) say(room, "main", 10);
      break;
    }
    case HostEventType::left:
      on_left(event);
      break;
    case HostEventType::published:
      on_published(event);
      break;
    case HostEventType::refused:
      world_.report().note("refused", user, name_of(event.error.code), event.ticket, event.tag);
      if (event.tag != 0 && mail_.erase(event.tag) == 0)
        fail("a call from afar was answered twice");
      break;
    case HostEventType::room_opened:
    case HostEventType::room_closed:
      if (event.type == HostEventType::room_opened && !user.empty()) {  // by a join
        if (const Result<Room> there = world_.engine().room(room); there) {
          Life& life = world_.truth().life(room, epoch_text(there->position().epoch));
          const std::uint32_t kept = world_.plan().policies[0].history_messages;
          life.history_least = std::min(life.history_least, kept);
        }
      }
      if (event.type == HostEventType::room_closed) world_.truth().closed(room, world_.now());
      if (event.type == HostEventType::room_closed) moderators_.forget(room);
      // A new life: nobody has spoken in it yet.
      if (RoomModel* at = model(room); at != nullptr) {
        at->spoke.clear();
        at->places = -1;
        if (event.type == HostEventType::room_opened && !user.empty()) {
          at->policy = world_.plan().policies[0];
          at->restricted = at->restricted || at->policy.moderated;
          at->slow = at->slow || at->policy.slow_mode_s > 0;
          at->capped = at->capped || at->policy.max_members > 0;
        }
        if (!world_.engine().room(room)) {
          at->passing.clear();
          at->lasting.clear();
        }
      }
      break;
    case HostEventType::overload:
      world_.report().note("overload", name_of(event.error.code), room,
                           static_cast<std::uint64_t>(event.rung));
      if (event.error.code == Errc::ok) ++climbs_[room], world_.rungs().climbs(event);
      break;
    case HostEventType::events_lost:
      ++lost_;
      break;
    default:
      break;
  }
}

void Host::on_left(const HostEvent& event) {
  const std::string room{event.room};
  const std::string user{event.user};
  if (sessions_[event.session].rooms.erase(room) == 0 && lost_ == 0) {
    fail("a session left where it was not");
  }
  if (RoomModel* at = model(room); at != nullptr && --at->sessions[user] <= 0) {
    at->spoke.erase(user);
  }
  if (random_.chance(world_.plan().host.echo) && world_.busy()) say(room, "main", 10);
}

void Host::on_published(const HostEvent& event) {
  if (RoomModel* room = model(event.room); room != nullptr && !event.user.empty()) {
    Spoke& spoke = room->spoke[std::string{event.user}];
    const bool released = world_.reviewers().released_lately(event.room, event.user);
    const bool forgiven = spoke.passed_at == spoke.forgiven;  // something else of that moment
    if (spoke.passed && !released && !forgiven) spoke.bound = true, spoke.spoke = spoke.passed_at;
    spoke.passed = false;
    check_shown(event, *room);
    if (moderators_.in_shadow(event.room, event.user) && !released) {
      fail(std::string{event.user} + " is shown to all in " + std::string{event.room});
    }
  }
  world_.truth().told_published(event.room, event.position, event.user);
  if (event.tag != 0 && mail_.erase(event.tag) == 0) fail("a call from afar was answered twice");
  // Calls back in, from the host and for somebody else.
  if (event.user.empty() || !world_.busy()) return;
  if (!random_.chance(world_.plan().host.echo)) return;
  if (random_.chance(70)) return say(std::string{event.room}, "main", 20);
  if (world_.user(event.user) != nullptr) kick(std::string{event.room}, std::string{event.user});
}

// No more is shown than the budgets of the room's members hold. What is stored first is told later
// than it was let through.
void Host::check_shown(const HostEvent& event, RoomModel& room) {
  const Plan& plan = world_.plan();
  if (!plan.budgeted || plan.storage.on) return;
  const double rate = room.policy.receive_normal_per_s + room.policy.receive_high_per_s;
  const double ahead = plan.apart ? 2 * rate : rate;  // by channels that are sure of a place
  const Instant now = world_.engine_now();
  if (room.places < 0) {
    room.places = ahead;
  } else {
    const double passed = static_cast<double>((now - room.places_at).us) / 1e6;
    room.places = std::min(ahead, room.places + passed * rate);
  }
  room.places_at = now;
  room.places -= 1;
  if (room.places < -0.01) fail("more is shown in " + std::string{event.room} + " than its budget");
  room.places = std::max(room.places, 0.0);
}

void Host::check_end() const {
  if (!mail_.empty() && lost_ == 0) fail("nothing was heard of a call from afar");
  // One may end with its room, or with the process, before it was told.
  for (const auto& [room, climbs] : climbs_) {
    // Those that members open themselves have no witness.
    bool watched = false;
    for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) watched |= room == world_.room_key(i);
    if (!watched || !world_.plan().witness || climbs < 4 || world_.truth().rates_seen(room) > 0)
      continue;
    fail(room + " went from rung to rung, and nobody was told");
  }
}

}  // namespace chatroom::sim
