// Every op of the protocol's first block, over every carrier, in the same words.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

constexpr std::string_view kOk1 = R"({"id":1,"ok":*)";

std::string message(std::string_view room, int offset, std::string_view user,
                    std::string_view text) {
  return R"({"event":"message","room":")" + std::string(room) + R"(","channel":"main","offset":)" +
         std::to_string(offset) + R"(,"user":")" + std::string(user) + R"(","nick":")" +
         std::string(user) + R"(","role":"member","kind":"text","text":")" + std::string(text) +
         R"(","time":1700000000000})";
}

}  // namespace

TEST_CASE("the first thing that a client hears is hello", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& peer = stage.connect(carrier);
    CHECK(peer.next() == R"({"event":"hello","version":1,"heartbeat_ms":25000})");
    CHECK(peer.next() == "");
  }
}

TEST_CASE("auth answers who one is and what one may do", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.connect(carrier);
    CHECK_LIKE(alice.ask(R"({"id":1,"op":"auth","user":"alice","nick":"Alice"})"),
               R"({"id":1,"ok":{"session":"*","user":"alice","resume":"*","heartbeat_ms":25000,)"
               R"("limits":{"frame_bytes":65536,"text_bytes":2048,"rooms":32,)"
               R"("commands_per_s":0,"publish_per_s":0}}})");
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"auth","user":"alice"})"),
               R"({"id":2,"error":{"code":"bad_request",*})");
    Peer& guest = stage.connect(carrier);
    CHECK_LIKE(guest.ask(R"({"id":1,"op":"auth"})"), R"(*"user":"guest-*","resume":*)");
    CHECK(stage.observer.count(HostEventType::session_ready) == 2);
  }
}

TEST_CASE("ping is answered before and after authentication", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& peer = stage.connect(carrier);
    CHECK(peer.ask(R"({"id":4,"op":"ping"})") == R"({"id":4,"ok":{}})");
    peer.ask(R"({"id":1,"op":"auth","user":"a"})");
    CHECK(peer.ask(R"({"id":4294967295,"op":"ping"})") == R"({"id":4294967295,"ok":{}})");
    peer.forget();
    peer.say(R"({"op":"ping"})");  // without an id there is no answer
    stage.run();
    CHECK(peer.next() == "");
  }
}

TEST_CASE("join answers the whole room, and precedes its events", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.user(carrier, "alice");
    alice.say(R"({"id":2,"op":"join","room":"r"})");
    alice.say(R"({"id":3,"op":"publish","room":"r","text":"hi"})");
    stage.run();
    CHECK_LIKE(alice.next(),
               R"({"id":2,"ok":{"room":"r","epoch":"*","offset":0,"online":1,)"
               R"("role":"member","state":{"policy":{"slow_mode_s":0,"mute_all":false,)"
               R"("moderated":false,"max_members":0,"has_password":false},"attributes":{},)"
               R"("pinned":[],"channels":[{"name":"main","state":"open"*}],)"
               R"("created":1700000000000,"creator":"alice"},"was_recovering":false,)"
               R"("recovered":false,"messages":[],"more":false}})");
  }
}

TEST_CASE("a publish is answered with its place and shown to everyone in the room", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(kWsJson, "bob", "r");
    alice.forget();
    CHECK_LIKE(alice.ask(R"({"id":3,"op":"publish","room":"r","text":"hi"})"),
               R"({"id":3,"ok":{"epoch":"*","offset":1}})");
    CHECK(alice.next() == message("r", 1, "alice", "hi"));
    CHECK(bob.next() == message("r", 1, "alice", "hi"));
    bob.ask(R"({"id":3,"op":"publish","room":"r","kind":"gift","data":{"n":[1,2]},)"
            R"("reply_to":1,"mentions":["alice"],"priority":"low"})");
    CHECK(alice.next() ==
          R"({"event":"message","room":"r","channel":"main","offset":2,"user":"bob","nick":"bob",)"
          R"("role":"member","kind":"gift","data":{"n":[1,2]},"priority":"low","reply_to":1,)"
          R"("mentions":["alice"],"time":1700000000000})");
    // A signal passes through and takes no place.
    CHECK_LIKE(bob.ask(R"({"id":4,"op":"publish","room":"r","kind":"signal","text":"typing"})"),
               R"({"id":4,"ok":{"epoch":"*"}})");
    CHECK_LIKE(alice.next(), R"({"event":"message","room":"r","channel":"main","user":"bob",*)"
                             R"("kind":"signal","text":"typing",*})");
    CHECK(alice.next() == "");
    CHECK(stage.room("r").position().offset == 2);
  }
}

TEST_CASE("after the answer to leave nothing of the room follows", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(kTcp, "bob", "r");
    alice.forget();
    // All in one turn: what was said before he left may come, but not behind the answer.
    stage.in_one_turn([&] {
      bob.say(R"({"id":2,"op":"publish","room":"r","text":"before"})");
      alice.say(R"({"id":2,"op":"leave","room":"r"})");
      bob.say(R"({"id":3,"op":"publish","room":"r","text":"after"})");
    });
    const std::vector<std::string> heard = alice.all();
    REQUIRE(!heard.empty());
    CHECK(heard.back() == R"({"id":2,"ok":{}})");
    for (const std::string& one : heard) CHECK(one.find("after") == std::string::npos);
    CHECK_LIKE(alice.ask(R"({"id":3,"op":"leave","room":"r"})"),
               R"({"id":3,"error":{"code":"not_member",*})");
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"leave","room":"nowhere"})"),
               R"({"id":4,"error":{"code":"not_member",*})");
    bob.ask(R"({"id":4,"op":"publish","room":"r","text":"gone"})");
    CHECK(alice.next() == "");
  }
}

TEST_CASE("subscribe, unsubscribe and switch choose what is shown", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.user(kTcp, "bob");
    bob.ask(R"({"id":1,"op":"join","room":"r","channels":["main","gifts","team.a"]})");
    const auto said = [&](std::string_view channel) {
      bob.ask(R"({"id":9,"op":"publish","room":"r","channel":")" + std::string(channel) +
              R"(","text":"x"})");
      return alice.events("message").size();
    };
    CHECK(said("main") == 1);
    CHECK(said("gifts") == 0);
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"subscribe","room":"r","channel":"gifts"})"),
               R"({"id":2,"ok":*)");
    CHECK(said("gifts") == 1);
    CHECK_LIKE(alice.ask(R"({"id":3,"op":"unsubscribe","room":"r","channel":"main"})"),
               R"({"id":3,"ok":*)");
    CHECK(said("main") == 0);
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"switch","room":"r","from":"gifts","to":"team.a"})"),
               R"({"id":4,"ok":*)");
    CHECK(said("gifts") == 0);
    CHECK(said("team.a") == 1);
    // Repeating is fine; what is not there is not.
    CHECK_LIKE(alice.ask(R"({"id":5,"op":"subscribe","room":"r","channel":"team.a"})"),
               R"({"id":5,"ok":*)");
    CHECK_LIKE(alice.ask(R"({"id":6,"op":"unsubscribe","room":"r","channel":"nothing"})"),
               R"({"id":6,"error":{"code":"not_found",*})");
    CHECK_LIKE(alice.ask(R"({"id":7,"op":"subscribe","room":"s","channel":"main"})"),
               R"({"id":7,"error":{"code":"not_member",*})");
    // A channel that one is not in is not spoken to either.
    CHECK_LIKE(alice.ask(R"({"id":8,"op":"publish","room":"r","text":"x"})"),
               R"({"id":8,"error":{"code":"not_member",*})");
  }
}

TEST_CASE("who chooses channels is told from where on, and history keeps to them", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    const std::string said = alice.ask(R"({"id":2,"op":"publish","room":"r","text":"x"})");
    const std::string ok = said.substr(said.find("\"ok\":"));  // epoch and offset
    CHECK_LIKE(ok, R"("ok":{"epoch":"*","offset":1}})");
    CHECK(alice.ask(R"({"id":3,"op":"subscribe","room":"r","channel":"b"})") == R"({"id":3,)" + ok);
    CHECK(alice.ask(R"({"id":4,"op":"unsubscribe","room":"r","channel":"b"})") ==
          R"({"id":4,)" + ok);
    CHECK(alice.ask(R"({"id":5,"op":"switch","room":"r","from":"main","to":"b"})") ==
          R"({"id":5,)" + ok);
    for (const char* rest : {"", R"(,"channel":"main")", R"(,"before":9)", R"(,"limit":3)"}) {
      CHECK_LIKE(alice.ask(R"({"id":6,"op":"history","room":"r")" + std::string(rest) + "}"),
                 R"({"id":6,"error":{"code":"not_member",*)");
    }
    CHECK_LIKE(alice.ask(R"({"id":7,"op":"history","room":"r","channel":"b"})"),
               R"({"id":7,"ok":{*"messages":[],"more":false}})");
    CHECK_LIKE(alice.ask(R"({"id":8,"op":"history","room":"r","after":0})"),
               R"({"id":8,"ok":{*"messages":[],"more":false}})");
    CHECK_LIKE(alice.ask(R"({"id":9,"op":"switch","room":"r","from":"b","to":"main"})"),
               R"({"id":9,"ok":*)");
    CHECK_LIKE(alice.ask(R"({"id":6,"op":"history","room":"r"})"), R"(*"text":"x"*)");
  }
}

TEST_CASE("history pages backwards and forwards, by channel", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.user(carrier, "alice");
    alice.ask(R"({"id":1,"op":"join","room":"r","channels":["main","b"]})");
    for (int i = 1; i <= 10; ++i) {
      alice.ask(R"({"id":2,"op":"publish","room":"r","channel":")" +
                std::string(i % 2 == 0 ? "b" : "main") + R"(","text":")" + std::to_string(i) +
                R"("})");
    }
    alice.forget();
    const auto offsets = [&](const std::string& rest) {
      const std::string page = alice.ask(R"({"id":3,"op":"history","room":"r")" + rest + "}");
      std::string found;
      for (std::size_t at = page.find("\"offset\":"); at != std::string::npos;
           at = page.find("\"offset\":", at + 1)) {
        found += page.substr(at + 9, page.find(',', at) - at - 9) + " ";
      }
      return found + (page.find(R"("more":true)") != std::string::npos ? "more" : "");
    };
    CHECK(offsets("") == "1 2 3 4 5 6 7 8 9 10 ");
    CHECK(offsets(R"(,"limit":3)") == "8 9 10 more");
    CHECK(offsets(R"(,"before":8,"limit":3)") == "5 6 7 more");
    CHECK(offsets(R"(,"before":3,"limit":3)") == "1 2 ");
    CHECK(offsets(R"(,"after":2,"limit":3)") == "3 4 5 more");
    CHECK(offsets(R"(,"after":0,"limit":2)") == "1 2 more");
    CHECK(offsets(R"(,"after":8,"limit":3)") == "9 10 ");
    CHECK(offsets(R"(,"after":10)") == "");
    CHECK(offsets(R"(,"channel":"b","limit":2)") == "8 10 more");
    CHECK(offsets(R"(,"channel":"main","after":3)") == "5 7 9 ");
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"history","room":"r","channel":"nothing"})"),
               R"({"id":4,"error":{"code":"not_found",*})");
    alice.ask(R"({"id":5,"op":"unsubscribe","room":"r","channel":"b"})");
    CHECK(offsets("") == "1 3 5 7 9 ");
    CHECK_LIKE(alice.ask(R"({"id":6,"op":"history","room":"r","channel":"b"})"),
               R"({"id":6,"error":{"code":"not_member",*})");
    CHECK_LIKE(alice.ask(R"({"id":7,"op":"history","room":"other"})"),
               R"({"id":7,"error":{"code":"not_member",*})");
  }
}

TEST_CASE("since brings what was missed, or says that it cannot", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& bob = stage.member(kTcp, "bob", "r");
    const std::string first = bob.ask(R"({"id":2,"op":"publish","room":"r","text":"1"})");
    const std::string epoch = first.substr(first.find("epoch") + 8, 16);
    for (int i = 2; i <= 5; ++i) {
      bob.ask(R"({"id":2,"op":"publish","room":"r","text":")" + std::to_string(i) + R"("})");
    }
    Peer& alice = stage.user(carrier, "alice");
    const auto join = [&](const std::string& rest) {
      const std::string answer = alice.ask(R"({"id":2,"op":"join","room":"r")" + rest + "}");
      alice.ask(R"({"id":3,"op":"leave","room":"r"})");
      std::string found;
      for (std::size_t at = answer.find("\"text\":\""); at != std::string::npos;
           at = answer.find("\"text\":\"", at + 1)) {
        found += answer[at + 8];
      }
      for (const char* flag : {"was_recovering", "recovered", "more"}) {
        if (answer.find('"' + std::string(flag) + "\":true") != std::string::npos) {
          found += ' ' + std::string(flag);
        }
      }
      return found;
    };
    const auto since = [&](const std::string& in, int offset) {
      return join(R"(,"since":{"epoch":")" + in + R"(","offset":)" + std::to_string(offset) + "}");
    };
    CHECK(since(epoch, 3) == "45 was_recovering recovered");
    CHECK(since(epoch, 0) == "12345 was_recovering recovered");
    CHECK(since(epoch, 5) == " was_recovering recovered");
    CHECK(since(epoch, 6) == " was_recovering");
    CHECK(since("0123456789abcdef", 3) == " was_recovering");
    CHECK(since("what?", 3) == " was_recovering");
    CHECK(join(R"(,"recent":2)") == "45 more");
    CHECK(join(R"(,"recent":50)") == "12345");
    CHECK(join("") == "");
    // More than the limit missed: whole or not at all.
    for (int i = 0; i < 300; ++i) bob.ask(R"({"id":2,"op":"publish","room":"r","text":"x"})");
    CHECK(since(epoch, 4) == " was_recovering");
    CHECK(since(epoch, 5).substr(0, 5) == "xxxxx");
    CHECK(since(epoch, 5).ends_with(" was_recovering recovered more"));
  }
}

TEST_CASE("send_to reaches all the user's sessions and the sender's others", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.user(carrier, "alice");
    Peer& alice2 = stage.user(kWsJson, "alice");
    Peer& bob = stage.user(kTcp, "bob");
    Peer& bob2 = stage.user(kLink, "bob");
    CHECK(alice.ask(R"({"id":2,"op":"send_to","user":"bob","text":"psst","data":[1]})") ==
          R"({"id":2,"ok":{"sessions":2}})");
    const std::string direct =
        R"({"event":"direct","user":"alice","nick":"alice","to":"bob","kind":"text",)"
        R"("text":"psst","data":[1],"time":1700000000000})";
    CHECK(bob.next() == direct);
    CHECK(bob2.next() == direct);
    CHECK(alice2.next() == direct);
    CHECK(alice.next() == "");
    CHECK_LIKE(alice.ask(R"({"id":3,"op":"send_to","user":"carol","text":"x"})"),
               R"({"id":3,"error":{"code":"not_found",*"temporary":true}})");
  }
}

TEST_CASE("presence lists the members, and says when nothing changed", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"presence","room":"r"})"),
               R"({"id":2,"ok":{"online":1,"version":1,"members":[{"user":"alice","nick":"alice",)"
               R"("role":"member","since":1700000000000}]*})");
    Peer& bob = stage.member(kTcp, "bob", "r");
    CHECK(alice.events("presence") ==
          std::vector<std::string>{R"({"event":"presence","room":"r","online":2,"version":2,)"
                                   R"("joins":[{"user":"bob","nick":"bob","role":"member"}]})"});
    stage.member(kTcp, "bob", "r");  // his second session changes nothing
    CHECK(alice.events("presence").empty());
    const std::string page = alice.ask(R"({"id":3,"op":"presence","room":"r","limit":1})");
    CHECK_LIKE(
        page,
        R"({"id":3,"ok":{"online":2,"version":2,"members":[{"user":"alice",*}],"next":"*"}})");
    const std::string cursor = page.substr(page.find("next") + 7, 16);
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"presence","room":"r","cursor":")" + cursor + R"("})"),
               R"({"id":4,"ok":{"online":2,"version":2,"members":[{"user":"bob",*}]*})");
    CHECK_LIKE(alice.ask(R"({"id":5,"op":"presence","room":"r","since_version":2})"),
               R"({"id":5,"ok":{"online":2,"version":2,"unchanged":true}})");
    CHECK_LIKE(alice.ask(R"({"id":6,"op":"presence","room":"r","cursor":"zzz"})"),
               R"({"id":6,"error":{"code":"bad_request",*})");
    bob.ask(R"({"id":9,"op":"leave","room":"r"})");
    CHECK(alice.events("presence").empty());  // one session of bob is still there
    stage.peers.back()->drop();
    stage.run();
    CHECK(alice.events("presence") ==
          std::vector<std::string>{R"({"event":"presence","room":"r","online":1,"version":3,)"
                                   R"("leaves":["bob"]})"});
  }
}

TEST_CASE("call is the host's to answer, at once or later", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeRules rules;
    StageOptions options;
    options.ports.rules = &rules;
    Question late;
    std::string asked;
    rules.call = [&](Question question, const CallRequest& request) {
      asked = std::string(request.user) + " " + std::string(request.room) + " " +
              std::string(request.name) + " " + std::string(as_text(request.data.bytes));
      late = question;
      if (request.name == "later") return Answer::later();
      if (request.name == "refuse") return Answer::refuse(Errc::forbidden);
      Answer answer;
      answer.data = {Data::Form::json, as_bytes(R"({"won":5})")};
      return answer;
    };
    Stage stage(options);
    Peer& alice = stage.member(carrier, "alice", "r");
    CHECK(alice.ask(R"({"id":2,"op":"call","room":"r","name":"red_packet.open","data":{"n":1}})") ==
          R"({"id":2,"ok":{"data":{"won":5}}})");
    CHECK(asked == R"(alice r red_packet.open {"n":1})");
    CHECK(alice.ask(R"({"id":3,"op":"call","name":"anywhere"})") ==
          R"({"id":3,"ok":{"data":{"won":5}}})");
    CHECK_LIKE(alice.ask(R"({"id":4,"op":"call","room":"r","name":"refuse"})"),
               R"({"id":4,"error":{"code":"forbidden",*})");
    CHECK_LIKE(alice.ask(R"({"id":5,"op":"call","room":"s","name":"x"})"),
               R"({"id":5,"error":{"code":"not_member",*})");
    // While a call waits, the session goes on; answers may overtake each other.
    CHECK(alice.ask(R"({"id":6,"op":"call","room":"r","name":"later"})") == "");
    const Question first = late;
    CHECK(alice.ask(R"({"id":7,"op":"ping"})") == R"({"id":7,"ok":{}})");
    CHECK(alice.ask(R"({"id":8,"op":"call","room":"r","name":"later"})") == "");
    Answer answer;
    answer.data = {Data::Form::binary, as_bytes("\x01\xff")};
    CHECK(stage.engine().answer(late, answer));
    CHECK(stage.engine().answer(late, answer).error().code == Errc::not_found);
    stage.run();
    if (carrier.codec == CodecKind::json) {
      CHECK(alice.next() == R"({"id":8,"ok":{"data":{"b64":"Af8="}}})");
    } else {
      CHECK_LIKE(alice.next(), R"({"id":8,"ok":{"data":*}})");
    }
    // Nobody answered within ten seconds.
    stage.pass(Duration::s(10));
    CHECK_LIKE(alice.next(), R"({"id":6,"error":{"code":"internal",*"temporary":true}})");
    CHECK(stage.engine().answer(first, answer).error().code == Errc::not_found);
  }
}

TEST_CASE("without a host to answer it, call is unsupported", "[scenario]") {
  Stage stage;
  Peer& alice = stage.user(kWsJson, "alice");
  CHECK_LIKE(alice.ask(R"({"id":2,"op":"call","name":"x"})"), R"(*"unsupported"*)");
}

TEST_CASE("ops that come later, and words that nobody knows, are unsupported", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    for (int op = static_cast<int>(Op::apply); op < static_cast<int>(Op::unknown); ++op) {
      const std::string word(name_of(static_cast<Op>(op)));
      const std::string served =
          " allow disallow ack apply approve invite enqueue dequeue call_next waiting "
          "release reject list_held shadow_mute set_receive ";
      if (served.find(" " + word + " ") != std::string::npos) continue;
      INFO(word);
      CHECK_LIKE(alice.ask(R"({"id":2,"op":")" + word + R"(","room":"r","user":"bob"})"),
                 R"({"id":2,"error":{"code":"unsupported",*})");
    }
    CHECK(alice.closed() == 0);
  }
  Stage stage;
  Peer& alice = stage.user(kWsJson, "alice");
  alice.frame(R"({"id":3,"op":"teleport"})");
  CHECK_LIKE(alice.next(), R"({"id":3,"error":{"code":"unsupported",*"temporary":false}})");
}

TEST_CASE("a key gives the first answer again", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& alice = stage.member(carrier, "alice", "r");
    const std::string_view say = R"({"id":2,"op":"publish","room":"r","text":"once","key":"k1"})";
    const std::string first = alice.ask(say);
    CHECK(alice.ask(say) == first);
    Peer& again = stage.member(kTcp, "alice", "r");  // the key is the user's, not the session's
    CHECK(again.ask(say) == first);
    CHECK(alice.events("message").size() == 1);
    CHECK_LIKE(alice.ask(R"({"id":2,"op":"publish","room":"r","text":"x","key":"k2"})"),
               R"(*"offset":2}})");
    Peer& bob = stage.member(kTcp, "bob", "r");
    CHECK_LIKE(bob.ask(say), R"(*"offset":3}})");
    stage.pass_alive(Duration::s(301));
    CHECK_LIKE(alice.ask(say), R"(*"offset":4}})");
  }
}

TEST_CASE("a field that is null is absent", "[scenario]") {
  Stage stage;
  Peer& alice = stage.connect(kWsJson);
  alice.frame(R"({"id":1,"op":"auth","user":"alice","nick":null,"token":null,"resume":null})");
  alice.frame(
      R"({"id":2,"op":"join","room":"r","channels":null,"password":null,"since":null,"recent":null})");
  alice.frame(
      R"({"id":3,"op":"publish","room":"r","channel":null,"kind":null,"text":"x","data":null,)"
      R"("priority":null,"key":null,"reply_to":null,"mentions":null})");
  alice.frame(R"({"id":4,"op":"history","room":"r","before":null,"after":null,"limit":null})");
  alice.frame(R"({"id":5,"op":"presence","room":"r","since_version":null,"cursor":null})");
  alice.frame(R"({"id":null,"op":"ping"})");
  stage.run();
  std::size_t good = 0;
  for (const std::string& one : alice.all()) good += matches(one, R"({"id":*,"ok":*)");
  CHECK(good == 5);
  CHECK(alice.closed() == 0);
}
