#include "sim/store.h"

#include "sim/world.h"

namespace chatroom::sim {

Store::Store(World& world) : world_(world), random_(world.plan().seed, 70) {}

Store::Shelf& Store::shelf(std::string_view room) {
  Shelf& shelf = shelves_[std::string{room}];
  if (shelf.rows == nullptr) {
    MemoryStorageOptions options;
    options.later = true;
    options.messages_per_room = world_.plan().storage.keeps;
    shelf.rows = std::make_unique<MemoryStorage>(options);
  }
  return shelf;
}

Duration Store::some_time() {
  const StorageHabits& habits = world_.plan().storage;
  if (!world_.faulty()) return Duration{random_.below(2'000)};
  const bool slow = random_.chance(habits.slow);
  return Duration{random_.below(slow ? habits.slow_us_max : 5'000)};
}

bool Store::begin(StorageRequest request, Under under) {
  const std::string room = under.room;
  if (world_.faulty() && random_.per_mille(world_.plan().storage.fail)) {
    world_.report().note("storage fails", {}, room, static_cast<std::uint64_t>(under.what));
    if (under.what == What::load) shelf(room).loaded = {};
    if (under.what == What::read) shelf(room).loaded.cold = true;
    StorageReply* const reply = under.reply;
    const std::uint64_t life = world_.lives();
    world_.schedule().after(some_time(), [this, request, reply, life] {
      if (life == world_.lives()) reply->on_done(request, Errc::storage_failed);
    });
    return false;
  }
  Shelf& at = shelf(room);
  at.last = std::max(at.last, world_.now() + some_time());
  under_[request] = std::move(under);
  const std::uint64_t life = world_.lives();
  world_.schedule().at(at.last, [this, room, life] {
    if (life == world_.lives()) take_effect(room);
  });
  return true;
}

void Store::take_effect(const std::string& room) { shelf(room).rows->deliver(1); }

// From inside the request, if nothing waits before it.
void Store::perhaps_at_once(std::string_view room) {
  MemoryStorage& rows = *shelf(room).rows;
  if (rows.waiting() == 1 && random_.chance(world_.plan().storage.at_once)) rows.deliver(1);
}

void Store::append(StorageRequest request, StorageReply& reply, std::string_view room,
                   std::uint64_t epoch, std::span<const Message> messages) noexcept {
  Under under{What::append, &reply, std::string{room}, epoch, {}};
  for (const Message& message : messages) {
    under.messages[message.offset] = Truth::serial_of(message);
  }
  if (begin(request, std::move(under))) {
    shelf(room).rows->append(request, *this, room, epoch, messages);
    perhaps_at_once(room);
  }
}

void Store::save(StorageRequest request, StorageReply& reply, std::string_view room,
                 std::uint64_t epoch, Bytes record) noexcept {
  if (begin(request, {What::save, &reply, std::string{room}, epoch, {}})) {
    shelf(room).rows->save(request, *this, room, epoch, record);
    perhaps_at_once(room);
  }
}

void Store::read(StorageRequest request, StorageReply& reply, std::string_view room,
                 std::uint64_t epoch, std::uint64_t after, std::uint32_t limit) noexcept {
  if (begin(request, {What::read, &reply, std::string{room}, epoch, {}})) {
    shelf(room).rows->read(request, *this, room, epoch, after, limit);
    perhaps_at_once(room);
  }
}

void Store::load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept {
  if (begin(request, {What::load, &reply, std::string{room}, 0, {}})) {
    shelf(room).rows->load(request, *this, room);
    perhaps_at_once(room);
  }
}

void Store::crash() {
  for (auto& [room, shelf] : shelves_) {
    for (auto& [request, under] : under_) {
      if (under.room == room) under.reply = nullptr;
    }
    const auto waiting = static_cast<std::uint32_t>(shelf.rows->waiting());
    if (waiting > 0) shelf.rows->deliver(random_.below(waiting + 1));
    shelf.rows->drop();
  }
  under_.clear();
}

// ---- What the rows answer

void Store::on_message(StorageRequest request, const Message& message) noexcept {
  const Under& under = under_.at(request);
  if (under.reply != nullptr) under.reply->on_message(request, message);
}

void Store::on_room(StorageRequest request, const StoredRoom& room) noexcept {
  const Under& under = under_.at(request);
  if (under.reply != nullptr) under.reply->on_room(request, room);
}

void Store::on_done(StorageRequest request, Status status) noexcept {
  const Under under = std::move(under_.at(request));
  under_.erase(request);
  if (under.what == What::load || status) took_effect(under);
  if (under.reply == nullptr) return;
  const bool writes = under.what == What::append || under.what == What::save;
  if (!writes || !random_.chance(world_.plan().storage.late_word)) {
    return under.reply->on_done(request, status);
  }
  StorageReply* const reply = under.reply;
  const std::uint64_t life = world_.lives();
  world_.schedule().after(some_time(), [this, reply, request, status, life] {
    if (life == world_.lives()) reply->on_done(request, status);
  });
}

void Store::took_effect(const Under& under) {
  Shelf& at = shelf(under.room);
  const bool writes = under.what == What::append || under.what == What::save;
  if (writes && at.epoch != under.epoch) {
    at.epoch = under.epoch;
    at.now.clear();
    at.record = false;
  }
  if (under.what == What::save) at.record = true;
  if (under.what == What::append) {
    std::uint64_t next =
        at.now.empty() ? under.messages.begin()->first : at.now.rbegin()->first + 1;
    for (; next < under.messages.begin()->first; ++next) at.holes.insert(next);
    for (const auto& [offset, serial] : under.messages) {
      at.now[offset] = serial;
      at.ever[offset].insert(serial);
    }
  }
  if (under.what != What::load) return;
  at.loaded = {.record = at.record};
  if (!at.now.empty()) {
    at.loaded.offset = at.now.rbegin()->first;
    at.loaded.newest = at.now.rbegin()->second;
  }
  world_.report().note("room is loaded", {}, under.room, at.loaded.offset, at.loaded.newest);
}

// ---- For the checkers

Store::Loaded Store::loaded(const std::string& room) const {
  const auto at = shelves_.find(room);
  return at == shelves_.end() ? Loaded{} : at->second.loaded;
}

bool Store::ever_held(const std::string& room, std::uint64_t offset, std::uint64_t serial) const {
  const auto shelf = shelves_.find(room);
  if (shelf == shelves_.end()) return false;
  const auto at = shelf->second.ever.find(offset);
  if (at == shelf->second.ever.end()) return false;
  return serial == 0 || at->second.count(serial) != 0;
}

bool Store::never_got(const std::string& room, std::uint64_t offset) const {
  const auto at = shelves_.find(room);
  return at != shelves_.end() && at->second.holes.count(offset) != 0;
}

}  // namespace chatroom::sim
