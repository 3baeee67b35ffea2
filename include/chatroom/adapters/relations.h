// MemoryRelations: profiles, friends and block lists in memory, for tests and small servers. Hosts
// with accounts of their own implement Relations on those.
//
//   MemoryRelations relations;
//   relations.befriend("alice", "bob");
//   relations.set_profile("alice", R"({"bio":"likes cats"})");
//   Engine::create({...}, {.relations = &relations, .profiles = &relations});
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chatroom/decision.h"

namespace chatroom {

struct MemoryRelationsOptions {
  std::uint32_t users = 100'000;  // with anything to remember; above: limit_reached
  std::uint32_t others = 1'000;   // friends, and blocked, of one: limit_reached
  std::uint32_t profile_bytes = kProfileBytesMax;  // above: too_large
  std::uint32_t names = 1'000'000;  // on all lists together, some 150 bytes each: limit_reached
};

// Thread: any; one may serve several engines.
class MemoryRelations final : public Relations, public Profiles {
 public:
  explicit MemoryRelations(const MemoryRelationsOptions& options = {});
  ~MemoryRelations();

  Status block(std::string_view user, std::string_view other);
  void unblock(std::string_view user, std::string_view other);
  void shield(std::string_view user, bool on);
  // Both ways.
  Status befriend(std::string_view user, std::string_view other);
  void unfriend(std::string_view user, std::string_view other);
  // What is shown of somebody: JSON, or what the host itself reads from here. Clients see it as a
  // whole (`profile`), some time after a change (Limits::profile_fresh). Empty: none.
  Status set_profile(std::string_view user, std::string_view profile);

  std::string profile(std::string_view user) const;  // empty: none
  std::vector<std::string> friends(std::string_view user) const;
  std::vector<std::string> blocked(std::string_view user) const;
  // Whether something of `from` reaches `to`.
  bool reaches(std::string_view from, std::string_view to) const;

  Answer on_direct(Question question, const DirectRequest& request) noexcept override;
  Answer on_block(Question question, const BlockRequest& request) noexcept override;
  Answer on_profile(Question question, const ProfileRequest& request) noexcept override;

 private:
  struct Book;
  std::unique_ptr<Book> book_;
};

}  // namespace chatroom
