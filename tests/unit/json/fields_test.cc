// Fields of JSON frames of a wrong type or too long, and what stands at the edge of the grammar.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/json.h"

using namespace chatroom;

namespace {

JsonCodec& codec() {
  static JsonCodec one;
  return one;
}

// The frame is kept, since what is decoded points into it.
template <class Record>
Decoded read(const std::string& frame, Record& record) {
  static std::string kept;
  kept = frame;
  return codec().decode(as_bytes(kept), record);
}

template <class Record>
void check_refused(const std::string& frame) {
  INFO(frame);
  Record record;
  const Decoded decoded = read(frame, record);
  CHECK(decoded.status.error().code == Errc::bad_request);
  CHECK_FALSE(decoded.fatal);
}

template <class Record>
void check_fatal(const std::string& frame) {
  INFO(frame);
  Record record;
  const Decoded decoded = read(frame, record);
  CHECK(decoded.status.error().code == Errc::bad_request);
  CHECK(decoded.fatal);
}

// `count` elements with commas between them.
std::string list(std::size_t count, const std::function<std::string(std::size_t)>& element) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + element(i);
  return text;
}
std::string list(std::size_t count, const std::string& element) {
  return list(count, [&](std::size_t) { return element; });
}

}  // namespace

TEST_CASE("a field of an event that is of another type spoils the event, not the link") {
  for (const char* frame : {
           R"({})",
           R"({"event":5})",
           R"({"id":0,"ok":{}})",
           R"({"id":"1","ok":{}})",
           R"({"id":1})",
           R"({"id":1,"ok":5})",
           R"({"id":1,"ok":{"offset":"1"}})",
           R"({"id":1,"ok":{"offset":-1}})",
           R"({"id":1,"ok":{"offset":1.5}})",
           R"({"id":1,"ok":{"offset":9007199254740992}})",
           R"({"id":1,"ok":{"offset":99999999999999999999}})",
           R"({"id":1,"ok":{"sessions":4294967296}})",
           R"({"id":1,"ok":{"room":5}})",
           R"({"id":1,"ok":{"more":"yes"}})",
           R"({"id":1,"ok":{"limits":5}})",
           R"({"id":1,"ok":{"limits":{"rooms":"x"}}})",
           R"({"id":1,"ok":{"messages":5}})",
           R"({"id":1,"ok":{"messages":[5]}})",
           R"({"id":1,"ok":{"messages":[{"text":5}]}})",
           R"({"id":1,"ok":{"messages":[{"mentions":[5]}]}})",
           R"({"id":1,"ok":{"members":{}}})",
           R"({"id":1,"ok":{"members":[5]}})",
           R"({"id":1,"ok":{"members":[{"user":5}]}})",
           R"({"id":1,"ok":{"members":[{"attributes":[]}]}})",
           R"({"id":1,"ok":{"members":[{"attributes":{"a":5}}]}})",
           R"({"id":1,"ok":{"rooms":{}}})",
           R"({"id":1,"ok":{"rooms":["r"]}})",
           R"({"id":1,"ok":{"rooms":[{"online":"1"}]}})",
           R"({"id":1,"ok":{"state":[]}})",
           R"({"id":1,"ok":{"state":{"creator":5}}})",
           R"({"id":1,"ok":{"state":{"policy":5}}})",
           R"({"id":1,"ok":{"state":{"policy":{"mute_all":1}}}})",
           R"({"id":1,"ok":{"state":{"channels":5}}})",
           R"({"id":1,"ok":{"state":{"channels":[5]}}})",
           R"({"id":1,"ok":{"state":{"channels":[{"name":5}]}}})",
           R"({"id":1,"ok":{"state":{"attributes":[]}}})",
           R"({"id":1,"ok":{"state":{"attributes":{"a":5}}}})",
           R"({"id":1,"ok":{"state":{"pinned":{}}}})",
           R"({"id":1,"ok":{"state":{"pinned":["1"]}}})",
           R"({"id":1,"ok":{"state":{"pinned":[1.5]}}})",
           R"({"id":1,"ok":{"state":{"pinned":[18446744073709551616]}}})",
           R"({"id":1,"error":5})",
           R"({"id":1,"error":{}})",
           R"({"id":1,"error":{"code":5}})",
           R"({"id":1,"error":{"code":"muted","temporary":1}})",
           R"({"id":1,"error":{"code":"muted","rule":1}})",
           R"({"id":1,"error":{"code":"muted","verdict":"x"}})",
           R"({"event":"error"})",
           R"({"event":"message","priority":5})",
           R"({"event":"message","role":5})",
           R"({"event":"message","mentions":5})",
           R"({"event":"presence","joins":5})",
           R"({"event":"presence","joins":[{"role":5}]})",
           R"({"event":"presence","leaves":[5]})",
           R"({"event":"left","reason":5})",
           R"({"event":"gap","classes":[5]})",
           R"({"event":"gap","reason":5})",
           R"({"event":"moderation","role":5})",
           R"({"event":"room_state","changed":5})",
           R"({"event":"hello","version":"1"})",
           R"({"event":"held","held":"1"})",
           R"({"event":"held","held":1,"message":5})",
           R"({"event":"held","held":1,"message":{"text":5}})",
           R"({"event":"message","text":"\ud800"})",
       }) {
    check_refused<Event>(frame);
  }
}

TEST_CASE("words of a later version become the nearest that this one knows") {
  Event event;
  REQUIRE(read(R"({"event":"message","role":"emperor","priority":"urgent"})", event).status);
  CHECK(event.message.role == Role::member);
  CHECK(event.message.priority == Priority::normal);
  REQUIRE(read(R"({"event":"left","reason":"bored"})", event).status);
  CHECK(event.reason == LeaveReason::left);
  REQUIRE(read(R"({"event":"gap","classes":["dear","lossy"],"reason":"bored"})", event).status);
  CHECK(event.gap.lossy);
  CHECK_FALSE(event.gap.reliable);
  CHECK(event.gap.reason == GapReason::slow_consumer);
  REQUIRE(
      read(R"({"id":1,"error":{"code":"bored","temporary":false,"rule":"mood"}})", event).status);
  CHECK(event.error == Error{Errc::internal, 0, 0});
  REQUIRE(read(R"({"event":"room_state","changed":{"rung":"moody","kept":5}})", event).status);
  CHECK_FALSE(event.state.has_rate);
  REQUIRE(
      read(R"({"event":"room_state","changed":{"channels":[{"name":"a","rung":"moody","kept":5},)"
           R"({"name":"b","rung":"sample","kept":6}]}})",
           event)
          .status);
  REQUIRE(event.state.channels.size() == 2);
  CHECK_FALSE(event.state.channels[0].rung.has_value());
  CHECK(event.state.channels[0].kept == 1'000);
  CHECK(event.state.channels[1].rung == Rung::sample);
  CHECK(event.state.channels[1].kept == 6);
}

TEST_CASE("a list of an event is read up to its limit, and not one element further") {
  struct Row {
    const char* before;
    std::function<std::string(std::size_t)> element;
    const char* behind;
    std::size_t limit;
    std::function<std::size_t(const Event&)> size;
  };
  const auto same = [](const char* text) { return [text](std::size_t) { return text; }; };
  const auto attribute = [](std::size_t i) { return "\"a" + std::to_string(i) + "\":\"x\""; };
  const auto full = [&](std::size_t) { return "{\"attributes\":{" + list(32, attribute) + "}}"; };
  const auto mentions = [](std::size_t) { return "{\"mentions\":[" + list(8, "\"u\"") + "]}"; };
  const Row rows[] = {
      {R"({"id":1,"ok":{"messages":[)", same("{}"), "]}}", 256,
       [](const Event& e) { return e.messages.size(); }},
      {R"({"id":1,"ok":{"messages":[)", mentions, "]}}", 200,
       [](const Event& e) { return e.messages.size(); }},
      {R"({"id":1,"ok":{"members":[)", same("{}"), "]}}", 1024,
       [](const Event& e) { return e.members.size(); }},
      {R"({"event":"presence","joins":[)", same("{}"), "]}", 1024,
       [](const Event& e) { return e.joins.size(); }},
      {R"({"event":"presence","leaves":[)", same("\"u\""), "]}", 1024,
       [](const Event& e) { return e.leaves.size(); }},
      {R"({"id":1,"ok":{"rooms":[)", same("{}"), "]}}", 128,
       [](const Event& e) { return e.rooms.size(); }},
      {R"({"event":"reset","state":{"channels":[)", same("{}"), "]}}", 64,
       [](const Event& e) { return e.state.channels.size(); }},
      {R"({"event":"reset","state":{"attributes":{)", attribute, "}}}", 32,
       [](const Event& e) { return e.state.attributes.size(); }},
      {R"({"id":1,"ok":{"members":[{"attributes":{)", attribute, "}}]}}", 32,
       [](const Event& e) { return e.members[0].attributes.size(); }},
      {R"({"event":"presence","changes":[)", full, "]}", 16,
       [](const Event& e) { return e.changes.size(); }},
      {R"({"event":"reset","state":{"pinned":[)", same("7"), "]}}", 16,
       [](const Event& e) { return e.state.pinned.size(); }},
      {R"({"event":"gap","classes":[)", same("\"lossy\""), "]}", 8,
       [](const Event& e) { return e.gap.lossy ? 8u : 0u; }},
  };
  for (const Row& row : rows) {
    Event event;
    INFO(row.before);
    CHECK(read(row.before + list(row.limit, row.element) + row.behind, event).status);
    CHECK(row.size(event) == row.limit);
    const std::string longer = row.before + list(row.limit + 1, row.element) + row.behind;
    const Decoded decoded = read(longer, event);
    CHECK(decoded.status.error().code == Errc::bad_request);
    CHECK_FALSE(decoded.fatal);
  }
}

TEST_CASE("an event past the codec's size is too large, and what is no JSON fatal") {
  JsonCodec small({.max_frame = 64});
  Event event;
  const std::string frame = R"({"event":"message","text":")" + std::string(100, 'x') + "\"}";
  const Decoded decoded = small.decode(as_bytes(frame), event);
  CHECK(decoded.status.error().code == Errc::too_large);
  CHECK_FALSE(decoded.fatal);
  check_fatal<Event>("");
  check_fatal<Event>("[]");
}

TEST_CASE("a field of a command that is of another type is refused") {
  for (const char* frame : {
           R"({"op":"join","room":"r","channels":5})",
           R"({"op":"join","room":"r","channels":[5]})",
           R"({"op":"join","room":"r","since":[]})",
           R"({"op":"join","room":"r","recent":"5"})",
           R"({"op":"auth","user":""})",
           R"({"op":"auth","token":5})",
           R"({"op":"publish","room":"r","text":"x","priority":5})",
           R"({"op":"set_role","room":"r","user":"u","role":5})",
           R"({"op":"set_role","room":"r","user":"u","role":"emperor"})",
           R"({"op":"mute","room":"r","user":"u","for_ms":0})",
           R"({"op":"set_policy","room":"r","policy":5})",
           R"({"op":"set_policy","room":"r","policy":{"slow_mode_s":-1}})",
           R"({"op":"set_policy","room":"r","policy":{"slow_mode_s":4294967296}})",
           R"({"op":"set_policy","room":"r","policy":{"expel":1}})",
           R"({"op":"set_policy","room":"r","policy":{"members_only":1}})",
           R"({"op":"mute","room":"r","user":"u","clear":1})",
           R"({"op":"release","room":"r","held":"1"})",
           R"({"op":"set_attribute","room":"r","key":"k","value":5})",
           R"({"op":"set_receive","room":"r","normal_per_s":-1})",
           R"({"op":"set_receive","room":"r","high_per_s":4294967296})",
           R"({"op":"set_receive","normal_per_s":1})",
           R"({"op":"enqueue","room":"r","line":5})",
           R"({"op":"enqueue","room":"r","line":"bakery"})",
       }) {
    check_refused<Command>(frame);
  }
  const std::string frame = R"({"op":"join","room":"r","channels":[)";
  check_refused<Command>(frame + list(kChannelsPerCommand + 1, "\"c\"") + "]}");
}

TEST_CASE("a command that is known by name only passes, whatever it says") {
  Command command;
  REQUIRE(read(R"({"op":"set_policy","room":"r"})", command).status);
  CHECK_FALSE(command.policy.password.has_value());
  REQUIRE(read(R"({"op":"shield","room":5})", command).status);
  CHECK(command.op == Op::shield);
}

TEST_CASE("numbers are those of the grammar, wherever they stand") {
  for (const char* number : {"0", "-0", "7", "-12.50", "1e5", "1E+05", "2.5e-3", "0e0"}) {
    INFO(number);
    Command command;
    CHECK(read(std::string(R"({"op":"ping","x":)") + number + "}", command).status);
    CHECK(read(std::string(R"({"op":"ping","x":[)") + number + " ]}", command).status);
  }
  for (const char* number : {"-", "--1", "01", "-01", "1.", "1.e5", "1e", "1e+", "1e-x", "1x",
                             "1.5.", "0x1", "1-2", "9:", "1/"}) {
    check_fatal<Command>(std::string(R"({"op":"ping","x":)") + number + "}");
  }
}

TEST_CASE("escapes are told from lone surrogates digit by digit") {
  // Behind a lone surrogate, which alone is refused, what no JSON string may hold is fatal.
  for (const char* text : {R"(\ud800)", R"(\uD8Ff \u09Af)", R"(\udfff\"\\\/\b\f\n\r\t)"}) {
    check_refused<Command>(std::string(R"({"op":"ping","x":")") + text + "\"}");
    check_refused<Command>(std::string(R"({"op":"ping",")") + text + "\":1}");
  }
  for (const char* digit : {"/", ":", "@", "G", "`", "g", "\\\""}) {
    check_fatal<Command>(std::string(R"({"op":"ping","x":"\ud800\u00a)") + digit + "\"}");
    check_fatal<Command>(std::string(R"({"op":"ping","\ud800\u00a)") + digit + "\":1}");
  }
  check_fatal<Command>(R"({"op":"ping","x":"\ud800\x"})");
}

TEST_CASE("text that breaks off or goes on wrong is no JSON, at any depth") {
  for (
      const char* frame : {
          R"({"op":"ping","x":{}})"
          "}",
          R"({"op":"ping","x":{})",
          R"({"op":"ping","x":[}})",
          R"({"op":"ping","x":[1 2]})",
          R"({"op":"ping","x":{"a" 1}})",
          R"({"op":"ping","x":{"a":1 "b":2}})",
          R"({"op":"ping","x":?})",
          R"({"op":"ping","x":[?]})",
          R"({"op":"ping","x":fals})",
          R"({"op":"ping","x":falsee})",
          R"({"op":"ping","x":nulll})",
          R"({"op":"ping","x":[[[[[[[[[[[[[[[[[[[[}})",
          R"({"op":"ping","x":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{)"
          R"("a":{"a":{"a":1})",
      }) {
    check_fatal<Command>(frame);
  }
}

TEST_CASE("seventeen levels of objects are refused like those of arrays") {
  std::string frame = R"({"id":7,"op":"ping","x":)";
  for (int i = 0; i < 16; ++i) frame += R"({"a":)";
  frame += "1" + std::string(17, '}');
  check_refused<Command>(frame);
}

TEST_CASE("keys of objects that are never closed have their places") {
  // Four bytes a key, so that a short frame has more of them than its size lets expect.
  JsonCodec small({.max_frame = 60});
  std::string frame;
  for (int i = 0; i < 14; ++i) frame += R"({"":)";
  frame += "{}";
  Command command;
  const Decoded decoded = small.decode(as_bytes(frame), command);
  CHECK(decoded.fatal);
}

TEST_CASE("a frame with more values than are listed is refused, and keeps its id") {
  const std::string frame = R"({"id":7,"op":"ping","mentions":[)" + list(9'000, "1") + "]}";
  Command command;
  const Decoded decoded = read(frame, command);
  CHECK(decoded.status.error().code == Errc::bad_request);
  CHECK_FALSE(decoded.fatal);
  CHECK(command.id == 7);
}

TEST_CASE("what an event leaves to defaults is written all the same") {
  std::array<std::byte, 512> out;
  const auto written = [&out](const Event& event) {
    return std::string(as_text(Bytes(out).first(codec().encode(event, out))));
  };
  Event event;
  event.type = EventType::error;
  event.error.code = Errc::muted;
  CHECK(written(event) == R"({"event":"error","error":{"code":"muted",)"
                          R"("message":"You are muted here.","temporary":false}})");
  event = Event{};
  event.type = EventType::gap;
  event.room = "r";
  event.gap.reliable = true;
  CHECK(written(event) ==
        R"({"event":"gap","room":"r","count":0,"classes":["reliable"],"reason":"slow_consumer"})");
  const ChannelState channels[] = {{"gifts", "open", ""}};
  event = Event{};
  event.type = EventType::room_state;
  event.room = "r";
  event.state.channels = channels;
  CHECK(written(event) == R"({"event":"room_state","room":"r",)"
                          R"("changed":{"channels":[{"name":"gifts","state":"open"}]}})");
}

TEST_CASE("what became of a held message may be told without it") {
  Event event;
  REQUIRE(read(R"({"event":"held","room":"r","held":7,"action":"reject"})", event).status);
  CHECK(event.held == 7);
  CHECK(event.message.text.empty());
  std::array<std::byte, 64> out;
  event = Event{};
  event.type = EventType::answer;
  event.id = 1;
  event.op = Op::list_held;
  CHECK(as_text(Bytes(out).first(codec().encode(event, out))) == R"({"id":1,"ok":{}})");
}

TEST_CASE("an event that is none is written as one that every reader ignores") {
  std::array<std::byte, 64> out;
  const std::size_t size = codec().encode(Event{}, out);
  Event event;
  event.type = EventType::message;
  CHECK(codec().decode(Bytes(out).first(size), event).status);
  CHECK(event.type == EventType::none);
}

TEST_CASE("what is said without a room of its command goes to the message's") {
  std::array<std::byte, 64> out;
  Command command;
  command.op = Op::publish;
  command.out.room = "r";
  command.out.text = "x";
  const std::size_t size = codec().encode(command, out);
  CHECK(as_text(Bytes(out).first(size)) == R"({"op":"publish","room":"r","text":"x"})");
}

TEST_CASE("a class of a gap is heard wherever it stands in the list") {
  Event event;
  REQUIRE(read(R"({"event":"gap","classes":["reliable","lossy","reliable"]})", event).status);
  CHECK(event.gap.reliable);
  CHECK(event.gap.lossy);
  REQUIRE(read(R"({"event":"gap","classes":[]})", event).status);
  CHECK_FALSE(event.gap.reliable);
  CHECK_FALSE(event.gap.lossy);
}
