#include "sim/report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace chatroom::sim {

Report* Report::current = nullptr;

namespace {

template <std::size_t N>
void copy(std::array<char, N>& to, std::string_view from) noexcept {
  const std::size_t size = std::min(from.size(), N - 1);
  std::copy_n(from.begin(), size, to.begin());
  to[size] = '\0';
}

const char* name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::correctness:
      return "correctness";
    case Verdict::liveness:
      return "liveness";
    case Verdict::crash:
      return "crash";
    default:
      return "usage";
  }
}

}  // namespace

Report::Report(ReportOptions options) noexcept : options_(std::move(options)) {}

void Report::note(const char* what, std::string_view who, std::string_view room, std::uint64_t a,
                  std::uint64_t b) noexcept {
  Note& note = ring_[notes_++ % ring_.size()];
  began_ = std::min(began_, now_);
  note.us = (now_.us - began_.us);
  note.what = what;
  copy(note.who, who);
  copy(note.room, room);
  note.a = a;
  note.b = b;
  if (options_.trace) print(note);
}

void Report::print(const Note& note) const noexcept {
  std::printf("  %10.3f ms  %-28s %-14s %-8s %llu %llu\n", static_cast<double>(note.us) / 1'000,
              note.what, note.who.data(), note.room.data(), static_cast<unsigned long long>(note.a),
              static_cast<unsigned long long>(note.b));
}

void Report::fail(Verdict verdict, const char* format, ...) noexcept {
  char why[4'096];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(why, sizeof why, format, arguments);
  va_end(arguments);
  for (char& c : why) {
    if (c != '\0' && static_cast<unsigned char>(c) < 32) c = ' ';  // somebody's words
  }
  const auto seed = static_cast<unsigned long long>(options_.seed);
  if (options_.brief) {
    std::printf("seed %llu: %s: %s\n", seed, name_of(verdict), why);
  } else {
    std::printf("options: %s\nlast events:\n", options_.options.c_str());
    const std::uint64_t kept = std::min<std::uint64_t>(notes_, ring_.size());
    for (std::uint64_t i = options_.trace ? notes_ : notes_ - kept; i < notes_; ++i) {
      print(ring_[i % ring_.size()]);
    }
    std::printf("FAILED seed %llu (%s): %s\nreplay: %s\n", seed, name_of(verdict), why,
                options_.command.c_str());
  }
  std::fflush(stdout);
  std::_Exit(static_cast<int>(verdict));
}

}  // namespace chatroom::sim
