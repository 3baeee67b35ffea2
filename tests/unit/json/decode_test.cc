// JSON commands as the server reads them.
#include <string>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/codec_checks.h"

using namespace chatroom;

namespace {

struct Read {
  Command command;
  Decoded decoded;
  Errc code() const { return decoded.status.error().code; }
  bool good() const { return static_cast<bool>(decoded.status); }
};

JsonCodec& codec() {
  static JsonCodec one;
  return one;
}

// The frame is kept, since the command's data points into it.
Read read(const std::string& frame) {
  static std::string kept;
  kept = frame;
  Read result;
  result.decoded = codec().decode(as_bytes(kept), result.command);
  return result;
}

std::string nested(int depth) {
  const auto times = static_cast<std::size_t>(depth);
  return std::string(times, '[') + "1" + std::string(times, ']');
}

}  // namespace

TEST_CASE("a command's open objects have 1,024 keys at most, as they do over FlatBuffers") {
  const auto keys = [](std::size_t count) {
    std::string text = "{\"k\":0";
    for (std::size_t i = 1; i < count; ++i) text += ",\"k" + std::to_string(i) + "\":0";
    return text + "}";
  };
  const auto call = [](const std::string& data) {
    return R"({"op":"call","name":"n","data":)" + data + "}";
  };
  CHECK(read(call(keys(kJsonKeysMax - 3))).good());
  CHECK_FALSE(read(call(keys(kJsonKeysMax - 2))).good());
  CHECK(read(call("[" + keys(600) + "," + keys(600) + "]")).good());
}

TEST_CASE("a page of what the deepest and widest commands said can be read") {
  // Over FlatBuffers data may be 15 deep and have 1,024 keys by itself.
  std::string keys = "{\"k\":0";
  for (std::size_t i = 1; i < kJsonKeysMax; ++i) keys += ",\"k" + std::to_string(i) + "\":0";
  keys += "}";
  const auto good = [](const std::string& frame) {
    Event event;
    return static_cast<bool>(codec().decode(as_bytes(frame), event).status);
  };
  for (const std::string& data : {nested(kDataDepthMax), keys}) {
    REQUIRE(check_json(as_bytes(data)));
    const std::string message = R"({"offset":1,"text":"x","data":)" + data + "}";
    CHECK(good(R"({"id":1,"ok":{"messages":[)" + message + "]}}"));
    CHECK(
        good(R"({"event":"held","room":"r","held":1,"action":"hold","message":)" + message + "}"));
  }
  CHECK_FALSE(good(R"({"id":1,"ok":{"messages":[{"data":)" + nested(kDataDepthMax + 2) + "}]}}"));
}

TEST_CASE("every field of publish arrives") {
  const Read r = read(R"({"id":3,"op":"publish","room":"live/1","channel":"main","kind":"gift",)"
                      R"("text":"h\u00e9 \"x\"",)"
                      R"("data":{ "a" : [1, 2.50] },"priority":"high","key":"k1","reply_to":17,)"
                      R"("mentions":["bob","eve"]})");
  REQUIRE(r.good());
  const Outgoing& out = r.command.out;
  CHECK(r.command.op == Op::publish);
  CHECK(r.command.id == 3);
  CHECK(r.command.room == "live/1");
  CHECK(out.channel == "main");
  CHECK(out.kind == Kind::gift);
  CHECK(out.text == "h\xc3\xa9 \"x\"");
  CHECK(out.priority == Priority::high);
  CHECK(out.key == "k1");
  CHECK(out.reply_to == 17);
  REQUIRE(out.mentions.size() == 2);
  CHECK(out.mentions[1] == "eve");
  CHECK(out.data.form == Data::Form::json);
  CHECK(as_text(out.data.bytes) == R"({ "a" : [1, 2.50] })");
}

TEST_CASE("every field of the other commands arrives") {
  Read r = read(R"({"id":1,"op":"auth","token":"tok"})");
  REQUIRE(r.good());
  CHECK(r.command.token == "tok");
  r = read(R"({"op":"auth","user":"alice","nick":"Al \ud83d\ude00","resume":"r"})");
  REQUIRE(r.good());
  CHECK(r.command.id == 0);
  CHECK(r.command.nick == "Al \xf0\x9f\x98\x80");
  CHECK(r.command.resume == "r");

  r = read(R"({"id":2,"op":"join","room":"r","channels":["a","b"],"password":"p",)"
           R"("since":{"epoch":"e","offset":120},"recent":20})");
  REQUIRE(r.good());
  REQUIRE(r.command.channels.size() == 2);
  CHECK(r.command.channels[0] == "a");
  CHECK(r.command.password == "p");
  CHECK(r.command.has_since);
  CHECK(r.command.since_epoch == "e");
  CHECK(r.command.since_offset == 120);
  CHECK(r.command.recent == 20);

  r = read(R"({"op":"switch","room":"r","from":"a","to":"b"})");
  REQUIRE(r.good());
  CHECK(r.command.op == Op::switch_channel);
  CHECK(r.command.from == "a");
  CHECK(r.command.to == "b");

  r = read(R"({"op":"history","room":"r","channel":"main","after":0,"limit":50})");
  REQUIRE(r.good());
  CHECK(r.command.has_after);
  CHECK(r.command.after == 0);
  CHECK(r.command.limit == 50);
  r = read(R"({"op":"history","room":"r","before":120})");
  REQUIRE(r.good());
  CHECK(r.command.before == 120);
  CHECK_FALSE(r.command.has_after);

  r = read(R"({"op":"presence","room":"r","limit":50,"since_version":17,"cursor":"c"})");
  REQUIRE(r.good());
  CHECK(r.command.has_since_version);
  CHECK(r.command.since_version == 17);
  CHECK(r.command.cursor == "c");

  r = read(R"({"op":"call","room":"r","name":"red_packet.open","data":[]})");
  REQUIRE(r.good());
  CHECK(r.command.name == "red_packet.open");
  CHECK(as_text(r.command.out.data.bytes) == "[]");

  r = read(R"({"op":"send_to","user":"bob","kind":"text","text":"psst"})");
  REQUIRE(r.good());
  CHECK(r.command.user == "bob");
  CHECK(r.command.out.text == "psst");
}

TEST_CASE("null is absent and unknown fields are ignored") {
  const Read r =
      read(R"({"id":null,"op":"publish","room":"r","text":"x","data":null,"priority":null,)"
           R"("mentions":null,"later":{"deep":[{"and":1}]},"":3})");
  REQUIRE(r.good());
  CHECK(r.command.id == 0);
  CHECK(r.command.out.data.form == Data::Form::none);
  CHECK(r.command.out.priority == Priority::normal);
}

TEST_CASE("numbers that no double holds pass where nobody reads them") {
  const Read r = read(
      R"({"op":"publish","room":"r","text":"x","data":[1e400,123456789012345678901234567890]})");
  REQUIRE(r.good());
  CHECK(as_text(r.command.out.data.bytes) == "[1e400,123456789012345678901234567890]");
}

TEST_CASE("a bad frame that is JSON is answered with its id") {
  const char* frames[] = {
      R"({"id":7,"op":"publish","room":5,"text":"x"})",
      R"({"id":7,"op":"publish","room":"r","text":true})",
      R"({"id":7,"op":"publish","room":"r","text":""})",
      R"({"id":7,"op":"publish","room":"r"})",
      R"({"id":7,"op":"publish","room":"r","text":"x","priority":"urgent"})",
      R"({"id":7,"op":"publish","room":"r","text":"x","kind":"NO"})",
      R"({"id":7,"op":"publish","room":"r","text":"x","mentions":"bob"})",
      R"({"id":7,"op":"publish","room":"r","text":"x","mentions":[1]})",
      R"({"id":7,"op":"publish","room":"r","text":"x","reply_to":-1})",
      R"({"id":7,"op":"publish","room":"r","text":"x","reply_to":9007199254740992})",
      R"({"id":7,"op":"publish","room":"r","text":"a\u0000b"})",
      R"({"id":7,"op":"publish","room":"r","text":"\ud800"})",
      R"({"id":7,"op":"publish","room":"r","text":"\udc00\ud800"})",
      R"({"op":"publish","room":"r","text":"\ud800","id":7})",
      R"({"id":7,"op":"publish","room":"r","text":"x","data":{"\ud83d":1}})",
      R"({"id":7,"op":"join","room":""})",
      R"({"id":7,"op":"join","room":"r","since":5})",
      R"({"id":7,"op":"join","room":"r","since":{"epoch":"e","offset":1.5}})",
      R"({"id":7,"op":"join","room":"a\nb"})",
      R"({"id":7,"op":"join"})",
      R"({"id":7,"op":"history","room":"r","limit":0})",
      R"({"id":7,"op":"history","room":"r","limit":101})",
      R"({"id":7,"op":5})",
      R"({"id":7})",
      R"({"id":7,"op":"ping","op":"ping"})",
      R"({"id":7,"op":"ping","x":{"a":1,"\u0061":2}})",
      R"({"id":7,"op":"ping","x":[[{"b":1,"a":1,"b":1}]]})",
  };
  for (const char* frame : frames) {
    INFO(frame);
    const Read r = read(frame);
    CHECK(r.code() == Errc::bad_request);
    CHECK_FALSE(r.decoded.fatal);
    CHECK(r.command.id == 7);
  }
}

TEST_CASE("an unusable id is no id") {
  for (const char* id : {"0", "-1", "4294967296", "1.0", "1e1", "\"1\"", "[]", "true"}) {
    INFO(id);
    const Read r = read(std::string(R"({"op":"ping","id":)") + id + "}");
    CHECK(r.code() == Errc::bad_request);
    CHECK_FALSE(r.decoded.fatal);
    CHECK(r.decoded.unusable_id);
    CHECK(r.command.id == 0);
  }
  for (const char* frame : {R"({"op":"ping","id":1,"id":1})", R"({"op":"ping","id":1,"\u0069d":1})",
                            R"({"op":"ping","id":1,"id":null})"}) {
    INFO(frame);
    const Read r = read(frame);
    CHECK(r.code() == Errc::bad_request);
    CHECK(r.decoded.unusable_id);
    CHECK(r.command.id == 0);
  }
  CHECK_FALSE(read(R"({"op":"publish","id":null})").decoded.unusable_id);
  CHECK(read(R"({"op":"ping","id":4294967295})").command.id == 4294967295u);
}

TEST_CASE("sixteen levels are read, seventeen refused") {
  CHECK(read(R"({"id":7,"op":"ping","x":)" + nested(15) + "}").good());
  Read r = read(R"({"op":"ping","x":)" + nested(16) + R"(,"id":7})");
  CHECK(r.code() == Errc::bad_request);
  CHECK(r.command.id == 7);
  r = read(R"({"op":"ping","x":)" + nested(20'000) + R"(,"id":7})");
  CHECK(r.code() == Errc::bad_request);
  CHECK_FALSE(r.decoded.fatal);
  CHECK(r.command.id == 7);
}

TEST_CASE("duplicate keys are found among very many") {
  std::string frame = R"({"id":7,"op":"ping")";
  for (int i = 0; i < 1'000; ++i) frame += ",\"k" + std::to_string(i) + "\":0";
  CHECK(read(frame + "}").good());
  CHECK(read(frame + R"(,"k17":0})").code() == Errc::bad_request);
}

TEST_CASE("what is not a JSON object is fatal") {
  const std::string frames[] = {"",
                                " ",
                                "x",
                                "1",
                                "null",
                                "[]",
                                "\"op\"",
                                "{",
                                "{\"op\"",
                                R"({"op":"ping")",
                                R"({"op":"ping"}})",
                                R"({"op":"ping"} {})",
                                R"({"op":"ping"},)",
                                R"({"op":"ping",})",
                                R"({"op":"pi)",
                                R"({op:"ping"})",
                                R"({"op":'ping'})",
                                R"({"op":"\q"})",
                                R"({"op":"\u12g4"})",
                                R"({"id":01,"op":"ping"})",
                                R"({"id":1.,"op":"ping"})",
                                R"({"id":+1,"op":"ping"})",
                                R"({"id":.5,"op":"ping"})",
                                R"({"id":NaN,"op":"ping"})",
                                R"({"x":nul,"op":"ping"})",
                                R"({"x":truee,"op":"ping"})",
                                R"({"x":[1,],"op":"ping"})",
                                R"({"x":[1 2],"op":"ping"})",
                                R"({"x":[1},"op":"ping"})",
                                R"({"x" 1,"op":"ping"})",
                                R"({"x":1 "op":"ping"})",
                                R"({"x":"a"b,"op":"ping"})",
                                "{\"x\":\"tab\there\",\"op\":\"ping\"}",
                                "{\"op\":\"ping\"}\x01",
                                "{\"op\":\"\xff\"}",
                                "{\"op\":\"\xed\xa0\x80\"}",
                                "{\"op\":\"\xc0\x80\"}",
                                std::string("{\"op\":\"ping\"}\0", 14),
                                std::string("{\"op\":\"pi\0ng\"}", 14),
                                "\xef\xbb\xbf{\"op\":\"ping\"}",
                                "// hi\n{\"op\":\"ping\"}"};
  for (const std::string& frame : frames) {
    INFO(frame);
    const Read r = read(frame);
    CHECK(r.code() == Errc::bad_request);
    CHECK(r.decoded.fatal);
    CHECK(r.command.id == 0);
  }
}

TEST_CASE("unknown ops are unsupported, later ones are known by name") {
  Read r = read(R"({"id":9,"op":"dance","room":5})");
  CHECK(r.code() == Errc::unsupported);
  CHECK(r.command.id == 9);
  r = read(R"({"id":9,"op":"mute","room":"r","user":"bob","for_ms":60000})");
  CHECK(r.good());
  CHECK(r.command.op == Op::mute);
}

TEST_CASE("data past the codec's bound is too large before it is looked at") {
  JsonCodec bounded({.max_data = 16});
  const auto decode = [&](const std::string& frame) {
    static std::string kept;
    kept = frame;
    Command command;
    const Decoded decoded = bounded.decode(as_bytes(kept), command);
    CHECK_FALSE(decoded.fatal);
    CHECK(command.id == 7);
    return decoded.status.error().code;
  };
  const auto call = [](const std::string& data) {
    return R"({"op":"call","name":"n","data":)" + data + R"(,"room":"r","id":7})";
  };
  CHECK(decode(call(R"("01234567890123")")) == Errc::ok);
  CHECK(decode(call(R"("012345678901234")")) == Errc::too_large);
  CHECK(decode(call(R"([1,2,3,4,5,6,7])")) == Errc::ok);
  CHECK(decode(call(R"([1,2,3,4,5,6,7,8])")) == Errc::too_large);
  // Whatever follows it is stepped over.
  CHECK(
      decode(
          R"({"op":"publish","room":"r","data":"0123456789012345","mentions":["a","b"],"id":7})") ==
      Errc::too_large);
  CHECK(decode(call(R"({"a":1,"b":[2,3]})")) == Errc::too_large);
  CHECK(decode(call(R"({"a":1,"b":"23"})")) == Errc::ok);
  CHECK(decode(call("[          1    ]")) == Errc::too_large);
  CHECK(decode(call("12345678901234567")) == Errc::too_large);
  // What stands behind the bound is not looked at: it would be refused otherwise.
  CHECK(decode(call(nested(20))) == Errc::too_large);
  CHECK(decode(call(R"({"a":"0123456789","b":1,"b":2,"c":{"d":"\u0000"}})")) == Errc::too_large);
  CHECK(decode(call(R"(["0123456789",{"a":"\ud800"},"x"])")) == Errc::too_large);
  CHECK(decode(call(R"(["0123456789",["x"],"y",{"z":"w"}])")) == Errc::too_large);
  CHECK(decode(call(R"({"a":1,"a":2})")) == Errc::bad_request);
  // Of the command itself only; and the next one is read as ever.
  CHECK(decode(R"({"id":7,"op":"ping","x":{"data":"0123456789012345"}})") == Errc::ok);
  CHECK(decode(R"({"data":"0123456789012345","id":7})") == Errc::bad_request);
}

TEST_CASE("a frame past the codec's size is too large and harms nothing") {
  JsonCodec small({.max_frame = 64});
  Command command;
  const std::string frame = R"({"id":1,"op":"ping","x":")" + std::string(100, 'x') + "\"}";
  CHECK(small.decode(as_bytes(frame), command).status.error().code == Errc::too_large);
  CHECK(small.decode(as_bytes(R"({"id":1,"op":"ping"})"), command).status);
}
