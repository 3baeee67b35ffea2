// chatd: rooms for browsers and native clients in one binary. What it is made of: engines (one, or
// one a thread), the libuv adapter with a TCP and a WebSocket listener, the JSON codec, the page.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "block_file.h"
#include "chatroom/adapters/local.h"
#include "log.h"
#include "options.h"
#include "profile_file.h"
#include "worker.h"

namespace chatd {
namespace {

// Each session is an open file; shells often hand out far fewer than the system would give.
void raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Which rooms live where is nobody's to choose.
chatroom::LocalBrokerOptions broker_options(const Options& options) {
  chatroom::LocalBrokerOptions out;
  out.engines = options.threads;
  chatroom::uv::Loop loop;
  loop.entropy(std::as_writable_bytes(std::span(out.hash_key)));
  return out;
}

int run(const Options& options) {
  Log log;
  log.set_level(options.log_level);
  log.set_rate(options.log_per_s);
  Shared shared(options.threads);
  ProfileFile profiles(options.profiles, shared.profiles, log);
  BlockFile blocks(options.blocks, log);
  if (!profiles.start() || !blocks.start()) return 1;
  shared.relations = &blocks;
  const std::unique_ptr<chatroom::LocalBroker> broker =
      options.threads == 1 ? nullptr
                           : std::make_unique<chatroom::LocalBroker>(broker_options(options));
  const auto port = [&](std::uint32_t index) {
    return broker == nullptr ? nullptr : broker->port(index);
  };
  std::vector<std::thread> threads;
  for (std::uint32_t i = 1; i < options.threads; ++i) {
    threads.emplace_back(
        [&, i] { static_cast<void>(Worker(options, log, shared, i, port(i)).run()); });
  }
  int result = 0;
  {
    Worker first(options, log, shared, 0, port(0));
    first.take_signals();
    result = first.run();
  }
  for (std::thread& thread : threads) thread.join();
  log.flush(true);
  return result;
}

}  // namespace
}  // namespace chatd

int main(int argc, char** argv) {
  chatd::Options options;
  const chatd::Parsed parsed = chatd::parse_options(argc, argv, options);
  if (parsed.next == chatd::Parsed::Next::exit_ok) {
    std::fputs(parsed.text.c_str(), stdout);
    return 0;
  }
  if (parsed.next == chatd::Parsed::Next::exit_wrong) {
    std::fprintf(stderr, "chatd: %s\n", parsed.error.c_str());
    return 2;
  }
  chatd::raise_open_files();
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go; the rooms stay
  return chatd::run(options);
}
