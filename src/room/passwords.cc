// What is stored of rooms' passwords. Only rooms that have one hold a record.
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr std::size_t kStoredBytes = 128;

}  // namespace

void Tables::drop_secret(Room& room) noexcept {
  if (room.secret == kNone) return;
  texts.drop(secrets.at(room.secret)->stored);
  secrets.erase(room.secret);
  room.secret = kNone;
}

Registry::Password Registry::password(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr || room->secret == kNone) return {};
  const Secret& secret = *tables_->secrets.at(room->secret);
  return {secret.stored.view(), secret.version};
}

Status Registry::set_password(RoomId id, std::string_view stored) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (stored.size() > kStoredBytes || !base::valid_text(stored)) return Errc::bad_request;
  if (stored.empty()) {
    t.drop_secret(*room);
    return {};
  }
  const bool fresh = room->secret == kNone;
  if (fresh) room->secret = t.secrets.insert();
  if (room->secret == kNone) return Errc::limit_reached;
  Secret& secret = *t.secrets.at(room->secret);
  if (!t.texts.replace(secret.stored, stored)) {
    if (fresh) t.drop_secret(*room);
    return Errc::limit_reached;
  }
  secret.version = ++t.next_secret;
  room->owned = true;  // as in access.cc
  return {};
}

}  // namespace chatroom::room
