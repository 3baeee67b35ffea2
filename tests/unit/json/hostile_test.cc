// Frames nobody meant: mutated ones, held against a second reader of JSON, and ours coming back.
#include <array>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/codec_checks.h"

using namespace chatroom;

namespace {

const std::string kSeeds[] = {
    R"({"id":1,"op":"auth","user":"alice","nick":"\ud83d\ude00"})",
    R"({"id":2,"op":"join","room":"live/1","channels":["main"],"since":{"epoch":"e","offset":12}})",
    R"({"id":3,"op":"publish","room":"r","text":"弹幕","data":{"a":[1,{"b":null}]},)"
    R"("mentions":["x"]})",
    R"( {"id" : 4, "op":"history" ,"room":"r","before":120,"limit":50 } )",
    R"({"id":5,"op":"call","name":"n","data":[[[[[[1e5,-0.5,true,false,null,"\u00e9"]]]]]]})",
    R"({"event":"message","room":"r","offset":3,"user":"u","text":"t","time":5,"mentions":["a"]})",
    R"({"id":2,"ok":{"room":"r","state":{"policy":{},"channels":[{"name":"main"}]},)"
    R"("messages":[{}]}})",
};

std::string mutated(std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::string frame = kSeeds[below(std::size(kSeeds))];
  const std::string_view pieces[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "\"",
                                     "\\",
                                     "1",
                                     "-",
                                     "\\u00",
                                     "\\ud800",
                                     "null",
                                     "\xff",
                                     "e5",
                                     "\n",
                                     "\"id\":1,",
                                     "00",
                                     std::string_view("\0", 1),
                                     "\xed\xa0\x80"};
  for (std::size_t steps = 1 + below(4); steps > 0; --steps) {
    const std::size_t at = below(frame.size() + 1);
    switch (below(5)) {
      case 0:
        frame.insert(at, pieces[below(std::size(pieces))]);
        break;
      case 1:
        frame.erase(at, 1 + below(3));
        break;
      case 2:
        if (at < frame.size()) frame[at] = static_cast<char>(random());
        break;
      case 3:
        frame.resize(at);
        break;
      default:
        frame.insert(at, frame.substr(below(frame.size() + 1), below(20)));
        break;
    }
    if (frame.empty()) frame = "{}";
  }
  return frame;
}

bool is_object(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at != text.npos && text[at] == '{';
}

}  // namespace

TEST_CASE("mutated frames are read exactly where the core's own checker reads them") {
  JsonCodec codec;
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string frame = mutated(random);
    CAPTURE(i, frame);
    Command command;
    const Decoded decoded = codec.decode(as_bytes(frame), command);
    const bool sound =
        is_object(frame) && static_cast<bool>(check_json(as_bytes(frame), kFrameDepthMax));
    if (decoded.fatal) REQUIRE_FALSE(sound);
    if (decoded.status) {
      REQUIRE(sound);
      ++accepted;
    }
    Event event;
    const Decoded told = codec.decode(as_bytes(frame), event);
    REQUIRE(told.fatal == decoded.fatal);
    if (told.status) REQUIRE(check_json(as_bytes(frame), kFrameDepthMax + 4));
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("an accepted command is the same after it was written and read again") {
  JsonCodec codec;
  JsonCodec other;
  std::mt19937_64 random(8);
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string frame = mutated(random);
    CAPTURE(i, frame);
    Command command;
    if (!codec.decode(as_bytes(frame), command).status || command.op > Op::ping) continue;
    std::array<std::byte, 4096> first;
    std::array<std::byte, 4096> second;
    const std::size_t size = codec.encode(command, first);
    REQUIRE(size > 0);
    Command again;
    REQUIRE(other.decode(Bytes(first).first(size), again).status);
    REQUIRE(other.encode(again, second) == size);
    REQUIRE(as_text(Bytes(first).first(size)) == as_text(Bytes(second).first(size)));
    ++compared;
  }
  CHECK(compared > 500);
}

TEST_CASE("events come back as they were written") {
  JsonCodec codec;
  const std::string frames[] = {
      R"({"event":"hello","version":1,"heartbeat_ms":25000})",
      R"({"event":"message","room":"live/1","channel":"main","offset":124,"user":"alice",)"
      R"("nick":"Al",)"
      R"("role":"admin","info":{"level":3},"kind":"gift","text":"hi","data":[1, 2],)"
      R"("priority":"high",)"
      R"("reply_to":17,"mentions":["bob","eve"],"time":1690000000000,"count":37,"first":88})",
      R"({"event":"gap","room":"r","channel":"main","from":125,"to":140,"count":9,)"
      R"("classes":["lossy","reliable"],"reason":"history_lost"})",
      R"({"event":"presence","room":"r","online":2,"version":3,"joins":[{"user":"bob",)"
      R"("role":"speaker"}],)"
      R"("leaves":["eve"]})",
      R"({"event":"left","room":"r","reason":"protocol_error","by":"mod","text":"bye","until":5})",
      R"({"event":"direct","user":"alice","to":"bob","kind":"text","text":"psst","time":5})",
      R"({"event":"moderation","room":"r","action":"mute","user":"bob","by":"mod","until":0,)"
      R"("text":"t"})",
      R"({"event":"queue","room":"r","line":"speak","position":3})",
      R"({"event":"reconnect","after_ms":1500,"address":"a:1"})",
      R"({"event":"reset","room":"r","epoch":"e","offset":0,"state":{"policy":{"slow_mode_s":5,)"
      R"("mute_all":true,"moderated":true,"max_members":9,"has_password":true},"attributes":{},)"
      R"("pinned":[],"channels":[{"name":"main","state":"open"}],"created":7,"creator":"c"}})",
      R"({"id":7,"error":{"code":"slow_mode","message":"m","temporary":true,)"
      R"("retry_after_ms":900}})",
  };
  for (const std::string& frame : frames) {
    INFO(frame);
    Event event;
    REQUIRE(codec.decode(as_bytes(frame), event).status);
    std::array<std::byte, 4096> out;
    const std::size_t size = codec.encode(event, out);
    CHECK(as_text(Bytes(out).first(size)) == frame);
  }
}

TEST_CASE("a page of a hundred messages comes back whole") {
  JsonCodec codec;
  std::vector<Message> messages(100);
  const std::string text(400, 'x');
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i].room = "r";
    messages[i].offset = i + 1;
    messages[i].user = "u";
    messages[i].text = text;
  }
  Event event;
  event.type = EventType::answer;
  event.op = Op::history;
  event.id = 1;
  event.epoch = "e";
  event.messages = messages;
  std::vector<std::byte> out(64 * 1024);
  const std::size_t size = codec.encode(event, out);
  REQUIRE(size > 0);
  Event again;
  REQUIRE(codec.decode(Bytes(out).first(size), again).status);
  REQUIRE(again.messages.size() == 100);
  CHECK(again.messages[99].offset == 100);
  CHECK(again.messages[99].text == text);
}

TEST_CASE("an event of a later version is no error") {
  JsonCodec codec;
  Event event;
  CHECK(codec.decode(as_bytes(R"({"event":"fireworks","room":5})"), event).status);
  CHECK(event.type == EventType::none);
}
