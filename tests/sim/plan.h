// Plan: what one seed's world is like. Swarm style: each seed switches on only some of the faults
// and draws its own sizes, limits and habits, so that rare combinations come up by themselves.
#pragma once

#include <string>
#include <vector>

#include "chatroom/engine.h"

namespace chatroom::sim {

struct Faults {  // chances in a thousand, for each occasion
  std::uint32_t split = 0;
  std::uint32_t partial = 0;  // a write takes only a part
  std::uint32_t stall = 0;    // the peer stops reading for a while
  std::uint32_t reset = 0;    // the link dies, with all that is on its way
  std::uint32_t corrupt = 0;  // a bit of what the client sent
  std::uint32_t silent = 0;   // the client reads, but says nothing any more
  std::uint32_t hostile = 0;  // deliberate nonsense before authentication
  std::uint32_t dawdle = 0;   // a client that never authenticates, byte by byte
};

struct Habits {  // how often members do what, as weights
  std::uint32_t publish = 40;
  std::uint32_t membership = 8;  // join, leave
  std::uint32_t channels = 0;    // subscribe, unsubscribe, switch
  std::uint32_t ask = 10;        // history, presence
  std::uint32_t direct = 3;      // send_to
  std::uint32_t call = 3;
  std::uint32_t leave_link = 1;  // disconnect, come back
  std::uint32_t flood = 0;       // many commands at once
  // Of what is said, in per cent.
  std::uint32_t latest = 0;
  std::uint32_t fleeting = 0;  // keep = false, or signals
  std::uint32_t keyed = 20;
  std::uint32_t low = 20;
  std::uint32_t high = 5;
  std::uint32_t text_max = 200;
  std::uint32_t think_ms = 400;
};

struct HostHabits {
  std::uint32_t think_ms = 500;
  std::uint32_t burst = 10;  // weights, as above
  std::uint32_t moderate = 10;
  std::uint32_t policy = 5;
  std::uint32_t close_room = 1;
  std::uint32_t late = 10;  // per cent of decisions
  std::uint32_t never = 1;
  std::uint32_t refuse = 5;
  std::uint32_t rewrite = 3;
  bool sanction = false;   // moderators mute, ban, pin
  std::uint32_t echo = 0;  // per cent of events that the observer answers by calling in
};

struct StorageHabits {
  bool on = false;
  std::uint32_t at_once = 0;      // per cent of requests answered from inside them
  std::uint32_t slow = 0;         // per cent that take long
  std::uint32_t slow_us_max = 0;  // and how long
  std::uint32_t fail = 0;         // chances in a thousand
  std::uint32_t late_word = 0;    // per cent of writes that are confirmed later than they hold
  std::uint32_t keeps = 100'000;  // messages of a room
  std::uint32_t crashes = 0;      // of the whole process, which comes back over the same storage
};

struct User {
  std::string id;
  std::string nick;
  std::string info;
  Role role = Role::member;
  bool known = false;  // the host gives its identity at open
  Identity identity() const noexcept { return {id, nick, as_bytes(info), role}; }
};

struct Plan {
  std::uint64_t seed = 0;
  // Who.
  std::uint32_t peers = 8;
  std::uint32_t users = 6;
  std::uint32_t rooms = 2;
  std::uint32_t channels = 1;
  std::uint32_t locals = 1;
  bool tenants = false;  // a stranger, and a share of visits for all others
  Rate house_writes = Rate::unlimited();
  bool desk = false;         // a room whose members use every verb
  std::uint32_t copies = 0;  // a third party gets copies, of which so many may wait
  bool pushes = false;       // and what is said to who is not here
  bool traced = false;       // the first user is
  bool lines = false;        // a room with a line in front, and those who wait there
  std::uint32_t crowd = 0;   // members inside the host, each with a set of channels of its own
  bool witness = true;       // a member of every room that sees all; the exact checks need it
  bool ask_auth = false;     // an Auth port; else an open server
  std::uint32_t known = 50;  // per cent of users whose identity the host gives at open
  bool json_outer = false;   // unusual profiles too
  std::uint32_t message_links = 20;  // per cent of the links that could be
  // The host.
  bool polled = false;
  Duration tick = Duration::ms(20);
  bool group_turns = true;
  Budget budget{};
  std::uint32_t over = 0;  // per cent of questions whether to stop that are answered yes
  bool open_rooms = false;
  bool rules = true;
  bool drain = false;
  bool rush = false;  // everybody comes in the same moment
  bool record = false;
  bool budgeted = false;  // rooms show only so much a second
  bool apart = false;     // and each of their channels
  bool reviewed = false;  // a filter, and moderators for what it holds
  bool shadowed = false;  // moderators mute in the shadow, too
  // Whether what takes a place may be told to its sender alone, without one.
  bool echoes() const noexcept { return budgeted || shadowed; }
  bool deflates = false;  // rooms compress, for members that take it
  // Links.
  std::uint32_t latency_us_max = 20'000;
  bool jitter = true;
  std::uint32_t window_min = 4'096;  // bytes that a link takes before its peer reads
  std::uint32_t window_max = 65'536;
  Faults faults;
  Duration busy = Duration::s(30);  // the part with faults
  Limits limits;
  std::vector<RoomPolicy> policies;  // one for each room
  Habits habits;
  HostHabits host;
  StorageHabits storage;

  // Of a room by its key; those that the host does not know are like the first.
  Durability durability(const std::string& room) const;
  std::string describe() const;
};

Plan draw(std::uint64_t seed);

// For the comparison with and without a stalled member: nothing that such a member may touch.
Plan draw_calm(std::uint64_t seed);

}  // namespace chatroom::sim
