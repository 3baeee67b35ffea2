// Report: what is said of a run that went wrong. The first failure ends the process: virtual calls
// from the engine are noexcept, and a world that broke its promises has nothing more to tell.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom::sim {

enum class Verdict : int { passed = 0, usage = 1, correctness = 2, liveness = 3, crash = 4 };

struct ReportOptions {
  std::uint64_t seed = 0;
  std::string options;  // as drawn, for people
  std::string command;  // replays the seed
  bool trace = false;   // print each note as it comes
  bool brief = false;   // one line on failure
};

class Report final {
 public:
  explicit Report(ReportOptions options) noexcept;

  void at(Instant now) noexcept { now_ = now; }
  // Kept in a ring of which a failure prints the last. `what` must be a literal.
  void note(const char* what, std::string_view who = {}, std::string_view room = {},
            std::uint64_t a = 0, std::uint64_t b = 0) noexcept;

  bool tracing() const noexcept { return options_.trace; }

  [[noreturn]] void fail(Verdict verdict, const char* format, ...) noexcept
      __attribute__((format(printf, 3, 4)));

  // For assertions of the engine, which know nothing of a run.
  static Report* current;

 private:
  struct Note {
    std::int64_t us = 0;
    const char* what = nullptr;
    std::array<char, 20> who{};
    std::array<char, 12> room{};
    std::uint64_t a = 0;
    std::uint64_t b = 0;
  };
  void print(const Note& note) const noexcept;

  const ReportOptions options_;
  Instant now_;
  Instant began_{INT64_MAX};
  std::array<Note, 64> ring_{};
  std::uint64_t notes_ = 0;
};

}  // namespace chatroom::sim
