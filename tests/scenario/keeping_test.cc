// What rooms keep is all that they keep: a record that cannot be read opens nothing, a large group
// comes back whole, and what was changed last is saved last. A Stage that is destroyed is a crash.
#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Counts what it is asked, and gives another record back than it was given.
struct Watched final : Storage {
  explicit Watched(MemoryStorageOptions how = {}) : inner(how) {}
  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override {
    inner.append(request, reply, room, epoch, messages);
  }
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override {
    ++saves;
    last.assign(as_text(record));
    inner.save(request, reply, room, epoch, record);
  }
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override {
    inner.read(request, reply, room, epoch, after, limit);
  }
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override {
    if (instead.empty()) return inner.load(request, reply, room);
    reply.on_room(request, {.epoch = 7, .offset = 0, .record = as_bytes(instead)});
    reply.on_done(request, {});
  }
  MemoryStorage inner;
  int saves = 0;
  std::string last;
  std::string instead;  // what every room has as its record, if anything
};

StageOptions kept(Storage& storage) {
  StageOptions options = owned({.storage = &storage});
  options.engine.new_room_policy.durability = Durability::behind;
  return options;
}
StageOptions group(Storage& storage) {
  StageOptions options = kept(storage);
  options.engine.new_room_policy.by_invitation = true;
  options.engine.new_room_policy.applications = 10;
  return options;
}
std::string verb(std::string_view op, std::string_view more = "") {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r")" + (more.empty() ? "" : ",") +
         std::string(more) + "}";
}
const std::string kDone = R"({"id":9,"ok":{}})";
const std::string kIn = R"({"id":9,"ok":*)";
const std::string kUnread = R"({"id":9,"error":{"code":"storage_failed","message":"*"*)";

void in_order(Stage& stage) {
  stage.engine().drain(CloseCode::shutdown, Duration::ms(10));
  stage.pass(Duration::ms(20));
  REQUIRE(stage.engine().drained());
}

// As a room with a channel for its owner and somebody banned is written.
std::string written() {
  Watched storage;
  Stage stage(kept(storage));
  Peer& boss = stage.member(kWsJson, "boss", "r");
  CHECK(boss.ask(verb("open_channel", R"("channel":"staff","access":"admin")")) == kDone);
  CHECK(boss.ask(verb("ban", R"("user":"eve")")) == kDone);
  return storage.last;
}

// The same, as version 5 had it: without a seal, and without the word of who owns it.
std::string of_version_5(std::string record) {
  constexpr std::size_t kSeal = 8;
  record.erase(1, kSeal);
  const std::size_t creator = 1 + 8 + 1 + 8;
  const std::size_t owned = creator + 4 + static_cast<unsigned char>(record[creator]) + 15;
  record.erase(owned, 1);
  record[0] = 5;
  return record;
}

int unkept(const Stage& stage, std::string_view room) {
  int found = 0;
  for (const auto& event : stage.observer.events) {
    found += event.type == HostEventType::unkept && event.room == room;
  }
  return found;
}

}  // namespace

TEST_CASE("a record that cannot be read lets nobody in and is not written over", "[scenario]") {
  const std::string good = written();
  std::string later = good, older = good, torn = good, cut = good, bare = of_version_5(good);
  later[0] = 7, older[0] = 3;
  torn[torn.size() / 2] = static_cast<char>(torn[torn.size() / 2] ^ 1);
  cut.pop_back(), bare.pop_back();
  const std::string more = of_version_5(good) + "x";
  const std::string too_long(kStoredRecordBytesMax + 1, '\6');
  const std::string none(1, '\0');
  for (const std::string& record :
       {later, older, torn, cut, bare, more, too_long, none, good.substr(0, 5)}) {
    for (const bool hosts : {false, true}) {
      INFO(record.size() << " bytes, version " << int{record[0]} << ", the host's: " << hosts);
      Watched storage;
      storage.instead = record;
      const StageOptions options = kept(storage);
      Stage stage(options);
      Peer& eve = stage.user(kWsJson, "eve");
      if (hosts) REQUIRE(stage.engine().open_room("r", options.engine.new_room_policy));
      stage.run();
      Peer& carl = stage.user(kWsJson, "carl");
      CHECK_LIKE(carl.ask(verb("join")), kUnread);
      CHECK_LIKE(carl.ask(verb("join", R"("channels":["staff"])")), kUnread);
      stage.pass(Duration::s(3));
      CHECK(storage.saves == 0);
      CHECK(unkept(stage, "r") == (hosts ? 1 : 2));
      CHECK(bool(stage.engine().room("r")) == hosts);
      // It was mended: the host's room is there by itself.
      storage.instead = good;
      stage.pass(Duration::s(2));
      CHECK_LIKE(eve.ask(verb("join")), R"(*"code":"banned"*)");
      CHECK_LIKE(stage.user(kTcp, "boss").ask(verb("join")), R"(*"role":"owner"*)");
      const std::string bob = stage.user(kTcp, "bob").ask(verb("join", R"("channels":["staff"])"));
      CHECK_LIKE(bob, R"(*"forbidden"*)");
    }
  }
}

TEST_CASE("records of the versions before are read", "[scenario]") {
  const std::string five = of_version_5(written());
  // 4 had no people: the end of three lists, and here one owner, in front of one ban.
  std::string four = five;
  const std::size_t ban = 1 + 4 + 3 + 1 + 8 * 4 + 1, people = 1 + 4 + 4 + 1 + 3;
  four.erase(four.size() - ban - people, people);
  four[0] = 4;
  for (const std::string& record : {five, four}) {
    INFO("version " << int{record[0]});
    Watched storage;
    storage.instead = record;
    Stage stage(kept(storage));
    CHECK_LIKE(stage.user(kWsJson, "eve").ask(verb("join")), R"(*"code":"banned"*)");
    // Nobody owns a room with a channel for some by coming first.
    CHECK_LIKE(stage.user(kTcp, "bob").ask(verb("join")), R"(*"role":"member"*)");
    const std::string boss = stage.user(kTcp, "boss").ask(verb("join"));
    CHECK_LIKE(boss, record[0] == 5 ? R"(*"role":"owner"*)" : R"(*"role":"member"*)");
    CHECK(storage.last[0] == 6);
    CHECK(unkept(stage, "r") == 0);
  }
}

TEST_CASE("a room whose owner is nobody any more is not his who comes first", "[scenario]") {
  Watched storage;
  StageOptions options = kept(storage);
  options.engine.limits.lasting_roles = 0;
  {
    Stage stage(options);
    CHECK_LIKE(stage.user(kTcp, "boss").ask(verb("join")), R"(*"role":"owner"*)");
    stage.run();
  }
  Stage stage(options);
  CHECK_LIKE(stage.user(kTcp, "eve").ask(verb("join")), R"(*"role":"member"*)");
}

TEST_CASE("a group of two thousand comes back whole, and who has no place is told of",
          "[scenario]") {
  for (const std::size_t longer : {0, 28}) {  // names as long as they may be
    const int people = longer == 0 ? 2'000 : 5'000;
    const auto name_of = [&](int i) {
      return "3f2504e0-4f89-41d3-9a0c-" + std::to_string(100'000'000'000 + i) +
             std::string(longer, 'x');
    };
    MemoryStorage storage;
    StageOptions options = group(storage);
    options.record = longer == 0;
    options.engine.limits.lasting_roles = 6'000;
    options.engine.limits.events = 8'192;
    options.engine.limits.commands = options.engine.limits.joins = Rate::unlimited();
    {
      Stage stage(options);
      stage.member(kTcp, "boss", "r");
      {
        const Engine::Turn turn(stage.engine());
        for (int i = 0; i < people; ++i) REQUIRE(stage.room("r").invite(name_of(i)));
      }
      stage.run();
      std::uint64_t without = 0;
      for (const auto& event : stage.observer.events) {
        if (event.type == HostEventType::unkept) without += event.count;
      }
      CHECK(unkept(stage, "r") == (longer == 0 ? 0 : 1));
      // 288 KiB, 70 bytes each with such names; and the owner.
      CHECK(without == (longer == 0 ? 0 : 5'001 - (288 * 1024 - 2 - 10) / 70 - 1));
      in_order(stage);
    }
    if (longer != 0) continue;
    Stage stage(options);
    int in = 0;
    for (int i = 0; i < people; i += 40) {
      Peer& one = stage.user(kTcp, name_of(i));
      in += matches(one.ask(verb("join")), R"(*"role":"member"*)");
      one.drop();
      stage.run();
    }
    CHECK(in == people / 40);
  }
}

TEST_CASE("who applied is there when the room was closed meanwhile", "[scenario]") {
  MemoryStorage storage;
  Stage stage(group(storage));
  Peer& boss = stage.member(kWsJson, "boss", "r");
  CHECK_LIKE(boss.ask(verb("publish", R"("text":"hi")")), kIn);
  Peer& carol = stage.user(kTcp, "carol");
  CHECK(carol.ask(verb("apply")) == kDone);
  carol.drop();
  CHECK(boss.ask(verb("close_room")) == kDone);
  CHECK_LIKE(boss.ask(verb("join")), kIn);
  CHECK_LIKE(boss.ask(verb("waiting", R"("line":"apply")")), R"(*"waiting":1,*"carol"*)");
}

TEST_CASE("what was changed while the room is being saved is saved when it closes", "[scenario]") {
  MemoryStorage storage({.later = true});
  {
    Stage stage(kept(storage));
    const auto deliver = [&] {
      stage.run();
      while (storage.deliver() > 0) stage.run();
    };
    Peer& boss = stage.user(kWsJson, "boss");
    boss.say(verb("join"));
    deliver();
    boss.forget();
    CHECK(boss.ask(verb("ban", R"("user":"eve")")) == kDone);  // which is being saved
    CHECK(boss.ask(verb("ban", R"("user":"mallory")")) == kDone);
    CHECK(boss.ask(verb("close_room")) == kDone);
    deliver();
    for (const char* name : {"eve", "mallory"}) {
      Peer& one = stage.user(kWsJson, name);
      one.say(verb("join"));
      deliver();
      CHECK_LIKE(one.next(), R"(*"code":"banned"*)");
    }
  }
  storage.drop();
}

TEST_CASE("rooms whose members read are saved a few at a time and leave places free",
          "[scenario]") {
  constexpr int kRooms = 50;
  Watched storage({.later = true});
  {
    StageOptions options = kept(storage);
    Limits& limits = options.engine.limits;
    limits.storage_waiting = 16;
    limits.rooms_per_session = 64;
    limits.commands = limits.joins = limits.user_publishes = Rate::unlimited();
    options.engine.new_room_policy.receipts = true;
    Stage stage(options);
    const auto deliver = [&] {
      stage.run();
      while (storage.inner.deliver() > 0) stage.run();
    };
    RoomPolicy before;
    before.durability = Durability::before;
    REQUIRE(stage.engine().open_room("b", before));
    deliver();
    Peer& bob = stage.user(kWsJson, "bob");
    const auto say = [&](std::string_view op, const std::string& room, std::string_view more = {}) {
      bob.say(R"({"id":9,"op":")" + std::string(op) + R"(","room":")" + room + '"' +
              std::string(more) + "}");
      deliver();
    };
    say("join", "b");
    for (int i = 0; i < kRooms; ++i) {
      say("join", "r" + std::to_string(i));
      say("publish", "r" + std::to_string(i), R"(,"text":"x")");
    }
    for (int i = 0; i < kRooms; ++i) say("ack", "r" + std::to_string(i), R"(,"offset":1)");
    bob.forget();
    storage.saves = 0;
    stage.pass(Duration::s(11));
    CHECK(storage.saves == 12);  // of sixteen places
    bob.say(R"({"id":9,"op":"publish","room":"b","text":"hello"})");
    deliver();
    CHECK_LIKE(bob.next(), kIn);
    CHECK(storage.saves >= kRooms);
  }
  storage.inner.drop();
}

TEST_CASE("what changes nothing that is kept is not saved", "[scenario]") {
  Watched storage;
  Stage stage(group(storage));
  Peer& boss = stage.member(kWsJson, "boss", "r");
  Peer& carol = stage.user(kTcp, "carol");
  CHECK(carol.ask(verb("apply")) == kDone);
  CHECK(boss.ask(verb("invite", R"("user":"dan")")) == kDone);
  CHECK(boss.ask(verb("set_role", R"("user":"dan","role":"admin")")) == kDone);
  stage.run();
  const int saves = storage.saves;
  CHECK(saves > 0);
  CHECK_LIKE(boss.ask(verb("mute", R"("user":"boss")")), kIn);
  CHECK_LIKE(boss.ask(verb("unmute", R"("user":"boss")")), kIn);
  CHECK(carol.ask(verb("apply")) == kDone);
  CHECK(boss.ask(verb("invite", R"("user":"dan")")) == kDone);
  CHECK(boss.ask(verb("set_role", R"("user":"dan","role":"admin")")) == kDone);
  stage.run();
  CHECK(storage.saves == saves);
  CHECK(boss.ask(verb("mute", R"("user":"dan")")) == kDone);
  CHECK(storage.saves == saves + 1);
}

TEST_CASE("visitor takes away what lasts, of who is in and of who is not", "[scenario]") {
  MemoryStorage storage;
  {
    Stage stage(group(storage));
    Peer& boss = stage.member(kWsJson, "boss", "r");
    CHECK(boss.ask(verb("set_role", R"("user":"dan","role":"admin")")) == kDone);
    CHECK(boss.ask(verb("invite", R"("user":"carol")")) == kDone);
    CHECK(boss.ask(verb("invite", R"("user":"eve")")) == kDone);
    Peer& dan = stage.member(kTcp, "dan", "r");
    CHECK_LIKE(dan.ask(verb("set_role", R"("user":"boss","role":"visitor")")), R"(*"forbidden"*)");
    CHECK(dan.ask(verb("set_role", R"("user":"carol","role":"visitor")")) == kDone);
    CHECK_LIKE(dan.ask(verb("set_role", R"("user":"carol","role":"visitor")")), R"(*"not_found"*)");
    CHECK_LIKE(stage.user(kTcp, "carol").ask(verb("join")), R"(*"forbidden"*)");
    CHECK(boss.ask(verb("set_role", R"("user":"dan","role":"visitor")")) == kDone);
    CHECK_LIKE(dan.ask(verb("publish", R"("text":"x")")), R"(*"forbidden"*)");
    CHECK(dan.ask(verb("leave")) == kDone);
    CHECK_LIKE(dan.ask(verb("join")), R"(*"forbidden"*)");
  }
  Stage stage(group(storage));
  CHECK_LIKE(stage.user(kTcp, "dan").ask(verb("join")), R"(*"forbidden"*)");
  CHECK_LIKE(stage.user(kTcp, "eve").ask(verb("join")), R"(*"role":"member"*)");
}

TEST_CASE("what was released of somebody who went waits for a moderator again", "[scenario]") {
  struct Holds final : Filter {
    Answer on_text(Question, const PublishRequest& request) noexcept override {
      Answer answer;
      if (request.user == "bob") answer.verdict = Answer::Verdict::hold;
      return answer;
    }
  } filter;
  MemoryStorage storage({.later = true});
  {
    StageOptions options = kept(storage);
    options.engine.new_room_policy.durability = Durability::before;
    options.ports.filter = &filter;
    options.engine.limits.held_messages = 8;  // two of a room
    Stage stage(options);
    const auto deliver = [&] {
      stage.run();
      while (storage.deliver() > 0) stage.run();
    };
    const auto come = [&](const char* name) -> Peer& {
      Peer& peer = stage.user(kWsJson, name);
      peer.say(verb("join"));
      deliver();
      peer.forget();
      return peer;
    };
    Peer& mod = come("mod");
    for (int i = 1; i <= 10; ++i) {
      INFO(i);
      const std::string held = R"("held":)" + std::to_string(i);
      Peer& bob = come("bob");
      CHECK_LIKE(bob.ask(verb("publish", R"("text":"odd")")), R"(*"code":"held"*)");
      mod.say(verb("publish", R"("text":"first")"));  // it is being stored
      mod.say(verb("release", held));
      stage.run();
      mod.forget();
      bob.drop();
      deliver();
      // It is told as it was at first, and nobody was told that it was said.
      const auto told = mod.events("held");
      REQUIRE(told.size() == 1);
      CHECK_LIKE(told[0], "*" + held + R"(,"action":"hold"*)");
      CHECK(mod.ask(verb("reject", held)) == kDone);
      mod.forget();
    }
    // Released ones take their room's places until they are stored.
    Peer& bob = come("bob");
    for (const int number : {11, 12}) {
      CHECK_LIKE(bob.ask(verb("publish", R"("text":"odd")")), R"(*"code":"held"*)");
      mod.say(verb("release", R"("held":)" + std::to_string(number)));
      stage.run();
    }
    CHECK_LIKE(bob.ask(verb("publish", R"("text":"odd")")), R"(*"code":"filtered"*"capacity"*)");
    deliver();
    CHECK_LIKE(bob.ask(verb("publish", R"("text":"odd")")), R"(*"code":"held"*)");
  }
  storage.drop();
}
