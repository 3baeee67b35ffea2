#include "sim/rungs.h"

#include <algorithm>
#include <utility>

#include "sim/insider.h"
#include "sim/truth.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr Duration kLook = Duration::ms(250);
constexpr Duration kTold = Duration::s(3);  // it is told within a second of those who look
constexpr Duration kVisit = Duration::ms(2'600);
constexpr Duration kAsked = Duration::s(6);  // so long an answer of the host's may take

}  // namespace

Rungs::Rungs(World& world) : world_(world), random_(world.plan().seed, 7'400) {}

void Rungs::start() {
  if (!world_.plan().budgeted) return;
  if (world_.plan().apart) visit();
  world_.schedule().after(kLook, [this] { look(); });
}

void Rungs::look() {
  if (!world_.busy()) return;
  world_.schedule().after(kLook, [this] { look(); });
  for (const auto& insider : world_.insiders()) look(insider->eyes());
  look_on();
}

void Rungs::look(Eyes& eyes) {
  for (const auto& [name, stay] : eyes.stays()) {
    const Result<Room> room = world_.engine().room(name);
    if (!room || stay->tainted || !stay->open) continue;
    if (epoch_text(room->position().epoch) != stay->life->epoch) continue;
    if (!world_.plan().apart) {
      look(*stay, {}, room->rung());
      continue;
    }
    for (std::uint32_t i = 0; i < world_.plan().channels; ++i) {
      const std::string channel{channel_name(i)};
      if ((stay->channels_now() >> i & 1) == 0) {
        on_.erase({stay.get(), channel});
      } else {
        look(*stay, channel, room->rung(channel));
      }
    }
  }
}

void Rungs::look(const Stay& stay, const std::string& channel, Rung rung) {
  const Instant now = world_.now();
  Since& is = is_[{stay.life->room, channel}];
  if (is.rung != rung || is.at == Instant{}) is = {rung, now};
  const Instant on = on_.emplace(std::pair{&stay, channel}, now).first->second;
  const auto told = stay.rungs.find(channel);
  const Rung knows = told == stay.rungs.end() ? Rung::normal : told->second;
  if (knows == rung || std::max(on, is.at) + kTold > now) return;
  world_.report().fail(Verdict::correctness, "%s in %s %s supposes %s, and it is %s for long",
                       stay.who.c_str(), stay.life->room.c_str(), channel.c_str(),
                       std::string{name_of(knows)}.c_str(), std::string{name_of(rung)}.c_str());
}

// ---- Who comes and goes, and looks for a while

void Rungs::visit() {
  if (!world_.busy() || world_.ending()) return leave();
  world_.schedule().after(kVisit, [this] { visit(); });
  leave();
  std::uint32_t room = random_.below(world_.plan().rooms);
  std::uint32_t channel = random_.below(world_.plan().channels);
  // Where there is something to be told, if there is.
  for (std::uint32_t i = 0; i < world_.plan().rooms * world_.plan().channels; ++i) {
    const std::uint32_t at = i % world_.plan().rooms;
    const Result<Room> there = world_.engine().room(world_.room_key(at));
    if (!there || there->rung(channel_name(i / world_.plan().rooms)) == Rung::normal) continue;
    room = at, channel = i / world_.plan().rooms;
  }
  if (!opened_) {
    opened_ = true;
    const Result<SessionId> made = world_.engine().open_local(*this, {.user = "~n"});
    opened_ = static_cast<bool>(made);
    if (!opened_) return;
    world_.session_opened();
    session_ = *made;
  }
  // The answer to a join says it; whoever goes to another channel later has to be told.
  const std::string_view first[] = {channel_name((channel + 1) % world_.plan().channels)};
  room_ = world_.room_key(room);
  channel_ = channel_name(channel);
  since_ = world_.now();
  in_ = true;  // it may be told within the call
  in_ = static_cast<bool>(world_.engine().join(session_, {.room = room_, .channels = first}));
  supposed_ = Rung::normal;
  if (in_ && !world_.engine().subscribe(session_, room_, channel_)) leave();
}

void Rungs::leave() {
  if (std::exchange(in_, false)) static_cast<void>(world_.engine().leave(session_, room_));
}

void Rungs::look_on() {
  const Result<Room> room = world_.engine().room(room_);
  if (!in_ || !room) return;
  const Rung rung = room->rung(channel_);
  Since& is = is_[{room_, channel_}];
  if (is.rung != rung || is.at == Instant{}) is = {rung, world_.now()};
  if (supposed_ == rung || std::max(since_, is.at) + kTold > world_.now()) return;
  world_.report().fail(Verdict::correctness, "who came to %s in %s supposes %s, and it is %s",
                       channel_.c_str(), room_.c_str(), std::string{name_of(supposed_)}.c_str(),
                       std::string{name_of(rung)}.c_str());
}

void Rungs::on_event(const Event& event) noexcept {
  world_.count_event(event);
  if (event.type == EventType::left) in_ = false;
  // The room was still being loaded when it asked, and it has gone on.
  const bool late = event.type == EventType::answer && event.op == Op::join && !in_;
  if (late && event.error.code == Errc::ok) {
    static_cast<void>(world_.engine().leave(session_, event.room));
  }
  if (event.type != EventType::room_state || !event.state.has_rate) return;
  if (event.channel == channel_) supposed_ = event.state.rung;
}

void Rungs::asked(std::string_view room, std::string_view channel) {
  if (!world_.plan().apart) return;
  std::deque<Instant>& all = asked_[{std::string{room}, std::string{channel}}];
  all.push_back(world_.engine_now());
  while (all.front() + kAsked < world_.engine_now()) all.pop_front();
}

// Of what the room shows main is sure of half, and each other channel of an equal part of the rest.
void Rungs::climbs(const HostEvent& event) {
  const Plan& plan = world_.plan();
  is_[{std::string{event.room}, std::string{event.text}}] = {event.rung, world_.now()};
  Rung& last = last_[{std::string{event.room}, std::string{event.text}}];
  const Rung before = std::exchange(last, event.rung);
  if (before > event.rung) return;
  const bool by_talk = event.rung == Rung::merge || event.rung == Rung::sample;
  if (!plan.apart || !plan.rules || event.text.empty() || !by_talk) return;
  const RoomPolicy& policy = plan.policies[0];
  const std::uint32_t all_shown = policy.receive_normal_per_s;
  const std::uint32_t sure = event.text == "main" ? all_shown - all_shown / 2
                             : plan.channels < 2  ? all_shown
                                                  : all_shown / 2 / (plan.channels - 1);
  if (sure == 0) return;  // there are more channels than places
  const std::uint32_t own = std::min<std::uint32_t>(policy.channel_normal_per_s, sure);
  const std::deque<Instant>& all = asked_[{std::string{event.room}, std::string{event.text}}];
  const auto recent = static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](Instant at) { return at + kAsked >= world_.engine_now(); }));
  world_.report().note("climbs", event.text, event.room, recent, own);
  if (recent > own) return;
  world_.report().fail(Verdict::correctness,
                       "%s of %s shows less of what is said, and %zu were said there",
                       std::string{event.text}.c_str(), std::string{event.room}.c_str(), recent);
}

}  // namespace chatroom::sim
