// Users and the sessions that are signed in as them.
#include <algorithm>

#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

UserIndex Tables::make_user(std::string_view id) noexcept {
  UserIndex index = users.insert();
  while (index == kNone && forget_lingering()) index = users.insert();
  if (index == kNone) return kNone;
  User& fresh = user(index);
  if (fresh.names.keep(texts, id, {}, {})) {
    if (user_index.insert(index) != nullptr) return index;
    fresh.names.drop(texts);
  }
  users.erase(index);
  return kNone;
}

UserIndex Tables::hold_user(std::string_view id) noexcept {
  const UserIndex user = remember_user(id);
  if (user != kNone) ++this->user(user).references;
  return user;
}

void Tables::release_user(UserIndex index) noexcept {
  User& gone = user(index);
  CHATROOM_ASSERT(gone.references > 0);
  if (--gone.references > 0) return;
  user_index.erase(gone.id());
  gone.names.drop(texts);
  users.erase(index);
}

SessionLinks* Tables::links(SessionIndex session) noexcept {
  if (session >= sessions.size() || sessions[session].user == kNone) return nullptr;
  return &sessions[session];
}

bool UserNames::keep(base::TextPool& texts, std::string_view id, std::string_view nick,
                     std::string_view info) noexcept {
  if (text_ && id == this->id() && nick == this->nick() && info == this->info()) return true;
  CHATROOM_ASSERT(id.size() <= kNameBytes && nick.size() <= kNameBytes);
  CHATROOM_ASSERT(info.size() <= kInfoBytes);
  char all[kBytesMax];
  all[0] = static_cast<char>(id.size());
  all[1] = static_cast<char>(nick.size());
  char* at = all + kHeader;
  for (const std::string_view part : {id, nick, info}) {
    at = std::copy(part.begin(), part.end(), at);
  }
  return texts.replace(text_, {all, static_cast<std::size_t>(at - all)});
}

Result<UserIndex> Registry::sign_in(SessionIndex session, const Identity& identity) noexcept {
  Tables& t = *tables_;
  if (!base::valid_name(identity.user, kNameBytes)) return Errc::bad_request;
  if (!identity.nick.empty() && !base::valid_name(identity.nick, kNameBytes)) {
    return Errc::bad_request;
  }
  if (identity.info.size() > kInfoBytes) return Errc::bad_request;
  CHATROOM_ASSERT(t.links(session) == nullptr);
  if (session >= t.sizes.sessions) return Errc::limit_reached;
  if (session >= kSessionsOfUser) return Errc::limit_reached;  // of one user even less
  if (session >= t.sessions.size() && !t.sessions.resize(session + 1)) return Errc::limit_reached;
  Tenant* const tenant = t.tenants.of(identity.user);
  if (t.tenants.apart() && tenant == nullptr) return Errc::unauthorized;
  if (tenant != nullptr && Tenants::full(tenant->policy.sessions, tenant->used.sessions)) {
    return Tenants::refuse_full(*tenant);
  }

  UserIndex index = t.find_user(identity.user);
  if (index == kNone) index = t.make_user(identity.user);
  if (index == kNone) return Errc::limit_reached;
  User& user = t.user(index);
  ++user.references;
  const std::string_view nick = identity.nick == identity.user ? std::string_view{} : identity.nick;
  if (!user.names.keep(t.texts, identity.user, nick, as_text(identity.info))) {
    t.release_user(index);
    return Errc::limit_reached;
  }
  user.role = identity.role;

  t.sessions[session] = {.user = index, .previous = user.last_session};
  (user.last_session == kNone ? user.first_session : t.sessions[user.last_session].next) = session;
  user.last_session = session;
  ++user.sessions;
  if (tenant != nullptr) ++tenant->used.sessions;
  return index;
}

void Registry::sign_out(SessionIndex session) noexcept {
  Tables& t = *tables_;
  const SessionLinks* links = t.links(session);
  if (links == nullptr) return;
  CHATROOM_ASSERT(links->memberships == 0);
  User& user = t.user(links->user);
  (links->previous == kNone ? user.first_session : t.sessions[links->previous].next) = links->next;
  (links->next == kNone ? user.last_session : t.sessions[links->next].previous) = links->previous;
  const UserIndex index = links->user;
  if (Tenant* const tenant = t.tenants.of(user.id())) --tenant->used.sessions;
  if (--user.sessions == 0) t.drop_waiters_of(index);
  t.sessions[session] = {};
  t.release_user(index);
}

UserIndex Registry::user_of(SessionIndex session) const noexcept {
  const SessionLinks* links = tables_->links(session);
  return links == nullptr ? kNone : links->user;
}

UserIndex Registry::find_user(std::string_view id) const noexcept {
  const UserIndex index = tables_->find_user(id);
  return index == kNone || tables_->user(index).sessions == 0 ? kNone : index;
}

UserIndex Registry::known_user(std::string_view id) const noexcept {
  return tables_->find_user(id);
}

UserView Registry::user(UserIndex index) const noexcept {
  const User& user = tables_->user(index);
  return {.id = user.id(),
          .nick = user.shown(),
          .info = as_bytes(user.names.info()),
          .role = user.role,
          .sessions = user.sessions};
}

void Registry::hold_user(UserIndex user) noexcept { ++tables_->user(user).references; }
void Registry::let_go_user(UserIndex user) noexcept { tables_->release_user(user); }

SessionIndex Registry::first_session(UserIndex user) const noexcept {
  return tables_->user(user).first_session;
}

SessionIndex Registry::next_session(SessionIndex session) const noexcept {
  const SessionLinks* links = tables_->links(session);
  return links == nullptr ? kNone : links->next;
}

}  // namespace chatroom::room
