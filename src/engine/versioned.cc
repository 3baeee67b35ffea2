// VersionedItems: items by key, and a log of changes in order of version. An entry of the log is
// dead once its item has changed again; the dead go when they are as many as the living.
#include "chatroom/versioned.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/index_map.h"
#include "base/plant.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vector.h"

namespace chatroom {

namespace {

struct Item {
  base::Text key;
  base::Text value;
  std::uint64_t version = 0;
  bool removed = false;
};
using Items = base::IndexMap<Item>;

struct Change {
  std::uint64_t version;
  std::uint32_t item;
};

struct KeyOf {
  Items* items;
  std::string_view operator()(std::uint32_t item) const noexcept {
    return items->at(item)->key.view();
  }
};

}  // namespace

struct VersionedItems::State {
  State(const VersionedLimits& given, std::uint64_t begin, Memory& port) noexcept
      : memory(port),
        limits(given),
        epoch(begin),
        texts(port, given.bytes),
        items(port, places(given)),
        by_key(port, {given.hash_key[0], given.hash_key[1]}, places(given), {&items}),
        changes(port, std::size_t{2} * (places(given)) + 2) {}

  // One removal more than are remembered, for a moment.
  static std::uint32_t places(const VersionedLimits& of) noexcept {
    return of.items + of.removed + 1;
  }
  static std::size_t changes_max(const VersionedLimits& of) noexcept {
    return std::size_t{2} * places(of);
  }
  bool living(const Change& change) const noexcept {
    const Item* const item = items.at(change.item);
    return item != nullptr && item->version == change.version;
  }
  Status change(std::string_view key, Bytes value, bool removed, std::uint64_t at) noexcept;
  Status add(std::string_view key, Bytes value, bool removed, std::uint64_t at) noexcept;
  void tidy() noexcept;
  void forget_removed() noexcept;
  void clear() noexcept;
  void fill(const Change& from, VersionedItem& to) const noexcept {
    const Item& item = *items.at(from.item);
    to = {item.key.view(), as_bytes(item.value.view()), item.version, item.removed};
  }

  Memory& memory;
  VersionedLimits limits;
  std::uint64_t epoch;
  std::uint64_t version = 0;
  std::uint64_t forgotten = 0;  // the newest removal that is not known any more
  std::uint64_t base = 0;       // VersionStand::base
  std::uint32_t removed = 0;
  bool complete = true;
  base::TextPool texts;
  Items items;
  base::Table<std::uint32_t, KeyOf> by_key;
  base::Vector<Change> changes;  // by version
};

// One more change of an item, known or not; `at` is above all versions so far.
Status VersionedItems::State::change(std::string_view key, Bytes value, bool gone,
                                     std::uint64_t at) noexcept {
  tidy();
  const std::uint32_t* const found = by_key.find(key);
  if (found == nullptr) return add(key, value, gone, at);
  Item& item = *items.at(*found);
  if (item.removed && !gone && by_key.size() - removed == limits.items) return Errc::limit_reached;
  if (!changes.push_back({at, *found})) return Errc::limit_reached;
  if (!texts.replace(item.value, gone ? std::string_view{} : as_text(value))) {
    changes.pop_back();
    return Errc::limit_reached;
  }
  removed += gone ? 1 : 0;
  removed -= item.removed ? 1 : 0;
  item.removed = gone;
  item.version = version = at;
  if (removed > limits.removed) forget_removed();
  return {};
}

Status VersionedItems::State::add(std::string_view key, Bytes value, bool gone,
                                  std::uint64_t at) noexcept {
  if (!gone && by_key.size() - removed == limits.items) return Errc::limit_reached;
  Item item;
  item.version = at;
  item.removed = gone;
  const bool kept = texts.keep(key, item.key) && texts.keep(as_text(value), item.value);
  const std::uint32_t index = kept ? items.insert(item) : Items::kNone;
  if (index == Items::kNone) {
    texts.drop(item.key);
    texts.drop(item.value);
    return Errc::limit_reached;
  }
  if (by_key.insert(index) == nullptr || !changes.push_back({at, index})) {
    by_key.erase(key);
    texts.drop(item.key);
    texts.drop(item.value);
    items.erase(index);
    return Errc::limit_reached;
  }
  version = at;
  removed += gone ? 1 : 0;
  if (removed > limits.removed) forget_removed();
  return {};
}

// Takes the dead out of the log when it is full; half of it is then free again.
void VersionedItems::State::tidy() noexcept {
  if (changes.size() < changes_max(limits)) return;
  Change* const end =
      std::remove_if(changes.begin(), changes.end(), [&](const Change& c) { return !living(c); });
  while (changes.end() != end) changes.pop_back();
}

// The older half of what was removed is no longer known.
void VersionedItems::State::forget_removed() noexcept {
  const std::uint32_t keep = limits.removed / 2;
  for (const Change& change : changes) {
    if (removed <= keep) break;
    if (!living(change) || !items.at(change.item)->removed) continue;
    Item& item = *items.at(change.item);
    if (!CHATROOM_PLANTED(forgotten_removal_untold)) forgotten = change.version;
    by_key.erase(item.key.view());
    texts.drop(item.key);
    texts.drop(item.value);
    items.erase(change.item);
    --removed;
  }
}

void VersionedItems::State::clear() noexcept {
  for (const Change& change : changes) {
    if (!living(change)) continue;
    Item& item = *items.at(change.item);
    by_key.erase(item.key.view());
    texts.drop(item.key);
    texts.drop(item.value);
    items.erase(change.item);
  }
  changes.clear();
  removed = 0;
  epoch = version = forgotten = base = 0;
}

VersionedItems::VersionedItems(const VersionedLimits& limits, std::uint64_t epoch,
                               Memory& memory) noexcept {
  void* const place = memory.allocate(sizeof(State), alignof(State));
  if (place != nullptr)
    state_ = std::construct_at(static_cast<State*>(place), limits, epoch, memory);
}

VersionedItems::~VersionedItems() {
  if (state_ == nullptr) return;
  state_->clear();
  Memory& memory = state_->memory;
  std::destroy_at(state_);
  memory.release(state_, sizeof(State), alignof(State));
}

Result<std::uint64_t> VersionedItems::put(std::string_view key, Bytes value) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  if (key.empty() || key.size() > kKeyBytesMax || value.size() > kValueBytesMax) {
    return Errc::bad_request;
  }
  VersionedItem now;
  if (find(key, now) && as_text(now.value) == as_text(value)) return now.version;
  if (const Status done = state_->change(key, value, false, state_->version + 1); !done) {
    return done.error();
  }
  return state_->version;
}

Result<std::uint64_t> VersionedItems::remove(std::string_view key) noexcept {
  VersionedItem now;
  if (!find(key, now)) return Errc::not_found;
  if (const Status done = state_->change(key, {}, true, state_->version + 1); !done) {
    return done.error();
  }
  return state_->version;
}

Increment VersionedItems::since(VersionStand have, std::span<VersionedItem> places) const noexcept {
  Increment news;
  if (state_ == nullptr) return news;
  const State& s = *state_;
  // Removals that nobody remembers are no matter to a list that was begun after them.
  news.whole = have.epoch != s.epoch || have.version == 0 || have.version > s.version ||
               std::max(have.version, have.base) < s.forgotten;
  news.from = {s.epoch, news.whole ? 0 : have.version, have.base};
  news.to = {s.epoch, s.version, news.whole ? s.version : have.base};
  news.made_at = s.version;
  std::size_t count = 0;
  const Change* change =
      std::partition_point(s.changes.begin(), s.changes.end(),
                           [&](const Change& c) { return c.version <= news.from.version; });
  for (; change != s.changes.end(); ++change) {
    if (!s.living(*change) || (news.whole && s.items.at(change->item)->removed)) continue;
    if (count == places.size()) {
      news.more = true;
      news.to.version = count == 0 ? news.from.version : places[count - 1].version;
      break;
    }
    s.fill(*change, places[count++]);
  }
  news.items = places.first(count);
  return news;
}

Result<VersionedItems::Applied> VersionedItems::apply(const Increment& news) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  State& s = *state_;
  const bool ours = news.to.epoch == s.epoch;
  if (ours && news.made_at < s.base) return Applied::known;  // from before the list was begun
  if (news.whole) {
    if (ours && news.made_at <= std::max(s.base, s.version)) return Applied::known;
    s.clear();
    s.epoch = news.to.epoch;
    s.base = s.forgotten = news.made_at;  // what was removed before is not known here
    s.complete = false;
  } else {
    if (!ours || news.from.version > s.version) return Applied::gap;
    const bool ends_list = news.to.version == s.version && !s.complete;
    if (news.to.version <= s.version && !ends_list && !CHATROOM_PLANTED(older_item_taken)) {
      return Applied::known;
    }
  }
  for (const VersionedItem& item : news.items) {
    if (item.version <= s.version && !CHATROOM_PLANTED(older_item_taken)) continue;
    const bool sound = !item.key.empty() && item.key.size() <= kKeyBytesMax &&
                       item.value.size() <= kValueBytesMax && item.version <= news.to.version;
    const Status done = sound ? s.change(item.key, item.value, item.removed, item.version)
                              : Status{Errc::bad_request};
    if (!done) {
      s.clear();
      s.complete = false;
      return done.error();
    }
  }
  s.version = news.to.version;
  s.complete = s.complete || !news.more;
  return Applied::applied;
}

bool VersionedItems::complete() const noexcept { return state_ != nullptr && state_->complete; }

VersionStand VersionedItems::stand() const noexcept {
  return state_ == nullptr ? VersionStand{}
                           : VersionStand{state_->epoch, state_->version, state_->base};
}

bool VersionedItems::find(std::string_view key, VersionedItem& item) const noexcept {
  if (state_ == nullptr) return false;
  const std::uint32_t* const found = state_->by_key.find(key);
  if (found == nullptr || state_->items.at(*found)->removed) return false;
  state_->fill({0, *found}, item);
  return true;
}

std::uint32_t VersionedItems::size() const noexcept {
  if (state_ == nullptr) return 0;
  return static_cast<std::uint32_t>(state_->by_key.size()) - state_->removed;
}

std::size_t VersionedItems::bytes_held() const noexcept {
  if (state_ == nullptr) return 0;
  return sizeof(State) + state_->texts.bytes_held() + state_->by_key.bytes_held() +
         state_->items.size() * sizeof(Item) + state_->changes.size() * sizeof(Change);
}

// ---- One refresh for all

SharedRefresh::Role SharedRefresh::ask(Tag reader, Instant now) noexcept {
  if (waiting_ == kWaitingMax) return Role::full;
  readers_[waiting_++] = reader;
  const bool first = begun_ == Instant::never() || now - begun_ >= patience_;
  if (first) begun_ = now;
  return first || CHATROOM_PLANTED(refresh_not_shared) ? Role::fetch : Role::wait;
}

void SharedRefresh::finish(Visitor visit, void* context) noexcept {
  // Who asks from inside waits for the next one.
  Tag readers[kWaitingMax];
  const std::uint32_t count = std::exchange(waiting_, 0);
  std::copy_n(readers_, count, readers);
  begun_ = Instant::never();
  for (std::uint32_t i = 0; i < count; ++i) visit(context, readers[i]);
}

}  // namespace chatroom
