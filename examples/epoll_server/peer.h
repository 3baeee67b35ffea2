// Peer: one browser's socket. The engine writes to it, the WebSocket filter stands between what it
// says and the engine.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <string>

#include "chatroom/byte_filter.h"
#include "chatroom/chatroom.h"
#include "epoll_loop.h"

// What all peers share. `turn` is set while sockets are handled.
struct Service {
  chatroom::Engine& engine;
  chatroom::ByteFilter& filter;
  EpollLoop& loop;
  chatroom::Engine::Turn* turn = nullptr;
};

class Peer final : public Watcher, public chatroom::Connection, private chatroom::FilterSink {
 public:
  Peer(Service& service, int fd, chatroom::Instant deadline)
      : service_(service), fd_(fd), deadline_(deadline) {
    service_.loop.watch(fd_, EPOLLIN | EPOLLRDHUP, this);
  }
  ~Peer() {
    service_.filter.stop(state_);
    ::close(fd_);
  }

  // True: the peer can be destroyed; the engine knows.
  bool finished(chatroom::Instant now) {
    const bool late = !open_ && now >= deadline_;
    const bool lingered = closing_ && now >= deadline_;
    if (!gone_ && !late && !lingered) return false;
    if (open_) service_.turn->on_closed(session_);
    open_ = false;
    return true;
  }

  void on_ready(std::uint32_t events) override {
    if ((events & EPOLLOUT) != 0) flush();
    // These two are told whether asked for or not, so there is no waiting until the pause is over.
    if (paused_ && (events & (EPOLLHUP | EPOLLERR)) != 0) gone_ = true;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !paused_) read_some();
  }

  // Connection. What the filter had to say first goes first.
  std::size_t write(std::span<const chatroom::Bytes> pieces) noexcept override {
    if (!early_.empty() || gone_) return 0;
    std::array<iovec, 64> parts;
    std::size_t offered = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      parts[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
      offered += pieces[i].size();
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = pieces.size();
    const ssize_t taken = sendmsg(fd_, &message, MSG_NOSIGNAL);
    const std::size_t size = taken < 0 ? 0 : static_cast<std::size_t>(taken);
    if (size < offered) blocked_ = true, watch();
    return size;
  }
  void pause(bool paused) noexcept override {
    paused_ = paused;
    watch();
  }
  void close(chatroom::CloseCode) noexcept override {
    shutdown(fd_, SHUT_WR);  // what was taken still leaves; the peer's end of file ends it
    closing_ = true;
    deadline_ = service_.loop.now() + chatroom::Duration::ms(100);
  }

 private:
  // FilterSink.
  bool on_open(const chatroom::LinkInfo& link) noexcept override {
    chatroom::SessionOptions options;
    options.codec = link.codec;
    options.framing = link.framing;
    options.compress = link.compress;
    options.deadline = deadline_;
    const auto session = service_.engine.open(*this, options);
    if (!session) return false;
    session_ = *session;
    return open_ = true;
  }
  bool on_bytes(chatroom::MutableBytes bytes) noexcept override {
    service_.turn->on_bytes(session_, bytes);
    return !closing_;
  }
  bool on_frame(chatroom::FrameKind kind, chatroom::Bytes payload) noexcept override {
    service_.turn->on_frame(session_, kind, payload);
    return !closing_;
  }
  void on_fault(chatroom::CloseCode code) noexcept override {
    service_.turn->on_fault(session_, code);
  }
  void on_output(chatroom::Bytes bytes) noexcept override {
    early_ += chatroom::as_text(bytes);
    flush();
  }
  void on_end() noexcept override { ending_ = true; }

  void read_some() {
    static std::array<std::byte, 64 * 1024> buffer;  // one for all: the program has one thread
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0 && !closing_ && !ending_) {
      service_.filter.feed(
          state_, chatroom::MutableBytes(buffer).first(static_cast<std::size_t>(size)), *this);
    }
    const bool again = size < 0 && (errno == EAGAIN || errno == EINTR);
    if (size == 0 || (size < 0 && !again) || (ending_ && early_.empty())) gone_ = true;
  }
  void flush() {
    while (!early_.empty()) {
      const ssize_t size = send(fd_, early_.data(), early_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size <= 0) break;
      early_.erase(0, static_cast<std::size_t>(size));
    }
    const bool was_blocked = blocked_;
    blocked_ = !early_.empty();
    if (was_blocked != blocked_) watch();
    if (was_blocked && !blocked_ && open_) service_.turn->on_writable(session_);
    if (!blocked_ && ending_) gone_ = true;
  }
  void watch() {
    const std::uint32_t in = paused_ ? 0u : std::uint32_t{EPOLLIN} | EPOLLRDHUP;
    service_.loop.change(fd_, in | (blocked_ ? std::uint32_t{EPOLLOUT} : 0u), this);
  }

  Service& service_;
  const int fd_;
  chatroom::Instant deadline_;  // of the handshake, later of a close
  chatroom::ByteFilter::State state_;
  chatroom::SessionId session_;
  std::string early_;  // the filter's own words, not sent yet
  bool open_ = false;  // the engine knows the session
  bool paused_ = false;
  bool blocked_ = false;
  bool ending_ = false;   // the filter has said its last word, without a session
  bool closing_ = false;  // the engine has
  bool gone_ = false;
};
