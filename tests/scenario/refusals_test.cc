// What is refused, with which word and in which order; and that nothing is served to strangers.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string refused(std::string_view id, std::string_view code) {
  return R"({"id":)" + std::string(id) + R"(,"error":{"code":")" + std::string(code) + R"(",*)";
}

// A command that no tool's codec would make, in the carrier's codec.
void send(Peer& peer, const Command& command) {
  std::vector<std::byte> out(128 * 1024);
  Codec& codec = peer.carrier().codec == CodecKind::json ? static_cast<Codec&>(tool_json())
                                                         : static_cast<Codec&>(tool_flatbuffers());
  out.resize(codec.encode(command, out));
  REQUIRE(!out.empty());
  peer.frame(Bytes(out));
}

}  // namespace

TEST_CASE("before authentication nothing but auth and ping is served", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& bob = stage.member(kTcp, "bob", "r");
    Peer& peer = stage.connect(carrier);
    peer.forget();
    for (const char* op :
         {R"("join","room":"fresh")", R"("publish","room":"r","text":"x")", R"("leave","room":"r")",
          R"("subscribe","room":"r","channel":"b")", R"("unsubscribe","room":"r","channel":"main")",
          R"("switch","room":"r","from":"main","to":"b")", R"("history","room":"r")",
          R"("send_to","user":"bob","text":"x")", R"("presence","room":"r")",
          R"("call","room":"r","name":"x")", R"("kick","room":"r","user":"bob")",
          R"("set_policy","room":"r")", R"("list_rooms")"}) {
      INFO(op);
      CHECK_LIKE(peer.ask(R"({"id":5,"op":)" + std::string(op) + "}"),
                 refused("5", "unauthorized"));
      peer.say(R"({"op":)" + std::string(op) + "}");
    }
    CHECK(peer.ask(R"({"id":6,"op":"ping"})") == R"({"id":6,"ok":{}})");
    CHECK(peer.next() == "");
    CHECK(peer.closed() == 0);
    CHECK(bob.next() == "");
    CHECK_FALSE(stage.engine().room("fresh"));
    CHECK(stage.engine().metrics().rooms == 1);
    CHECK(stage.engine().user_of(peer.session()) == "");
    // Its deadline is the only thing that it gets.
    stage.pass(Duration::ms(9'999));
    CHECK(peer.closed() == 0);
    stage.pass(Duration::ms(1));
    CHECK(peer.closed() == 4505);
    if (carrier.framing == Framing::websocket) CHECK(peer.all().back() == "close 4505");
  }
}

TEST_CASE("a failed authentication is answered and closed in the same turn", "[scenario]") {
  testing::FakeAuth auth;
  auth.tokens["good"] = {.user = "alice", .nick = "Alice", .info = R"({"level":3})"};
  auth.tokens["nameless"] = {.user = ""};
  auth.tokens["rude"] = {.user = "a\nb"};
  auth.tokens["broken"] = {.user = "bob", .info = R"({"level":)"};
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.open_server = false;
    options.ports.auth = &auth;
    Stage stage(options);
    const auto closes = [&](std::string_view rest, std::string_view code) {
      INFO(rest);
      Peer& peer = stage.connect(carrier);
      peer.forget();
      peer.say(R"({"id":1,"op":"auth",)" + std::string(rest) + "}");
      peer.say(R"({"id":2,"op":"ping"})");
      // No time passed, and nothing else was said.
      CHECK(peer.closed() == 4500);
      const std::vector<std::string> heard = peer.all();
      REQUIRE(!heard.empty());
      CHECK_LIKE(heard[0], refused("1", code));
      if (carrier.framing == Framing::websocket) {
        REQUIRE(heard.size() == 2);
        CHECK(heard[1] == "close 4500");
      } else {
        CHECK(heard.size() == 1);
      }
      stage.run();
      CHECK(peer.gone());
    };
    closes(R"("token":"bad")", "unauthorized");
    closes(R"("user":"alice")", "unauthorized");
    closes(R"("resume":"0123456789abcdef0123456789abcdef")", "unauthorized");
    closes(R"("token":"nameless")", "bad_request");
    closes(R"("token":"rude")", "bad_request");
    closes(R"("token":"broken")", "internal");
    CHECK(stage.engine().metrics().sessions == 0);
    CHECK(stage.observer.count(HostEventType::session_ready) == 0);
    // Without an id there is no answer, but the end is the same.
    Peer& silent = stage.connect(carrier);
    silent.forget();
    silent.say(R"({"op":"auth","token":"bad"})");
    CHECK(silent.closed() == 4500);
    for (const std::string& one : silent.all()) CHECK(one == "close 4500");
    stage.run();
    Peer& alice = stage.connect(carrier);
    CHECK_LIKE(alice.ask(R"({"id":1,"op":"auth","token":"good"})"), R"(*"user":"alice",*)");
  }
}

TEST_CASE("an open server believes names, not tokens", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& peer = stage.connect(carrier);
    CHECK_LIKE(peer.ask(R"({"id":1,"op":"auth","token":"something"})"),
               refused("1", "unauthorized"));
    CHECK(peer.gone());
    Peer& resuming = stage.connect(carrier);
    CHECK_LIKE(resuming.ask(R"({"id":1,"op":"auth","resume":"x"})"), refused("1", "unauthorized"));
    CHECK(resuming.gone());
  }
}

TEST_CASE("commands wait while the host thinks about auth, in their order", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeAuth auth;
    auth.tokens["t"] = {.user = "alice"};
    auth.later = true;
    StageOptions options;
    options.ports.auth = &auth;
    Stage stage(options);
    Peer& alice = stage.connect(carrier);
    alice.forget();
    alice.say(R"({"id":1,"op":"auth","token":"t"})");
    alice.say(R"({"id":2,"op":"auth","token":"t"})");
    alice.say(R"({"id":3,"op":"join","room":"r"})");
    alice.say(R"({"id":4,"op":"publish","room":"r","text":"x"})");
    stage.run();
    CHECK(alice.next() == "");
    CHECK(alice.link.paused);
    REQUIRE(auth.asked.size() == 1);
    CHECK(stage.engine().answer(auth.asked[0].question, auth.answer_for("t")));
    stage.run();
    CHECK_FALSE(alice.link.paused);
    CHECK_LIKE(alice.next(), R"({"id":1,"ok":*)");
    CHECK_LIKE(alice.next(), refused("2", "bad_request"));
    CHECK_LIKE(alice.next(), R"({"id":3,"ok":*)");
    CHECK_LIKE(alice.next(), R"({"id":4,"ok":*)");
    CHECK_LIKE(alice.next(), R"({"event":"message",*)");
  }
}

TEST_CASE("joins are refused with the first thing that is wrong", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.open_rooms = false;
    options.engine.limits.rooms_per_session = 3;
    Stage stage(options);
    REQUIRE(stage.engine().open_room("full", {.max_members = 1}));
    for (const char* key : {"a", "b", "c", "d"}) REQUIRE(stage.engine().open_room(key, {}));
    stage.member(kTcp, "bob", "full");
    Peer& alice = stage.user(carrier, "alice");
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"unknown"})"), refused("2", "not_found"));
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"full"})"), refused("2", "room_full"));
    for (const char* key : {"a", "b", "c"}) {
      CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":")" + std::string(key) + R"("})"),
                 R"({"id":2,"ok":*)");
    }
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"a"})"), refused("2", "already_member"));
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"d"})"), refused("2", "limit_reached"));
    CHECK(alice.closed() == 0);
  }
}

TEST_CASE("the host may refuse a join with any word", "[scenario]") {
  testing::FakeRules rules;
  rules.join = [](Question, const JoinRequest& request) {
    if (request.password != "sesame") return Answer::refuse(Errc::wrong_password);
    return request.user == "mallory" ? Answer::refuse(Errc::banned) : Answer::pass();
  };
  rules.missing_room = [](Question, const JoinRequest& request) {
    return request.room == "r" ? Answer::pass() : Answer::refuse(Errc::forbidden);
  };
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.open_rooms = false;
    options.ports.rules = &rules;
    Stage stage(options);
    Peer& mallory = stage.user(carrier, "mallory");
    CHECK_LIKE(mallory.ask(R"({"id":2,"op":"join","room":"s","password":"sesame"})"),
               refused("2", "forbidden"));
    CHECK_LIKE(mallory.ask(R"({"id":2,"op":"join","room":"r"})"), refused("2", "wrong_password"));
    CHECK_LIKE(mallory.ask(R"({"id":2,"op":"join","room":"r","password":"sesame"})"),
               refused("2", "banned"));
    Peer& alice = stage.user(carrier, "alice");
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"r","password":"sesame"})"),
               R"({"id":2,"ok":*)");
  }
}

TEST_CASE("publishes are refused in the order of the protocol", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeRules rules;
    Answer said = Answer::refuse(Errc::filtered);
    rules.publish = [&](Question, const PublishRequest&) { return said; };
    StageOptions options;
    options.ports.rules = &rules;
    options.engine.limits.publishes = {1, 1};
    Stage stage(options);
    Peer& alice = stage.user(carrier, "alice");
    const std::string huge =
        R"({"id":3,"op":"publish","room":"r","text":")" + std::string(2'049, 'x') + R"("})";
    Room room = stage.room("r");
    REQUIRE(room.set_policy({.mute_all = true, .slow_mode_s = 30}));
    // Each line is wrong in everything that comes after it as well.
    CHECK_LIKE(alice.ask(huge), refused("3", "not_member"));
    alice.ask(R"({"id":2,"op":"join","room":"r"})");
    CHECK_LIKE(alice.ask(huge), refused("3", "mode_restricted"));
    REQUIRE(room.set_policy({.moderated = true, .slow_mode_s = 30}));
    CHECK_LIKE(alice.ask(huge), refused("3", "mode_restricted"));
    REQUIRE(room.set_policy({.slow_mode_s = 30}));
    said = Answer::pass();
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"publish","room":"r","text":"x"})"), R"({"id":4,"ok":*)");
    said = Answer::refuse(Errc::filtered);
    CHECK_LIKE(alice.ask(huge), R"({"id":3,"error":{"code":"slow_mode",*"retry_after_ms":30000,*)");
    REQUIRE(room.set_policy({}));
    CHECK_LIKE(alice.ask(huge),
               R"({"id":3,"error":{"code":"rate_limited",*"retry_after_ms":1000,*)");
    stage.pass(Duration::s(1));
    CHECK_LIKE(alice.ask(huge), refused("3", "filtered"));
    stage.pass(Duration::s(1));
    said.verdict = Answer::Verdict::hold;
    CHECK_LIKE(alice.ask(huge), refused("3", "too_large"));  // it could not be said later either
    stage.pass(Duration::s(1));
    CHECK_LIKE(alice.ask(R"({"id":3,"op":"publish","room":"r","text":"x"})"), refused("3", "held"));
    stage.pass(Duration::s(1));
    said = Answer::pass();
    CHECK_LIKE(alice.ask(huge), refused("3", "too_large"));
    CHECK(room.position().offset == 1);
  }
}

TEST_CASE("the host may rewrite what is said, or drop it unseen", "[scenario]") {
  testing::FakeRules rules;
  Answer said;
  rules.publish = [&](Question, const PublishRequest&) { return said; };
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.ports.rules = &rules;
    Stage stage(options);
    Peer& alice = stage.member(carrier, "alice", "r");
    const std::string_view say = R"({"id":2,"op":"publish","room":"r","text":"rude"})";
    said = {.verdict = Answer::Verdict::rewrite, .text = "kind"};
    CHECK_LIKE(alice.ask(say), R"({"id":2,"ok":*"offset":1}})");
    CHECK_LIKE(alice.next(), R"({"event":"message",*"text":"kind",*)");
    said.verdict = Answer::Verdict::drop;
    CHECK_LIKE(alice.ask(say), R"({"id":2,"ok":*)");
    CHECK(alice.next() == "");
    // What no client could be shown is not.
    for (const std::string_view bad :
         {std::string_view(), std::string_view("\xff"), std::string_view("a\0b", 3)}) {
      said = {.verdict = Answer::Verdict::rewrite, .text = bad};
      CHECK_LIKE(alice.ask(say), refused("2", "internal"));
    }
    const std::string much(3'000, 'x');
    said = {.verdict = Answer::Verdict::rewrite, .text = much};
    CHECK_LIKE(alice.ask(say), refused("2", "too_large"));
    said = Answer::refuse(Errc::ok);
    CHECK_LIKE(alice.ask(say), refused("2", "internal"));
    CHECK(alice.next() == "");
    CHECK(stage.room("r").position().offset == 1);
  }
}

TEST_CASE("notices and high priority are a moderator's", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    const std::string_view notice =
        R"({"id":2,"op":"publish","room":"r","kind":"notice","text":"x"})";
    const std::string_view high =
        R"({"id":2,"op":"publish","room":"r","priority":"high","text":"x"})";
    CHECK_LIKE(alice.ask(notice), refused("2", "forbidden"));
    CHECK_LIKE(alice.ask(high), refused("2", "forbidden"));
    REQUIRE(stage.room("r").set_role("alice", Role::moderator));
    CHECK_LIKE(alice.ask(notice), R"({"id":2,"ok":*)");
    CHECK_LIKE(alice.ask(high), R"({"id":2,"ok":*)");
    REQUIRE(stage.room("r").set_role("alice", Role::visitor));
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"publish","room":"r","text":"x"})"),
               refused("2", "forbidden"));
  }
}

TEST_CASE("every field has its bounds in every codec", "[scenario]") {
  const std::string s64(64, 'n');
  const std::string s65(65, 'n');
  const std::string s128(128, 'r');
  const std::string s129(129, 'r');
  const std::string t2048(2'048, 't');
  const std::string t2049(2'049, 't');
  const std::string k32(32, 'k');
  const std::string k33(33, 'k');
  const std::string d2048 = '"' + std::string(2'046, 'd') + '"';
  const std::string d2049 = '"' + std::string(2'047, 'd') + '"';
  std::vector<std::string_view> mentions(17, "m");
  struct Row {
    const char* what;
    std::function<void(Command&)> change;
    const char* code;  // "": fine
  };
  const auto text = [](std::string_view bad) { return [bad](Command& c) { c.out.text = bad; }; };
  const Row rows[] = {
      {"plain", [](Command&) {}, ""},
      {"room of 129", [&](Command& c) { c.room = s129; }, "bad_request"},
      {"no room", [](Command& c) { c.room = {}; }, "bad_request"},
      {"room with a control", [](Command& c) { c.room = "a\tb"; }, "bad_request"},
      {"a room of 128 that one is not in", [&](Command& c) { c.room = s128; }, "not_member"},
      {"channel of 64", [&](Command& c) { c.out.channel = s64; }, "not_found"},
      {"channel of 65", [&](Command& c) { c.out.channel = s65; }, "bad_request"},
      {"kind of 32", [&](Command& c) { c.out.kind = Kind{k32}; }, ""},
      {"kind of 33", [&](Command& c) { c.out.kind = Kind{k33}; }, "bad_request"},
      {"kind in capitals", [](Command& c) { c.out.kind = Kind{"Text"}; }, "bad_request"},
      {"text of 2,048", text(t2048), ""},
      {"text of 2,049", text(t2049), "too_large"},
      {"text with NUL", text(std::string_view("a\0b", 3)), "bad_request"},
      {"text right to left, joined, with controls",
       text("\xd7\xa9\xe2\x80\x8f \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80 \x01\x1f<script>"),
       ""},
      {"key of 64", [&](Command& c) { c.out.key = s64; }, ""},
      {"key of 65", [&](Command& c) { c.out.key = s65; }, "bad_request"},
      {"data of 2,048",
       [&](Command& c) {
         c.out.data = {Data::Form::json, as_bytes(d2048)};
       },
       ""},
      {"data of 2,049",
       [&](Command& c) {
         c.out.data = {Data::Form::json, as_bytes(d2049)};
       },
       "too_large"},
      {"16 mentions", [&](Command& c) { c.out.mentions = std::span(mentions).first(16); }, ""},
      {"17 mentions", [&](Command& c) { c.out.mentions = mentions; }, "bad_request"},
      {"reply_to past 2^53", [](Command& c) { c.out.reply_to = std::uint64_t{1} << 53; },
       "bad_request"},
  };
  for (const Carrier& carrier : kCarriers) {
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    for (const Row& row : rows) {
      INFO(carrier.name << ": " << row.what);
      Command command;
      command.op = Op::publish;
      command.id = 7;
      command.room = "r";
      command.out.text = "hello";
      command.has_text = true;
      row.change(command);
      send(alice, command);
      stage.run();
      std::vector<std::string> heard = alice.all();
      REQUIRE(!heard.empty());
      const bool fine = std::string_view(row.code).empty();
      std::size_t answers = 0;
      for (const std::string& one : heard) {
        if (!one.starts_with(R"({"id":7,)")) continue;
        ++answers;
        CHECK_LIKE(one, fine ? R"({"id":7,"ok":*)" : refused("7", row.code));
      }
      CHECK(answers == 1);
      CHECK(heard.size() == (fine ? 2 : 1));
      CHECK(alice.closed() == 0);
    }
  }
}

TEST_CASE("text that is not UTF-8 reaches nobody", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    Stage stage;
    Peer& bob = stage.member(kTcp, "bob", "r");
    for (const std::string_view bad : {"\xed\xa0\x80", "\xc0\xaf", "\xf0\x9f\x98",
                                       "\xf4\x90\x80\x80", "\xff", "\x80", "ok\xc3"}) {
      Peer& mallory = stage.member(carrier, "mallory", "r");
      bob.forget();
      Command command;
      command.op = Op::publish;
      command.id = 7;
      command.room = "r";
      command.out.text = bad;
      command.has_text = true;
      send(mallory, command);
      stage.run();
      if (carrier.codec == CodecKind::json) {
        CHECK(mallory.closed() == 4501);  // then it is not JSON; the filter saw it before: 1007
      } else {
        CHECK_LIKE(mallory.next(), refused("7", "bad_request"));
        mallory.drop();
      }
      stage.run();
      CHECK(bob.events("message").empty());
    }
  }
}

TEST_CASE("a refusal says which rule it was, what that holds for, and how long", "[scenario]") {
  struct Host final : Rules {
    Answer before_publish(Question, const PublishRequest& request) noexcept override {
      if (request.message->text == "own") return Answer::refuse(Errc::filtered);
      return Answer::pass();
    }
  } host;
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.ports.rules = &host;
    options.engine.limits.commands = {20, 12};
    options.engine.limits.publishes = {1, 2};
    options.engine.limits.joins = {1, 1};
    options.engine.limits.rooms_per_session = 1;
    Stage stage(options);
    Room room = stage.room("r");
    Peer& bob = stage.member(carrier, "bob", "r");
    const auto say = [&](std::string_view text) {
      stage.pass_alive(Duration::s(2));
      return bob.ask(R"({"id":8,"op":"publish","room":"r","text":")" + std::string(text) + "\"}");
    };
    const auto with = [&](auto change) {
      RoomPolicy policy = room.policy();
      change(policy);
      REQUIRE(room.set_policy(policy));
    };
    CHECK_LIKE(say("own"), R"(*"filtered"*"temporary":false,"rule":"host"}})");
    with([](RoomPolicy& p) { p.mute_all = true; });
    CHECK_LIKE(say("x"), R"(*"mode_restricted"*,"rule":"mute_all","scope":"room"}})");
    with([](RoomPolicy& p) { p.mute_all = false, p.moderated = true; });
    CHECK_LIKE(say("x"), R"(*"mode_restricted"*,"rule":"moderated","scope":"room"}})");
    with([](RoomPolicy& p) { p.moderated = false, p.slow_mode_s = 30; });
    CHECK_LIKE(say("x"), R"(*"ok"*)");
    CHECK_LIKE(say("x"),
               R"(*"slow_mode"*"retry_after_ms":28000,"rule":"slow_mode","scope":"user"}})");
    with([](RoomPolicy& p) { p.slow_mode_s = 0; });
    REQUIRE(room.mute("bob", Duration::s(5)));
    CHECK_LIKE(say("x"), R"(*"muted"*"retry_after_ms":3000,"rule":"mute","scope":"user"}})");
    REQUIRE(room.unmute("bob"));
    REQUIRE(room.close_channel("main"));
    CHECK_LIKE(say("x"), R"(*"mode_restricted"*,"rule":"channel_closed","scope":"channel"}})");
    REQUIRE(room.open_channel("main"));
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"kick","room":"r","user":"eve"})"),
               R"(*"forbidden"*,"rule":"rank","scope":"user"}})");
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"publish","room":"other","text":"x"})"),
               R"(*"not_member"*,"rule":"membership","scope":"session"}})");
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"s"})"),
               R"(*"limit_reached"*,"rule":"capacity","scope":"server"}})");
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"s"})"),
               R"(*"rate_limited"*"retry_after_ms":*,"rule":"join_rate","scope":"session"}})");
    // What the code says by itself has none.
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"history","room":"r","channel":"none"})"),
               R"(*"not_found"*"temporary":false}})");
    CHECK_LIKE(say("1"), R"(*"ok"*)");
    std::string last;
    for (int i = 0; i < 3; ++i) {
      last = bob.ask(R"({"id":8,"op":"publish","room":"r","text":"x"})");
    }
    CHECK_LIKE(last,
               R"(*"rate_limited"*"retry_after_ms":*,"rule":"publish_rate","scope":"user"}})");
    for (int i = 0; i < 12; ++i) last = bob.ask(R"({"id":9,"op":"ping"})");
    CHECK_LIKE(last,
               R"(*"rate_limited"*"retry_after_ms":*,"rule":"command_rate","scope":"session"}})");
  }
}
