// What is shown of somebody: fetched from the Profiles port when a client asks, once for all who
// ask meanwhile, and shown from memory while it is fresh.
#include "engine/profiles.h"

#include <algorithm>
#include <array>

#include "base/plant.h"
#include "engine/host_input.h"
#include "engine/questions.h"

namespace chatroom {

using engine::Profile;
using engine::QuestionKind;

namespace engine {

Profile* ProfileCache::find(std::string_view user) noexcept {
  Profile** const found = by_user_->find(user);
  return found == nullptr ? nullptr : *found;
}

Profile* ProfileCache::make(std::string_view user, Duration patience) noexcept {
  Profile* profile = pool_.make(patience);
  if (profile == nullptr) {
    Profile* oldest = list_.front();
    while (oldest != nullptr && oldest->fetching()) oldest = list_.next(*oldest);
    if (oldest == nullptr) return nullptr;
    list_.remove(*oldest);
    by_user_->erase(oldest->user.view());
    std::destroy_at(oldest);
    profile = std::construct_at(oldest, patience);
  }
  profile->user.assign(user);
  if (by_user_->insert(profile) == nullptr) {
    pool_.destroy(profile);
    return nullptr;
  }
  list_.push_back(*profile);
  return profile;
}

void ProfileCache::keep(Profile& profile, const Data& data, Instant now) noexcept {
  profile.kept = true;
  profile.fetched = now;
  profile.form = data.form;
  profile.size = static_cast<std::uint16_t>(data.bytes.size());
  std::copy(data.bytes.begin(), data.bytes.end(), profile.bytes.begin());
  list_.remove(profile);
  list_.push_back(profile);
}

namespace {

Tag tag_of(Question question) noexcept { return Tag{question.generation} << 32 | question.index; }
Question question_of(Tag tag) noexcept {
  return {static_cast<std::uint32_t>(tag), static_cast<std::uint32_t>(tag >> 32)};
}

}  // namespace
}  // namespace engine

Engine::State::Outcome Engine::State::decide_profile(const Caller& caller,
                                                     const Command& command) noexcept {
  if (ports.profiles == nullptr) return Errc::unsupported;
  Profile* profile = profiles.find(command.user);
  const bool fresh =
      profile != nullptr && profile->kept && now - profile->fetched < options.limits.profile_fresh;
  if (fresh || (CHATROOM_PLANTED(stale_profile_shown) && profile != nullptr && profile->kept)) {
    Answer known;
    known.data = profile->data();
    return settle_profile(caller, known);
  }
  if (profile == nullptr) profile = profiles.make(command.user, options.limits.question_deadline);
  if (profile == nullptr) return Errc::queue_full;
  return profile->fetching() ? await_profile(caller, command, *profile)
                             : fetch_profile(caller, command, *profile);
}

// The first who asks. The question is nobody's, so that it does not go with the session.
Engine::State::Outcome Engine::State::fetch_profile(const Caller& caller, const Command& command,
                                                    Profile& profile) noexcept {
  if (!may_ask(QuestionKind::profile, caller)) return Error{Errc::queue_full, kTemporary, 0};
  const Question question = questions.insert();
  if (!question) return Error{Errc::internal, kTemporary, 0};
  Answer answer;
  {
    const PortCall guard{in_port};
    answer = ports.profiles->on_profile(question, {.user = profile.user.view()});
  }
  if (engine::admit(options.limits, answer).code != Errc::ok) {
    answer = Answer::refuse(Errc::internal);
  }
  record(engine::Record::decision, [&](engine::Packer& to) { pack(to, answer); });
  if (answer.verdict == Answer::Verdict::later) {
    Caller nobody;
    nobody.op = command.op;
    if (keep_question(question, QuestionKind::profile, nobody, command)) {
      return await_profile(caller, command, profile);
    }
    answer = Answer::refuse(Errc::internal);
    answer.error.detail = kTemporary;
  }
  questions.erase(question);
  answer = engine::checked(answer);
  const Outcome outcome = settle_profile(caller, answer);
  finish_profile(command.user, answer);
  return outcome;
}

Engine::State::Outcome Engine::State::await_profile(const Caller& caller, const Command& command,
                                                    Profile& profile) noexcept {
  if (!may_ask(QuestionKind::profile_wanted, caller)) {
    return Error{Errc::queue_full, kTemporary, 0};
  }
  const Question question = questions.insert();
  if (!question) return Error{Errc::internal, kTemporary, 0};
  const bool kept = keep_question(question, QuestionKind::profile_wanted, caller, command);
  if (kept && profile.readers.ask(engine::tag_of(question), now) != SharedRefresh::Role::full) {
    return Outcome::later();
  }
  forget_question(question);
  if (!kept) questions.erase(question);
  return kept ? Error{Errc::queue_full, 0, 0} : Error{Errc::internal, kTemporary, 0};
}

// The port has spoken, or its time is over. Whoever waits is answered, each as far as it is there.
void Engine::State::finish_profile(std::string_view user, Answer answer) noexcept {
  if (answer.verdict == Answer::Verdict::pass && answer.data.bytes.size() > kProfileBytesMax) {
    answer = Answer::refuse(Errc::too_large);
  }
  Profile* const profile = profiles.find(user);
  if (profile == nullptr) return;
  // What is held behind these questions goes on with their answers, and may ask for further
  // profiles: so neither the host's bytes nor the place in the cache will do.
  std::array<std::byte, kProfileBytesMax> bytes;
  if (answer.verdict == Answer::Verdict::pass) {
    profiles.keep(*profile, answer.data, now);
    std::copy(answer.data.bytes.begin(), answer.data.bytes.end(), bytes.begin());
    answer.data.bytes = Bytes{bytes}.first(answer.data.bytes.size());
  }
  struct Share {
    State& state;
    const Answer& answer;
  } share{*this, answer};
  profile->readers.finish(
      [](void* context, Tag reader) {
        const auto& [state, given] = *static_cast<Share*>(context);
        static_cast<void>(state.take_answer(engine::question_of(reader), given));
      },
      &share);
}

Engine::State::Outcome Engine::State::settle_profile(const Caller& caller,
                                                     const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return engine::refused_by_host(verdict.error);
  if (verdict.verdict != Answer::Verdict::pass) return Error{Errc::internal, kTemporary, 0};
  if (verdict.data.bytes.size() > kProfileBytesMax) return Errc::too_large;
  Event event;
  event.data = verdict.data;
  answer(caller, event);
  return {};
}

}  // namespace chatroom
