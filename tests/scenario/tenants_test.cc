// Tenants: what is another's is not there, each has its budgets, and none notices another's flood.
#include "chatroom/tenant.h"

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions tenanted(std::uint32_t tenants = 4) {
  StageOptions options;
  options.engine.limits.tenants = tenants;
  options.engine.new_room_policy.listed = true;
  return options;
}

void declare(Stage& stage, std::string_view name, const TenantPolicy& policy = {}) {
  REQUIRE(stage.engine().set_tenant(name, policy));
}

TenantUsage used(Stage& stage, std::string_view name) {
  const Result<TenantUsage> usage = stage.engine().tenant(name);
  REQUIRE(usage);
  return *usage;
}

std::string refused(std::string_view code) {
  return R"({"id":2,"error":{"code":")" + std::string(code) + R"(",*)";
}
// A budget of the tenant's: anybody of it would hear the same.
std::string over_budget(std::string_view code) {
  return refused(code) + R"("rule":"tenant_rate","scope":"tenant"*)";
}

std::size_t count(const std::vector<std::string>& lines, std::string_view pattern) {
  std::size_t found = 0;
  for (const std::string& line : lines) found += matches(line, pattern);
  return found;
}

}  // namespace

TEST_CASE("what is another tenant's is not there, whatever is asked of it", "[scenario][tenants]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(tenanted());
    declare(stage, "acme");
    declare(stage, "globex");
    Peer& alice = stage.member(carrier, "acme/alice", "acme/hall");
    Peer& house = stage.member(carrier, "keeper", "hall");
    Peer& bob = stage.user(carrier, "globex/bob");
    for (Peer* stranger : {&bob, &house}) {
      for (const char* room : {"acme/hall", "acme/new", "hall", "globex/x", "acmehall"}) {
        const std::string whose(tenant_of(room));
        if (whose == (stranger == &bob ? "globex" : "")) continue;
        const std::string at = R"(,"room":")" + std::string(room) + R"(")";
        INFO(room);
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"join")" + at + "}"), refused("not_found"));
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"open_room")" + at + "}"), refused("not_found"));
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"publish","text":"x")" + at + "}"),
                   refused("not_member"));
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"history")" + at + "}"), refused("not_member"));
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"presence")" + at + "}"), refused("not_member"));
        CHECK_LIKE(stranger->ask(R"({"id":2,"op":"kick","user":"acme/alice")" + at + "}"),
                   refused("not_member"));
      }
      CHECK_LIKE(stranger->ask(R"({"id":2,"op":"send_to","user":"acme/alice","text":"x"})"),
                 refused("not_found"));
    }
    CHECK(alice.all().empty());
    // Of lists each sees its own part.
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"list_rooms"})"), R"({"id":2,"ok":{"rooms":[]*)");
    CHECK_LIKE(house.ask(R"({"id":2,"op":"list_rooms","prefix":"acme/"})"),
               R"({"id":2,"ok":{"rooms":[]*)");
    const std::string own = alice.ask(R"({"id":2,"op":"list_rooms"})");
    CHECK_LIKE(own, R"(*"acme/hall"*)");
    CHECK(own.find(R"("hall")") == std::string::npos);
    // Within one's own everything is as ever, and the host reaches all.
    Peer& carol = stage.member(carrier, "acme/carol", "acme/hall");
    CHECK_LIKE(carol.ask(R"({"id":2,"op":"send_to","user":"acme/alice","text":"x"})"),
               R"({"id":2,"ok":*)");
    alice.forget();
    bob.forget();
    house.forget();
    const Result<std::uint32_t> told = stage.engine().broadcast("acme/", {.text = "maintenance"});
    REQUIRE(told);
    CHECK(*told == 1);
    stage.run();
    CHECK(alice.events("message").size() == 1);
    CHECK(bob.all().empty());
    CHECK(house.all().empty());
  }
}

TEST_CASE("tenants that nobody declared have neither users nor rooms", "[scenario][tenants]") {
  Stage stage(tenanted(1));
  Peer& peer = stage.connect(kWsJson);
  CHECK_LIKE(peer.ask(R"({"id":2,"op":"auth","user":"acme/alice"})"), refused("unauthorized"));
  CHECK(stage.engine().open_room("acme/hall", {}).error().code == Errc::not_found);
  CHECK(stage.engine().tenant("acme").error().code == Errc::not_found);
  declare(stage, "acme");
  CHECK(stage.engine().set_tenant("globex", {}).error().code == Errc::limit_reached);
  CHECK(stage.engine().set_tenant("a/b", {}).error().code == Errc::bad_request);
  CHECK(stage.engine().set_tenant(std::string(33, 'a'), {}).error().code == Errc::bad_request);
  TenantPolicy frozen;
  frozen.writes = {0, 1};
  CHECK(stage.engine().set_tenant("acme", frozen).error().code == Errc::bad_request);
  stage.member(kWsJson, "acme/alice", "acme/hall");
  CHECK(used(stage, "acme").sessions == 1);
  CHECK(used(stage, "acme").rooms == 1);
  CHECK(used(stage, "").sessions == 0);
}

TEST_CASE("without tenants a name is a name", "[scenario][tenants]") {
  Stage stage;
  CHECK(stage.engine().set_tenant("acme", {}).error().code == Errc::unsupported);
  stage.member(kWsJson, "acme/alice", "globex/hall");
}

TEST_CASE("a tenant has so many rooms, sessions and memberships", "[scenario][tenants]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(tenanted());
    declare(stage, "acme", {.rooms = 2, .sessions = 3, .memberships = 3});
    declare(stage, "globex");
    Peer& a = stage.member(carrier, "acme/a", "acme/1");
    Peer& b = stage.member(carrier, "acme/b", "acme/2");
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"acme/3"})"), over_budget("limit_reached"));
    CHECK(stage.engine().open_room("acme/3", {}).error().code == Errc::limit_reached);
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"acme/2"})"), R"({"id":2,"ok":*)");
    CHECK_LIKE(b.ask(R"({"id":2,"op":"join","room":"acme/1"})"), over_budget("limit_reached"));
    stage.user(carrier, "acme/c");
    Peer& d = stage.connect(carrier);
    CHECK_LIKE(d.ask(R"({"id":2,"op":"auth","user":"acme/d"})"), over_budget("limit_reached"));
    CHECK(d.closed() != 0);
    CHECK(used(stage, "acme").refused == 4);
    // Another has all of its own.
    for (const char* room : {"globex/1", "globex/2", "globex/3", "globex/4"}) {
      stage.member(carrier, "globex/" + std::string(room), room);
    }
    // What is given back may be used again.
    b.drop();
    stage.run();
    CHECK(used(stage, "acme").sessions == 2);
    CHECK(used(stage, "acme").memberships == 2);
    stage.member(carrier, "acme/d", "acme/1");
    REQUIRE(stage.room("acme/2").close());
    stage.run();
    CHECK(used(stage, "acme").rooms == 1);
    CHECK(used(stage, "acme").memberships == 2);
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"acme/3"})"), R"({"id":2,"ok":*)");
  }
}

TEST_CASE("a tenant keeps so much history, and others what they had", "[scenario][tenants]") {
  Stage stage(tenanted());
  declare(stage, "acme", {.history_bytes = 64 * 1024});
  declare(stage, "globex");
  const std::string text(1'000, 'x');
  RoomPolicy policy;
  policy.history_messages = 300;
  for (const char* key : {"globex/r", "acme/quiet", "acme/r"}) {
    Result<Room> room = stage.engine().open_room(key, policy);
    REQUIRE(room);
    const int messages = std::string_view(key) == "acme/quiet" ? 5 : 300;
    for (int i = 0; i < messages; ++i) REQUIRE(room->broadcast({.text = text}));
  }
  CHECK(used(stage, "acme").history_bytes <= 64 * 1024);
  CHECK(used(stage, "acme").history_bytes > 48 * 1024);
  CHECK(used(stage, "globex").history_bytes > 300'000);
  const auto kept = [&](std::string_view key) {
    std::uint32_t messages = 0;
    static_cast<void>(stage.room(key).history(
        0, 100, [](void* to, const Message&) { ++*static_cast<std::uint32_t*>(to); }, &messages));
    return messages;
  };
  CHECK(kept("acme/quiet") == 5);  // who goes on talking gives up its own
  CHECK(kept("acme/r") < 64);
  CHECK(kept("acme/r") > 32);
  CHECK(kept("globex/r") > 35);  // a page of such
  // A smaller budget: the newest message stays.
  declare(stage, "acme", {.history_bytes = 1});
  REQUIRE(stage.room("acme/r").broadcast({.text = text}));
  CHECK(kept("acme/r") >= 1);
  CHECK(kept("acme/r") <= 5);
}

TEST_CASE("all that a tenant's users do has one rate, within one in a hundred",
          "[scenario][tenants]") {
  for (const bool publishes : {false, true}) {
    StageOptions options = tenanted();
    options.record = false;
    Stage stage(options);
    TenantPolicy policy;
    (publishes ? policy.publishes : policy.commands) = {50, 10};
    declare(stage, "acme", policy);
    declare(stage, "globex");
    Peer& other = stage.member(kWsJson, "globex/o", "globex/r");
    std::vector<Peer*> flood;
    for (int i = 0; i < 5; ++i) {
      flood.push_back(
          &stage.member(kWsJson, "acme/" + std::to_string(i), "acme/" + std::to_string(i % 2)));
    }
    stage.pass(Duration::s(1));
    std::size_t good = 0;
    std::size_t over = 0;
    std::size_t others = 0;
    for (int i = 0; i < 60 * 20; ++i) {
      for (int j = 0; j < 5; ++j) {
        const std::string said =
            R"({"id":2,"op":"publish","room":"acme/)" + std::to_string(j % 2) + R"(","text":"x"})";
        for (int k = 0; k < 5; ++k) flood[static_cast<std::size_t>(j)]->say(said);
      }
      if (i % 4 == 0) other.say(R"({"id":2,"op":"publish","room":"globex/r","text":"x"})");
      stage.pass(Duration::ms(50));
      for (Peer* peer : flood) {
        const std::vector<std::string> heard = peer->all();
        good += count(heard, R"({"id":2,"ok":*)");
        over += count(heard, over_budget("rate_limited"));
        CHECK(count(heard, R"({"id":2,"error":*"retry_after_ms":0*)") == 0);
      }
      others += count(other.all(), R"({"id":2,"ok":*)");
    }
    INFO((publishes ? "publishes " : "commands ") << good);
    CHECK(good >= 50 * 60 * 99 / 100);
    CHECK(good <= (50 * 60 + 10) * 101 / 100);
    CHECK(good + over == 60u * 20 * 25);
    CHECK(others == 300);
    CHECK(used(stage, "acme").refused == over);
  }
}

TEST_CASE("who goes on after a tenant's refusal is read from more slowly", "[scenario][tenants]") {
  StageOptions options = tenanted();
  options.engine.limits.inbound = {64 * 1024, 256 * 1024};
  Stage stage(options);
  declare(stage, "acme", {.commands = {1, 3}});
  Peer& peer = stage.member(kTcp, "acme/a", "acme/r");
  for (int i = 0; i < 20; ++i) peer.say(R"({"id":2,"op":"ping"})");
  stage.run();
  CHECK(peer.link.paused);
  stage.pass_alive(Duration::s(1));
}

// ---- A flood beside a quiet room

namespace {

// Takes everything; counts how often the quiet room's words came by.
class Sink final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::string all;
    for (const Bytes piece : pieces) all.append(as_text(piece));
    for (std::size_t at = all.find("tick "); at != std::string::npos;
         at = all.find("tick ", at + 1))
      ++heard;
    return all.size();
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}
  std::uint64_t heard = 0;
};

struct Somebody {
  Sink sink;
  SessionId session;
};

constexpr int kQuiet = 8;   // members of the quiet tenant's room
constexpr int kRooms = 40;  // of the other
constexpr int kNoisy = 25;  // members of each
constexpr std::uint32_t kSlice = 256;

// In how many flush slices each of the quiet room's messages reached all, at most; one slice a
// tick.
std::uint64_t worst_slices(bool flood) {
  StageOptions options = tenanted();
  options.polled = true;
  options.record = false;
  options.engine.limits.sessions = options.engine.limits.memberships = 4'096;
  options.engine.limits.turn_inputs = options.engine.limits.turn_bytes = 1u << 30;
  options.engine.budget = {.sends = kSlice};
  Stage stage(options);
  Engine& engine = stage.engine();
  declare(stage, "quiet");
  TenantPolicy budget;
  budget.commands = {4'000, 40};
  budget.publishes = {400, 40};
  budget.writes = {6'400, 64};
  declare(stage, "noisy", budget);

  std::vector<std::unique_ptr<Somebody>> all;
  const auto enter = [&](const std::string& user, const std::string& room) {
    all.push_back(std::make_unique<Somebody>());
    const Identity identity{.user = user};
    const Result<SessionId> opened = engine.open(
        all.back()->sink,
        {.codec = CodecKind::json, .framing = Framing::websocket, .identity = &identity});
    REQUIRE(opened);
    all.back()->session = *opened;
    REQUIRE(engine.join(*opened, {.room = room}));
  };
  for (int i = 0; i < kQuiet; ++i) enter("quiet/" + std::to_string(i), "quiet/room");
  for (int i = 0; i < kRooms * kNoisy; ++i) {
    enter("noisy/" + std::to_string(i), "noisy/" + std::to_string(i % kRooms));
  }
  stage.loop.advance(Duration::s(2));
  stage.run();
  const auto heard = [&] {
    std::uint64_t sum = 0;
    for (int i = 0; i < kQuiet; ++i) sum += all[static_cast<std::size_t>(i)]->sink.heard;
    return sum;
  };

  std::uint64_t worst = 0;
  std::uint64_t said = 0;
  const std::uint64_t before = heard();
  for (int tick = 0; tick < 300; ++tick) {
    stage.loop.advance(Duration::ms(10));
    engine.advance(stage.loop.now(), {.sends = 0});
    {
      Engine::Turn turn(engine);
      // Ten times what it may say, in all its rooms; its budget is 4 a tick.
      for (int i = 0; flood && i < 40; ++i) {
        const std::string frame =
            R"({"id":2,"op":"publish","room":"noisy/)" + std::to_string(i) + R"(","text":"x"})";
        turn.on_frame(all[static_cast<std::size_t>(kQuiet + i)]->session, FrameKind::text,
                      as_bytes(frame));
      }
      const std::string frame = R"({"id":2,"op":"publish","room":"quiet/room","text":"tick "})";
      turn.on_frame(all[0]->session, FrameKind::text, as_bytes(frame));
      ++said;
    }
    const std::uint64_t open = said - (heard() - before) / kQuiet;
    worst = std::max(worst, open);
  }
  for (int i = 0; i < 50; ++i) {
    stage.loop.advance(Duration::ms(10));
    stage.run();
  }
  CHECK(heard() - before == said * kQuiet);
  if (flood) CHECK(used(stage, "noisy").refused > 0);
  if (flood) CHECK(used(stage, "noisy").writes <= 64 + 6'400 * 11 / 2);
  for (const auto& one : all) Engine::Turn(engine).on_closed(one->session);
  return worst;
}

}  // namespace

TEST_CASE("a tenant at ten times its budget shifts others by at most one flush slice",
          "[scenario][tenants]") {
  const std::uint64_t alone = worst_slices(false);
  const std::uint64_t beside = worst_slices(true);
  INFO("alone " << alone << " beside " << beside);
  CHECK(alone == 0);
  CHECK(beside <= alone + 1);
}

TEST_CASE("rooms past their tenant's visits merge what waits, and lose nothing",
          "[scenario][tenants]") {
  Stage stage(tenanted());
  declare(stage, "acme", {.writes = {20, 4}});
  Peer& author = stage.member(kWsJson, "acme/author", "acme/r");
  Peer& reader = stage.member(kWsJson, "acme/reader", "acme/r");
  stage.pass(Duration::s(2));
  author.forget();
  reader.forget();
  for (int i = 0; i < 100; ++i) {
    author.say(R"({"op":"publish","room":"acme/r","text":"x"})");
    stage.pass(Duration::ms(10));
  }
  stage.pass(Duration::s(1));
  CHECK(reader.events("message").size() == 100);
  const TenantUsage usage = used(stage, "acme");
  CHECK(usage.waits >= 5);
  CHECK(usage.writes <= 4 + 20 * 5);  // since it was declared, some four seconds ago
  CHECK(usage.published == 100);
}

// ---- All clients together

TEST_CASE("a storm of joins is let in at one rate, each told its own moment", "[scenario][joins]") {
  StageOptions options;
  options.engine.limits.joins_in_all = {10, 5};
  Stage stage(options);
  std::vector<Peer*> storm;
  for (int i = 0; i < 40; ++i) storm.push_back(&stage.user(kWsJson, "u" + std::to_string(i)));
  std::vector<std::string> told;
  std::size_t in = 0;
  for (Peer* peer : storm) {
    const std::string answer = peer->ask(R"({"id":2,"op":"join","room":"r"})");
    in += matches(answer, R"({"id":2,"ok":*)") ? 1 : 0;
    if (matches(answer, refused("rate_limited"))) told.push_back(answer);
  }
  CHECK(in == 5);
  REQUIRE(told.size() == 35);
  CHECK_LIKE(told.front(), R"(*"rule":"capacity","scope":"server"*)");
  // A token's time apart, so that those who come when they were told find one each.
  for (std::size_t i = 0; i < told.size(); ++i) {
    CHECK_LIKE(told[i], "*\"retry_after_ms\":" + std::to_string(100 * (i + 1)) + "*");
  }
  for (std::size_t i = 0; i < told.size(); ++i) {
    stage.pass(Duration::ms(100));
    CHECK_LIKE(storm[5 + i]->ask(R"({"id":2,"op":"join","room":"r"})"), R"({"id":2,"ok":*)");
  }
}

TEST_CASE("all members of a room say so much together", "[scenario][limits]") {
  StageOptions options;
  options.record = false;
  options.engine.limits.room_publishes = {50, 10};
  Stage stage(options);
  std::vector<Peer*> flood;
  for (int i = 0; i < 4; ++i) {
    flood.push_back(&stage.member(kWsJson, "u" + std::to_string(i), "r"));
  }
  std::size_t good = 0;
  std::size_t over = 0;
  for (int i = 0; i < 60 * 20; ++i) {
    for (Peer* peer : flood) {
      peer->say(R"({"id":2,"op":"publish","room":"r","text":"x"})");
      peer->say(R"({"id":2,"op":"publish","room":"r","text":"x"})");
    }
    stage.pass(Duration::ms(50));
    for (Peer* peer : flood) {
      const std::vector<std::string> heard = peer->all();
      good += count(heard, R"({"id":2,"ok":*)");
      over += count(heard, refused("rate_limited") + R"("rule":"room_rate","scope":"room"*)");
    }
  }
  CHECK(good >= 50 * 60 * 99 / 100);
  CHECK(good <= (50 * 60 + 10) * 101 / 100);
  CHECK(good + over == 60u * 20 * 8);
}

TEST_CASE("a tenant that nothing is left of can be taken away, and its place is another's",
          "[scenario][tenants]") {
  StageOptions options = tenanted(1);
  options.engine.new_room_policy.idle_close = Duration::s(10);
  Stage stage(options);
  declare(stage, "acme", {.writes = {100, 100}});
  CHECK(stage.engine().remove_tenant("").error().code == Errc::bad_request);
  CHECK(stage.engine().remove_tenant("globex").error().code == Errc::not_found);
  Peer& alice = stage.member(kTcp, "acme/alice", "acme/hall");
  CHECK(stage.engine().remove_tenant("acme").error().code == Errc::forbidden);
  alice.drop();
  stage.run();
  CHECK(stage.engine().remove_tenant("acme").error().code == Errc::forbidden);  // its room
  stage.pass(Duration::s(11));
  REQUIRE(stage.engine().remove_tenant("acme"));
  CHECK(stage.engine().tenant("acme").error().code == Errc::not_found);
  CHECK_LIKE(stage.connect(kTcp).ask(R"({"id":2,"op":"auth","user":"acme/alice","token":""})"),
             refused("unauthorized"));
  declare(stage, "globex");
  CHECK(used(stage, "globex").commands == 0);
  CHECK(used(stage, "globex").writes == 0);
  Peer& bob = stage.member(kTcp, "globex/bob", "globex/hall");
  CHECK_LIKE(bob.ask(R"({"id":2,"op":"publish","room":"globex/hall","text":"x"})"), R"(*"ok"*)");
  Stage house;
  CHECK(house.engine().remove_tenant("acme").error().code == Errc::unsupported);
}
