// The main function of every Catch2 test executable, and of its twin for negative controls.
//
// The twin links the core with planted bugs. It is run with CHATROOM_PLANT=<name> and turns the
// verdict round: the chosen tests must fail while that bug is on, else they prove nothing.
#define CATCH_CONFIG_RUNNER  // Catch2 2 compiles its runner here; Catch2 3 ignores this
#include "catch.hpp"
#include "chatroom/assert.h"

#ifdef CHATROOM_PLANTS
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "base/plant.h"
#include "plant_names.h"

namespace {

// Counted here: the session's own answer ends at 255, which is also what it says when it could not
// run at all.
#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif
std::size_t assertions_failed = 0;
class CountFailures final : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    assertions_failed = stats.totals.assertions.failed;
  }
};
CATCH_REGISTER_LISTENER(CountFailures)

constexpr int kExitFound = 0;
constexpr int kExitMissed = 1;
constexpr int kExitUsage = 2;

bool plant(std::string_view name) {
  for (const auto& [known, value] : kPlantNames) {
    if (known == name) {
      chatroom::base::planted = value;
      return true;
    }
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = std::getenv("CHATROOM_PLANT");
  if (name == nullptr) return Catch::Session().run(argc, argv);
  if (!plant(name)) {
    std::cerr << "there is no planted bug " << name << " in src/base/plant.h\n";
    return kExitUsage;
  }
  chatroom::set_assert_handler([](const char* expression, const char* file, int line) {
    std::cerr << "found by an assertion: " << file << ":" << line << ": " << expression << "\n";
    _exit(kExitFound);
  });
  Catch::Session session;
  const int usage = session.applyCommandLine(argc, argv);
  if (usage != 0) return kExitUsage;
  static_cast<void>(session.run());
  const bool found = assertions_failed > 0;
  std::cout << (found ? "found: " : "MISSED: ") << name << "\n";
  return found ? kExitFound : kExitMissed;
}
#else
int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#endif
