// Coming, going, channels, roles, limits, rooms that close.
#include "room/permission.h"
#include "unit/room/town.h"

namespace chatroom::room::test {

using Texts = std::vector<std::string>;

TEST_CASE("only a user's first session in a room announces it, and only its last leaves") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex phone = town.session("alice");
  const SessionIndex desk = town.session("alice");
  CHECK(town.join(room, phone).first);
  CHECK_FALSE(town.join(room, desk).first);
  CHECK(town.rooms.view(room).users == 1);
  CHECK(town.rooms.view(room).sessions == 2);
  CHECK_FALSE(town.rooms.leave(room, phone, town.now)->last);
  const Result<Left> left = town.rooms.leave(room, desk, town.now);
  CHECK(left->last);
  CHECK(left->user == town.rooms.find_user("alice"));
  CHECK(town.rooms.leave(room, desk, town.now).error().code == Errc::not_member);
  CHECK(town.rooms.view(room).users == 0);
}

TEST_CASE("a join is refused for the stated reasons and then changes nothing") {
  Limits limits;
  limits.rooms_per_session = 2;
  limits.channels_per_room = 3;
  limits.memberships = 4;
  Town town(limits);
  const RoomId small = town.open("small", {.max_members = 2});
  const SessionIndex a = town.session("a");
  const SessionIndex b = town.session("b");
  const SessionIndex c = town.session("c");
  const SessionIndex boss = town.session("boss", Role::admin);
  CHECK(town.rooms.join({9, 9}, a, {}, town.now).error().code == Errc::not_found);
  CHECK(town.refused_join(small, 4'000) == Errc::unauthorized);
  CHECK(town.refused_join(small, a, {"bad\nname"}) == Errc::bad_request);
  CHECK(town.refused_join(small, a, {""}) == Errc::bad_request);
  town.join(small, a);
  CHECK(town.refused_join(small, a) == Errc::already_member);
  town.join(small, b);
  CHECK(town.refused_join(small, c) == Errc::room_full);
  CHECK(town.rooms.view(small).users == 2);
  CHECK(town.join(small, boss).first);
  CHECK(town.rooms.view(small).users == 3);

  const RoomId second = town.open("second");
  const RoomId third = town.open("third");
  CHECK(town.refused_join(second, c, {"x", "y", "z", "main"}) == Errc::limit_reached);
  CHECK(town.rooms.channel(second, "x") == kNone);
  town.join(second, a);
  CHECK(town.refused_join(third, a) == Errc::limit_reached);  // rooms of one session
  CHECK(town.refused_join(third, c) == Errc::limit_reached);  // memberships in all
  town.leave(second, a);
  CHECK(town.refused_join(third, c) == Errc::ok);
}

TEST_CASE("a second session of a user fits into a full room") {
  Town town;
  const RoomId room = town.open("r", {.max_members = 1});
  town.join(room, town.session("alice"));
  CHECK_FALSE(town.join(room, town.session("alice")).first);
  CHECK(town.refused_join(room, town.session("bob")) == Errc::room_full);
}

TEST_CASE("channels are opened by naming them, by members but not by visitors") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex guest = town.session("guest", Role::visitor);
  const Joined joined = town.join(room, alice, {"main", "gifts", "gifts"});
  CHECK(joined.mask == 0b11u);
  CHECK(joined.state_changed);
  CHECK(town.rooms.channel(room, "gifts") == 1);
  CHECK(town.refused_join(room, guest, {"secret"}) == Errc::forbidden);
  const Joined visitor = town.join(room, guest, {"gifts"});
  CHECK(visitor.mask == 0b10u);
  CHECK_FALSE(visitor.state_changed);

  const Result<Subscribed> subscribed = town.rooms.subscribe(room, alice, "team");
  CHECK(subscribed->mask == 0b111u);
  CHECK(subscribed->state_changed);
  CHECK(town.rooms.subscribe(room, alice, "team")->mask == 0b111u);
  CHECK(town.rooms.unsubscribe(room, alice, "main")->mask == 0b110u);
  CHECK(town.rooms.unsubscribe(room, alice, "nowhere").error().code == Errc::not_found);
  CHECK(town.rooms.switch_channel(room, guest, "gifts", "team")->mask == 0b100u);
  CHECK(town.rooms.switch_channel(room, guest, "nowhere", "main").error().code == Errc::not_found);
  CHECK(town.rooms.subscribe(room, guest, "own").error().code == Errc::forbidden);
  CHECK(town.rooms.subscribe(room, town.session("x"), "main").error().code == Errc::not_member);
  CHECK(town.rooms.channel_name(room, 2) == "team");

  const RoomState state = town.rooms.state(room);
  REQUIRE(state.channels.size() == 3);
  CHECK(state.channels[0].name == "main");
  CHECK(state.channels[1].name == "gifts");
  CHECK(state.channels[1].creator == "alice");
  CHECK(state.channels[1].state == "open");
  CHECK(state.creator == "creator");
  CHECK(state.created_ms == kStart / 1'000);
}

TEST_CASE("a room has 32 channels and not one more") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  for (int i = 1; i < 32; ++i) {
    REQUIRE(static_cast<bool>(town.rooms.subscribe(room, alice, "c" + std::to_string(i))));
  }
  CHECK(town.rooms.subscribe(room, alice, "c32").error().code == Errc::limit_reached);
  CHECK(town.rooms.view(town.rooms.membership(room, alice)).mask == kAllChannels);
}

TEST_CASE("walks go by order of joining and of arrival under any hash key") {
  std::vector<std::vector<SessionIndex>> seen;
  for (const HashKey key : {HashKey{1, 2}, HashKey{77, 991}}) {
    Town town({}, key);
    const RoomId room = town.open("r");
    const RoomId other = town.open("other");
    for (int i = 0; i < 60; ++i) {
      const SessionIndex session = town.session("user" + std::to_string(i * 7 % 20));
      town.join(room, session);
      if (i % 3 == 0) town.join(other, session);
    }
    for (SessionIndex i = 0; i < 60; i += 4) town.leave(room, i);
    std::vector<SessionIndex> order;
    for (MembershipIndex at = town.rooms.first_of_room(room); at != kNone;
         at = town.rooms.next_of_room(at)) {
      order.push_back(town.rooms.view(at).session);
    }
    CHECK(order.size() == 45);
    seen.push_back(order);
    const MembershipIndex first = town.rooms.first_of_session(3);
    CHECK(town.rooms.view(first).room == room);
    CHECK(town.rooms.view(town.rooms.next_of_session(first)).room == other);
    const UserIndex user = town.rooms.user_of(1);
    std::vector<SessionIndex> mine;
    for (MembershipIndex at = town.rooms.first_of_user(room, user); at != kNone;
         at = town.rooms.next_of_user(at)) {
      mine.push_back(town.rooms.view(at).session);
    }
    CHECK(mine == std::vector<SessionIndex>{1, 21, 41});
  }
  CHECK(seen[0] == seen[1]);
}

TEST_CASE("a user's newest sign-in gives nick, info and role; sessions stand by age") {
  Town town;
  const SessionIndex first = town.session("alice", Role::member, "Al", "{\"level\":1}");
  const SessionIndex second = town.session("alice", Role::admin, "Alice!");
  const UserIndex user = town.rooms.find_user("alice");
  CHECK(town.rooms.user(user).nick == "Alice!");
  CHECK(town.rooms.user(user).info.empty());
  CHECK(town.rooms.user(user).sessions == 2);
  CHECK(town.rooms.first_session(user) == first);
  CHECK(town.rooms.next_session(first) == second);
  town.rooms.sign_out(first);
  CHECK(town.rooms.first_session(user) == second);
  town.rooms.sign_out(second);
  CHECK(town.rooms.find_user("alice") == kNone);
  const Result<UserIndex> bad = town.rooms.sign_in(9, {.user = std::string(65, 'x')});
  CHECK(bad.error().code == Errc::bad_request);
}

TEST_CASE("id, nick and info of any length stand beside each other") {
  Town town;
  const std::string id(64, 'i'), nick(64, 'n'), info(256, '{');
  const SessionIndex first = town.session(id, Role::member, nick, info);
  const UserIndex user = town.rooms.user_of(first);
  CHECK(town.rooms.user(user).id == id);
  CHECK(town.rooms.user(user).nick == nick);
  CHECK(as_text(town.rooms.user(user).info) == info);
  const std::string_view before = town.rooms.user(user).id;
  const SessionIndex again = town.session(id, Role::member, nick, info);
  CHECK(town.rooms.user(user).id.data() == before.data());  // nothing differs: its views hold
  const SessionIndex plain = town.session(id, Role::member, id, "x");
  CHECK(town.rooms.user(user).id == id);
  CHECK(town.rooms.user(user).nick == id);
  CHECK(as_text(town.rooms.user(user).info) == "x");
  CHECK(town.rooms.find_user(id) == user);
  for (const SessionIndex session : {first, again, plain}) town.rooms.sign_out(session);
}

TEST_CASE("without memory a member is neither tagged nor heard") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  const MemberIndex member = town.rooms.member(room, town.rooms.user_of(alice));
  town.heap.dry = true;
  CHECK(town.rooms.set_tag(member, 0));
  CHECK_FALSE(town.rooms.set_tag(member, 7));
  CHECK(town.rooms.tag(member) == 0);
  CHECK(town.rooms.check_publish(room, alice, {.text = "hi"}, town.now).error.code ==
        Errc::limit_reached);
  town.heap.dry = false;
  CHECK(town.rooms.set_tag(member, 7));
  CHECK(town.rooms.tag(member) == 7);
  CHECK(town.say(room, alice) == Errc::ok);
}

TEST_CASE("the permission table says what the ranks say") {
  // The lowest role that may, written down a second time, in the order of Operation.
  const Role lowest[] = {Role::visitor,   Role::visitor,   Role::member,    Role::speaker,
                         Role::moderator, Role::moderator, Role::moderator, Role::moderator,
                         Role::admin,     Role::member,    Role::admin,     Role::visitor,
                         Role::moderator, Role::moderator, Role::moderator, Role::visitor,
                         Role::moderator, Role::moderator, Role::moderator, Role::moderator,
                         Role::moderator, Role::moderator, Role::admin,     Role::admin,
                         Role::owner,     Role::admin,     Role::moderator, Role::speaker,
                         Role::speaker,   Role::moderator, Role::moderator, Role::admin};
  REQUIRE(std::size(lowest) == static_cast<std::size_t>(kOperationCount));
  for (int operation = 0; operation < kOperationCount; ++operation) {
    for (int role = 0; role < kRoleCount; ++role) {
      INFO("operation " << operation << ", role " << role);
      CHECK(may(static_cast<Role>(role), static_cast<Operation>(operation)) ==
            (static_cast<Role>(role) >= lowest[operation]));
    }
  }
}

TEST_CASE("only a higher rank acts on a lower, never on its equal") {
  for (int actor = 0; actor < kRoleCount; ++actor) {
    for (int target = 0; target < kRoleCount; ++target) {
      CHECK(outranks(static_cast<Role>(actor), static_cast<Role>(target)) == (actor > target));
    }
  }
  CHECK(may_set_role(Role::admin, Role::member, Role::moderator));
  CHECK_FALSE(may_set_role(Role::admin, Role::member, Role::admin));
  CHECK_FALSE(may_set_role(Role::admin, Role::owner, Role::member));
  CHECK_FALSE(may_set_role(Role::moderator, Role::member, Role::visitor));
}

TEST_CASE("owner, admin and member outlive a leave; moderator and speaker do not") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const UserIndex user = town.rooms.user_of(alice);
  town.join(room, alice);
  CHECK(town.rooms.set_role(room, "alice", Role::moderator)->from == Role::member);
  CHECK(town.rooms.role(room, user) == Role::moderator);
  town.leave(room, alice);
  CHECK(town.rooms.role(room, user) == Role::visitor);
  CHECK(town.join(room, alice).role == Role::member);
  CHECK(town.rooms.set_role(room, "alice", Role::admin)->present);
  town.leave(room, alice);
  CHECK(town.join(room, alice).role == Role::admin);

  // Somebody who is not here, and not even signed in.
  CHECK(town.rooms.set_role(room, "bob", Role::speaker).error().code == Errc::not_found);
  CHECK_FALSE(town.rooms.set_role(room, "bob", Role::owner)->present);
  CHECK(town.rooms.find_user("bob") == kNone);
  CHECK(town.join(room, town.session("bob")).role == Role::owner);
  CHECK(town.join(town.open("other"), alice).role == Role::member);
}

TEST_CASE("the policy's owner owns whenever it joins; else the first to join may") {
  Town town;
  const RoomId named = town.open("named", {.first_join_owns = true, .owner = "boss"});
  CHECK(town.join(named, town.session("early")).role == Role::member);
  const SessionIndex boss = town.session("boss");
  CHECK(town.join(named, boss).role == Role::owner);
  RoomPolicy policy = *town.rooms.view(named).policy;
  policy.owner = "early";
  REQUIRE(static_cast<bool>(town.rooms.set_policy(named, policy, town.now)));
  CHECK(town.rooms.role(named, town.rooms.find_user("early")) == Role::owner);

  const RoomId open = town.open("open", {.first_join_owns = true});
  const SessionIndex first = town.session("first");
  CHECK(town.join(open, first).role == Role::owner);
  CHECK(town.join(open, town.session("second")).role == Role::member);
  town.leave(open, first);
  CHECK(town.join(open, town.session("third")).role == Role::member);
  CHECK(town.join(open, first).role == Role::owner);
}

TEST_CASE("lasting roles have a bound, and taking one back makes room") {
  Limits limits;
  limits.lasting_roles = 18;
  Town town(limits);
  const RoomId room = town.open("r");
  for (int i = 0; i < 18; ++i) {
    REQUIRE(static_cast<bool>(town.rooms.set_role(room, "u" + std::to_string(i), Role::admin)));
  }
  CHECK(town.rooms.set_role(room, "late", Role::admin).error().code == Errc::limit_reached);
  // Visitor takes it away, of somebody who is not in too.
  CHECK(static_cast<bool>(town.rooms.set_role(room, "u7", Role::visitor)));
  CHECK(town.rooms.set_role(room, "u7", Role::visitor).error().code == Errc::not_found);
  CHECK(town.rooms.set_role(room, "nobody", Role::visitor).error().code == Errc::not_found);
  CHECK(static_cast<bool>(town.rooms.set_role(room, "late", Role::admin)));
  town.rooms.close(room);
  const RoomId again = town.open("r");
  CHECK(static_cast<bool>(town.rooms.set_role(again, "late", Role::admin)));
}

TEST_CASE("lasting roles are found among however many are there") {
  constexpr int kThere = 8'500;
  Limits limits;
  limits.sessions = 10'000;
  limits.joins_in_all = Rate::unlimited();
  Town town(limits);
  const RoomId room = town.open("r", {.first_join_owns = true});
  const auto lasting = [&] {
    std::string found;
    CHECK(town.rooms.each_lasting(
        room,
        [](void* context, std::string_view user, Role role) {
          *static_cast<std::string*>(context) +=
              std::string(user) + " " + std::string(name_of(role)) + ", ";
          return true;
        },
        &found));
    return found;
  };
  const SessionIndex boss = town.session("boss");
  town.join(room, boss);
  for (int i = 0; i < kThere; ++i) town.join(room, town.session("u" + std::to_string(i)));
  REQUIRE(static_cast<bool>(town.rooms.invite(room, "u8400")));
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "away", Role::admin)));
  town.leave(room, boss);
  town.join(room, boss);  // behind all others
  CHECK(town.rooms.owned(room));
  CHECK(lasting() == "away admin, boss owner, u8400 member, ");
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "boss", Role::visitor)));
  CHECK(lasting() == "away admin, u8400 member, ");
  CHECK(town.rooms.owned(room));
}

TEST_CASE("rooms are found by key, walked by age, and stale ids are not found") {
  Town town;
  const RoomId a = town.open("a");
  const RoomId b = town.open("b");
  const RoomId c = town.open("c");
  CHECK(town.rooms.open("b", {}, "", town.now).error().code == Errc::already_member);
  CHECK(town.rooms.open("", {}, "", town.now).error().code == Errc::bad_request);
  CHECK(town.rooms.open(std::string(129, 'k'), {}, "", town.now).error().code == Errc::bad_request);
  CHECK(town.rooms.find("b") == b);
  const SessionIndex alice = town.session("alice");
  town.join(b, alice, {"main", "x"});
  town.rooms.close(b);
  CHECK_FALSE(town.rooms.is_open(b));
  CHECK_FALSE(static_cast<bool>(town.rooms.find("b")));
  CHECK(town.rooms.first_of_session(alice) == kNone);
  CHECK(town.rooms.next_room(a) == c);
  const std::uint64_t epoch = town.rooms.view(a).position.epoch;
  CHECK(epoch != town.rooms.view(c).position.epoch);
  CHECK(epoch_from(epoch_text(epoch).view()) == epoch);
  CHECK(epoch_text(0xab).view() == "00000000000000ab");
  CHECK(epoch_from("00000000000000AB") == 0);
  CHECK(epoch_from("ab") == 0);
  town.rooms.sign_out(alice);
}

TEST_CASE("a room is due to close when nobody was in it for its idle time") {
  Town town;
  const RoomId kept = town.open("kept", {.idle_close = Duration{0}});
  const RoomId brief = town.open("brief", {.idle_close = Duration::s(5)});
  const RoomId lasting = town.open("lasting", {.idle_close = Duration::s(9)});
  CHECK(town.rooms.next_idle_deadline() == town.now + Duration::s(5));
  const SessionIndex alice = town.session("alice");
  town.join(brief, alice);
  CHECK(town.rooms.next_idle_deadline() == town.now + Duration::s(9));
  town.wait(Duration::s(8));
  CHECK_FALSE(static_cast<bool>(town.rooms.idle_room(town.now)));
  town.leave(brief, alice);
  town.wait(Duration::s(1));
  CHECK(town.rooms.idle_room(town.now) == lasting);
  town.rooms.close(lasting);
  town.wait(Duration::s(3));
  CHECK_FALSE(static_cast<bool>(town.rooms.idle_room(town.now)));
  town.wait(Duration::s(1));
  CHECK(town.rooms.idle_room(town.now) == brief);
  town.rooms.close(brief);
  CHECK(town.rooms.next_idle_deadline() == Instant::never());
  CHECK(town.rooms.is_open(kept));
}

TEST_CASE("set_policy tells what clients can see of the change") {
  Town town;
  const RoomId room = town.open("r");
  RoomPolicy policy;
  policy.history_age = Duration::s(10);
  CHECK_FALSE(town.rooms.set_policy(room, policy, town.now)->visible);
  policy.slow_mode_s = 5;
  const Result<PolicyChange> change = town.rooms.set_policy(room, policy, town.now);
  CHECK(change->visible);
  CHECK(change->state.has_policy);
  CHECK(change->state.slow_mode_s == 5);
  CHECK(town.rooms.state(room).slow_mode_s == 5);
}

TEST_CASE("a tag belongs to a stay in a room and starts anew") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  town.join(room, alice);
  const MemberIndex member = town.rooms.member(room, town.rooms.user_of(alice));
  town.rooms.set_tag(member, 99);
  CHECK(town.rooms.tag(member) == 99);
  town.leave(room, alice);
  CHECK(town.rooms.member(room, town.rooms.user_of(alice)) == kNone);
  town.join(room, alice);
  CHECK(town.rooms.tag(town.rooms.member(room, town.rooms.user_of(alice))) == 0);
}

TEST_CASE("a busy steady state takes no memory and stays under the plan") {
  Limits limits;
  limits.history_pool_bytes = 256 * 1024;
  limits.keys = 512;
  Town town(limits);
  std::vector<RoomId> rooms;
  for (int i = 0; i < 8; ++i) rooms.push_back(town.open("r" + std::to_string(i)));
  for (int i = 0; i < 100; ++i) town.session("u" + std::to_string(i));
  std::size_t calls = 0;
  for (int round = 0; round < 400; ++round) {
    for (SessionIndex who = 0; who < 100; ++who) {
      const RoomId room = rooms[(who + static_cast<unsigned>(round)) % 8];
      if (town.rooms.membership(room, who) == kNone) {
        town.join(room, who, {"main", "side"});
      } else {
        static_cast<void>(town.publish(
            room, who, {.text = "some words", .key = std::to_string(round * 1'000 + int(who))}));
        if (round % 3 == 0) town.leave(room, who);
      }
    }
    while (const RoomId room = town.rooms.next_presence(town.now)) {
      static_cast<void>(town.rooms.take_presence(room, town.now));
    }
    town.wait(Duration::ms(700));
    if (round == 250) calls = town.heap.calls;
  }
  CHECK(town.heap.calls == calls);
  CHECK(town.heap.peak <= plan_registry(limits).total());
}

TEST_CASE("every allocation may fail once and only the call that needed it is refused") {
  for (std::size_t fail = 0; fail < 60; ++fail) {
    chatroom::test::Heap heap;
    struct Failing final : Memory {
      explicit Failing(Memory& under) : heap(under) {}
      void* allocate(std::size_t size, std::size_t align) noexcept override {
        return left-- == 0 ? nullptr : heap.allocate(size, align);
      }
      void release(void* block, std::size_t size, std::size_t align) noexcept override {
        heap.release(block, size, align);
      }
      Memory& heap;
      std::size_t left = 0;
    } failing(heap);
    failing.left = fail;
    Registry rooms;
    if (!rooms.init(failing, {}, {1, 2}, 3)) continue;
    const Instant now{kStart};
    for (std::uint32_t i = 0; i < 40; ++i) {
      const std::string name = "user" + std::to_string(i);
      if (!rooms.sign_in(i, {.user = name, .nick = "nick" + name})) continue;
      RoomId room = rooms.find("r" + std::to_string(i % 4));
      if (!room) {
        const Result<RoomId> opened = rooms.open("r" + std::to_string(i % 4), {}, name, now);
        if (!opened) continue;
        room = *opened;
      }
      const std::string_view channels[] = {"main", "side"};
      if (!rooms.join(room, i, channels, now)) continue;
      const Outgoing message{.text = "hello", .key = name};
      if (rooms.check_publish(room, i, message, now).error.code != Errc::ok) continue;
      REQUIRE(static_cast<bool>(rooms.commit_publish(room, rooms.user_of(i), message, now)));
    }
    for (std::uint32_t i = 0; i < 40; ++i) {
      while (rooms.first_of_session(i) != kNone) {
        const RoomId room = rooms.view(rooms.first_of_session(i)).room;
        REQUIRE(static_cast<bool>(rooms.leave(room, i, now)));
      }
      rooms.sign_out(i);
    }
    CHECK(rooms.find_user("user1") == kNone);
  }
}

}  // namespace chatroom::room::test
