// One thread of chatd: a loop, an engine, a server, the page. With --threads N there are N of them,
// joined by a LocalBroker; nothing else is shared but the counts below.
#pragma once

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/local.h"
#include "chatroom/adapters/relations.h"
#include "chatroom/adapters/sodium.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/adapters/zlib.h"
#include "chatroom/chatroom.h"
#include "copy_file.h"
#include "inspect_text.h"
#include "log.h"
#include "metrics_text.h"
#include "options.h"
#include "record_file.h"
#include "review_files.h"
#include "web.h"

namespace chatd {

// What the threads know of each other.
struct Shared {
  explicit Shared(std::uint32_t threads)
      : ready(threads),
        listening(threads),
        ended(threads),
        numbers(threads),
        threads_running(threads) {}

  std::latch ready;      // engines are there: sessions may come
  std::latch listening;  // ports are bound, or one of them could not be
  std::latch ended;      // nobody looks at another engine any more
  std::atomic<bool> failed{false};
  std::atomic<bool> draining{false};

  chatroom::Relations* relations = nullptr;  // any thread asks
  chatroom::MemoryRelations profiles;        // of --profiles

  std::mutex mutex;
  std::vector<Numbers> numbers;      // of each thread, as of its last round
  std::vector<std::uint16_t> ports;  // bound by the first thread, in the order of the options
  std::atomic<std::uint32_t> threads_running;  // whose engines have sessions still
};

// Says what an operator wants to see; the engine logs its own troubles through LogSink.
class Teller final : public chatroom::EngineObserver {
 public:
  Teller(Log& log, chatroom::EventLoop& loop, const std::vector<NamedChannel>& channels)
      : log_(log), loop_(loop), channels_(channels) {}
  void attach(chatroom::Engine* engine) { engine_ = engine; }
  bool audit(const std::string& path) { return audit_.open(path); }
  bool sessions(const std::string& path, std::uint32_t per_s) {
    sessions_.set_rate(per_s);
    return sessions_.open(path);
  }
  void flush() noexcept {
    audit_.flush(log_, loop_.now().unix_ms());
    sessions_.flush(log_, loop_.now().unix_ms());
    log_.flush();
  }
  void on_event(const chatroom::HostEvent& event) noexcept override;

 private:
  void on_room(std::string_view key);  // opens its channels

  Log& log_;
  chatroom::EventLoop& loop_;
  const std::vector<NamedChannel>& channels_;
  chatroom::Engine* engine_ = nullptr;
  AuditFile audit_;
  AuditFile sessions_;
};

class Worker {
 public:
  // `broker` null: the only one.
  Worker(const Options& options, Log& log, Shared& shared, std::uint32_t index,
         chatroom::Broker* broker);
  int run();  // on its own thread, until everybody has drained
  // Before run, on the thread of run: signals drain all threads.
  void take_signals();

 private:
  chatroom::WebSocketOptions websocket_options();
  bool create();
  bool listen_all(chatroom::uv::Server& server);
  bool listen(chatroom::uv::Server& server, std::size_t number, const Address& address,
              chatroom::ByteFilter* filter, const char* what);
  Numbers own_numbers();
  Numbers all_numbers();
  int give_up();
  void on_signal();
  void start_draining();
  void serve();

  const Options& options_;
  Log& log_;
  Shared& shared_;
  const std::uint32_t index_;
  chatroom::Broker* const broker_;
  RecordFile record_;
  Web web_;
  chatroom::ZlibCompressor zlib_;
  chatroom::WebSocketServer browsers_;
  chatroom::WordFilter words_;
  chatroom::SodiumPasswords passwords_;
  chatroom::JsonCodec json_{{.max_data = chatroom::Limits{}.data_bytes}};
  chatroom::uv::Loop loop_;
  Teller teller_{log_, loop_, options_.channels};
  CopyFile copies_;
  std::unique_ptr<chatroom::SlowWorker> copier_;  // outlives the engine, not the file
  TraceFile trace_;
  chatroom::EnginePtr engine_;
  chatroom::uv::Server* server_ = nullptr;  // lives in run()
  const chatroom::Instant started_ = loop_.now();
  chatroom::Instant give_up_ = chatroom::Instant::never();
  bool draining_ = false;
};

}  // namespace chatd
