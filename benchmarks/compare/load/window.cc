#include "window.h"

#include <algorithm>
#include <ctime>

namespace compare {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Waits until all that was said has come, or the grace is over. False: something is missing.
bool wait_for(Members& members, std::uint64_t deliveries, double grace_s) {
  const std::int64_t end = now_us() + static_cast<std::int64_t>(grace_s * 1e6);
  while (members.tally.delivered < deliveries && now_us() < end) members.poll(end);
  return members.tally.delivered >= deliveries;
}

void run_bursts(Members& members, Speaker& speaker, const Pattern& pattern, Measured& out) {
  const auto everybody = static_cast<std::uint64_t>(members.members());
  const std::int64_t end = now_us() + static_cast<std::int64_t>(pattern.seconds * 1e6);
  const std::uint64_t most = pattern.messages > 0 ? pattern.messages : UINT64_MAX;
  while (now_us() < end && out.said < most) {
    const std::int64_t begin = now_us();
    const double client = own_cpu_seconds();
    speaker.say(pattern.burst);
    out.said += static_cast<std::uint64_t>(pattern.burst);
    const bool whole = wait_for(members, out.said * everybody, pattern.grace_s);
    out.active_seconds += static_cast<double>(now_us() - begin) * 1e-6;
    out.client_cpu_active += own_cpu_seconds() - client;
    if (!whole) return;
    const std::int64_t next = now_us() + std::int64_t{pattern.pause_ms} * 1'000;
    while (now_us() < next) members.poll(next);
  }
}

void run_rate(Members& members, Speaker& speaker, const Pattern& pattern, Measured& out) {
  const std::int64_t begin = now_us();
  const auto total = static_cast<std::uint64_t>(pattern.seconds * pattern.rate);
  while (out.said < total) {
    const std::int64_t due =
        begin + static_cast<std::int64_t>(static_cast<double>(out.said) * 1e6 / pattern.rate);
    if (now_us() < due) {
      members.poll(due);
      continue;
    }
    out.late.add(now_us() - due);
    speaker.say(1);
    ++out.said;
    members.poll(0);
  }
  wait_for(members, out.said * static_cast<std::uint64_t>(members.members()), pattern.grace_s);
  out.active_seconds = static_cast<double>(now_us() - begin) * 1e-6;
}

}  // namespace

// Linux numbers the CPU clock of another process from its id.
double cpu_seconds(const std::vector<pid_t>& processes) {
  double sum = 0;
  for (const pid_t process : processes) {
    clockid_t clock{};
    if (clock_getcpuclockid(process, &clock) == 0) sum += seconds_of(clock);
  }
  return sum;
}

double own_cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

Speaker::Speaker(Members& members, std::size_t text_bytes, bool shrinks)
    : members_(members), text_bytes_(text_bytes), shrinks_(shrinks) {}

void Speaker::say(int messages) {
  for (int i = 0; i < messages; ++i) {
    ++number_;
    const std::size_t digits = shrinks_ ? std::to_string(number_).size() - 1 : 0;
    std::string text(text_bytes_ - digits, '.');
    write_mark(text.data(), number_);
    members_.tally.said(number_, now_us());
    members_.queue(text);
  }
  members_.push();
}

Measured run_window(Members& members, Speaker& speaker, const Pattern& pattern,
                    const std::vector<pid_t>& server) {
  // Buffers and paths warm up, and what joins caused settles.
  const auto everybody = static_cast<std::uint64_t>(members.members());
  const std::int64_t settled = now_us() + 300'000;
  while (now_us() < settled) members.poll(settled);
  speaker.say(3);
  wait_for(members, 3 * everybody, pattern.grace_s);
  const std::int64_t quiet = now_us() + 100'000;
  while (now_us() < quiet) members.poll(quiet);
  members.tally.forget();

  Measured out;
  const std::int64_t begin = now_us();
  const double server_before = cpu_seconds(server), client_before = own_cpu_seconds();
  if (pattern.rate > 0) {
    run_rate(members, speaker, pattern, out);
  } else {
    run_bursts(members, speaker, pattern, out);
  }
  out.server_cpu = cpu_seconds(server) - server_before;
  out.client_cpu = own_cpu_seconds() - client_before;
  if (pattern.rate > 0) out.client_cpu_active = out.client_cpu;
  out.seconds = static_cast<double>(now_us() - begin) * 1e-6;
  out.expected = out.said * everybody;
  return out;
}

}  // namespace compare
