// Fakes: one for every port, for the tests of hosts and of adapters. Each does the plain thing and
// writes down what happened; what a test wants different it sets.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chatroom/connection.h"
#include "chatroom/decision.h"
#include "chatroom/log.h"
#include "chatroom/memory.h"
#include "chatroom/observer.h"
#include "chatroom/recorder.h"
#include "chatroom/storage.h"

namespace chatroom::testing {

// A Connection that keeps what it takes. It also watches the engine: `breach` is the first thing
// done against the contract of Connection.
class FakeConnection final : public Connection {
 public:
  Boundary boundary = Boundary::stream;
  std::uint32_t max_frame = 1'200;
  // How many bytes the next writes take, at most; when it is used up: all.
  std::deque<std::size_t> takes;
  bool stalled = false;  // takes nothing

  std::string bytes;                  // taken, in order
  std::vector<std::string> messages;  // the same, write by write
  std::size_t writes = 0;
  bool blocked = false;  // took less than it was offered; call writable() and Turn::on_writable
  bool paused = false;
  bool closed = false;
  CloseCode close_code = CloseCode::normal;
  std::string breach;

  void writable() noexcept { blocked = false; }
  std::string take_bytes() { return std::exchange(bytes, {}); }

  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    ++writes;
    std::string offered;
    check(!pieces.empty() && pieces.size() <= 64, "write: not 1 to 64 pieces");
    for (const Bytes piece : pieces) {
      check(!piece.empty(), "write: an empty piece");
      offered += as_text(piece);
    }
    check(offered.size() <= 64 * 1024, "write: over 64 KiB");
    check(!closed, "write: after close");
    check(!blocked, "write: blocked and not told writable");
    std::size_t taken = offered.size();
    if (stalled) taken = 0;
    if (!takes.empty()) {
      taken = std::min(taken, takes.front());
      takes.pop_front();
    }
    if (boundary == Boundary::message) {
      check(offered.size() <= max_frame, "write: a message over max_frame");
      if (taken < offered.size()) taken = 0;
    }
    blocked = taken < offered.size();
    if (taken == 0) return 0;
    bytes.append(offered, 0, taken);
    messages.push_back(offered.substr(0, taken));
    return taken;
  }
  void pause(bool on) noexcept override { paused = on; }
  void close(CloseCode code) noexcept override {
    check(!closed, "close: called twice");
    closed = true;
    close_code = code;
  }

 private:
  void check(bool good, const char* what) {
    if (!good && breach.empty()) breach = what;
  }
};

// A Memory that counts, and fails when told. `breach`: something was released otherwise than it was
// allocated.
class FakeMemory final : public Memory {
 public:
  ~FakeMemory() {
    for (const auto& [block, shape] : blocks_) std::free(block);
  }

  std::size_t fail_at = SIZE_MAX;  // this allocation (the first is 0), once
  bool fail_after = false;         // and all behind it
  std::size_t bytes_max = SIZE_MAX;

  std::size_t allocations = 0;  // asked for
  std::size_t bytes = 0;        // held
  std::size_t peak = 0;
  std::string breach;

  std::size_t blocks() const noexcept { return blocks_.size(); }

  void* allocate(std::size_t size, std::size_t align) noexcept override {
    const std::size_t number = allocations++;
    if (number == fail_at || (fail_after && number > fail_at)) return nullptr;
    if (size > bytes_max - bytes) return nullptr;
    const std::size_t step = std::max(align, sizeof(void*));
    const std::size_t room = (std::max<std::size_t>(size, 1) + step - 1) / step * step;
    void* const block = std::aligned_alloc(step, room);
    if (block == nullptr) return nullptr;
    blocks_[block] = {size, align};
    bytes += size;
    peak = std::max(peak, bytes);
    return block;
  }
  void release(void* block, std::size_t size, std::size_t align) noexcept override {
    const auto found = blocks_.find(block);
    if (found == blocks_.end()) {
      if (breach.empty()) breach = "release: of what was not allocated";
      return;
    }
    if (found->second != std::pair{size, align} && breach.empty()) {
      breach = "release: another size or alignment than it was allocated with";
    }
    bytes -= found->second.first;
    blocks_.erase(found);
    std::free(block);
  }

 private:
  std::map<void*, std::pair<std::size_t, std::size_t>> blocks_;
};

// Says who somebody is by a table of tokens; `later` keeps the questions for the test to answer.
class FakeAuth final : public Auth {
 public:
  struct Known {
    std::string user;
    std::string nick{};
    std::string info{};
    Role role = Role::member;
  };
  std::map<std::string, Known, std::less<>> tokens;
  bool later = false;

  struct Asked {
    Question question;
    SessionId session;
    std::string token, user, nick, peer;
  };
  std::vector<Asked> asked;

  Answer on_auth(Question question, const AuthRequest& request) noexcept override {
    asked.push_back({question, request.session, std::string(request.token),
                     std::string(request.user), std::string(request.nick),
                     std::string(request.peer)});
    return later ? Answer::later() : answer_for(request.token);
  }
  // Its views live as long as the table.
  Answer answer_for(std::string_view token) const {
    const auto found = tokens.find(token);
    if (found == tokens.end()) return Answer::refuse(Errc::unauthorized);
    const Known& known = found->second;
    return Answer::as(
        {.user = known.user, .nick = known.nick, .info = as_bytes(known.info), .role = known.role});
  }
};

// Rules that a test sets one by one; what is not set passes (a missing room: is opened).
class FakeRules final : public Rules {
 public:
  std::function<Answer(Question, const JoinRequest&)> missing_room;
  std::function<Answer(Question, const JoinRequest&)> join;
  std::function<Answer(Question, const PublishRequest&)> publish;
  std::function<Answer(Question, const CallRequest&)> call;
  std::vector<Question> questions;  // all that were asked, in order

  Answer on_missing_room(Question question, const JoinRequest& request) noexcept override {
    questions.push_back(question);
    return missing_room ? missing_room(question, request) : Answer::pass();
  }
  Answer on_join(Question question, const JoinRequest& request) noexcept override {
    questions.push_back(question);
    return join ? join(question, request) : Answer::pass();
  }
  Answer before_publish(Question question, const PublishRequest& request) noexcept override {
    questions.push_back(question);
    return publish ? publish(question, request) : Answer::pass();
  }
  Answer on_call(Question question, const CallRequest& request) noexcept override {
    questions.push_back(question);
    return call ? call(question, request) : Answer::refuse(Errc::unsupported);
  }
};

// A Storage over another one, with faults: requests that fail, and replies that come late. Views
// in late requests are copied.
class FaultyStorage final : public Storage {
 public:
  explicit FaultyStorage(Storage& under) noexcept : under_(under) {}

  std::size_t fail_at = SIZE_MAX;  // this request (the first is 0) is answered storage_failed
  bool fail_after = false;         // and all behind it
  bool late = false;               // requests wait for deliver()

  std::size_t requests = 0;
  std::size_t waiting() const noexcept { return waiting_.size(); }
  // Carries out up to `count` waiting requests, the oldest first. Not from inside an engine call.
  std::size_t deliver(std::size_t count = SIZE_MAX) {
    std::size_t done = 0;
    for (; done < count && !waiting_.empty(); ++done) {
      const std::function<void()> next = std::move(waiting_.front());
      waiting_.pop_front();
      next();
    }
    return done;
  }

  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override;
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override;
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override;
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override;

 private:
  bool fails() noexcept {
    const std::size_t number = requests++;
    return number == fail_at || (fail_after && number > fail_at);
  }
  void run(std::function<void()> work);

  Storage& under_;
  std::deque<std::function<void()>> waiting_;
};

// Keeps what happened, as values of their own.
class FakeObserver final : public EngineObserver {
 public:
  struct Happened {
    HostEventType type = HostEventType::session_ready;
    SessionId session;
    std::string user, room;
    LeaveReason reason = LeaveReason::left;
    CloseCode close_code = CloseCode::normal;
    Position position;
    Tag tag = 0;
    std::uint64_t ticket = 0;
    Error error{};
    Gap gap;
    Rung rung = Rung::normal;
    std::uint64_t count = 0;
    bool resumed = false;
  };
  std::vector<Happened> events;
  std::function<void(const HostEvent&)> then;  // called after it was noted; may call the engine

  std::size_t count(HostEventType type) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [type](const Happened& one) { return one.type == type; }));
  }
  void on_event(const HostEvent& event) noexcept override {
    events.push_back({event.type, event.session, std::string(event.user), std::string(event.room),
                      event.reason, event.close_code, event.position, event.tag, event.ticket,
                      event.error, event.gap, event.rung, event.count, event.resumed});
    if (then) then(event);
  }
};

class FakeLog final : public LogSink {
 public:
  std::vector<std::pair<LogLevel, std::string>> lines;
  void log(LogLevel level, std::string_view line) noexcept override {
    lines.emplace_back(level, line);
  }
};

class FakeRecorder final : public Recorder {
 public:
  std::string bytes;  // the whole recording
  void record(std::span<const Bytes> pieces) noexcept override {
    for (const Bytes piece : pieces) bytes += as_text(piece);
  }
};

}  // namespace chatroom::testing
