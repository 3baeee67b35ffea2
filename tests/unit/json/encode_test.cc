// JSON as the server writes it: these bytes are a public contract.
#include <array>
#include <cstring>
#include <string>

#include "catch.hpp"
#include "chatroom/adapters/json.h"

using namespace chatroom;

namespace {

std::string written(const Event& event) {
  static JsonCodec codec;
  std::array<std::byte, 4096> out;
  const std::size_t size = codec.encode(event, out);
  return std::string(as_text(Bytes(out).first(size)));
}

std::string written(const Command& command) {
  static JsonCodec codec;
  std::array<std::byte, 4096> out;
  const std::size_t size = codec.encode(command, out);
  return std::string(as_text(Bytes(out).first(size)));
}

Event event_of(EventType type, std::string_view room = {}) {
  Event event;
  event.type = type;
  event.room = room;
  return event;
}

Event answer_to(Op op, std::uint32_t id) {
  Event event = event_of(EventType::answer);
  event.op = op;
  event.id = id;
  return event;
}

Message plain_message() {
  Message message;
  message.room = "live/1";
  message.channel = "main";
  message.offset = 124;
  message.user = "alice";
  message.nick = "Al";
  message.text = "hi";
  message.time_ms = 1690000000000;
  return message;
}

}  // namespace

TEST_CASE("hello and errors") {
  Event event = event_of(EventType::hello);
  event.version = 1;
  event.heartbeat_ms = 25'000;
  CHECK(written(event) == R"({"event":"hello","version":1,"heartbeat_ms":25000})");

  event = event_of(EventType::error);
  event.error = {Errc::bad_request, 0, 0};
  event.text = "no";
  CHECK(written(event) ==
        R"({"event":"error","error":{"code":"bad_request","message":"no","temporary":false}})");

  event = answer_to(Op::publish, 7);
  event.error = {Errc::rate_limited, 0, 900};
  event.text = "slower";
  CHECK(written(event) == R"({"id":7,"error":{"code":"rate_limited","message":"slower",)"
                          R"("temporary":true,"retry_after_ms":900}})");
}

TEST_CASE("a message, bare and with everything") {
  Event event = event_of(EventType::message);
  event.message = plain_message();
  CHECK(written(event) ==
        R"({"event":"message","room":"live/1","channel":"main","offset":124,"user":"alice",)"
        R"("nick":"Al","role":"member","kind":"text","text":"hi","time":1690000000000})");

  const std::string_view mentions[] = {"bob", "eve"};
  event.message.info = as_bytes(R"({"level":3})");
  event.message.data = {Data::Form::json, as_bytes(R"([1, 2])")};
  event.message.priority = Priority::high;
  event.message.reply_to = 17;
  event.message.mentions = mentions;
  event.message.count = 37;
  event.message.first = 88;
  CHECK(written(event) ==
        R"({"event":"message","room":"live/1","channel":"main","offset":124,"user":"alice",)"
        R"("nick":"Al","role":"member","info":{"level":3},"kind":"text","text":"hi","data":[1, 2],)"
        R"("priority":"high","reply_to":17,"mentions":["bob","eve"],"time":1690000000000,)"
        R"("count":37,"first":88})");
}

TEST_CASE("text is written unescaped but for what JSON demands") {
  Event event = event_of(EventType::messages_cleared, "a\"b\\c/\n\r\t\b\f\x01\x1f\x7f");
  event.user = "弹幕 😀 \xe2\x80\xa8 </script>";
  CHECK(written(event) ==
        "{\"event\":\"messages_cleared\",\"room\":\"a\\\"b\\\\c/"
        "\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\",\"user\":\"弹幕 😀 \xe2\x80\xa8 </script>\"}");
}

TEST_CASE("binary data is base64") {
  const std::pair<std::string_view, const char*> rows[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe\xfd\xfc", "//79/A=="}};
  for (const auto& [bytes, expected] : rows) {
    Event event = answer_to(Op::call, 9);
    event.data = {Data::Form::binary, as_bytes(bytes)};
    CHECK(written(event) == std::string(R"({"id":9,"ok":{"data":{"b64":")") + expected + "\"}}}");
  }
}

TEST_CASE("answers") {
  Event event = answer_to(Op::auth, 1);
  event.session = "s1";
  event.user = "alice";
  event.resume = "tok";
  event.heartbeat_ms = 25'000;
  event.limits = {65'536, 2'048, 32, 20, 5};
  CHECK(written(event) ==
        R"({"id":1,"ok":{"session":"s1","user":"alice","resume":"tok","heartbeat_ms":25000,)"
        R"("limits":{"frame_bytes":65536,"text_bytes":2048,"rooms":32,"commands_per_s":20,)"
        R"("publish_per_s":5}}})");

  const ChannelState channels[] = {{"main", "open", "alice"}};
  const Message messages[] = {plain_message()};
  event = answer_to(Op::join, 2);
  event.room = "live/1";
  event.epoch = "00c0ffee00c0ffee";
  event.offset = 124;
  event.online = 2;
  event.role = Role::owner;
  event.state.channels = channels;
  event.state.created_ms = 1690000000000;
  event.state.creator = "alice";
  event.recovered = true;
  event.messages = messages;
  CHECK(written(event) ==
        R"({"id":2,"ok":{"room":"live/1","epoch":"00c0ffee00c0ffee","offset":124,"online":2,)"
        R"("role":"owner","state":{"policy":{"slow_mode_s":0,"mute_all":false,"moderated":false,)"
        R"("max_members":0,"has_password":false},"attributes":{},"pinned":[],)"
        R"("channels":[{"name":"main","state":"open","creator":"alice"}],)"
        R"("created":1690000000000,"creator":"alice"},"was_recovering":false,"recovered":true,)"
        R"("messages":[{"room":"live/1","channel":"main","offset":124,"user":"alice","nick":"Al",)"
        R"("role":"member","kind":"text","text":"hi","time":1690000000000}],"more":false}})");

  event = answer_to(Op::publish, 3);
  event.epoch = "e";
  event.offset = 125;
  CHECK(written(event) == R"({"id":3,"ok":{"epoch":"e","offset":125}})");
  CHECK(written(answer_to(Op::leave, 4)) == R"({"id":4,"ok":{}})");

  event = answer_to(Op::history, 5);
  event.epoch = "e";
  event.more = true;
  CHECK(written(event) == R"({"id":5,"ok":{"epoch":"e","messages":[],"more":true}})");

  event = answer_to(Op::send_to, 6);
  event.sessions = 2;
  CHECK(written(event) == R"({"id":6,"ok":{"sessions":2}})");

  const Member members[] = {{"bob", "Bob", Role::member, 5}};
  event = answer_to(Op::presence, 7);
  event.online = 1;
  event.presence_version = 17;
  event.members = members;
  event.next = "n";
  CHECK(written(event) ==
        R"({"id":7,"ok":{"online":1,"version":17,"members":)"
        R"([{"user":"bob","nick":"Bob","role":"member","since":5}],"next":"n"}})");
  event.unchanged = true;
  CHECK(written(event) == R"({"id":7,"ok":{"online":1,"version":17,"unchanged":true}})");
}

TEST_CASE("the other events") {
  const Member joins[] = {{"bob", "Bob", Role::speaker, 5}};
  const std::string_view leaves[] = {"eve"};
  Event event = event_of(EventType::presence, "r");
  event.online = 2;
  event.presence_version = 3;
  CHECK(written(event) == R"({"event":"presence","room":"r","online":2,"version":3})");
  event.joins = joins;
  event.leaves = leaves;
  CHECK(written(event) ==
        R"({"event":"presence","room":"r","online":2,"version":3,)"
        R"("joins":[{"user":"bob","nick":"Bob","role":"speaker"}],"leaves":["eve"]})");

  event = event_of(EventType::room_state, "r");
  event.state.has_policy = true;
  event.state.slow_mode_s = 5;
  CHECK(written(event) ==
        R"({"event":"room_state","room":"r","changed":{"policy":{"slow_mode_s":5,)"
        R"("mute_all":false,"moderated":false,"max_members":0,"has_password":false}}})");

  event = event_of(EventType::moderation, "r");
  event.action = "mute";
  event.user = "bob";
  event.by = "mod";
  event.text = "spam";
  CHECK(written(event) == R"({"event":"moderation","room":"r","action":"mute","user":"bob",)"
                          R"("by":"mod","until":0,"text":"spam"})");

  event = event_of(EventType::message_removed, "r");
  event.offset = 124;
  CHECK(written(event) == R"({"event":"message_removed","room":"r","offset":124})");

  event = event_of(EventType::gap, "r");
  event.channel = "main";
  event.gap = {125, 140, 9, true, false, GapReason::slow_consumer};
  CHECK(written(event) == R"({"event":"gap","room":"r","channel":"main","from":125,"to":140,)"
                          R"("count":9,"classes":["lossy"],"reason":"slow_consumer"})");

  event = event_of(EventType::left, "r");
  event.reason = LeaveReason::kicked;
  event.by = "mod";
  event.text = "bye";
  CHECK(written(event) ==
        R"({"event":"left","room":"r","reason":"kicked","by":"mod","text":"bye"})");

  event = event_of(EventType::direct);
  event.message.user = "alice";
  event.user = "bob";
  event.message.text = "psst";
  event.message.time_ms = 5;
  CHECK(written(event) ==
        R"({"event":"direct","user":"alice","to":"bob","kind":"text","text":"psst","time":5})");

  event = event_of(EventType::queue, "r");
  event.line = "speak";
  event.place = 3;
  CHECK(written(event) == R"({"event":"queue","room":"r","line":"speak","position":3})");
  event = event_of(EventType::called, "r");
  event.line = "speak";
  CHECK(written(event) == R"({"event":"called","room":"r","line":"speak","until":0})");
  event = event_of(EventType::receipt, "r");
  event.offset = 124;
  event.count = 9;
  CHECK(written(event) == R"({"event":"receipt","room":"r","offset":124,"count":9})");
  event = event_of(EventType::reconnect);
  event.after_ms = 1'500;
  CHECK(written(event) == R"({"event":"reconnect","after_ms":1500})");
}

TEST_CASE("commands of the client role") {
  Command command;
  command.op = Op::publish;
  command.id = 3;
  command.room = "r";
  command.out.text = "x\n";
  CHECK(written(command) == R"({"id":3,"op":"publish","room":"r","text":"x\n"})");

  const std::string_view channels[] = {"a", "b"};
  command = Command{};
  command.op = Op::join;
  command.room = "r";
  command.channels = channels;
  command.has_since = true;
  command.since_epoch = "e";
  command.recent = 5;
  CHECK(written(command) == R"({"op":"join","room":"r","channels":["a","b"],)"
                            R"("since":{"epoch":"e","offset":0},"recent":5})");
  command = Command{};
  command.op = Op::switch_channel;
  command.room = "r";
  command.from = "a";
  command.to = "b";
  CHECK(written(command) == R"({"op":"switch","room":"r","from":"a","to":"b"})");
}

TEST_CASE("a span that is too small by any number of bytes is told and not passed") {
  JsonCodec codec;
  Event event = event_of(EventType::message);
  event.message = plain_message();
  event.message.text = "a\"b";
  std::array<std::byte, 512> out;
  const std::size_t size = codec.encode(event, out);
  REQUIRE(size > 0);
  for (std::size_t room = 0; room < size; ++room) {
    std::memset(out.data(), 0x55, out.size());
    REQUIRE(codec.encode(event, MutableBytes(out).first(room)) == 0);
    REQUIRE(out[room] == std::byte{0x55});
  }
  CHECK(codec.encode(event, MutableBytes(out).first(size)) == size);
}
