// World: one seed's engine, host, links and members, and the order in which things happen to them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/engine.h"
#include "chatroom/flatbuffers.h"
#include "sim/copies.h"
#include "sim/deflater.h"
#include "sim/desk.h"
#include "sim/hash.h"
#include "sim/heap.h"
#include "sim/lines.h"
#include "sim/link.h"
#include "sim/plan.h"
#include "sim/report.h"
#include "sim/reviewers.h"
#include "sim/rungs.h"
#include "sim/schedule.h"
#include "sim/tenants.h"
#include "sim/truth.h"

namespace chatroom::sim {

class Host;
class Insider;
class Loop;
class Peer;
class Recording;
class Store;

struct Mode {
  std::uint64_t entropy = 1;  // of the hash tables' key: must change nothing
  bool extra_member = false;  // one that only listens ...
  bool extra_stalls = false;  // ... or does not even read
};

struct Outcome {
  std::uint64_t hash = 0;         // of all writes, with their moments
  std::uint64_t others_hash = 0;  // without those to the extra member
  std::uint64_t said = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t sessions = 0;
  std::uint64_t steps = 0;
};

class World final {
 public:
  World(const Plan& plan, const Mode& mode, Report& report);
  ~World();
  Outcome run();

  const Plan& plan() const noexcept { return plan_; }
  const Mode& mode() const noexcept { return mode_; }
  Report& report() noexcept { return report_; }
  Schedule& schedule() noexcept { return schedule_; }
  Truth& truth() noexcept { return truth_; }
  Engine& engine() noexcept { return *engine_; }
  Host& host() noexcept { return *host_; }
  Codec& codec(CodecKind kind) noexcept;
  const std::vector<User>& users() const noexcept { return users_; }
  const User* user(std::string_view id) const noexcept;
  const std::vector<std::unique_ptr<Peer>>& peers() const noexcept { return peers_; }
  std::vector<std::unique_ptr<Insider>>& insiders() noexcept { return insiders_; }
  std::string room_key(std::uint32_t index) const { return "r" + std::to_string(index); }

  Instant now() const noexcept { return schedule_.now(); }
  Instant engine_now() const noexcept { return plan_.polled ? last_tick_ : now(); }
  bool faulty() const noexcept { return now() < quiet_at_; }
  bool busy() const noexcept { return now() < quiet_at_; }
  bool ending() const noexcept { return ending_; }  // nobody comes back any more

  // The open turn; one is opened if there is none.
  Engine::Turn& turn();
  void end_turn() noexcept;

  void hash_write(std::string_view who, std::span<const Bytes> pieces, std::size_t taken) noexcept;
  void link_closed(Link& link);
  // For the account: an entry of a room's log that a transport took whole.
  void count_event(const Event& event);
  void count_entry(CodecKind codec, const Reader::Whole& whole);
  void session_opened() noexcept { ++sessions_; }
  // Of the process: rises with each crash, after which nothing from before may come any more.
  std::uint64_t lives() const noexcept { return lives_; }
  const Reviewers& reviewers() const noexcept { return reviewers_; }
  Lines& lines() noexcept { return lines_; }
  Desk& desk() noexcept { return desk_; }
  Rungs& rungs() noexcept { return rungs_; }
  Copies& copies() noexcept { return copies_; }
  const Deflater& deflater() const noexcept { return deflater_; }
  Store* store() noexcept { return store_.get(); }
  void link_made(const std::shared_ptr<Link>& link) { links_.push_back(link); }
  std::uint64_t steps() const noexcept { return steps_; }

 private:
  friend class Loop;
  void build();
  void start_engine();
  void crash();
  void tick();
  void step();
  void run_until(Instant end);
  void check_step();
  void check_ledger(const Ledger& ledger);
  void check_limits(const MetricsSnapshot& metrics);
  void finish();
  void retire_surplus();
  void say_last_words(int round);
  void check_end();
  void check_rung(const Stay& stay);
  void check_delivered();
  void check_presence();
  void check_history();
  void drain();
  void check_replay();
  static bool over(void* world) noexcept;

  const Plan plan_;
  const Mode mode_;
  Report& report_;
  Schedule schedule_;
  Instant quiet_at_;
  Instant last_tick_;
  Heap heap_;
  Deflater deflater_;
  Truth truth_;
  std::unique_ptr<JsonCodec> json_;       // the engine's
  std::unique_ptr<JsonCodec> peer_json_;  // the clients'
  std::unique_ptr<FlatbuffersCodec> peer_flatbuffers_;
  std::unique_ptr<Recording> recording_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Store> store_;
  std::vector<std::weak_ptr<Link>> links_;
  std::uint64_t lives_ = 1;
  EnginePtr engine_;
  std::uint64_t ceiling_ = 0;
  std::vector<User> users_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Insider>> insiders_;
  Lines lines_{*this};
  Desk desk_{*this};
  Reviewers reviewers_{*this};
  Tenants tenants_{*this};
  Copies copies_{*this};
  Rungs rungs_{*this};
  std::optional<Engine::Turn> turn_;
  Random over_random_;
  bool ending_ = false;
  Hash hash_;
  // What each link took, and when: in which order links are served is nobody's business, nor into
  // how many writes one moment's bytes are cut.
  struct Taken {
    Instant at;
    std::string bytes;
    Hash hash;
    void flush();
  };
  std::map<std::string, Taken, std::less<>> taken_;
  std::uint64_t counted_[kPriorityCount] = {};
  std::uint64_t sessions_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace chatroom::sim
