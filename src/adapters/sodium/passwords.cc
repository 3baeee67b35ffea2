// SodiumPasswords: a bounded queue, and threads that take from it. What was said is wiped where it
// was kept, as soon as it is answered.
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "chatroom/adapters/sodium.h"

namespace chatroom {

namespace {

constexpr std::size_t kPasswordBytes = 128;
constexpr std::size_t kStoredBytes = crypto_pwhash_STRBYTES;
constexpr int kAnswerTries = 200;  // of a full mailbox, 5 ms apart: then the deadline answers

Answer busy() noexcept {
  Answer answer = Answer::refuse(Errc::queue_full);
  answer.error.detail = kTemporary;
  return answer;
}
Answer failed() noexcept {
  Answer answer = Answer::refuse(Errc::internal);
  answer.error.detail = kTemporary;
  return answer;
}

template <std::size_t N>
struct Secret {  // wiped when it goes
  Secret() noexcept = default;
  explicit Secret(std::string_view text) noexcept : size(std::min(text.size(), N)) {
    std::copy_n(text.begin(), size, bytes.begin());
  }
  Secret(const Secret&) noexcept = default;
  Secret& operator=(const Secret&) noexcept = default;
  ~Secret() { sodium_memzero(bytes.data(), bytes.size()); }
  std::string_view view() const noexcept { return {bytes.data(), size}; }

  std::array<char, N> bytes{};
  std::size_t size = 0;
};

struct Job {
  Question question;
  bool makes = false;
  Secret<kPasswordBytes> password;
  Secret<kStoredBytes> stored;
};

// False: no memory for it.
bool hash(std::string_view password, const SodiumPasswordsOptions& options,
          std::array<char, kStoredBytes>& out) noexcept {
  return crypto_pwhash_str_alg(out.data(), password.data(), password.size(), options.passes,
                               static_cast<std::size_t>(options.memory_bytes),
                               crypto_pwhash_ALG_ARGON2ID13) == 0;
}

enum class Compared { same, other, no_memory };

// What `hash` makes, taken apart: $argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$HASH.
struct Stored {
  std::uint32_t kib = 0;
  std::uint32_t passes = 0;
  std::array<unsigned char, crypto_pwhash_SALTBYTES> salt{};
  std::array<unsigned char, 32> hash{};
};

bool skip(std::string_view& text, std::string_view word) noexcept {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}
bool number(std::string_view& text, std::uint32_t& out) noexcept {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return read.ec == std::errc{};
}
template <std::size_t N>
bool base64(std::string_view text, std::array<unsigned char, N>& out) noexcept {
  std::size_t size = 0;
  return sodium_base642bin(out.data(), N, text.data(), text.size(), nullptr, &size, nullptr,
                           sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
         size == N;
}
bool parse(std::string_view text, Stored& out) noexcept {
  if (!skip(text, "$argon2id$v=19$m=") || !number(text, out.kib)) return false;
  if (!skip(text, ",t=") || !number(text, out.passes) || !skip(text, ",p=1$")) return false;
  const std::size_t end = text.find('$');
  return end != text.npos && base64(text.substr(0, end), out.salt) &&
         base64(text.substr(end + 1), out.hash);
}

// crypto_pwhash_str_verify answers a wrong password and no memory for the hash alike. So what this
// class made is hashed and compared here; the former is for what came from elsewhere.
Compared compare(std::string_view password, std::string_view stored) noexcept {
  std::array<char, kStoredBytes> text{};
  if (stored.size() >= text.size()) return Compared::other;
  Stored parts;
  if (!parse(stored, parts) || parts.passes < crypto_pwhash_argon2id_OPSLIMIT_MIN ||
      parts.kib < crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024) {
    std::copy(stored.begin(), stored.end(), text.begin());
    return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0
               ? Compared::same
               : Compared::other;
  }
  std::array<unsigned char, 32> hash{};
  if (crypto_pwhash(hash.data(), hash.size(), password.data(), password.size(), parts.salt.data(),
                    parts.passes, std::size_t{parts.kib} * 1024,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Compared::no_memory;
  }
  return sodium_memcmp(hash.data(), parts.hash.data(), hash.size()) == 0 ? Compared::same
                                                                         : Compared::other;
}

}  // namespace

struct SodiumPasswords::Work {
  explicit Work(const SodiumPasswordsOptions& given) : options(given) {}

  void run() noexcept {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return ending || !jobs.empty(); });
      if (ending) return;
      const Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      answer(job);
    }
  }

  void answer(const Job& job) noexcept {
    std::array<char, kStoredBytes> made{};
    Answer verdict;
    if (job.makes) {
      if (hash(job.password.view(), options, made)) {
        verdict.text = made.data();
      } else {
        verdict = failed();
      }
    } else {
      const Compared compared = compare(job.password.view(), job.stored.view());
      if (compared == Compared::other) verdict = Answer::refuse(Errc::wrong_password);
      if (compared == Compared::no_memory) verdict = failed();
    }
    for (int tries = 0; tries < kAnswerTries && !quits(); ++tries) {
      if (remote_now().answer(job.question, verdict).error().code != Errc::queue_full) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  Remote remote_now() {
    const std::lock_guard guard(mutex);
    return *remote;
  }
  bool quits() {
    const std::lock_guard guard(mutex);
    return ending;
  }

  Answer take(Question question, bool makes, const PasswordRequest& request) {
    const std::lock_guard guard(mutex);
    if (!remote || threads.empty() || request.stored.size() >= kStoredBytes ||
        request.password.size() > kPasswordBytes) {
      return failed();
    }
    if (jobs.size() >= options.waiting) return busy();
    jobs.push_back({question, makes, Secret<kPasswordBytes>(request.password),
                    Secret<kStoredBytes>(request.stored)});
    wake.notify_one();
    return Answer::later();
  }

  const SodiumPasswordsOptions options;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  std::optional<Remote> remote;
  bool ending = false;
  std::vector<std::thread> threads;
};

SodiumPasswords::SodiumPasswords(const SodiumPasswordsOptions& options)
    : work_(std::make_unique<Work>(options)) {
  if (sodium_init() < 0) return;  // no entropy: nothing is answered, so nobody gets in
  for (std::uint32_t i = 0; i < std::max(options.threads, 1u); ++i) {
    work_->threads.emplace_back([work = work_.get()] { work->run(); });
  }
}

SodiumPasswords::~SodiumPasswords() {
  {
    const std::lock_guard guard(work_->mutex);
    work_->ending = true;
  }
  work_->wake.notify_all();
  for (std::thread& thread : work_->threads) thread.join();
}

void SodiumPasswords::attach(Remote remote) {
  const std::lock_guard guard(work_->mutex);
  work_->remote = std::move(remote);
}

std::string SodiumPasswords::make(std::string_view password) const {
  std::array<char, kStoredBytes> made{};
  return hash(password, work_->options, made) ? std::string(made.data()) : std::string();
}

bool SodiumPasswords::is(std::string_view password, std::string_view stored) noexcept {
  return compare(password, stored) == Compared::same;
}

Answer SodiumPasswords::on_set(Question question, const PasswordRequest& request) noexcept {
  return work_->take(question, true, request);
}

Answer SodiumPasswords::on_try(Question question, const PasswordRequest& request) noexcept {
  return work_->take(question, false, request);
}

}  // namespace chatroom
