// A child process pinned to a core, and what the system says it used.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace load {

inline void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  sched_setaffinity(0, sizeof set, &set);  // a machine with one core runs both there
}

class Process {
 public:
  Process(const std::vector<std::string>& arguments, int core) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    pin_to(core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a run that fails leaves no server that holds its port
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Process() {
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    kill(pid_, SIGTERM);  // the second ends at once
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool alive() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

  // User and system seconds.
  double cpu_seconds() const {
    std::string text = read("stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    unsigned long user = 0, system = 0;
    std::sscanf(text.c_str() + name_end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                &user, &system);
    return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  // Resident bytes that are this process's own (no shared libraries).
  std::uint64_t private_bytes() const {
    const std::string text = read("smaps_rollup");
    std::uint64_t kib = 0;
    for (const char* name : {"Private_Clean:", "Private_Dirty:"}) {
      const std::size_t at = text.find(name);
      if (at != std::string::npos)
        kib += std::strtoull(text.c_str() + at + std::strlen(name), nullptr, 10);
    }
    return kib * 1024;
  }

 private:
  std::string read(const char* file) const {
    const std::string path = "/proc/" + std::to_string(pid_) + "/" + file;
    std::string text;
    if (std::FILE* in = std::fopen(path.c_str(), "r")) {
      char buffer[8192];
      for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, in)) > 0;)
        text.append(buffer, n);
      std::fclose(in);
    }
    return text;
  }

  pid_t pid_ = -1;
};

}  // namespace load
