// Copies: in some worlds a third party gets a copy of all that is said and done, through a queue
// that it empties when it pleases. What must hold: what was put is taken or was told to be lost,
// exactly and in order; and what the observer hears of as said was handed over before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "chatroom/observer.h"
#include "chatroom/slow_work.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;

class Copies final : public SlowWork {
 public:
  explicit Copies(World& world);
  void start();
  void crashed();  // another engine counts from 1; what waits still waits
  std::uint32_t put(const Work& work) noexcept override;
  void on_event(const HostEvent& event);
  void check_end();
  bool on() const noexcept;

 private:
  void look();
  void take_all(std::uint32_t most);
  void check(bool good, const char* what) const;

  World& world_;
  Random random_;
  WorkQueue queue_;
  std::uint64_t number_ = 0;  // the last that was put
  std::uint64_t put_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t taken_ = 0;
  std::pair<std::uint64_t, std::uint64_t> last_;  // life and number of the last that was taken
  bool all_told_ = true;
  std::map<std::pair<std::string, std::uint64_t>, std::uint32_t> copied_;  // room, offset
};

}  // namespace chatroom::sim
