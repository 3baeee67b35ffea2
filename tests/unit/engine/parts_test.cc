// The engine's small parts: byte queues, packing, the mailbox.
#include <thread>

#include "catch.hpp"
#include "engine/byte_queue.h"
#include "engine/mailbox.h"
#include "engine/pack.h"
#include "engine/recording.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::engine;

namespace {

std::string letters(std::size_t size, char first = 'a') {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(first + static_cast<int>(i % 26));
  return text;
}

struct Queue {
  testing::FakeMemory memory;
  base::BlockPool pool;
  ByteQueue queue;

  explicit Queue(std::size_t blocks = 64) : pool(memory, {ByteQueue::kBlockBytes, blocks}) {}
  ~Queue() { queue.clear(pool); }
  std::string pop() {
    std::string out(queue.front_size(), '\0');
    const std::size_t size =
        queue.pop(pool, std::as_writable_bytes(std::span(out.data(), out.size())));
    REQUIRE(size == out.size());
    return out;
  }
};

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

TEST_CASE("a byte queue gives back what it was given, in order and of any size", "[engine]") {
  Queue q;
  std::vector<std::string> in;
  for (const std::size_t size :
       {0u, 1u, 243u, 244u, 245u, 247u, 248u, 249u, 491u, 492u, 493u, 1'000u}) {
    in.push_back(letters(size));
    REQUIRE(q.queue.push(q.pool, as_bytes(in.back())));
  }
  const Bytes pieces[] = {as_bytes("one "), {}, as_bytes("two "), as_bytes("three")};
  REQUIRE(q.queue.push(q.pool, pieces));
  in.emplace_back("one two three");
  CHECK(q.queue.size() == in.size());
  for (const std::string& one : in) CHECK(q.pop() == one);
  CHECK(q.queue.empty());
  CHECK(q.queue.bytes() == 0);
}

TEST_CASE("what goes to the front of a byte queue comes first", "[engine]") {
  Queue q;
  REQUIRE(q.queue.push_front(q.pool, as_bytes("b")));
  REQUIRE(q.queue.push(q.pool, as_bytes("c")));
  REQUIRE(q.queue.push_front(q.pool, as_bytes(letters(600))));
  CHECK(q.queue.bytes() == 602);
  CHECK(q.pop() == letters(600));
  CHECK(q.pop() == "b");
  REQUIRE(q.queue.push(q.pool, as_bytes("d")));
  CHECK(q.pop() == "c");
  CHECK(q.pop() == "d");
  CHECK(q.queue.empty());
}

TEST_CASE("a dry pool changes nothing in a byte queue", "[engine]") {
  Queue q(4);
  REQUIRE(q.queue.push(q.pool, as_bytes(letters(400))));  // two blocks
  CHECK_FALSE(q.queue.push(q.pool, as_bytes(letters(700))));
  CHECK_FALSE(q.queue.push_front(q.pool, as_bytes(letters(700))));
  REQUIRE(q.queue.push(q.pool, as_bytes(letters(400, 'b'))));
  CHECK_FALSE(q.queue.push(q.pool, Bytes{}));
  CHECK(q.queue.size() == 2);
  CHECK(q.pop() == letters(400));
  REQUIRE(q.queue.push(q.pool, as_bytes("x")));
  CHECK(q.pop() == letters(400, 'b'));
  CHECK(q.pop() == "x");
}

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

TEST_CASE("a mailbox keeps order round its ring, and says when it is full", "[engine]") {
  testing::FakeMemory memory;
  Mailbox* box = Mailbox::create(memory, nullptr, 64, 4);
  REQUIRE(box != nullptr);
  std::string out(64, '\0');
  const auto take = [&] {
    const std::size_t size = box->take(std::as_writable_bytes(std::span(out)));
    return out.substr(0, size);
  };
  for (int round = 0; round < 50; ++round) {
    const std::string one = letters(static_cast<std::size_t>(round % 20 + 1));
    REQUIRE(box->put(as_bytes(one)));
    REQUIRE(box->put(as_bytes("two")));
    CHECK(take() == one);
    CHECK(take() == "two");
    CHECK(take().empty());
  }
  REQUIRE(box->put(as_bytes(letters(60))));  // with its length: all 64
  CHECK(box->put({}).error().code == Errc::queue_full);
  CHECK(take() == letters(60));
  CHECK(box->put(as_bytes(letters(61))).error().code == Errc::queue_full);
  for (int i = 0; i < 4; ++i) REQUIRE(box->put(as_bytes("x")));
  CHECK(box->put(as_bytes("x")).error().code == Errc::queue_full);  // four messages
  box->shut();
  CHECK(box->put(as_bytes("x")).error().code == Errc::not_found);
  box->drop_reference();
  CHECK(memory.bytes == 0);
}

TEST_CASE("two threads meet in a mailbox and nothing is lost or doubled", "[engine]") {
  testing::FakeMemory memory;
  Mailbox* box = Mailbox::create(memory, nullptr, 4'096, 64);
  REQUIRE(box != nullptr);
  constexpr std::uint32_t kMessages = 20'000;
  const auto fill = [box](std::uint32_t who) {
    for (std::uint32_t i = 0; i < kMessages; ++i) {
      const std::uint32_t message[] = {who, i};
      while (!box->put(std::as_bytes(std::span(message)))) std::this_thread::yield();
    }
  };
  std::thread one(fill, 0);
  std::thread two(fill, 1);
  std::uint32_t next[2] = {};
  bool in_order = true;
  while (next[0] + next[1] < 2 * kMessages) {
    std::uint32_t message[2];
    if (box->take(std::as_writable_bytes(std::span(message))) == 0) {
      std::this_thread::yield();
      continue;
    }
    in_order = in_order && message[0] < 2 && message[1] == next[message[0]];
    ++next[message[0] & 1];
  }
  one.join();
  two.join();
  CHECK(in_order);
  CHECK(box->empty());
  box->drop_reference();
}
