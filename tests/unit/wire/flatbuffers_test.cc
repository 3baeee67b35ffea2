// The FlatBuffers codec against frames that are cut, mutated, crafted or too large, and the checks
// of fields that every codec shares. What well-formed frames mean is pinned in tests/golden.
#include "chatroom/flatbuffers.h"

#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/codec_checks.h"
#include "golden/describe.h"
#include "golden/samples.h"
#include "other_flatbuffers.h"
#include "unit/base/heap.h"

using namespace chatroom;
using namespace chatroom::golden;

namespace {

struct Wire {
  FlatbuffersCodec codec{*global_heap()};
  std::vector<std::byte> out = std::vector<std::byte>(256 * 1024);
  std::vector<std::byte> last;  // where the decoded record's views point

  template <class Record>
  std::vector<std::byte> frame(const Record& record) {
    const std::size_t size = codec.encode(record, out);
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  Errc decode(const Command& command, Command& decoded) {
    last = frame(command);
    REQUIRE_FALSE(last.empty());
    const Decoded result = codec.decode(last, decoded);
    REQUIRE_FALSE(result.fatal);
    return result.status.error().code;
  }
  Errc verdict(const Command& command) {
    Command decoded;
    return decode(command, decoded);
  }
};

Command publish(std::string_view text) {
  Command command = command_of(Op::publish, 3, "r");
  add_said(command, text);
  return command;
}

// Everything that a decode answers, as one string.
std::string outcome(FlatbuffersCodec& codec, Bytes frame, bool event) {
  Decoded result;
  std::string text;
  if (event) {
    Event decoded;
    result = codec.decode(frame, decoded);
    text = describe(decoded);
  } else {
    Command decoded;
    result = codec.decode(frame, decoded);
    text = result.status ? describe(decoded) : std::to_string(decoded.id);
  }
  return text + "|" + std::string(name_of(result.status.error().code)) +
         (result.fatal ? " fatal" : "");
}

void mutate(std::vector<std::byte>& frame, std::mt19937& random) {
  for (auto n = random() % 6 + 1; n > 0 && !frame.empty(); --n) {
    std::byte& byte = frame[random() % frame.size()];
    switch (random() % 4) {
      case 0:
        byte = static_cast<std::byte>(random() & 0xff);
        break;
      case 1:
        byte ^= static_cast<std::byte>(1u << random() % 8);
        break;
      case 2:
        byte = std::byte{0xff};
        break;
      default:
        byte = std::byte{0};
        break;
    }
  }
  if (random() % 8 == 0) frame.resize(random() % (frame.size() + 1));
  if (random() % 16 == 0) frame.resize(frame.size() + random() % 64, std::byte{0x41});
}

void survive_mutations(const std::vector<std::vector<std::byte>>& frames, bool event) {
  FlatbuffersCodec codec(*global_heap());
  std::mt19937 random(11);
  int fatal = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::byte> frame = frames[random() % frames.size()];
    mutate(frame, random);
    const std::string first = outcome(codec, frame, event);
    // The same bytes at an odd address, in a block of exactly their size, mean the same.
    const std::unique_ptr<std::byte[]> block(new std::byte[frame.size() + 1]);
    if (!frame.empty()) std::memcpy(block.get() + 1, frame.data(), frame.size());
    REQUIRE(outcome(codec, {block.get() + 1, frame.size()}, event) == first);
    fatal += first.find("fatal") != first.npos;
  }
  CHECK(fatal > 1'000);
  CHECK(fatal < 9'900);
}

}  // namespace

TEST_CASE("10,000 mutated command frames: a verdict each, the same every time", "[hostile]") {
  Wire wire;
  std::vector<std::vector<std::byte>> frames;
  for (const NamedCommand& sample : commands()) frames.push_back(wire.frame(sample.command));
  survive_mutations(frames, false);
}

TEST_CASE("10,000 mutated event frames do a client no harm", "[hostile]") {
  Wire wire;
  std::vector<std::vector<std::byte>> frames;
  for (const NamedEvent& sample : events()) frames.push_back(wire.frame(sample.event));
  survive_mutations(frames, true);
}

TEST_CASE("random bytes, nothing at all and every prefix are not our language", "[hostile]") {
  Wire wire;
  Command command;
  std::mt19937 random(3);
  CHECK(wire.codec.decode(Bytes{}, command).fatal);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::byte> noise(random() % 200);
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random() & 0xff);
    outcome(wire.codec, noise, false);
  }
  const std::vector<std::byte> frame = wire.frame(publish("hello"));
  for (std::size_t size = 0; size < frame.size() - 4; ++size) {
    INFO(size);
    CHECK(wire.codec.decode(Bytes(frame).first(size), command).fatal);
  }
  CHECK(wire.codec.decode(as_bytes(R"({"id":1,"op":"ping"})"), command).fatal);
}

TEST_CASE("a frame of either role is understood by the other as nothing dangerous", "[hostile]") {
  Wire wire;
  for (const NamedEvent& sample : events()) {
    outcome(wire.codec, wire.frame(sample.event), false);
  }
  for (const NamedCommand& sample : commands()) {
    outcome(wire.codec, wire.frame(sample.command), true);
  }
}

TEST_CASE("ops of a later version are unsupported and keep their id", "[evolution]") {
  Wire wire;
  // A ping whose type in the union is overwritten, wherever that byte stands.
  const std::vector<std::byte> frame = wire.frame(command_of(Op::ping, 77));
  bool found = false;
  for (std::size_t at = 0; at < frame.size() && !found; ++at) {
    std::vector<std::byte> copy = frame;
    if (copy[at] != static_cast<std::byte>(Op::ping)) continue;
    copy[at] = std::byte{250};
    Command command;
    const Decoded result = wire.codec.decode(copy, command);
    if (result.status.error().code != Errc::unsupported) continue;
    found = true;
    CHECK_FALSE(result.fatal);
    CHECK(command.id == 77);
    CHECK(command.op == Op::unknown);
  }
  CHECK(found);
}

TEST_CASE("ops known by name only pass the codec, for the engine to refuse", "[evolution]") {
  Wire wire;
  for (int op = static_cast<int>(Op::apply); op < static_cast<int>(Op::unknown); ++op) {
    Command command = command_of(static_cast<Op>(op), 5, "r");
    command.user = "bob";
    command.offset = 1;
    Command decoded;
    INFO(name_of(command.op));
    CHECK(wire.decode(command, decoded) == Errc::ok);
    CHECK(decoded.op == command.op);
    CHECK(decoded.id == 5);
  }
}

TEST_CASE("fields of commands are checked as the protocol says", "[check]") {
  Wire wire;
  const std::string long_name(65, 'n');
  const auto refused = [&](const char* what, Command command,
                           const std::function<void(Command&)>& change) {
    INFO(what);
    CHECK(wire.verdict(command) == Errc::ok);
    change(command);
    CHECK(wire.verdict(command) == Errc::bad_request);
  };
  const Command say = publish("hello");
  refused("no room", say, [](Command& c) { c.room = ""; });
  refused("control in room", say, [](Command& c) { c.room = "a\x01"; });
  refused("room not UTF-8", say, [](Command& c) { c.room = "a\xff"; });
  const std::string long_room(129, 'r');
  refused("long room", say, [&](Command& c) { c.room = long_room; });
  refused("long channel", say, [&](Command& c) { c.out.channel = long_name; });
  refused("long key", say, [&](Command& c) { c.out.key = long_name; });
  refused("no text", say, [](Command& c) { c.out.text = "", c.has_text = false; });
  refused("empty text", say, [](Command& c) { c.out.text = ""; });
  refused("NUL in text", say, [](Command& c) { c.out.text = {"a\0b", 3}; });
  refused("text not UTF-8", say, [](Command& c) { c.out.text = "\xed\xa0\x80"; });
  refused("kind", say, [](Command& c) { c.out.kind = Kind{"Gift"}; });
  refused("long kind", say, [&](Command& c) { c.out.kind = Kind{long_name}; });
  refused("priority", say, [](Command& c) { c.out.priority = static_cast<Priority>(3); });
  refused("reply_to", say, [](Command& c) { c.out.reply_to = kIntegerMax + 1; });
  refused("data", say, [](Command& c) { c.out.data = json_data("{\"a\":1,\"a\":2}"); });
  refused("no data", say, [](Command& c) { c.out.data = json_data(""); });
  refused("data form", say, [](Command& c) { c.out.data.form = static_cast<Data::Form>(9); });
  const std::vector<std::string_view> many(33, "m");
  refused("mentions", say, [&](Command& c) { c.out.mentions = std::span(many).first(17); });
  const std::string_view bad_user[] = {""};
  refused("empty mention", say, [&](Command& c) { c.out.mentions = bad_user; });

  const Command join = command_of(Op::join, 2, "r");
  refused("channels", join, [&](Command& c) { c.channels = many; });
  refused("empty channel", join, [&](Command& c) { c.channels = bad_user; });
  refused("since", join, [](Command& c) { c.has_since = true, c.since_offset = kIntegerMax + 1; });

  const Command auth = command_of(Op::auth, 1);
  const std::string long_token(4'097, 't');
  refused("long token", auth, [&](Command& c) { c.token = long_token; });
  refused("long user", auth, [&](Command& c) { c.user = long_name; });
  refused("control in nick", auth, [](Command& c) { c.nick = "a\nb"; });

  const Command history = command_of(Op::history, 6, "r");
  refused("limit", history, [](Command& c) { c.limit = 101; });
  refused("both ends", history, [](Command& c) { c.before = 5, c.has_after = true; });

  refused("leave nothing", command_of(Op::leave, 4, "r"), [](Command& c) { c.room = ""; });
  Command whisper = command_of(Op::send_to, 7);
  whisper.user = "bob";
  add_said(whisper, "psst");
  refused("to nobody", whisper, [](Command& c) { c.user = ""; });
  Command call = command_of(Op::call, 9);
  call.name = "x";
  refused("call nothing", call, [](Command& c) { c.name = ""; });
  Command move = command_of(Op::switch_channel, 5, "r");
  move.from = "a";
  move.to = "b";
  refused("switch nowhere", move, [](Command& c) { c.to = ""; });
}

TEST_CASE("what is at its limit passes", "[check]") {
  Wire wire;
  const std::string room(128, 'r');
  const std::string name(64, 'n');
  const std::string kind(32, 'k');
  const std::vector<std::string_view> names(32, name);
  Command command = command_of(Op::publish, 1, room);
  command.out.kind = Kind{kind};
  command.out.channel = name;
  command.out.key = name;
  command.out.mentions = std::span(names).first(16);
  command.out.reply_to = kIntegerMax;
  CHECK(wire.verdict(command) == Errc::ok);  // and no text, since it is not of kind text
  command = command_of(Op::join, 1, room);
  command.channels = names;
  CHECK(wire.verdict(command) == Errc::ok);
}

TEST_CASE("defaults are filled in", "[check]") {
  Wire wire;
  Command decoded;
  CHECK(wire.decode(publish("x"), decoded) == Errc::ok);
  CHECK(decoded.out.channel == "main");
  CHECK(decoded.out.kind == Kind::text);
  CHECK(decoded.out.priority == Priority::normal);
  CHECK(decoded.out.room == "r");
  CHECK(wire.decode(command_of(Op::subscribe, 1, "r"), decoded) == Errc::ok);
  CHECK(decoded.channel == "main");
}

TEST_CASE("nobody there is temporary for a direct message, not for a room", "[check]") {
  Event answer = answer_to(Op::send_to, 1);
  answer.error.code = Errc::not_found;
  CHECK(is_temporary(answer));
  answer.op = Op::join;
  CHECK_FALSE(is_temporary(answer));
}

TEST_CASE("an event that does not fit is not written, and no byte is touched behind out",
          "[size]") {
  Wire wire;
  Event event = event_of(EventType::message);
  event.message = full_message();
  const std::size_t size = wire.codec.encode(event, wire.out);
  REQUIRE(size > 0);
  std::vector<std::byte> tight(size + 1, std::byte{0x55});
  CHECK(wire.codec.encode(event, {tight.data(), size}) == size);
  CHECK(tight[size] == std::byte{0x55});
  CHECK(wire.codec.encode(event, {tight.data(), size - 1}) == 0);
  CHECK(wire.codec.encode(event, MutableBytes{}) == 0);
  CHECK(wire.codec.encode(Event{}, wire.out) == 0);
  CHECK(wire.codec.encode(Command{}, wire.out) == 0);
}

TEST_CASE("pages up to the scratch are written and read, larger ones are not begun", "[size]") {
  Wire wire;
  const std::string text(2'048, 'x');
  Event event = answer_to(Op::history, 1);
  event.epoch = "e";
  std::size_t last = 0;
  for (std::size_t count = 1; count <= 300; ++count) {
    std::vector<Message> page(count, full_message());
    for (Message& message : page) message.text = std::string_view(text).substr(0, count % 2'048);
    event.messages = page;
    const std::vector<std::byte> frame = wire.frame(event);
    if (frame.empty()) continue;
    last = count;
    Event decoded;
    REQUIRE(wire.codec.decode(frame, decoded).status);
    REQUIRE(decoded.messages.size() == count);
    REQUIRE(describe(decoded.messages[count - 1]) == describe(page[count - 1]));
  }
  CHECK(last >= 100);
  CHECK(last <= 240);
}

TEST_CASE("a page of 100 messages with 48 KiB of text fits the usual codec", "[size]") {
  Wire wire;
  const std::string text(480, 'x');
  std::vector<Message> page(100, plain_message());
  for (Message& message : page) message.text = text;
  Event event = answer_to(Op::join, 1);
  event.messages = page;
  event.state = full_state();
  CHECK(wire.codec.encode(event, wire.out) > 48'000);
}

TEST_CASE("more lists than a reader takes are not written", "[size]") {
  Wire wire;
  std::vector<Member> members(241, Member{"u", "", Role::member, 0});
  Event event = answer_to(Op::presence, 1);
  event.members = members;
  CHECK(wire.frame(event).empty());
  event.members = std::span(members).first(240);
  const std::vector<std::byte> frame = wire.frame(event);
  Event decoded;
  REQUIRE(wire.codec.decode(frame, decoded).status);
  CHECK(decoded.members.size() == 240);
}

TEST_CASE("data past the codec's bound is too large before it is looked at", "[size]") {
  Wire wire;
  FlatbuffersCodec bounded(*global_heap(), {.data_bytes_max = 8});
  Command call = command_of(Op::call, 3, "r");
  call.name = "n";
  const auto outcome = [&](Data data) {
    call.out.data = data;
    const std::vector<std::byte> frame = wire.frame(call);
    Command decoded;
    const Decoded result = bounded.decode(frame, decoded);
    CHECK_FALSE(result.fatal);
    CHECK(decoded.id == 3);
    return result.status.error().code;
  };
  CHECK(outcome(json_data("[1,2,34]")) == Errc::ok);
  CHECK(outcome(json_data("[1,2,345]")) == Errc::too_large);
  CHECK(outcome(json_data("no JSON at all")) == Errc::too_large);
  CHECK(outcome(json_data("no JSON")) == Errc::bad_request);
  CHECK(outcome(binary_data("12345678")) == Errc::ok);
  CHECK(outcome(binary_data("123456789")) == Errc::too_large);
}

TEST_CASE("a frame holds what its op says and nothing beside it", "[size]") {
  // Found by fuzz_wire_frame: the reason of a `list_held` was written, and nothing pointed to it.
  Wire wire;
  for (int op = static_cast<int>(Op::auth); op < static_cast<int>(Op::unknown); ++op) {
    Command filled = command_of(static_cast<Op>(op), 3, "r");
    add_said(filled, "text");
    filled.channel = filled.from = filled.to = filled.user = filled.name = filled.key = "abcd";
    filled.reason = filled.cursor = filled.token = filled.nick = filled.password = "efgh";
    filled.value = "ijkl";
    if (filled.op != Op::list_held) filled.offset = 7;
    if (filled.op == Op::enqueue) filled.user = {};  // oneself
    filled.normal_per_s = filled.high_per_s = 5;
    INFO(name_of(filled.op));
    const std::vector<std::byte> frame = wire.frame(filled);
    Command decoded;
    REQUIRE(wire.codec.decode(frame, decoded).status);
    Wire other;
    CHECK(other.frame(decoded).size() == frame.size());
  }
}

TEST_CASE("a codec takes its memory once, or says that it has none", "[memory]") {
  test::Heap heap;
  {
    FlatbuffersCodec codec(heap);
    CHECK(codec.ready());
    CHECK(heap.bytes == FlatbuffersCodec::bytes_needed({}));
    std::vector<std::byte> out(1'000);
    for (const NamedEvent& sample : events()) CHECK(codec.encode(sample.event, out) > 0);
    CHECK(heap.calls == 1);
  }
  CHECK(heap.bytes == 0);
  heap.dry = true;
  FlatbuffersCodec none(heap);
  std::vector<std::byte> out(1'000);
  Command command;
  CHECK_FALSE(none.ready());
  CHECK(none.encode(event_of(EventType::hello), out) == 0);
  CHECK(none.decode(out, command).status.error().code == Errc::internal);
  heap.dry = false;
  FlatbuffersCodec server(heap, {.frame_bytes_max = 4'096, .events_in = false});
  CHECK(heap.bytes < 16'384);
  Event event;
  const std::size_t size = server.encode(event_of(EventType::hello), out);
  CHECK(server.decode(Bytes(out).first(size), event).status.error().code == Errc::internal);
}

TEST_CASE("another FlatBuffers in the same program is not called and not disturbed", "[hidden]") {
  Wire wire;
  flatbuffers::calls = 0;
  Command decoded;
  CHECK(wire.decode(publish("hello"), decoded) == Errc::ok);
  CHECK(decoded.out.text == "hello");
  CHECK(flatbuffers::calls == 0);
  CHECK_FALSE(flatbuffers::Verifier().VerifyString(nullptr));
  CHECK(flatbuffers::FlatBufferBuilder().EndTable(1) == 0);
  CHECK(flatbuffers::calls == 2);
}
