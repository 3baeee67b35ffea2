#include "option_table.h"

#include <algorithm>
#include <charconv>

namespace chatd {
namespace {

using chatroom::Duration;
using chatroom::Rate;
using Text = const std::string&;

template <class Integer>
std::string set_number(Text value, Integer& out, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stopped != end || number < least || number > most) {
    return "must be a number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  out = static_cast<Integer>(number);
  return {};
}

std::string set_seconds(Text value, Duration& out, std::uint64_t least) {
  std::int64_t seconds = 0;
  std::string error = set_number(value, seconds, least, 1'000'000);
  if (error.empty()) out = Duration::s(seconds);
  return error;
}

// A rate's burst is twice what passes in a second.
std::string set_rate(Text value, Rate& out) {
  std::uint32_t rate = 0;
  std::string error = set_number(value, rate, 0, 1'000'000);
  if (error.empty()) out = rate == 0 ? Rate::unlimited() : Rate{rate, rate * 2};
  return error;
}

std::string set_kib_rate(Text value, Rate& out) {
  std::uint32_t rate = 0;
  std::string error = set_number(value, rate, 0, 100'000);
  if (error.empty()) out = rate == 0 ? Rate::unlimited() : Rate{rate * 1024, rate * 4 * 1024};
  return error;
}

std::string set_switch(Text value, bool& out) {
  if (value != "true" && value != "false") return "must be true or false";
  out = value == "true";
  return {};
}

// "HOST:PORT", ":PORT" and "PORT" (loopback), "[::1]:PORT", "localhost:PORT".
std::string add_address(Text value, std::vector<Address>& out) {
  Address address{"127.0.0.1", 0};
  std::string port = value;
  if (const std::size_t colon = value.rfind(':'); colon != value.npos) {
    port = value.substr(colon + 1);
    std::string host = value.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    if (!host.empty() && host != "localhost") address.host = host;
  }
  if (!set_number(port, address.port, 0, 65'535).empty()) return "must be HOST:PORT";
  out.push_back(address);
  return {};
}

std::string set_level(Text value, chatroom::LogLevel& out) {
  const char* words[] = {"debug", "info", "warning", "error"};
  for (int i = 0; i < 4; ++i) {
    if (value != words[i]) continue;
    out = static_cast<chatroom::LogLevel>(i);
    return {};
  }
  return "must be debug, info, warning or error";
}

// "acme" or "acme,rooms=100,writes=5000"; what is not named has no bound of its own.
std::string add_tenant(Text value, Options& options) {
  NamedTenant tenant;
  chatroom::TenantPolicy& policy = tenant.policy;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find(',', at), value.size());
    const std::string part = value.substr(at, end - at);
    const std::size_t sign = part.find('=');
    const std::string key = part.substr(0, sign);
    const std::string number = sign == part.npos ? std::string() : part.substr(sign + 1);
    std::string error;
    if (at == 0) {
      tenant.name = part;
      if (part.empty() || part.size() > chatroom::kTenantBytes || part.find('/') != part.npos) {
        error = "must begin with a name of 1 to 32 bytes without a /";
      }
    } else if (key == "rooms") {
      error = set_number(number, policy.rooms, 1, 100'000'000);
    } else if (key == "sessions") {
      error = set_number(number, policy.sessions, 1, 100'000'000);
    } else if (key == "memberships") {
      error = set_number(number, policy.memberships, 1, 100'000'000);
    } else if (key == "history-kib") {
      error = set_number(number, policy.history_bytes, 1, 100'000'000);
      policy.history_bytes *= 1024;
    } else if (key == "commands" || key == "publishes" || key == "writes") {
      Rate& rate = key == "commands"    ? policy.commands
                   : key == "publishes" ? policy.publishes
                                        : policy.writes;
      error = set_rate(number, rate);
      if (key == "writes" && rate.limited()) rate.burst = std::max(rate.per_second / 100, 64u);
    } else {
      error = "knows rooms, sessions, memberships, history-kib, commands, publishes and writes";
    }
    if (!error.empty()) return error;
    at = end + 1;
  }
  options.tenants.push_back(std::move(tenant));
  options.limits.tenants = static_cast<std::uint32_t>(options.tenants.size());
  return {};
}

// "lounge" is for everybody, "crew=moderator" for that rank and above.
std::string add_channel(Text value, Options& options) {
  const std::size_t sign = value.rfind('=');
  NamedChannel channel{value.substr(0, sign), chatroom::Role::visitor};
  if (channel.name.empty() || channel.name.size() > 64 || channel.name == "main") {
    return "must be a name of 1 to 64 bytes, not main";
  }
  if (sign != value.npos) {
    const std::string role = value.substr(sign + 1);
    for (const chatroom::Role known :
         {chatroom::Role::visitor, chatroom::Role::member, chatroom::Role::speaker,
          chatroom::Role::moderator, chatroom::Role::admin}) {
      if (role == chatroom::name_of(known)) channel.access = known;
    }
    if (role != chatroom::name_of(channel.access)) {
      return "must have visitor, member, speaker, moderator or admin behind the =";
    }
  }
  if (options.channels.size() == 16) return "may be given 16 times";
  options.channels.push_back(std::move(channel));
  return {};
}

std::string set_name(Text value, std::string& out) {
  if (value.empty() || value.size() > 64) return "must have 1 to 64 bytes";
  out = value;
  return {};
}

std::string set_text(Text value, std::string& out) {
  if (value.empty()) return "must not be empty";
  out = value;
  return {};
}

constexpr std::uint64_t kMany = 100'000'000;

const Option kTable[] = {
    {"ws", "HOST:PORT",
     "Listen for browsers: the page, /chat (WebSocket), /healthz and /metrics.\n"
     "May be given several times. Without --ws and --tcp: 127.0.0.1:8080.",
     [](Options& o, Text v) { return add_address(v, o.ws); }},
    {"tcp", "HOST:PORT",
     "Listen for native clients (FlatBuffers frames). May be given several times.",
     [](Options& o, Text v) { return add_address(v, o.tcp); }},
    {"open", nullptr,
     "No authentication: everybody is who he says, any room may be opened. Only on\n"
     "loopback addresses, unless --open-any-address.",
     [](Options& o, Text v) { return set_switch(v, o.open); }},
    {"open-any-address", nullptr, "Let an open server listen on addresses that others can reach.",
     [](Options& o, Text v) { return set_switch(v, o.open_any_address); }},
    {"owner", "NAME", "This user owns every room. Without it the first to join an open room does.",
     [](Options& o, Text v) { return set_name(v, o.owner); }},
    {"unlimited", nullptr,
     "No rates, no counts per address or per user, no cap on half-open sessions, no\n"
     "merging or sampling: for load tests. Sizes, deadlines and windows stay.",
     [](Options& o, Text v) { return set_switch(v, o.unlimited); }},
    {"config", "FILE",
     "Read options from FILE: lines `name = value`, # begins a comment.\n"
     "What is given after it on the command line wins.",
     nullptr},
    {"log-level", "LEVEL", "debug, info, warning or error. Default info. Lines go to stderr.",
     [](Options& o, Text v) { return set_level(v, o.log_level); }},
    {"log-per-s", "N",
     "Lines of the log in a second, warnings and errors apart from others; 0: no limit. How many\n"
     "were left out is told. Default 1,000.",
     [](Options& o, Text v) { return set_number(v, o.log_per_s, 0, 1'000'000); }},
    {"record", "FILE", "Write every input of the engine to FILE, for replay_log.",
     [](Options& o, Text v) { return set_text(v, o.record); }},
    {"words", "FILE",
     "Look for these words in what is said, one a line: masked; after ? held for a\n"
     "moderator, after ! refused; *word* is found inside others too.",
     [](Options& o, Text v) { return set_text(v, o.words); }},
    {"audit", "FILE", "Append what moderators do to FILE, one JSON object a line.",
     [](Options& o, Text v) { return set_text(v, o.audit); }},
    {"tenant", "NAME[,KEY=N...]",
     "Users and rooms whose names begin with NAME/ are apart from all others. KEY: rooms,\n"
     "sessions, memberships, history-kib; a second: commands, publishes, writes.\n"
     "May be given several times; budgets hold for each thread.",
     [](Options& o, Text v) { return add_tenant(v, o); }},
    {"sessions", "FILE",
     "Append to FILE who signs in and goes, and who joins and leaves rooms, one JSON object a\n"
     "line.",
     [](Options& o, Text v) { return set_text(v, o.sessions); }},
    {"sessions-per-s", "N",
     "Lines that each thread writes to the file of --sessions in a second; 0: no limit. Past it\n"
     "a line {\"time\":...,\"lost\":N} says how many are missing. Default 10,000.",
     [](Options& o, Text v) { return set_number(v, o.sessions_per_s, 0, 1'000'000); }},
    {"copies", "FILE",
     "Append to FILE a copy of each kept message, direct message, join, leave and act of\n"
     "moderation, one JSON object a line, from a thread of its own. What that is too slow for\n"
     "is left out and counted.",
     [](Options& o, Text v) { return set_text(v, o.copies); }},
    {"trace", "FILE",
     "Log what the users named in FILE, one a line, do and are told. FILE is looked at again\n"
     "when it changes. At most 8 at a time.",
     [](Options& o, Text v) { return set_text(v, o.trace); }},
    {"profiles", "FILE",
     "Show of users what FILE says, lines {\"user\":\"ann\",\"data\":{\"about\":\"likes cats\"}}: "
     "at\n"
     "most 1,024 bytes of data each, 100,000 users. FILE is looked at again when it changes.",
     [](Options& o, Text v) { return set_text(v, o.profiles); }},
    {"blocks", "FILE",
     "Keep in FILE whom people have blocked, and who takes whispers of friends only. Without it\n"
     "that ends with the process.",
     [](Options& o, Text v) { return set_text(v, o.blocks); }},
    {"inspect", nullptr,
     "Serve /inspect: the ten rooms that cost most, and the last refusals. It names users:\n"
     "do not let the world reach it.",
     [](Options& o, Text v) { return set_switch(v, o.inspect); }},
    {"password-mib", "N",
     "Memory that checking the password of a room takes, one at a time on each thread.\n"
     "Default 19.",
     [](Options& o, Text v) { return set_number(v, o.password_mib, 1, 1024); }},
    {"threads", "N",
     "One engine on each of N threads (at most 64); rooms span them. Sessions are shared\n"
     "out evenly; counts per address and per user hold for each thread. Default 1.",
     [](Options& o, Text v) { return set_number(v, o.threads, 1, 64); }},
    {"drain-s", "N",
     "On SIGTERM or SIGINT sessions are told to reconnect and closed over N seconds.\n"
     "Default 5. A second signal ends at once.",
     [](Options& o, Text v) { return set_number(v, o.drain_s, 0, 3'600); }},
    {"origin", "ORIGIN",
     "Let pages of this origin (https://example.org) connect too; * for any.\n"
     "May be given several times. Pages of the server's own host always may.",
     [](Options& o, Text v) { return o.origins.push_back(v), std::string(); }},
    {"web-root", "DIR", "Serve the page's files from DIR instead of the built-in ones.",
     [](Options& o, Text v) { return set_text(v, o.web_root); }},
    {"max-sessions", "N", "Sessions at a time; more get 503. Default 65536.",
     [](Options& o, Text v) { return set_number(v, o.limits.sessions, 1, 2'000'000); }},
    {"max-rooms", "N", "Rooms at a time. Default 16384.",
     [](Options& o, Text v) { return set_number(v, o.limits.rooms, 1, 1'000'000); }},
    {"max-members", "N", "Users in one room; 0: no cap. Default 0.",
     [](Options& o, Text v) { return set_number(v, o.policy.max_members, 0, kMany); }},
    {"line", "N", "How many may wait in front of a full room. Default 200.",
     [](Options& o, Text v) { return set_number(v, o.policy.line_length, 0, 1'000); }},
    {"hands", "N", "How many may wait to be let speak in a room. Default 50.",
     [](Options& o, Text v) { return set_number(v, o.policy.hands, 0, 1'000); }},
    {"channel", "NAME[=ROLE]",
     "Each new room has this channel beside main; with a role it is for that rank and above:\n"
     "visitor, member, speaker, moderator, admin. May be given 16 times.",
     [](Options& o, Text v) { return add_channel(v, o); }},
    {"likes", nullptr, "Count likes in new rooms, as is the default; --likes=false: do not.",
     [](Options& o, Text v) { return set_switch(v, o.policy.likes); }},
    {"receipts", nullptr,
     "Members of new rooms may say up to where they have read; the page then shows what is new\n"
     "since the last visit, and how many have read a message.",
     [](Options& o, Text v) { return set_switch(v, o.policy.receipts); }},
    {"half-open", "N", "Sessions that did not say yet who they are. Default 1024.",
     [](Options& o, Text v) { return set_number(v, o.limits.half_open, 1, 2'000'000); }},
    {"sessions-per-user", "N", "Above it the oldest is closed; 0: no cap. Default 8.",
     [](Options& o, Text v) { return set_number(v, o.limits.sessions_per_user, 0, kMany); }},
    {"connections-per-address", "N",
     "Sockets of one address (IPv6: one /64), loopback excepted. Default 64.",
     [](Options& o, Text v) { return set_number(v, o.connections_per_address, 1, kMany); }},
    {"opens-per-address", "N", "New sockets a second of one address, burst twice that. Default 10.",
     [](Options& o, Text v) { return set_number(v, o.opens_per_address, 1, kMany); }},
    {"publishes-per-s", "N",
     "Messages of one user in one room, four times that in all; 0: no limit. Default 5.",
     [](Options& o, Text v) {
       std::string error = set_rate(v, o.limits.publishes);
       const Rate rate = o.limits.publishes;
       o.limits.user_publishes =
           rate.limited() ? Rate{4 * rate.per_second, 4 * rate.burst} : Rate::unlimited();
       return error;
     }},
    {"room-publishes-per-s", "N", "Messages of all members of a room; 0: no limit. Default 2000.",
     [](Options& o, Text v) { return set_rate(v, o.limits.room_publishes); }},
    {"joins-in-all-per-s", "N", "Joins of all clients; 0: no limit. Default 10000.",
     [](Options& o, Text v) { return set_rate(v, o.limits.joins_in_all); }},
    {"commands-per-s", "N", "Commands of one session; 0: no limit. Default 20.",
     [](Options& o, Text v) { return set_rate(v, o.limits.commands); }},
    {"joins-per-s", "N", "Joins of one session; 0: no limit. Default 5.",
     [](Options& o, Text v) { return set_rate(v, o.limits.joins); }},
    {"inbound-kib-per-s", "N",
     "KiB that one session may send, four times that at once; 0: no limit. Default 64.",
     [](Options& o, Text v) { return set_kib_rate(v, o.limits.inbound); }},
    {"slow-mode-s", "N", "Seconds between two messages of one user in new rooms. Default 0.",
     [](Options& o, Text v) { return set_number(v, o.policy.slow_mode_s, 0, 86'400); }},
    {"history-messages", "N", "Messages that each room keeps for newcomers. Default 300.",
     [](Options& o, Text v) { return set_number(v, o.policy.history_messages, 0, 100'000); }},
    {"history-s", "N", "And for how long. Default 3600.",
     [](Options& o, Text v) { return set_seconds(v, o.policy.history_age, 1); }},
    {"idle-close-s", "N", "An empty room closes after N seconds; 0: never. Default 300.",
     [](Options& o, Text v) { return set_seconds(v, o.policy.idle_close, 0); }},
    {"flush-ms", "N", "Members get what came since at most every N ms. Default 0: at once.",
     [](Options& o, Text v) {
       std::int64_t ms = 0;
       std::string error = set_number(v, ms, 0, 10'000);
       if (error.empty()) o.policy.flush_interval_min = Duration::ms(ms);
       return error;
     }},
    {"receive-normal", "N",
     "What members of new rooms are shown in a second, at most 256; more is sampled, the same\n"
     "chance for each sender. 0 (default): everything. Large live rooms use 20.",
     [](Options& o, Text v) { return set_number(v, o.policy.receive_normal_per_s, 0, 256); }},
    {"receive-high", "N",
     "Likewise of high priority; more is refused. 0 (default): no limit. Such rooms use 10.",
     [](Options& o, Text v) { return set_number(v, o.policy.receive_high_per_s, 0, 256); }},
    {"channel-normal", "N",
     "Likewise of each channel, under the room's: one that is busy takes nothing from another.\n"
     "0 (default): the channels share the room's.",
     [](Options& o, Text v) { return set_number(v, o.policy.channel_normal_per_s, 0, 256); }},
    {"channel-high", "N", "Likewise of high priority.",
     [](Options& o, Text v) { return set_number(v, o.policy.channel_high_per_s, 0, 256); }},
    {"merge-repeats", nullptr,
     "With --receive-normal: before sampling, the same text said by many in a second leaves\n"
     "as one message with a count.",
     [](Options& o, Text v) { return set_switch(v, o.policy.merge_repeats); }},
    {"compress", nullptr,
     "Agree to permessage-deflate with browsers and to deflated frames over TCP; what new rooms\n"
     "say to several members is deflated once for all of them. Less traffic, more CPU.",
     [](Options& o, Text v) { return set_switch(v, o.policy.compress); }},
    {"heartbeat-s", "N", "Ping after so much silence. Default 25.",
     [](Options& o, Text v) { return set_seconds(v, o.limits.heartbeat, 1); }},
    {"dead-after-s", "N", "Close a session without a byte for so long. Default 60.",
     [](Options& o, Text v) { return set_seconds(v, o.limits.dead_after, 2); }},
    {"write-stall-s", "N", "Close a blocked session that takes nothing for so long. Default 10.",
     [](Options& o, Text v) { return set_seconds(v, o.limits.write_stall, 1); }},
    {"window-kib", "N", "What a room may hold for slow members, in KiB. Default 1024.",
     [](Options& o, Text v) {
       std::uint32_t kib = 0;
       std::string error = set_number(v, kib, 64, 1024 * 1024);
       if (error.empty()) o.limits.window_bytes = kib * 1024;
       return error;
     }},
    {"seed", "N", "Seed of everything random; 0 (default): from the system. For tests.",
     [](Options& o, Text v) { return set_number(v, o.seed, 0, UINT64_MAX); }},
};

}  // namespace

std::span<const Option> option_table() { return kTable; }

const Option* find_option(const std::string& name) {
  for (const Option& option : kTable) {
    if (name == option.name) return &option;
  }
  return nullptr;
}

}  // namespace chatd
