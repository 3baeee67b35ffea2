// The hooks of a room's life, each where the table in include/chatroom/README.md says, in order;
// and what operators may ask: trace, why, which rooms cost.
#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

using Lines = std::vector<std::string>;

// One host with every hook, which writes down what it hears.
struct Host final : Auth, Rules, Filter {
  explicit Host(Lines& to) : lines(to) {}
  Lines& lines;
  Answer on_auth(Question, const AuthRequest& request) noexcept override {
    lines.push_back("on_auth " + std::string(request.token));
    name = request.token;
    return Answer::as({.user = name});
  }
  Answer on_missing_room(Question, const JoinRequest& request) noexcept override {
    lines.push_back("on_create? " + std::string(request.room));
    return Answer::pass();
  }
  Answer on_join(Question, const JoinRequest& request) noexcept override {
    lines.push_back("on_join? " + std::string(request.user));
    return Answer::pass();
  }
  Answer on_text(Question, const PublishRequest& request) noexcept override {
    lines.push_back("filter " + std::string(request.message->text));
    return Answer::pass();
  }
  Answer before_publish(Question, const PublishRequest& request) noexcept override {
    lines.push_back("before_publish " + std::string(request.message->text));
    return Answer::pass();
  }
  std::string name;
};

std::string in_words(const HostEvent& event) {
  const std::string user(event.user);
  switch (event.type) {
    case HostEventType::session_ready:
      return "ready " + user;
    case HostEventType::room_opened:
      return "on_create " + std::string(event.room);
    case HostEventType::joined:
      return (event.resumed ? "on_resume " : "on_join ") + user;
    case HostEventType::published:
      return "published by " + user;
    case HostEventType::left:
      return (event.reason == LeaveReason::dropped ? "on_drop " : "on_leave ") + user;
    case HostEventType::session_closed:
      return "closed " + user;
    case HostEventType::room_closed:
      return "on_dispose " + std::string(event.room);
    default:
      return std::string(name_of(event.type));
  }
}

constexpr std::string_view kSay = R"({"id":2,"op":"publish","room":"r","text":"hi"})";

Peer& come(Stage& stage, const Carrier& carrier, std::string_view user) {
  Peer& peer = stage.connect(carrier);
  const std::string line = R"({"id":1,"op":"auth","token":")" + std::string(user) + R"("})";
  CHECK_LIKE(peer.ask(line), R"({"id":1,"ok":*)");
  return peer;
}

}  // namespace

TEST_CASE("the life of a room calls each hook, in this order", "[scenario][hooks]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Lines lines;
    Host host(lines);
    StageOptions options;
    options.engine.open_server = options.engine.open_rooms = false;
    options.engine.new_room_policy.idle_close = Duration::s(30);
    options.ports.auth = &host;
    options.ports.rules = &host;
    options.ports.filter = &host;
    Stage stage(options);
    stage.observer.then = [&](const HostEvent& event) { lines.push_back(in_words(event)); };

    Peer& first = come(stage, carrier, "ann");
    CHECK(std::exchange(lines, {}) == Lines{"on_auth ann", "ready ann"});
    const std::string in = first.ask(R"({"id":2,"op":"join","room":"r"})");
    CHECK(std::exchange(lines, {}) ==
          Lines{"on_create? r", "on_join? ann", "on_create r", "on_join ann"});
    CHECK_LIKE(first.ask(kSay), R"({"id":2,"ok":*)");
    CHECK(std::exchange(lines, {}) == Lines{"filter hi", "before_publish hi", "published by ann"});
    first.drop();
    stage.run();
    CHECK(std::exchange(lines, {}) == Lines{"on_drop ann", "closed ann"});

    // She comes back and reads on where she was: nothing is missing.
    Peer& again = come(stage, carrier, "ann");
    lines.clear();
    const std::size_t at = in.find("\"epoch\":\"") + 9;
    const std::string epoch = in.substr(at, in.find('"', at) - at);
    const std::string back =
        R"({"id":2,"op":"join","room":"r","since":{"epoch":")" + epoch + R"(","offset":0}})";
    CHECK_LIKE(again.ask(back), R"(*"recovered":true*)");
    CHECK(std::exchange(lines, {}) == Lines{"on_join? ann", "on_resume ann"});
    CHECK_LIKE(again.ask(R"({"id":2,"op":"leave","room":"r"})"), R"({"id":2,"ok":*)");
    CHECK(std::exchange(lines, {}) == Lines{"on_leave ann"});
    stage.pass(Duration::s(31));
    CHECK(std::exchange(lines, {}) == Lines{"on_dispose r"});
  }
}

TEST_CASE("a user is traced from the moment it is switched on until it is off",
          "[scenario][hooks]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.traced_users = 2;
    Stage stage(options);
    Lines lines;
    stage.observer.then = [&](const HostEvent& event) {
      if (event.type != HostEventType::traced) return;
      std::string line = std::string(event.user) + " " + std::string(name_of(event.step));
      if (event.step == TraceStep::command) line += " " + std::string(name_of(event.op));
      if (event.step == TraceStep::told) line += " " + std::string(event.text);
      if (event.step == TraceStep::refused) {
        line += " " + std::string(name_of(event.error.code)) + " " +
                std::string(name_of(rule_of(event.error)));
      }
      if (event.step == TraceStep::closed) {
        line += " " + std::to_string(static_cast<int>(event.close_code));
      }
      if (!event.room.empty()) line += " " + std::string(event.room);
      if (event.id != 0) line += " #" + std::to_string(event.id);
      lines.push_back(line);
    };
    Peer& ann = stage.member(carrier, "ann", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    CHECK(lines.empty());
    REQUIRE(stage.engine().trace("ann", true));
    REQUIRE(stage.engine().trace("ann", true));
    REQUIRE(stage.engine().trace("cy", true));
    CHECK(stage.engine().trace("dee", true).error().code == Errc::limit_reached);
    CHECK(stage.engine().trace("", true).error().code == Errc::bad_request);
    bob.ask(kSay);
    ann.ask(R"({"id":7,"op":"publish","room":"r","text":"x"})");
    ann.ask(R"({"id":8,"op":"kick","room":"r","user":"bob"})");
    bob.ask(R"({"id":9,"op":"send_to","user":"ann","text":"psst"})");
    CHECK(std::exchange(lines, {}) == Lines{"ann command publish r #7", "ann answered #7",
                                            "ann command kick r #8",
                                            "ann refused forbidden rank r #8", "ann told direct"});
    // Sessions to come are seen from their first moment.
    Peer& cy = stage.user(carrier, "cy");
    CHECK(std::exchange(lines, {}) == Lines{"cy signed_in", "cy answered #1"});
    ann.stall(true);
    ann.drop();
    stage.run();
    CHECK(std::exchange(lines, {}) == Lines{"ann closed 1001"});
    REQUIRE(stage.engine().trace("cy", false));
    CHECK(stage.engine().trace("cy", false).error().code == Errc::not_found);
    cy.ask(R"({"id":3,"op":"ping"})");
    CHECK(lines.empty());
    REQUIRE(stage.engine().trace("dee", true));
    stage.user(carrier, "dee");
    CHECK(lines.size() == 2);
    REQUIRE(stage.engine().trace("dee", false));  // who is not here needs no more
  }
}

TEST_CASE("a trace shows who falls behind, and takes no event's place", "[scenario][hooks]") {
  StageOptions options;
  options.engine.limits.events = 8;
  options.engine.limits.window_bytes = 64 * 1024;
  options.engine.limits.log_pool_bytes = 512 * 1024;
  Stage stage(options);
  std::uint64_t behind = 0, gaps = 0, writable = 0;
  stage.observer.then = [&](const HostEvent& event) {
    if (event.type != HostEventType::traced) return;
    if (event.step == TraceStep::command) behind = event.count;
    if (event.step == TraceStep::gap) gaps += event.gap.count;
    if (event.step == TraceStep::writable) ++writable;
  };
  Peer& slow = stage.member(kTcp, "slow", "r");
  Peer& fast = stage.member(kTcp, "fast", "r");
  REQUIRE(stage.engine().trace("slow", true));
  slow.stall(true);
  const std::string text(1'000, 'x');
  for (int i = 0; i < 100; ++i) {
    fast.ask(R"({"id":2,"op":"publish","room":"r","text":")" + text + R"("})");
  }
  slow.say(R"({"op":"publish","room":"r","text":"x"})");
  stage.run();
  CHECK(behind > 0);
  slow.stall(false);
  stage.run();
  CHECK(gaps > 0);
  CHECK(writable > 0);
  // A turn of nothing but commands of the traced one: half of the events are left to the others.
  stage.observer.events.clear();
  stage.in_one_turn([&] {
    for (int i = 0; i < 20; ++i) slow.say(R"({"id":5,"op":"ping"})");
    REQUIRE(stage.room("r").broadcast({.text = "x"}));
  });
  CHECK(stage.observer.count(HostEventType::traced) == 4);
  CHECK(stage.observer.count(HostEventType::published) == 1);
  CHECK(stage.observer.count(HostEventType::events_lost) == 1);
}

TEST_CASE("a refusal has a number by which the host can say why", "[scenario][hooks]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options = owned();
    options.engine.limits.refusals = 4;
    Stage stage(options);
    Peer& ann = stage.member(carrier, "ann", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    ann.ask(R"({"id":3,"op":"mute","room":"r","user":"bob","for_ms":60000})");
    stage.pass(Duration::s(1));
    CHECK_LIKE(bob.ask(kSay), R"(*"code":"muted"*"verdict":1}})");
    const Result<Refusal> why = stage.engine().why(1);
    REQUIRE(why);
    CHECK(why->verdict == 1);
    CHECK(why->user == "bob");
    CHECK(why->room == "r");
    CHECK(why->op == Op::publish);
    CHECK(why->session == bob.session());
    CHECK(why->time_ms == stage.loop.now().unix_ms());
    CHECK(why->error.code == Errc::muted);
    CHECK(rule_of(why->error) == Rule::mute);
    CHECK(why->error.retry_after_ms == 59'000);
    CHECK(message_of(rule_of(why->error)) == "A moderator muted this user.");
    CHECK(stage.engine().why(2).error().code == Errc::not_found);
    CHECK(stage.engine().why(0).error().code == Errc::not_found);

    CHECK_LIKE(ann.ask(R"({"id":4,"op":"leave","room":"s"})"), R"(*"verdict":2}})");
    Refusal list[3];
    CHECK(stage.engine().refusals("bob", list) == 1);
    CHECK(list[0].verdict == 1);
    CHECK(stage.engine().refusals({}, list) == 2);
    CHECK(list[0].verdict == 2);
    CHECK(list[0].user == "ann");
    CHECK(list[0].room == "s");
    // The oldest is forgotten; who asked for no answer is told none.
    bob.say(R"({"op":"publish","room":"r","text":"x"})");
    for (int i = 0; i < 3; ++i) bob.ask(kSay);
    CHECK(stage.engine().why(1).error().code == Errc::not_found);
    CHECK(stage.engine().why(2));
    CHECK(stage.engine().refusals("bob", list) == 3);
    CHECK(list[0].verdict == 5);
    CHECK(list[2].verdict == 3);
    CHECK(stage.engine().refusals("nobody", list) == 0);
  }
}

TEST_CASE("who keeps no refusals gives them no numbers", "[scenario][hooks]") {
  StageOptions options;
  options.engine.limits.refusals = 0;
  Stage stage(options);
  Peer& ann = stage.user(kWsJson, "ann");
  CHECK(ann.ask(R"({"id":4,"op":"leave","room":"s"})").find("verdict") == std::string::npos);
  CHECK(stage.engine().why(1).error().code == Errc::not_found);
  Refusal list[1];
  CHECK(stage.engine().refusals({}, list) == 0);
}

TEST_CASE("the rooms that cost most are found", "[scenario][hooks]") {
  Stage stage;
  RoomCost top[3];
  CHECK(stage.engine().top_rooms(top, RoomOrder::bytes) == 0);
  Peer& ann = stage.member(kTcp, "ann", "quiet");
  Peer& bob = stage.member(kTcp, "bob", "busy");
  for (const char* name : {"c", "d", "e"}) stage.member(kTcp, name, "busy");
  Peer& solo = stage.member(kTcp, "solo", "long");
  stage.member(kTcp, "f", "empty");
  const auto say = [&](Peer& peer, const std::string& room, std::size_t size) {
    peer.ask(R"({"id":2,"op":"publish","room":")" + room + R"(","text":")" +
             std::string(size, 'x') + R"("})");
  };
  for (int i = 0; i < 10; ++i) say(bob, "busy", 10);
  for (int i = 0; i < 4; ++i) say(solo, "long", 2'000);
  say(ann, "quiet", 10);
  const auto names = [&](RoomOrder by) {
    const std::size_t found = stage.engine().top_rooms(top, by);
    Lines all;
    for (std::size_t i = 0; i < found; ++i) all.emplace_back(top[i].key);
    return all;
  };
  CHECK(names(RoomOrder::deliveries) == Lines{"busy", "long", "quiet"});
  CHECK(top[0].online == 4);
  CHECK(top[0].deliveries >= 40);
  CHECK(names(RoomOrder::bytes).front() == "long");
  CHECK(top[0].bytes > 8'000);
  CHECK(names(RoomOrder::entries).front() == "busy");
  solo.stall(true);
  say(solo, "long", 2'000);
  CHECK(names(RoomOrder::lag).front() == "long");
  CHECK(top[0].lag_bytes > 2'000);
  CHECK(top[0].blocked == 1);
  CHECK(stage.engine().top_rooms({}, RoomOrder::lag) == 0);
}
