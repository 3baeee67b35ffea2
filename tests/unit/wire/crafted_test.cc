// FlatBuffers frames that no encoder of ours writes: lists longer than a reader holds, words of a
// later version, parts left out. Built with the generated classes, as a stranger would.
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/codec_checks.h"
#include "golden/samples.h"
#include "unit/base/heap.h"
#include "wire/check.h"
#include "wire/flatbuffers_build.h"

using namespace chatroom;
using wire::Build;
using wire::Field;
namespace fb = chatroom::wire::fb;

namespace {

class Crafted {
 public:
  flatbuffers::FlatBufferBuilder& fbb() { return build_.fbb(); }
  wire::FbText text(std::string_view text) {
    return fbb().CreateString(text.data(), text.size());  // present, even when empty
  }
  template <class Table>
  Decoded event(fb::Body type, flatbuffers::Offset<Table> body) {
    frame_ = build_.finish(fb::CreateServerFrame(fbb(), 7, type, body.Union()));
    return codec_.decode(frame_, read_event);
  }
  template <class Table>
  Decoded command(fb::Command type, flatbuffers::Offset<Table> body) {
    frame_ = build_.finish(fb::CreateClientFrame(fbb(), 7, type, body.Union()));
    return codec_.decode(frame_, read_command);
  }
  Bytes frame() const { return frame_; }

  Event read_event;
  Command read_command;

 private:
  std::vector<std::byte> block_ = std::vector<std::byte>(256 * 1024);
  Build build_{block_};
  FlatbuffersCodec codec_{*global_heap()};
  Bytes frame_;
};

// As many tables without fields as are one too many.
template <class Table, class Create>
flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<Table>>> too_many(Crafted& c,
                                                                              std::size_t most,
                                                                              Create create) {
  std::vector<flatbuffers::Offset<Table>> all;
  for (std::size_t i = 0; i <= most; ++i) all.push_back(create(c.fbb()));
  return c.fbb().CreateVector(all.data(), all.size());
}

void check_too_large(Decoded decoded, const Event& event) {
  CHECK(decoded.status.error().code == Errc::too_large);
  CHECK_FALSE(decoded.fatal);
  CHECK(event.type == EventType::none);
  CHECK(event.messages.empty());
  CHECK(event.members.empty());
}

void check_refused(Decoded decoded, Field field) {
  CHECK(decoded.status.error() == wire::bad_request(field));
  CHECK_FALSE(decoded.fatal);
}

}  // namespace

TEST_CASE("an event with more in a list than a reader holds is too large, and read as nothing") {
  SECTION("messages") {
    Crafted c;
    const auto list = too_many<fb::Message>(c, wire::kMessagesMax,
                                            [](auto& fbb) { return fb::CreateMessage(fbb); });
    check_too_large(c.event(fb::Body::ok_history, fb::CreateOkHistory(c.fbb(), 0, list)),
                    c.read_event);
  }
  SECTION("members") {
    Crafted c;
    const auto list =
        too_many<fb::Member>(c, wire::kMembersMax, [](auto& fbb) { return fb::CreateMember(fbb); });
    check_too_large(
        c.event(fb::Body::ok_presence, fb::CreateOkPresence(c.fbb(), 1, 1, false, list)),
        c.read_event);
  }
  SECTION("rooms") {
    Crafted c;
    const auto list = too_many<fb::RoomEntry>(c, wire::kRoomsMax,
                                              [](auto& fbb) { return fb::CreateRoomEntry(fbb); });
    check_too_large(c.event(fb::Body::ok_rooms, fb::CreateOkRooms(c.fbb(), list)), c.read_event);
  }
  SECTION("channels") {
    Crafted c;
    const auto list = too_many<fb::ChannelState>(
        c, wire::kChannelsMax, [](auto& fbb) { return fb::CreateChannelState(fbb); });
    const auto state = fb::CreateRoomState(c.fbb(), 0, list);
    check_too_large(c.event(fb::Body::reset, fb::CreateReset(c.fbb(), 0, 0, 0, state)),
                    c.read_event);
  }
  SECTION("attributes of a member") {
    Crafted c;
    const auto list = too_many<fb::Attribute>(c, wire::kAttributesMax,
                                              [](auto& fbb) { return fb::CreateAttribute(fbb); });
    const auto member = fb::CreateMember(c.fbb(), 0, 0, fb::Role::member, 0, list);
    const auto members = c.fbb().CreateVector(&member, 1);
    check_too_large(
        c.event(fb::Body::ok_presence, fb::CreateOkPresence(c.fbb(), 1, 1, false, members)),
        c.read_event);
  }
  SECTION("attributes") {
    Crafted c;
    const auto list = too_many<fb::Attribute>(c, wire::kAttributesMax,
                                              [](auto& fbb) { return fb::CreateAttribute(fbb); });
    const auto state = fb::CreateRoomState(c.fbb(), 0, 0, 0, 0, list);
    check_too_large(c.event(fb::Body::room_state, fb::CreateRoomChanged(c.fbb(), 0, state)),
                    c.read_event);
  }
  SECTION("pins") {
    Crafted c;
    const std::vector<std::uint64_t> pins(wire::kPinsMax + 1, 5);
    const auto list = c.fbb().CreateVector(pins.data(), pins.size());
    const auto state = fb::CreateRoomState(c.fbb(), 0, 0, 0, 0, 0, list);
    check_too_large(c.event(fb::Body::room_state, fb::CreateRoomChanged(c.fbb(), 0, state)),
                    c.read_event);
  }
  SECTION("who left") {
    Crafted c;
    const std::vector<wire::FbText> users(wire::kStringsMax + 1, c.text("u"));
    const auto list = c.fbb().CreateVector(users.data(), users.size());
    check_too_large(c.event(fb::Body::presence, fb::CreatePresence(c.fbb(), 0, 0, 0, 0, list)),
                    c.read_event);
  }
}

TEST_CASE("numbers of a later version become the nearest word that this one knows") {
  Crafted message;
  REQUIRE(message
              .event(fb::Body::message,
                     fb::CreateMessage(message.fbb(), 0, 0, 1, 0, 0, static_cast<fb::Role>(200), 0,
                                       0, 0, static_cast<fb::DataForm>(200), 0,
                                       static_cast<fb::Priority>(200)))
              .status);
  CHECK(message.read_event.message.role == Role::member);
  CHECK(message.read_event.message.priority == Priority::normal);
  CHECK(message.read_event.message.data.form == Data::Form::none);
  CHECK(message.read_event.message.channel == "main");

  Crafted left;
  REQUIRE(
      left.event(fb::Body::left, fb::CreateLeft(left.fbb(), 0, static_cast<fb::LeaveReason>(200)))
          .status);
  CHECK(left.read_event.reason == LeaveReason::left);

  Crafted gap;
  REQUIRE(gap.event(fb::Body::gap, fb::CreateGap(gap.fbb(), 0, 0, 0, 0, 3, true, false,
                                                 static_cast<fb::GapReason>(200)))
              .status);
  CHECK(gap.read_event.gap.reason == GapReason::slow_consumer);

  Crafted held;  // whatever became of it, it does not wait
  REQUIRE(held.event(fb::Body::held,
                     fb::CreateHeldMessage(held.fbb(), 0, 7, static_cast<fb::Held>(200)))
              .status);
  CHECK(held.read_event.action == "reject");
  CHECK(held.read_event.held == 7);
  CHECK(held.read_event.message.text.empty());

  // Nothing of it may reach into what else the refusal says.
  for (const int rule : {static_cast<int>(fb::Rule::MAX) + 1, 127, 128, 255}) {
    INFO(rule);
    Crafted refused;
    REQUIRE(refused
                .event(fb::Body::refused, fb::CreateRefused(refused.fbb(), fb::ErrorCode::muted, 0,
                                                            false, 0, static_cast<fb::Rule>(rule)))
                .status);
    CHECK(refused.read_event.error == Error{Errc::muted, 0, 0});
  }
  for (const int code : {0, kErrcCount, 255}) {
    INFO(code);
    Crafted refused;
    REQUIRE(refused
                .event(fb::Body::refused,
                       fb::CreateRefused(refused.fbb(), static_cast<fb::ErrorCode>(code)))
                .status);
    CHECK(refused.read_event.error.code == Errc::internal);
    CHECK(refused.read_event.text == message_of(Errc::internal));
  }
}

TEST_CASE("a rung of a later version says nothing of the share") {
  for (const int rung : {1, static_cast<int>(fb::Rung::MAX) + 1, 255}) {
    Crafted c;
    const auto one =
        fb::CreateChannelState(c.fbb(), 0, 0, 0, fb::Role::visitor, flatbuffers::nullopt,
                               flatbuffers::Optional<fb::Rung>(static_cast<fb::Rung>(rung)), 5);
    const auto channels = c.fbb().CreateVector(&one, 1);
    fb::RoomStateBuilder room(c.fbb());
    room.add_channels(channels);
    room.add_rung(static_cast<fb::Rung>(rung));
    const auto state = room.Finish();
    CHECK(c.event(fb::Body::room_state, fb::CreateRoomChanged(c.fbb(), 0, state)).status);
    CHECK(c.read_event.state.has_rate == (rung == 1));
    REQUIRE(c.read_event.state.channels.size() == 1);
    const ChannelState& channel = c.read_event.state.channels[0];
    CHECK(channel.rung.has_value() == (rung == 1));
    CHECK(channel.kept == (rung == 1 ? 5u : 1'000u));
  }
}

TEST_CASE("an event without a body, or of a kind that is not known yet") {
  Crafted none;
  check_refused(none.event(fb::Body::message, flatbuffers::Offset<fb::Message>{}), Field::body);
  Crafted nothing;
  CHECK(nothing.event(fb::Body::NONE, flatbuffers::Offset<fb::Message>{}).status.error().code ==
        Errc::bad_request);
  Crafted later;
  CHECK(later.event(static_cast<fb::Body>(200), fb::CreateDone(later.fbb())).status);
  CHECK(later.read_event.type == EventType::none);
  CHECK(later.read_event.id == 7);
}

TEST_CASE("what an event leaves out has its default") {
  Crafted auth;
  REQUIRE(auth.event(fb::Body::ok_auth, fb::CreateOkAuth(auth.fbb())).status);
  CHECK(auth.read_event.op == Op::auth);
  CHECK(auth.read_event.limits.rooms == SessionLimits{}.rooms);
  Crafted rooms;
  REQUIRE(rooms.event(fb::Body::ok_rooms, fb::CreateOkRooms(rooms.fbb())).status);
  CHECK(rooms.read_event.rooms.empty());
  Crafted join;
  REQUIRE(join.event(fb::Body::ok_join, fb::CreateOkJoin(join.fbb())).status);
  CHECK(join.read_event.role == Role::member);
  CHECK_FALSE(join.read_event.state.has_policy);
}

TEST_CASE("a command without a body, or without its parts") {
  Crafted none;
  check_refused(none.command(fb::Command::ping, flatbuffers::Offset<fb::Nothing>{}), Field::body);
  CHECK(none.read_command.id == 7);
  Crafted nothing;
  check_refused(nothing.command(fb::Command::NONE, flatbuffers::Offset<fb::Nothing>{}), Field::op);
  Crafted policy;
  CHECK(policy.command(fb::Command::set_policy, fb::CreateSetPolicy(policy.fbb(), policy.text("r")))
            .status);
  CHECK_FALSE(policy.read_command.policy.password.has_value());
}

TEST_CASE("a name that is there but empty is not the same as none") {
  const auto on_user = [](Crafted& c, std::string_view user, fb::Role role) {
    const auto room = c.text("r");
    return c.command(fb::Command::set_role,
                     fb::CreateOnUser(c.fbb(), room, c.text(user), 0, 0, role));
  };
  Crafted nobody;
  check_refused(on_user(nobody, "", fb::Role::admin), Field::user);
  Crafted emperor;
  check_refused(on_user(emperor, "u", static_cast<fb::Role>(200)), Field::role);
  Crafted both;  // the first is told
  check_refused(on_user(both, "", static_cast<fb::Role>(200)), Field::user);

  Crafted kind;
  const auto room = kind.text("r");
  const auto empty = kind.text("");
  check_refused(kind.command(fb::Command::publish,
                             fb::CreatePublish(kind.fbb(), room, 0, empty, kind.text("x"))),
                Field::kind);
}

TEST_CASE("an event's text that is there but empty is as good as none") {
  Crafted said;
  const auto room = said.text("r");
  const auto channel = said.text("");
  const auto kind = said.text("");
  fb::MessageBuilder message(said.fbb());
  message.add_room(room);
  message.add_channel(channel);
  message.add_kind(kind);
  REQUIRE(said.event(fb::Body::message, message.Finish()).status);
  CHECK(said.read_event.message.channel == "main");
  CHECK(said.read_event.message.kind == Kind::text);

  Crafted refused;
  const auto text = refused.text("");
  fb::RefusedBuilder answer(refused.fbb());
  answer.add_code(fb::ErrorCode::forbidden);
  answer.add_message(text);
  REQUIRE(refused.event(fb::Body::error, answer.Finish()).status);
  CHECK(refused.read_event.text == message_of(Errc::forbidden));
}

TEST_CASE("a line of a later version is no line to stand in") {
  Crafted c;
  const auto room = c.text("r");
  check_refused(
      c.command(fb::Command::enqueue, fb::CreateInLine(c.fbb(), room, static_cast<fb::Line>(200))),
      Field::line);
}

TEST_CASE("data is what its form says, or refused") {
  const auto call = [](fb::DataForm form, std::string_view data) {
    Crafted c;
    const auto name = c.text("n");
    const auto bytes =
        c.fbb().CreateVector(reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
    return c.command(fb::Command::call, fb::CreateCall(c.fbb(), 0, name, form, bytes)).status;
  };
  CHECK(call(fb::DataForm::none, ""));
  CHECK(call(fb::DataForm::json, "[1]"));
  CHECK(call(fb::DataForm::binary, "\xff"));
  const Error refused = wire::bad_request(Field::data);
  CHECK(call(fb::DataForm::none, "x").error() == refused);
  CHECK(call(fb::DataForm::json, "[1").error() == refused);
  CHECK(call(static_cast<fb::DataForm>(200), "x").error() == refused);
}

TEST_CASE("lists of a command hold what a command may have, and no more") {
  const auto join = [](std::size_t channels) {
    Crafted c;
    const std::vector<wire::FbText> names(channels, c.text("c"));
    const auto list = c.fbb().CreateVector(names.data(), names.size());
    return c.command(fb::Command::join, fb::CreateJoin(c.fbb(), c.text("r"), list)).status;
  };
  CHECK(join(0));
  CHECK(join(kChannelsPerCommand));
  CHECK(join(kChannelsPerCommand + 1).error() == wire::bad_request(Field::channel));
}

TEST_CASE("a frame at an odd address that is longer than the codec takes is not ours") {
  Crafted c;
  const auto room = c.text(std::string(300, 'r'));
  REQUIRE(c.event(fb::Body::messages_cleared, fb::CreateMessagesCleared(c.fbb(), room)).status);
  const std::size_t size = c.frame().size();
  const std::unique_ptr<std::byte[]> block(new std::byte[size + 1]);
  std::copy(c.frame().begin(), c.frame().end(), block.get() + 1);
  const Bytes odd{block.get() + 1, size};
  Event event;
  Command command;
  FlatbuffersCodec small(*global_heap(), {.frame_bytes_max = static_cast<std::uint32_t>(size) - 1});
  CHECK(small.decode(odd, event).fatal);
  CHECK(small.decode(odd, command).fatal);
  FlatbuffersCodec large(*global_heap(), {.frame_bytes_max = static_cast<std::uint32_t>(size)});
  CHECK(large.decode(odd, event).status);
  CHECK(event.room.size() == 300);
}

TEST_CASE("a codec without memory answers each of its four calls") {
  test::Heap heap;
  heap.dry = true;
  FlatbuffersCodec none(heap);
  std::vector<std::byte> out(100);
  Command command;
  Event event;
  CHECK(none.decode(out, command).status.error().code == Errc::internal);
  CHECK(none.decode(out, event).status.error().code == Errc::internal);
  CHECK(none.encode(golden::event_of(EventType::hello), out) == 0);
  CHECK(none.encode(golden::command_of(Op::ping, 1), out) == 0);
}

TEST_CASE("a command that fits no block, or lists more than any reader takes, is not written") {
  FlatbuffersCodec small(*global_heap(), {.frame_bytes_max = 2'048});
  std::vector<std::byte> out(64 * 1024);
  Command command = golden::command_of(Op::publish, 1, "r");
  const std::string text(2'048, 'x');
  golden::add_said(command, text);
  CHECK(small.encode(command, out) == 0);
  golden::add_said(command, "x");
  CHECK(small.encode(command, out) > 0);

  FlatbuffersCodec codec(*global_heap(), {.frame_bytes_max = 1024 * 1024});
  const std::vector<std::string_view> many(wire::kStringsMax + 1, "n");
  command.out.mentions = many;
  CHECK(codec.encode(command, out) == 0);
  command = golden::command_of(Op::join, 1, "r");
  command.channels = many;
  CHECK(codec.encode(command, out) == 0);
  command.channels = std::span(many).first(wire::kStringsMax);
  CHECK(codec.encode(command, out) > 0);
}

TEST_CASE("sizes past what FlatBuffers and offsets of 32 bits can tell are refused unread") {
  alignas(8) std::byte one{};
  FlatbuffersCodec codec(*global_heap());
  Event event;
  Command command;
  const Bytes two_gib{&one, std::size_t{1} << 31};
  CHECK(codec.decode(two_gib, event).fatal);
  CHECK(codec.decode(two_gib, command).fatal);
  const Bytes four_gib{&one, std::size_t{1} << 32};
  CHECK(check_json(four_gib).error() == wire::bad_request(Field::data));
}

TEST_CASE("a page over several rooms and channels keeps each message where it was said") {
  FlatbuffersCodec codec(*global_heap());
  std::vector<std::byte> out(4'096);
  std::vector<Message> page(5, golden::plain_message());
  const char* const places[][2] = {{"a", "x"}, {"a", "y"}, {"b", "y"}, {"b", "main"}, {"b", "x"}};
  for (std::size_t i = 0; i < page.size(); ++i) {
    page[i].room = places[i][0];
    page[i].channel = places[i][1];
  }
  Event event = golden::answer_to(Op::history, 1);
  event.messages = page;
  const std::size_t size = codec.encode(event, out);
  Event read;
  REQUIRE(codec.decode(Bytes(out).first(size), read).status);
  REQUIRE(read.messages.size() == page.size());
  for (std::size_t i = 0; i < page.size(); ++i) {
    INFO(i);
    CHECK(read.messages[i].room == places[i][0]);
    CHECK(read.messages[i].channel == places[i][1]);
  }
}

TEST_CASE("a refusal without words of its own is told in the code's") {
  FlatbuffersCodec codec(*global_heap());
  std::vector<std::byte> out(1'000);
  Event event = golden::answer_to(Op::join, 1);
  event.error.code = Errc::banned;
  const std::size_t size = codec.encode(event, out);
  Event read;
  REQUIRE(codec.decode(Bytes(out).first(size), read).status);
  CHECK(read.text == message_of(Errc::banned));
}
