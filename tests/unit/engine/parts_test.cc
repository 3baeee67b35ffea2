// The engine's small parts: packing. Its queues are in unit/queue.
#include "catch.hpp"
#include "engine/pack.h"
#include "engine/recording.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::engine;

namespace {

template <class T, class... Lists>
T again(const T& value, std::string& bytes, Lists&... lists) {
  bytes.assign(200'000, '\0');
  Packer to{std::as_writable_bytes(std::span(bytes))};
  pack(to, value);
  REQUIRE(to.ok());
  bytes.resize(to.size());
  Unpacker from{as_bytes(bytes)};
  T out;
  unpack(from, out, lists...);
  CHECK(from.ok());
  CHECK(from.at_end());
  return out;
}

// Whether packing it once more gives the same bytes: every field came through.
template <class T>
void check_same(const T& value, const std::string& bytes) {
  std::string second(200'000, '\0');
  Packer to{std::as_writable_bytes(std::span(second))};
  pack(to, value);
  CHECK(as_text(to.bytes()) == bytes);
}

}  // namespace

TEST_CASE("every field of a command survives packing", "[engine]") {
  const std::string_view channels[] = {"main", "b", ""};
  const std::string_view mentions[] = {"x", "y"};
  Command c;
  c.op = Op::history;
  c.id = 0xfffffffe;
  c.room = "room";
  c.channels = channels;
  c.channel = "channel";
  c.out = {.room = "out room",
           .channel = "out channel",
           .kind = Kind{"gift"},
           .text = "text",
           .data = {Data::Form::binary, as_bytes(std::string_view("\0\xff", 2))},
           .priority = Priority::low,
           .key = "key",
           .reply_to = UINT64_MAX,
           .mentions = mentions,
           .keep = false,
           .latest = "latest"};
  c.has_text = true;
  c.token = "token";
  c.resume = "resume";
  c.user = "user";
  c.nick = "nick";
  c.password = "password";
  c.has_since = true;
  c.since_epoch = "epoch";
  c.since_offset = 7;
  c.recent = 8;
  c.from = "from";
  c.to = "to";
  c.before = 9;
  c.after = 10;
  c.has_after = true;
  c.limit = 11;
  c.since_version = 12;
  c.has_since_version = true;
  c.cursor = "cursor";
  c.name = "name";
  std::string bytes;
  Lists lists;
  const Command out = again(c, bytes, lists);
  check_same(out, bytes);
  CHECK(out.op == Op::history);
  CHECK(out.id == 0xfffffffe);
  CHECK(out.room == "room");
  REQUIRE(out.channels.size() == 3);
  CHECK(out.channels[1] == "b");
  CHECK(out.channel == "channel");
  CHECK(out.out.room == "out room");
  CHECK(out.out.channel == "out channel");
  CHECK(out.out.kind == Kind::gift);
  CHECK(out.out.text == "text");
  CHECK(out.out.data.form == Data::Form::binary);
  CHECK(as_text(out.out.data.bytes) == std::string_view("\0\xff", 2));
  CHECK(out.out.priority == Priority::low);
  CHECK(out.out.key == "key");
  CHECK(out.out.reply_to == UINT64_MAX);
  REQUIRE(out.out.mentions.size() == 2);
  CHECK(out.out.mentions[1] == "y");
  CHECK_FALSE(out.out.keep);
  CHECK(out.out.latest == "latest");
  CHECK(out.has_text);
  CHECK(out.token == "token");
  CHECK(out.resume == "resume");
  CHECK(out.user == "user");
  CHECK(out.nick == "nick");
  CHECK(out.password == "password");
  CHECK(out.has_since);
  CHECK(out.since_epoch == "epoch");
  CHECK(out.since_offset == 7);
  CHECK(out.recent == 8);
  CHECK(out.from == "from");
  CHECK(out.to == "to");
  CHECK(out.before == 9);
  CHECK(out.after == 10);
  CHECK(out.has_after);
  CHECK(out.limit == 11);
  CHECK(out.since_version == 12);
  CHECK(out.has_since_version);
  CHECK(out.cursor == "cursor");
  CHECK(out.name == "name");
}

TEST_CASE("every field of a message, an answer, a policy, an identity survives packing",
          "[engine]") {
  std::string bytes;
  const std::string_view mentions[] = {"x"};
  std::string_view places[kMentionsPerMessage];
  const Message message{.room = "not packed",
                        .channel = "c",
                        .offset = 1,
                        .user = "u",
                        .nick = "n",
                        .role = Role::admin,
                        .info = as_bytes("{}"),
                        .kind = Kind::like,
                        .text = "t",
                        .data = {Data::Form::json, as_bytes("[]")},
                        .priority = Priority::high,
                        .reply_to = 2,
                        .mentions = mentions,
                        .time_ms = -3,
                        .count = 4,
                        .first = 5};
  std::span<std::string_view> span = places;
  const Message m = again(message, bytes, span);
  check_same(m, bytes);
  CHECK(m.channel == "c");
  CHECK(m.role == Role::admin);
  CHECK(m.time_ms == -3);
  CHECK(m.count == 4);
  CHECK(m.first == 5);
  CHECK(m.mentions.size() == 1);

  const Answer answer{
      .verdict = Answer::Verdict::rewrite,
      .error = {Errc::muted, 6, 7},
      .identity = {.user = "u", .nick = "n", .info = as_bytes("{}"), .role = Role::owner},
      .text = "t",
      .data = {Data::Form::json, as_bytes("1")}};
  const Answer a = again(answer, bytes);
  check_same(a, bytes);
  CHECK(a.verdict == Answer::Verdict::rewrite);
  CHECK(a.error == Error{Errc::muted, 6, 7});
  CHECK(a.identity.role == Role::owner);
  CHECK(as_text(a.data.bytes) == "1");

  const RoomPolicy policy{.max_members = 1,
                          .reliable = true,
                          .moderated = true,
                          .mute_all = true,
                          .slow_mode_s = 2,
                          .history_messages = 3,
                          .history_age = Duration::s(4),
                          .idle_close = Duration::s(5),
                          .durability = Durability::before,
                          .first_join_owns = true,
                          .owner = "o",
                          .flush_interval_min = Duration::ms(6)};
  const RoomPolicy p = again(policy, bytes);
  check_same(p, bytes);
  CHECK(p.durability == Durability::before);
  CHECK(p.owner == "o");
  CHECK(p.flush_interval_min == Duration::ms(6));
}

TEST_CASE("every option and limit survives packing", "[engine]") {
  EngineOptions options;
  std::uint64_t next = 1'000;
  each_limit(options.limits, [&next]<class T>(T& value) { value = static_cast<T>(next++); });
  options.seed = 5;
  options.open_server = options.open_rooms = true;
  options.new_room_policy.owner = "o";
  options.budget.sends = 6;
  options.budget.commands = 7;
  std::string bytes;
  const EngineOptions out = again(options, bytes);
  check_same(out, bytes);
  CHECK(out.limits.turn_bytes == options.limits.turn_bytes);
  CHECK(out.limits.sessions == 1'000);
  CHECK(out.budget.commands == 7);

  const Identity who{.user = "u", .nick = "n", .info = as_bytes("{}"), .role = Role::speaker};
  const SessionOptions session{.codec = CodecKind::json,
                               .framing = Framing::websocket,
                               .boundary = Boundary::message,
                               .max_frame = 1'200,
                               .identity = &who,
                               .peer = "1.2.3.4",
                               .deadline = {9}};
  Identity place;
  const SessionOptions s = again(session, bytes, place);
  check_same(s, bytes);
  REQUIRE(s.identity == &place);
  CHECK(place.role == Role::speaker);
  CHECK(s.deadline == Instant{9});
}

TEST_CASE("what does not fit a packer, or breaks off, is noticed", "[engine]") {
  Command command;
  command.room = "a room with a long name";
  std::string bytes;
  Lists lists;
  again(command, bytes, lists);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string place(size, '\0');
    Packer to{std::as_writable_bytes(std::span(place.data(), size))};
    pack(to, command);
    CHECK_FALSE(to.ok());
    Unpacker from{as_bytes(bytes).first(size)};
    Command out;
    unpack(from, out, lists);
    CHECK_FALSE(from.ok());
  }
}
