// The replayer. One cursor walks over the recording; the new engine's own recording moves it: each
// record it writes must be the one that stands there. Ports look at the record under the cursor for
// their answer, and the calls are made from it.
#include "chatroom/replay.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/replay_tape.h"
#include "engine/replayed_decisions.h"
#include "engine/state.h"

namespace chatroom {

namespace {

using engine::Lists;
using engine::Record;
using engine::ReplayedDecisions;
using engine::Tape;
using engine::Unpacker;

// Makes the calls that the recording names, and is every port of the new engine.
class Replayer final : public EventLoop,
                       public Connection,
                       public LocalMember,
                       public ReplayedDecisions,
                       public Storage,
                       public Compressor,
                       public EngineObserver,
                       public SlowWork {
 public:
  Replayer(Tape& tape, Memory& memory, Codec* json) noexcept
      : tape_(tape), memory_(memory), json_(json) {}

  Status run() noexcept;

  // EventLoop
  Instant now() noexcept override { return {tape_.value(Record::now).i64()}; }
  void set_alarm(Instant) noexcept override {}
  void wake() noexcept override {}
  void entropy(MutableBytes out) noexcept override {
    CHATROOM_ASSERT(out.size() == sizeof words_);
    std::memcpy(out.data(), words_, sizeof words_);
  }
  void attach(LoopClient* client) noexcept override { client_ = client; }
  // Connection
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    Unpacker from = tape_.value(Record::wrote);
    from.u32();
    from.u32();
    const std::size_t taken = from.u32();
    std::size_t offered = 0;
    for (const Bytes piece : pieces) offered += piece.size();
    return std::min(taken, offered);
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}
  // Storage: what it said before it returned
  void append(StorageRequest, StorageReply& reply, std::string_view, std::uint64_t,
              std::span<const Message>) noexcept override {
    deliver(reply);
  }
  void save(StorageRequest, StorageReply& reply, std::string_view, std::uint64_t,
            Bytes) noexcept override {
    deliver(reply);
  }
  void read(StorageRequest, StorageReply& reply, std::string_view, std::uint64_t, std::uint64_t,
            std::uint32_t) noexcept override {
    deliver(reply);
  }
  void load(StorageRequest, StorageReply& reply, std::string_view) noexcept override {
    deliver(reply);
  }
  // Compressor
  void restart(std::uint8_t) noexcept override {}
  std::size_t deflate(std::span<const Bytes>, MutableBytes out) noexcept override {
    const Bytes wrote = tape_.value(Record::deflated).rest();
    return copy(wrote, out) ? wrote.size() : 0;
  }
  Inflated inflate(Bytes, MutableBytes out) noexcept override {
    Unpacker from = tape_.value(Record::inflated);
    const auto outcome = static_cast<Outcome>(from.u8());
    const Bytes wrote = from.rest();
    return copy(wrote, out) ? Inflated{outcome, wrote.size()} : Inflated{};
  }
  // SlowWork: what was lost for this very piece, if anything was.
  std::uint32_t put(const Work& work) noexcept override {
    if (tape_.type() != Record::work_lost) return 0;
    Unpacker from = tape_.fields();
    return from.u64() == work.number ? from.u32() : 0;
  }
  // What the host did while it was told something.
  void on_event(const HostEvent&) noexcept override { follow(); }
  void on_event(const Event&) noexcept override { follow(); }
  void on_closed(CloseCode) noexcept override { follow(); }

 private:
  static bool copy(Bytes from, MutableBytes to) noexcept {
    if (from.size() > to.size()) return false;
    std::copy(from.begin(), from.end(), to.begin());
    return true;
  }
  Answer decision() noexcept override {
    Unpacker from = tape_.value(Record::decision);
    Answer answer;
    unpack(from, answer);
    return answer;
  }
  void follow() noexcept {
    while (!tape_.done() && tape_.type() != Record::told) make_call();
  }
  static bool over(void* self) noexcept {
    return static_cast<Replayer*>(self)->tape_.value(Record::over).flag();
  }

  bool stored() const noexcept {
    return tape_.type() >= Record::stored_message && tape_.type() <= Record::stored_done;
  }
  void deliver(StorageReply& reply) noexcept {
    while (!tape_.done() && stored()) deliver_one(reply);  // up to `returned`
  }
  void deliver_one(StorageReply& reply) noexcept;

  Status begin() noexcept;
  void make_call() noexcept;
  void call_turn(Unpacker& from) noexcept;
  void call_engine(Unpacker& from) noexcept;
  void call_send(Unpacker& from) noexcept;
  void call_room(Unpacker& from) noexcept;
  void call_command(Unpacker& from) noexcept;
  void post_mail() noexcept;

  Tape& tape_;
  Memory& memory_;
  Codec* json_;
  EnginePtr engine_;
  LoopClient* client_ = nullptr;
  std::optional<Engine::Turn> turn_;
  std::uint64_t words_[3] = {};
};

Status Replayer::begin() noexcept {
  if (tape_.type() != Record::begin) return Errc::bad_request;
  Unpacker from = tape_.fields();
  if (from.text() != engine::kRecordMagic) return Errc::unsupported;
  words_[2] = from.u64();
  words_[0] = from.u64();
  words_[1] = from.u64();
  EngineOptions options;
  unpack(from, options);
  EnginePorts ports;
  ports.memory = &memory_;
  ports.recorder = &tape_;
  if (from.flag()) ports.loop = this;
  const bool json = from.flag();
  if (json && json_ == nullptr) return Errc::bad_request;
  if (json) ports.json = json_;
  if (from.flag()) ports.auth = this;
  if (from.flag()) ports.rules = this;
  if (from.flag()) ports.filter = this;
  if (from.flag()) ports.passwords = this;
  if (from.flag()) ports.relations = this;
  if (from.flag()) ports.profiles = this;
  if (from.flag()) ports.storage = this;
  if (from.flag()) ports.observer = this;
  if (from.flag()) ports.compressor = this;
  if (from.flag()) ports.slow_work = this;
  if (from.flag()) {
    options.budget.over = &over;
    options.budget.arg = this;
  }
  if (!from.ok()) return Errc::bad_request;
  Result<EnginePtr> made = Engine::create(options, ports);
  if (!made) return made.error();
  engine_ = std::move(*made);
  return {};
}

Status Replayer::run() noexcept {
  if (const Status begun = begin(); !begun) return begun;
  while (!tape_.done()) make_call();
  turn_.reset();
  if (tape_.diverged()) return Errc::position_lost;
  return tape_.torn() ? Status{Errc::bad_request} : Status{};
}

void Replayer::make_call() noexcept {
  const Record type = tape_.type();
  const std::uint64_t before = tape_.result.records;
  Unpacker from = tape_.fields();
  if (type <= Record::closed) {
    call_turn(from);
  } else if (type >= Record::room_broadcast && type <= Record::member_set_tag) {
    call_room(from);
  } else if (type >= Record::send_to_users && type <= Record::cancel) {
    call_send(from);
  } else if (stored()) {
    deliver_one(*engine_->state());
  } else {
    call_engine(from);
  }
  // No call came of it: a value stands where a call should.
  if (tape_.result.records == before) static_cast<void>(tape_.value(Record::begin));
}

void Replayer::deliver_one(StorageReply& reply) noexcept {
  const Record type = tape_.type();
  Unpacker from = tape_.fields();
  const auto request = from.handle<StorageRequest>();
  if (type == Record::stored_message) {
    Message message;
    std::string_view mentions[kMentionsPerMessage];
    unpack(from, message, mentions);
    reply.on_message(request, message);
  } else if (type == Record::stored_room) {
    StoredRoom stored;
    stored.epoch = from.u64();
    stored.offset = from.u64();
    stored.record = from.blob();
    reply.on_room(request, stored);
  } else {
    const auto code = static_cast<Errc>(from.u8());
    reply.on_done(request, code == Errc::ok ? Status{} : Status{code});
  }
}

void Replayer::call_turn(Unpacker& from) noexcept {
  const Record type = tape_.type();
  if (type == Record::turn_begin) {
    if (!turn_) turn_.emplace(*engine_);
    return;
  }
  if (!turn_) return;
  if (type == Record::turn_end) {
    turn_.reset();
    return;
  }
  const auto session = from.handle<SessionId>();
  switch (type) {
    case Record::bytes:
      return turn_->on_bytes(session, from.rest());
    case Record::frame: {
      const auto kind = static_cast<FrameKind>(from.u8());
      return turn_->on_frame(session, kind, from.rest());
    }
    case Record::fault:
      return turn_->on_fault(session, static_cast<CloseCode>(from.u16()));
    case Record::writable:
      return turn_->on_writable(session);
    case Record::closed:
      return turn_->on_closed(session);
    default:
      return;
  }
}

void Replayer::call_engine(Unpacker& from) noexcept {
  Identity identity;
  switch (tape_.type()) {
    case Record::open: {
      SessionOptions options;
      unpack(from, options, identity);
      static_cast<void>(engine_->open(*this, options));
      return;
    }
    case Record::open_local:
      unpack(from, identity);
      static_cast<void>(engine_->open_local(*this, identity));
      return;
    case Record::close: {
      const auto session = from.handle<SessionId>();
      engine_->close(session, static_cast<CloseCode>(from.u16()));
      return;
    }
    case Record::command:
      return call_command(from);
    case Record::advance: {
      const Instant moment{from.i64()};
      Budget budget{.sends = from.u32(), .commands = from.u32()};
      if (from.flag()) budget = {budget.sends, budget.commands, &over, this};
      post_mail();
      engine_->advance(moment, budget);
      return;
    }
    case Record::alarm:
      post_mail();
      if (client_ != nullptr) client_->on_loop();
      return;
    case Record::answer: {
      const auto question = from.handle<Question>();
      Answer answer;
      unpack(from, answer);
      static_cast<void>(engine_->answer(question, answer));
      return;
    }
    case Record::open_room: {
      const std::string_view key = from.text();
      RoomPolicy policy;
      unpack(from, policy);
      static_cast<void>(engine_->open_room(key, policy));
      return;
    }
    case Record::set_tenant: {
      const std::string_view name = from.text();
      TenantPolicy policy;
      engine::unpack(from, policy);
      static_cast<void>(engine_->set_tenant(name, policy));
      return;
    }
    case Record::trace: {
      const std::string_view user = from.text();
      static_cast<void>(engine_->trace(user, from.flag()));
      return;
    }
    case Record::remove_tenant:
      static_cast<void>(engine_->remove_tenant(from.text()));
      return;
    case Record::drain: {
      const auto code = static_cast<CloseCode>(from.u16());
      engine_->drain(code, {from.i64()});
      return;
    }
    default:
      return;
  }
}

void Replayer::call_command(Unpacker& from) noexcept {
  const auto session = from.handle<SessionId>();
  const Tag tag = from.u64();
  Command command;
  Lists lists;
  unpack(from, command, lists);
  engine_->state()->host_call(session, command, tag);
}

void Replayer::call_send(Unpacker& from) noexcept {
  const Record type = tape_.type();
  Outgoing message;
  Lists lists;
  switch (type) {
    case Record::send_to_users: {
      std::string_view users[kMentionsPerMessage];
      const std::size_t count = std::min<std::size_t>(from.u8(), kMentionsPerMessage);
      for (std::size_t i = 0; i < count; ++i) users[i] = from.text();
      unpack(from, message, lists);
      engine_->send_to(std::span{users}.first(count), message);
      return;
    }
    case Record::broadcast_rooms: {
      const std::string_view prefix = from.text();
      unpack(from, message, lists);
      engine_->broadcast(prefix, message);
      return;
    }
    case Record::room_send_group: {
      const auto room = from.handle<RoomId>();
      const bool by_tag = from.flag();
      const std::uint64_t which = from.u64();
      unpack(from, message, lists);
      if (by_tag) {
        engine_->room(room).send_to_tag(which, message);
      } else {
        engine_->room(room).send_to_role(static_cast<Role>(which), message);
      }
      return;
    }
    case Record::room_schedule: {
      const auto room = from.handle<RoomId>();
      const Instant at{from.i64()};
      const Tag tag = from.u64();
      unpack(from, message, lists);
      engine_->room(room).schedule(at, message, tag);
      return;
    }
    default:
      engine_->cancel(from.handle<ScheduleId>());
      return;
  }
}

void Replayer::call_room(Unpacker& from) noexcept {
  const Record type = tape_.type();
  Room room = engine_->room(from.handle<RoomId>());
  Outgoing message;
  Lists lists;
  if (type == Record::room_broadcast) {
    const Tag tag = from.u64();
    unpack(from, message, lists);
    room.broadcast(message, tag);
    return;
  }
  if (type == Record::room_close) {
    room.close();
    return;
  }
  if (type == Record::room_set_policy) {
    RoomPolicy policy;
    unpack(from, policy);
    room.set_policy(policy);
    return;
  }
  if (type == Record::room_moderate) {
    Command command;
    unpack(from, command, lists);
    engine_->state()->host_moderate(room.id(), command);
    return;
  }
  const std::string_view user = from.text();
  switch (type) {
    case Record::room_send_to:
      unpack(from, message, lists);
      room.send_to(user, message);
      return;
    case Record::room_kick:
      room.kick(user, from.text());
      return;
    case Record::room_set_role:
      room.set_role(user, static_cast<Role>(from.u8()));
      return;
    case Record::member_set_tag:
      room.member(user).set_tag(from.u64());
      return;
    default:
      return;
  }
}

// What other threads had sent by then: the mail records up to the next call that reads mail.
void Replayer::post_mail() noexcept {
  bool first = true;
  for (Bytes rest = tape_.ahead(); rest.size() >= 5;) {
    const std::size_t size = Unpacker{rest.first(4)}.u32();
    if (size == 0 || size > rest.size() - 4) return;
    const auto type = static_cast<Record>(rest[4]);
    if (!first && (type == Record::advance || type == Record::alarm)) return;
    first = false;
    if (type == Record::mail) {
      static_cast<void>(engine_->state()->mailbox->put(rest.subspan(5, size - 1)));
    }
    rest = rest.subspan(4 + size);
  }
}

}  // namespace

Replayed replay(Bytes recording, Memory& memory, Codec* json) noexcept {
  Tape tape{recording};
  Replayer replayer{tape, memory, json};
  const Status status = replayer.run();
  tape.result.status = status;
  return tape.result;
}

}  // namespace chatroom
