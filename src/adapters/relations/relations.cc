// MemoryRelations: a page for each user who has anything to remember.
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "chatroom/adapters/relations.h"

namespace chatroom {

namespace {

using Names = std::set<std::string, std::less<>>;

struct Page {
  Names friends;
  Names blocked;
  std::string profile;
  bool shielded = false;
  bool empty() const noexcept {
    return friends.empty() && blocked.empty() && profile.empty() && !shielded;
  }
};

}  // namespace

struct MemoryRelations::Book {
  explicit Book(const MemoryRelationsOptions& given) : options(given) {}

  const Page* find(std::string_view user) const {
    const auto at = pages.find(user);
    return at == pages.end() ? nullptr : &at->second;
  }
  Page* make(std::string_view user) {
    if (const auto at = pages.find(user); at != pages.end()) return &at->second;
    if (pages.size() >= options.users) return nullptr;
    return &pages[std::string(user)];
  }
  Status add(std::string_view user, Names Page::*list, std::string_view other) {
    Page* page = make(user);
    if (page == nullptr) return Errc::limit_reached;
    Names& names = page->*list;
    if (names.find(other) != names.end()) return {};
    if (names.size() >= options.others || names_kept >= options.names) {
      if (page->empty()) pages.erase(pages.find(user));
      return Errc::limit_reached;
    }
    names.emplace(other);
    ++names_kept;
    return {};
  }
  void remove(std::string_view user, Names Page::*list, std::string_view other) {
    const auto at = pages.find(user);
    if (at == pages.end()) return;
    Names& names = at->second.*list;
    if (const auto name = names.find(other); name != names.end()) {
      names.erase(name);
      --names_kept;
    }
    if (at->second.empty()) pages.erase(at);
  }
  Status shield(std::string_view user, bool on) {
    Page* page = on ? make(user) : nullptr;
    if (on && page == nullptr) return Errc::limit_reached;
    if (page != nullptr) page->shielded = true;
    if (on) return {};
    const auto at = pages.find(user);
    if (at == pages.end()) return {};
    at->second.shielded = false;
    if (at->second.empty()) pages.erase(at);
    return {};
  }

  const MemoryRelationsOptions options;
  mutable std::mutex mutex;
  std::map<std::string, Page, std::less<>> pages;
  std::size_t names_kept = 0;  // of all lists
};

MemoryRelations::MemoryRelations(const MemoryRelationsOptions& options)
    : book_(std::make_unique<Book>(options)) {}
MemoryRelations::~MemoryRelations() = default;

Status MemoryRelations::block(std::string_view user, std::string_view other) {
  const std::lock_guard guard(book_->mutex);
  return book_->add(user, &Page::blocked, other);
}
void MemoryRelations::unblock(std::string_view user, std::string_view other) {
  const std::lock_guard guard(book_->mutex);
  book_->remove(user, &Page::blocked, other);
}
void MemoryRelations::shield(std::string_view user, bool on) {
  const std::lock_guard guard(book_->mutex);
  static_cast<void>(book_->shield(user, on));
}

Status MemoryRelations::befriend(std::string_view user, std::string_view other) {
  const std::lock_guard guard(book_->mutex);
  if (const Status one = book_->add(user, &Page::friends, other); !one) return one;
  const Status both = book_->add(other, &Page::friends, user);
  if (!both) book_->remove(user, &Page::friends, other);
  return both;
}
void MemoryRelations::unfriend(std::string_view user, std::string_view other) {
  const std::lock_guard guard(book_->mutex);
  book_->remove(user, &Page::friends, other);
  book_->remove(other, &Page::friends, user);
}

Status MemoryRelations::set_profile(std::string_view user, std::string_view profile) {
  const std::lock_guard guard(book_->mutex);
  if (profile.size() > book_->options.profile_bytes) return Errc::too_large;
  Page* page = book_->make(user);
  if (page == nullptr) return Errc::limit_reached;
  page->profile = profile;
  if (page->empty()) book_->pages.erase(book_->pages.find(user));
  return {};
}

std::string MemoryRelations::profile(std::string_view user) const {
  const std::lock_guard guard(book_->mutex);
  const Page* page = book_->find(user);
  return page == nullptr ? std::string() : page->profile;
}
std::vector<std::string> MemoryRelations::friends(std::string_view user) const {
  const std::lock_guard guard(book_->mutex);
  const Page* page = book_->find(user);
  if (page == nullptr) return {};
  return {page->friends.begin(), page->friends.end()};
}
std::vector<std::string> MemoryRelations::blocked(std::string_view user) const {
  const std::lock_guard guard(book_->mutex);
  const Page* page = book_->find(user);
  if (page == nullptr) return {};
  return {page->blocked.begin(), page->blocked.end()};
}

bool MemoryRelations::reaches(std::string_view from, std::string_view to) const {
  const std::lock_guard guard(book_->mutex);
  const Page* page = book_->find(to);
  if (page == nullptr) return true;
  if (page->blocked.find(from) != page->blocked.end()) return false;
  return !page->shielded || page->friends.find(from) != page->friends.end();
}

Answer MemoryRelations::on_direct(Question, const DirectRequest& request) noexcept {
  Answer answer;
  if (!reaches(request.from, request.to)) answer.verdict = Answer::Verdict::drop;
  return answer;
}

// The answer's bytes have to stay after the lock is gone, whoever changes the profile meanwhile.
Answer MemoryRelations::on_profile(Question, const ProfileRequest& request) noexcept {
  thread_local std::string given;
  given = profile(request.user);
  if (given.empty()) return Answer::refuse(Errc::not_found);
  Answer answer;
  answer.data = {Data::Form::json, as_bytes(given)};
  return answer;
}

Answer MemoryRelations::on_block(Question, const BlockRequest& request) noexcept {
  Status done;
  const std::lock_guard guard(book_->mutex);
  if (request.other.empty()) {
    done = book_->shield(request.user, request.blocks);
  } else if (request.blocks) {
    done = book_->add(request.user, &Page::blocked, request.other);
  } else {
    book_->remove(request.user, &Page::blocked, request.other);
  }
  return done ? Answer::pass() : Answer::refuse(done.error().code);
}

}  // namespace chatroom
