// What this stream decides by itself: which words it does not show, and what viewers may ask it.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "chatroom/chatroom.h"

// The catalogue of songs is slow, so it has a thread of its own and answers late. Its queue is
// bounded: whoever asks while it is full is told at once, instead of waiting behind everybody.
class SongDesk {
 public:
  explicit SongDesk(chatroom::Remote remote) : remote_(remote), thread_([this] { work(); }) {}
  ~SongDesk() {
    stop_ = true;
    thread_.join();
  }
  SongDesk(const SongDesk&) = delete;
  SongDesk& operator=(const SongDesk&) = delete;

  bool ask(chatroom::Question question) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == kWaitingMax) return false;
    waiting_.push_back(question);
    return true;
  }

 private:
  static constexpr std::size_t kWaitingMax = 64;

  std::optional<chatroom::Question> take() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    const chatroom::Question oldest = waiting_.front();
    waiting_.pop_front();
    return oldest;
  }
  void work() {
    for (int place = 1; !stop_;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a look into the catalogue
      const std::optional<chatroom::Question> question = take();
      if (!question) continue;
      const std::string found = "{\"place\":" + std::to_string(place++) + "}";
      chatroom::Answer answer;
      answer.data = {chatroom::Data::Form::json, chatroom::as_bytes(found)};
      // Stale by now, or the mailbox is full: the engine's deadline answers for us.
      static_cast<void>(remote_.answer(*question, answer));
    }
  }

  chatroom::Remote remote_;
  std::mutex mutex_;
  std::deque<chatroom::Question> waiting_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class StreamRules final : public chatroom::Rules {
 public:
  // A word that the stream does not show is masked; the message still counts.
  chatroom::Answer before_publish(chatroom::Question,
                                  const chatroom::PublishRequest& request) noexcept override {
    constexpr std::string_view kUnwanted = "spoiler";
    const std::string_view said = request.message->text;
    if (said.find(kUnwanted) == said.npos) return chatroom::Answer::pass();
    masked_ = said;
    for (auto at = masked_.find(kUnwanted); at != masked_.npos; at = masked_.find(kUnwanted)) {
      masked_.replace(at, kUnwanted.size(), kUnwanted.size(), '*');
    }
    chatroom::Answer answer;
    answer.verdict = chatroom::Answer::Verdict::rewrite;
    answer.text = masked_;
    return answer;
  }
  // {"op":"call","name":"song", ...}: the answer comes when the desk has it.
  chatroom::Answer on_call(chatroom::Question question,
                           const chatroom::CallRequest& request) noexcept override {
    if (request.name != "song") return chatroom::Answer::refuse(chatroom::Errc::unsupported);
    const bool queued = desk != nullptr && desk->ask(question);
    return queued ? chatroom::Answer::later()
                  : chatroom::Answer::refuse(chatroom::Errc::queue_full);
  }

  SongDesk* desk = nullptr;

 private:
  std::string masked_;
};
