#include "options.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "option_table.h"

namespace chatd {
namespace {

constexpr char kVersion[] = "chatd 0.1.0";
constexpr int kConfigDepthMax = 4;  // files that name files

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_text(const std::string& line) {
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') return false;
  }
  return true;
}

std::string read_config(const std::string& path, int depth, Options& options);

std::string apply(const std::string& name, const std::string& value, int depth, Options& options) {
  const Option* option = find_option(name);
  if (option == nullptr) return "unknown option '" + name + "'";
  if (option->set == nullptr) return read_config(value, depth + 1, options);
  const std::string error = option->set(options, value);
  return error.empty() ? error : name + " " + error;
}

// The value of `name = value # comment`. A value in double quotes may hold '#'.
bool split(const std::string& line, std::string& name, std::string& value) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return false;
  name = trimmed(line.substr(0, equals));
  value = trimmed(line.substr(equals + 1));
  if (!value.empty() && value.front() == '"') {
    const std::size_t close = value.find('"', 1);
    if (close == value.npos) return false;
    const std::string rest = trimmed(value.substr(close + 1));
    value = value.substr(1, close - 1);
    return !name.empty() && (rest.empty() || rest.front() == '#');
  }
  value = trimmed(value.substr(0, value.find('#')));
  return !name.empty() && !value.empty();
}

std::string read_config(const std::string& path, int depth, Options& options) {
  if (depth > kConfigDepthMax) return path + ": config files name each other too deeply";
  errno = 0;
  std::ifstream file(path);
  if (!file) return path + ": cannot be read: " + std::strerror(errno);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string place = path + ":" + std::to_string(number) + ": ";
    if (!is_text(line)) return place + "not a line of text";
    const std::string content = trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    std::string name;
    std::string value;
    if (!split(content, name, value)) return place + "expected `name = value`";
    const std::string error = apply(name, value, depth, options);
    if (!error.empty()) return place + error;
  }
  if (file.bad()) return path + ": cannot be read: " + std::strerror(errno);
  return {};
}

std::string help() {
  std::ostringstream out;
  out << "chatd: a live chat server. The page is at the --ws address.\n\n"
         "usage: chatd --open [options]\n\n";
  for (const Option& option : option_table()) {
    out << "  --" << option.name << (option.argument != nullptr ? " " : "")
        << (option.argument != nullptr ? option.argument : "") << "\n      ";
    for (const char* c = option.help; *c != '\0'; ++c) {
      out << *c;
      if (*c == '\n') out << "      ";
    }
    out << "\n";
  }
  out << "  --version\n  --help\n\n"
         "In a config file the names stand without dashes and switches take true or false:\n"
         "  ws = 127.0.0.1:8080\n  open = true\n\n"
         "Exit: 0 after a graceful end, 1 when it could not start, 2 for wrong options.\n";
  return out.str();
}

std::string check(Options& options) {
  if (options.threads > 1 && !options.record.empty()) {
    return "--record needs one thread: what crosses between engines is not recorded yet";
  }
  if (options.ws.empty() && options.tcp.empty()) options.ws.push_back({"127.0.0.1", 8080});
  if (!options.open) {
    return "no way to authenticate is configured. This version has none but --open (everybody is "
           "who he says); signed tokens are to come";
  }
  if (options.open_any_address) return {};
  for (const auto* list : {&options.ws, &options.tcp}) {
    for (const Address& address : *list) {
      if (address.loopback()) continue;
      return "an open server listens on loopback only; " + address.host +
             " needs --open-any-address";
    }
  }
  return {};
}

// Everything that counts or rates; sizes, deadlines and windows stay.
void lift_limits(Options& options) {
  using chatroom::Rate;
  options.limits.half_open = options.limits.sessions;
  options.limits.sessions_per_user = 0;
  options.policy.receive_normal_per_s = options.policy.receive_high_per_s = 0;
  options.policy.channel_normal_per_s = options.policy.channel_high_per_s = 0;
  options.policy.merge_repeats = false;
  options.limits.commands = Rate::unlimited();
  options.limits.publishes = options.limits.user_publishes = Rate::unlimited();
  options.limits.joins = Rate::unlimited();
  options.limits.joins_in_all = options.limits.room_publishes = Rate::unlimited();
  options.limits.inbound = Rate::unlimited();
}

}  // namespace

bool Address::loopback() const {
  return host == "::1" || host == "localhost" || host.rfind("127.", 0) == 0;
}

Parsed parse_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--help" || name == "-h") return {Parsed::Next::exit_ok, {}, help()};
    if (name == "--version") return {Parsed::Next::exit_ok, {}, std::string(kVersion) + "\n"};
    if (name.rfind("--", 0) != 0) {
      return {Parsed::Next::exit_wrong, "unexpected '" + name + "'; see --help", {}};
    }
    name = name.substr(2);
    std::string value;
    const std::size_t equals = name.find('=');
    const bool joined = equals != name.npos;
    if (joined) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const Option* option = find_option(name);
    if (option == nullptr) {
      return {Parsed::Next::exit_wrong, "unknown option --" + name + "; see --help", {}};
    }
    if (!joined && option->argument == nullptr) value = "true";
    if (!joined && option->argument != nullptr) {
      if (++i == argc) {
        return {Parsed::Next::exit_wrong, "--" + name + " needs " + option->argument, {}};
      }
      value = argv[i];
    }
    const std::string error = apply(name, value, 0, options);
    if (!error.empty()) return {Parsed::Next::exit_wrong, error, {}};
  }
  const std::string error = check(options);
  if (!error.empty()) return {Parsed::Next::exit_wrong, error, {}};
  if (options.unlimited) lift_limits(options);
  options.policy.owner = options.owner;
  options.policy.first_join_owns = options.owner.empty();
  return {};
}

}  // namespace chatd
