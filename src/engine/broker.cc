// Broker: how an engine enters and leaves a server of several engines, and what comes in from the
// others. Who is home does its half in home.cc, who follows in follower.cc.
#include "chatroom/broker.h"

#include <algorithm>
#include <new>

#include "engine/abroad.h"
#include "engine/heirs.h"

namespace chatroom {

using engine::Cluster;
using engine::Crossing;

std::uint64_t Engine::State::cluster_bytes(const Limits& limits) noexcept {
  return Cluster::bytes_max(limits);
}

Status Engine::State::enter_cluster(base::HashKey key) noexcept {
  if (ports.broker == nullptr) return {};
  void* block = memory.allocate(sizeof(Cluster), alignof(Cluster));
  if (block == nullptr) return Errc::limit_reached;
  cluster = ::new (block) Cluster(memory, options.limits, key);
  if (!cluster->reserve(options.limits)) return Errc::limit_reached;
  cluster->self = ports.broker->attach(ports.loop);
  return {};
}

void Engine::State::leave_cluster() noexcept {
  if (cluster == nullptr) return;
  if (cluster->self != kNoPeer) ports.broker->detach();
  cluster->~Cluster();
  memory.release(cluster, sizeof(Cluster), alignof(Cluster));
  cluster = nullptr;
}

void Engine::State::take_broker(std::uint32_t& commands) noexcept {
  if (cluster == nullptr || commands == 0) return;
  broker_inputs = 0;
  const bool more = ports.broker->poll(*this, commands);
  commands -= std::min(commands, broker_inputs);
  broker_waits = more;
  tell_losses();
  engine::tell_records(*this);
}

// The end of a spread: nothing that was decided stays behind.
void Engine::State::settle_cluster() noexcept {
  if (cluster == nullptr) return;
  sweep_guests();
  const PortCall guard{in_port};
  ports.broker->flush();
}

// What its next command has to wait for.
Question Engine::State::waiting_for(const SessionRecord& record) const noexcept {
  return questions.handle_at(record.waiting);
}

void Engine::State::stop_waiting(SessionRecord& record, Question question) noexcept {
  // By its slot: the question itself is gone by now.
  if (record.waiting == question.index) record.waiting = SessionRecord::kNothing;
}

bool Engine::State::is_home(const Lease& lease) const noexcept {
  return lease.home == cluster->self;
}

bool Engine::State::is_mirror(RoomId room) const noexcept {
  return cluster != nullptr && rooms.is_open(room) && cluster->rooms[room.index].mirror;
}

bool Engine::State::is_guest(std::uint32_t session) const noexcept {
  if (cluster == nullptr) return false;
  const SessionRecord* record = slots.at(session);
  return record != nullptr && record->guest;
}

std::uint32_t Engine::State::guest_count() const noexcept {
  return cluster == nullptr ? 0 : cluster->guests.size();
}

std::uint64_t Engine::State::guest_memberships() const noexcept {
  std::uint64_t count = 0;
  for (std::uint32_t i = 0; cluster != nullptr && i < cluster->guests.extent(); ++i) {
    const engine::Guest* guest = cluster->guests.at(i);
    if (guest == nullptr) continue;
    room::MembershipIndex at = rooms.first_of_session(guest->session.index);
    for (; at != room::kNone; at = rooms.next_of_session(at)) ++count;
  }
  return count;
}

std::uint32_t Engine::State::mirror_count() const noexcept {
  std::uint32_t count = 0;
  if (cluster == nullptr) return count;
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    if (is_mirror(room)) ++count;
  }
  return count;
}

std::uint32_t Engine::State::online(RoomId room) const noexcept {
  return is_mirror(room) ? cluster->rooms[room.index].online : rooms.view(room).users;
}

// An event as its members will be told it. Empty: it does not fit a frame.
Bytes Engine::State::encode_crossing(const Event& event) noexcept {
  const std::size_t size = codec.encode(event, cluster->event());
  return cluster->event().first(size);
}

bool Engine::State::decode_crossing(Bytes frame, Event& event) noexcept {
  return static_cast<bool>(local_codec.decode(frame, event).status);
}

// ---- BrokerInbox. Nothing here trusts a message to be whole.

void Engine::State::on_message(PeerId from, Bytes message) noexcept {
  ++broker_inputs;
  dirty = true;
  engine::Unpacker in{message};
  switch (static_cast<Crossing>(in.u8())) {
    case Crossing::submit:
      return take_submit(from, in);
    case Crossing::gone:
      return take_gone(from, in);
    case Crossing::follow:
      return take_follow(from, in);
    case Crossing::returned:
      return take_returned(from, in);
    case Crossing::host_op:
      return take_host_op(from, in);
    case Crossing::reply:
      return take_reply(from, in);
    case Crossing::told:
      return take_told(from, in);
    case Crossing::welcome:
      take_welcome(from, in, false);
      return;
    case Crossing::refused:
      return take_refused(from, in);
    case Crossing::host_done:
      return take_host_done(in);
    case Crossing::mask:
      return take_mask(from, in);
    case Crossing::user_told:
      return take_user_told(*this, from, in);
    case Crossing::direct:
      return take_direct(*this, from, in);
    case Crossing::direct_done:
      return take_direct_done(*this, from, in);
    case Crossing::direct_echo:
      return take_direct_echo(*this, in);
    case Crossing::broadcast:
      return take_broadcast(*this, in);
    case Crossing::want_record:
      return take_want_record(*this, in);
  }
}

// Its members are gone from our rooms, and its rooms have another home, or none that knows us.
void Engine::State::on_peer_lost(PeerId peer) noexcept {
  ++broker_inputs;
  dirty = true;
  log(LogLevel::warning, "broker: lost sight of another engine");
  for (std::uint32_t i = 0; i < cluster->guests.extent(); ++i) {
    const engine::Guest* guest = cluster->guests.at(i);
    if (guest != nullptr && guest->peer == peer) forget_guest(cluster->guests.handle_at(i));
  }
  for (std::uint32_t i = 0; i < questions.extent(); ++i) {
    const Pending* pending = questions.at(i);
    if (pending == nullptr || pending->kind != engine::QuestionKind::home) continue;
    if (pending->peer != peer) continue;
    static_cast<void>(take_answer(questions.handle_at(i), Answer::refuse(Errc::internal)));
  }
  for (RoomId room = rooms.first_room(); room;) {
    const RoomId next = rooms.next_room(room);
    if (is_mirror(room) && cluster->rooms[room.index].home == peer) lose_home(room);
    room = next;
  }
  engine::lose_waits(*this, peer);
  engine::lose_asked(*this, peer);
}

}  // namespace chatroom
