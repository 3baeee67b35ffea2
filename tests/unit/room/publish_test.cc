// What a message must pass, in which order, and what it is given.
#include "unit/room/town.h"

namespace chatroom::room::test {

namespace {

Limits unlimited() {
  Limits limits;
  limits.publishes = limits.user_publishes = limits.room_publishes = Rate::unlimited();
  return limits;
}

}  // namespace

TEST_CASE("offsets rise by one over all channels and only for kept messages") {
  Town town(unlimited());
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice", Role::member, "Al", "{\"l\":1}");
  town.join(room, alice, {"main", "gifts"});
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.last.offset == 1);
  CHECK(town.last.epoch == town.rooms.view(room).position.epoch);
  CHECK(town.publish(room, alice, {.channel = "gifts", .text = "x"}).code == Errc::ok);
  CHECK(town.last.offset == 2);
  CHECK(town.publish(room, alice, {.text = "x", .keep = false}).code == Errc::ok);
  CHECK(town.last.offset == 0);
  CHECK(town.publish(room, alice, {.text = "x", .latest = "score"}).code == Errc::ok);
  CHECK(town.last.offset == 0);
  CHECK(town.publish(room, alice, {.kind = Kind::signal, .text = "x"}).code == Errc::ok);
  CHECK(town.last.offset == 0);
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.last.offset == 3);
  CHECK(town.rooms.view(room).position.offset == 3);
  CHECK(town.rooms.view(room).history_messages == 3);
}

TEST_CASE("nick, role, info and time are stamped from what the server knows") {
  Town town(unlimited());
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice", Role::member, "Al", "{\"l\":1}");
  town.join(room, alice);
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "alice", Role::speaker)));
  const std::string_view mentions[] = {"bob", "carol"};
  const Result<Committed> said =
      town.rooms.commit_publish(room, town.rooms.user_of(alice),
                                {.kind = Kind{"game.move"},
                                 .text = "hi",
                                 .data = {Data::Form::json, as_bytes("{\"x\":1}")},
                                 .reply_to = 4,
                                 .mentions = mentions},
                                town.now);
  REQUIRE(static_cast<bool>(said));
  const Page page = town.rooms.recent(room, kAllChannels, 5, town.now);
  REQUIRE(page.messages.size() == 1);
  for (const Message& message : {said->message, page.messages[0]}) {
    CHECK(message.room == "r");
    CHECK(message.channel == "main");
    CHECK(message.offset == 1);
    CHECK(message.user == "alice");
    CHECK(message.nick == "Al");
    CHECK(message.role == Role::speaker);
    CHECK(as_text(message.info) == "{\"l\":1}");
    CHECK(message.kind.name == "game.move");
    CHECK(message.text == "hi");
    CHECK(message.data.form == Data::Form::json);
    CHECK(as_text(message.data.bytes) == "{\"x\":1}");
    CHECK(message.reply_to == 4);
    REQUIRE(message.mentions.size() == 2);
    CHECK(message.mentions[1] == "carol");
    CHECK(message.time_ms == kStart / 1'000);
    CHECK(message.count == 1);
  }
  town.broadcast(room, "from above");
  CHECK(town.rooms.recent(room, kAllChannels, 1, town.now).messages[0].user.empty());
}

TEST_CASE("refusals come in the order of the protocol") {
  Limits limits;
  limits.publishes = {1, 1};
  limits.text_bytes = 4;
  Town town(limits);
  const RoomId room = town.open("r", {.moderated = true, .mute_all = true, .slow_mode_s = 10});
  const SessionIndex alice = town.session("alice", Role::visitor);
  const Outgoing all_wrong{.kind = Kind::notice, .text = "too long", .priority = Priority::high};
  // Each step takes the reason of the refusal before away; the next one shows.
  CHECK(town.publish(room, alice, all_wrong).code == Errc::not_member);
  town.join(room, alice);
  CHECK(town.publish(room, alice, {.channel = "x", .text = "t"}).code == Errc::not_found);
  CHECK(town.publish(room, alice, all_wrong).code == Errc::forbidden);
  const Outgoing plain{.text = "too long"};
  CHECK(town.publish(room, alice, plain).code == Errc::forbidden);  // visitors only read
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "alice", Role::member)));
  CHECK(town.publish(room, alice, {.kind = Kind::notice, .text = "a"}).code == Errc::forbidden);
  CHECK(town.publish(room, alice, {.text = "a", .priority = Priority::high}).code ==
        Errc::forbidden);
  CHECK(town.publish(room, alice, plain).code == Errc::mode_restricted);
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "alice", Role::speaker)));
  CHECK(town.publish(room, alice, plain).code == Errc::mode_restricted);  // mute_all
  RoomPolicy policy = *town.rooms.view(room).policy;
  policy.mute_all = false;
  REQUIRE(static_cast<bool>(town.rooms.set_policy(room, policy, town.now)));
  CHECK(town.publish(room, alice, plain).code == Errc::too_large);
  CHECK(town.publish(room, alice, {.text = "ok"}).code == Errc::ok);
  CHECK(town.publish(room, alice, plain).code == Errc::slow_mode);
  policy.slow_mode_s = 0;
  REQUIRE(static_cast<bool>(town.rooms.set_policy(room, policy, town.now)));
  CHECK(town.publish(room, alice, plain).code == Errc::rate_limited);
  town.wait(Duration::s(1));
  CHECK(town.publish(room, alice, plain).code == Errc::too_large);
  CHECK(town.publish(room, alice, {.text = "ok"}).code == Errc::ok);
  CHECK(town.rooms.view(room).position.offset == 2);
}

TEST_CASE("a message goes to a channel its session is subscribed to") {
  Town town(unlimited());
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  town.join(room, alice, {"gifts"});
  CHECK(town.say(room, alice) == Errc::not_member);
  REQUIRE(static_cast<bool>(town.rooms.subscribe(room, alice, "main")));
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.rooms.open_channel(room, "host", "").value() == 2);
  town.broadcast(room, "x", "host");
  CHECK(town.rooms.commit_publish(room, kNone, {.channel = "no"}, town.now).error().code ==
        Errc::not_found);
}

TEST_CASE("slow mode ends exactly when it says, and binds below moderator only") {
  Town town(unlimited());
  const RoomId room = town.open("r", {.slow_mode_s = 5});
  const SessionIndex alice = town.session("alice");
  const SessionIndex mod = town.session("mod", Role::moderator);
  town.join(room, alice);
  town.join(room, mod);
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.say(room, mod) == Errc::ok);
  CHECK(town.say(room, mod) == Errc::ok);
  town.wait(Duration::ms(1'200));
  const Error refused = town.publish(room, alice, {.text = "x"});
  CHECK(refused.code == Errc::slow_mode);
  CHECK(refused.retry_after_ms == 3'800);
  town.wait({3'799'999});
  CHECK(town.publish(room, alice, {.text = "x"}).retry_after_ms == 1);
  town.wait({1});
  CHECK(town.say(room, alice) == Errc::ok);
}

TEST_CASE("slow mode and rate outlive leaving and coming back, also with a new session") {
  Limits limits;
  limits.publishes = {1, 2};
  Town town(limits);
  const RoomId slow = town.open("slow", {.slow_mode_s = 60});
  const RoomId fast = town.open("fast");
  const SessionIndex alice = town.session("alice");
  town.join(slow, alice);
  town.join(fast, alice);
  CHECK(town.say(slow, alice) == Errc::ok);
  CHECK(town.say(fast, alice) == Errc::ok);
  CHECK(town.say(fast, alice) == Errc::ok);
  town.leave(slow, alice);
  town.leave(fast, alice);
  town.rooms.sign_out(alice);
  const SessionIndex again = town.session("alice");
  town.join(slow, again);
  town.join(fast, again);
  CHECK(town.say(slow, again) == Errc::slow_mode);
  CHECK(town.say(fast, again) == Errc::rate_limited);
  town.wait(Duration::s(60));
  CHECK(town.say(slow, again) == Errc::ok);
}

TEST_CASE("a rate admits its burst, then one per token, and says when") {
  Limits limits;
  limits.publishes = {4, 3};
  Town town(limits);
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex phone = town.session("alice");
  const SessionIndex bob = town.session("bob");
  for (const SessionIndex who : {alice, phone, bob}) town.join(room, who);
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.say(room, phone) == Errc::ok);  // the user's, not the session's
  CHECK(town.say(room, alice) == Errc::ok);
  const Error refused = town.publish(room, phone, {.text = "x"});
  CHECK(refused.code == Errc::rate_limited);
  CHECK(refused.retry_after_ms == 250);
  CHECK(town.say(room, bob) == Errc::ok);
  town.wait(Duration::ms(249));
  CHECK(town.say(room, alice) == Errc::rate_limited);
  town.wait(Duration::ms(1));
  CHECK(town.say(room, alice) == Errc::ok);
  CHECK(town.say(room, alice) == Errc::rate_limited);
  int admitted = 0;
  for (int i = 0; i < 1'000; ++i) {  // ten seconds of trying all the time
    town.wait(Duration::ms(10));
    admitted += town.say(room, alice) == Errc::ok;
  }
  CHECK(admitted == 40);
}

TEST_CASE("a message refused by the host after its check does not begin slow mode") {
  Town town(unlimited());
  const RoomId room = town.open("r", {.slow_mode_s = 60});
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  CHECK(town.rooms.check_publish(room, alice, {.text = "bad word"}, town.now).error.code ==
        Errc::ok);
  CHECK(town.say(room, alice) == Errc::slow_mode);  // still under way
  town.rooms.forgive_publish(room, town.rooms.user_of(alice), town.now, {});
  CHECK(town.say(room, alice) == Errc::ok);
}

TEST_CASE("a late refusal does not undo the slow mode of what was said since") {
  Town town(unlimited());
  const RoomId room = town.open("r", {.slow_mode_s = 1});
  const SessionIndex alice = town.session("alice");
  const SessionIndex desk = town.session("alice");
  town.join(room, alice);
  town.join(room, desk);
  CHECK(town.rooms.check_publish(room, alice, {.text = "hm"}, town.now).error.code == Errc::ok);
  const Instant passed = town.now;
  town.wait(Duration::s(1));
  CHECK(town.say(room, desk) == Errc::ok);
  town.rooms.forgive_publish(room, town.rooms.user_of(alice), passed, {});
  CHECK(town.say(room, desk) == Errc::slow_mode);
}

TEST_CASE("an idempotency key is answered with the first answer for five minutes") {
  Town town;
  const RoomId room = town.open("r", {.slow_mode_s = 600});
  const RoomId other = town.open("other");
  const SessionIndex alice = town.session("alice");
  const SessionIndex bob = town.session("bob");
  for (const SessionIndex who : {alice, bob}) {
    town.join(room, who);
    town.join(other, who);
  }
  const Outgoing gift{.text = "rose", .key = "g-1"};
  CHECK(town.publish(room, alice, gift).code == Errc::ok);
  const Position first = town.last;
  CHECK(town.publish(room, bob, gift).code == Errc::ok);  // another user's key
  CHECK(town.last.offset == 2);
  CHECK(town.publish(other, alice, gift).code == Errc::ok);  // another room's
  CHECK(town.rooms.view(other).position.offset == 1);
  // No mode, rate or slow mode stands before the first answer, nor does a reconnect.
  CHECK(town.publish(room, alice, gift).code == Errc::ok);
  CHECK(town.last == first);
  town.leave(room, alice);
  town.leave(other, alice);
  town.rooms.sign_out(alice);
  const SessionIndex again = town.session("alice");
  town.join(room, again);
  town.wait(Duration::s(299));
  CHECK(town.publish(room, again, gift).code == Errc::ok);
  CHECK(town.last == first);
  CHECK(town.rooms.view(room).position.offset == 2);
  town.wait(Duration::s(301));
  CHECK(town.publish(room, again, gift).code == Errc::ok);
  CHECK(town.last.offset == 3);
}

TEST_CASE("past the bound the oldest key is forgotten, and a failed append frees its key") {
  Limits limits = unlimited();
  limits.keys = 3;
  Town town(limits);
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  for (const char* key : {"a", "b", "c", "d"}) {
    CHECK(town.publish(room, alice, {.text = "x", .key = key}).code == Errc::ok);
  }
  Position first;
  const UserIndex user = town.rooms.user_of(alice);
  CHECK_FALSE(town.rooms.answered(room, user, "a", town.now, first));
  CHECK(town.rooms.answered(room, user, "b", town.now, first));
  CHECK(first.offset == 2);
  town.rooms.forget_key(room, user, "b");
  CHECK_FALSE(town.rooms.answered(room, user, "b", town.now, first));
  CHECK(town.rooms.answered(room, user, "d", town.now, first));
  const std::string long_a(80, 'k');
  const std::string long_b = long_a + "b";
  CHECK(town.publish(room, alice, {.text = "x", .key = long_a}).code == Errc::ok);
  CHECK_FALSE(town.rooms.answered(room, user, long_b, town.now, first));
}

TEST_CASE("the same words again are one message, unless they were refused or forgotten") {
  Limits limits = unlimited();
  limits.keys = 2;
  Town town(limits);
  const RoomId room = town.open("r", {.duplicate_s = 60, .merge_duplicates = true});
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  CHECK(town.say(room, alice, "one") == Errc::ok);
  CHECK(town.say(room, alice, "O n e!") == Errc::ok);
  CHECK(town.last.offset == 1);
  CHECK(town.rooms.view(room).position.offset == 1);
  // Data and kinds of their own are not looked at.
  CHECK(town.publish(room, alice, {.kind = Kind::gift, .text = "one"}).code == Errc::ok);
  CHECK(town.last.offset == 2);
  // What was let through and then refused was not said.
  const PublishVerdict two = town.rooms.check_publish(room, alice, {.text = "two"}, town.now);
  CHECK(two.error.code == Errc::ok);
  CHECK(town.say(room, alice, "two") == Errc::duplicate);  // nobody knows yet where it stands
  town.rooms.forgive_publish(room, town.rooms.user_of(alice), town.now, two.said);
  CHECK(town.say(room, alice, "two") == Errc::ok);
  CHECK(town.last.offset == 3);
  // Two are remembered; the third costs the first.
  CHECK(town.say(room, alice, "three") == Errc::ok);
  CHECK(town.say(room, alice, "two") == Errc::ok);
  CHECK(town.last.offset == 3);
  CHECK(town.say(room, alice, "one") == Errc::ok);
  CHECK(town.last.offset == 5);
  // Said after it was forgotten: it has no place to tell.
  const Outgoing late{.text = "late"};
  const PublishVerdict passed = town.rooms.check_publish(room, alice, late, town.now);
  CHECK(passed.error.code == Errc::ok);
  CHECK(town.say(room, alice, "x") == Errc::ok);
  CHECK(town.say(room, alice, "y") == Errc::ok);
  CHECK(town.rooms.commit_publish(room, town.rooms.user_of(alice), late, town.now));
  town.rooms.place_said(passed.said, 8);
  town.wait(Duration::s(60));
  CHECK(town.say(room, alice, "y") == Errc::ok);
  CHECK(town.last.offset == 9);
}

TEST_CASE("a room that stores first stamps ahead and keeps in order") {
  Town town(unlimited());
  const RoomId room = town.open("r", {.durability = Durability::before});
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  const UserIndex user = town.rooms.user_of(alice);
  const Committed one = *town.rooms.stamp(room, user, {.text = "one"}, 1, town.now);
  const Committed two = *town.rooms.stamp(room, user, {.text = "two"}, 2, town.now);
  CHECK(one.position.offset == 1);
  CHECK(two.position.offset == 2);
  CHECK(town.rooms.view(room).position.offset == 0);
  CHECK(town.rooms.recent(room, kAllChannels, 9, town.now).messages.empty());
  town.rooms.keep(room, one.message, town.now);
  town.rooms.keep(room, two.message, town.now);
  CHECK(texts_of(town.rooms.recent(room, kAllChannels, 9, town.now)) ==
        std::vector<std::string>{"one", "two"});
}

}  // namespace chatroom::room::test
