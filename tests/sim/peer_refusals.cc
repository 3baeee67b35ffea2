// Peers: whether what was refused had to be, and what was let through might be.
#include "sim/host.h"
#include "sim/peer.h"
#include "sim/world.h"

namespace chatroom::sim {

// A refusal must have a reason that this world can give.
void Peer::check_refusal(const Asked& asked, Error error) {
  const auto wrong = [&] {
    fail(std::string{name_of(asked.op)} + " in " + asked.room +
         " was refused without a reason: " + std::string{name_of(error.code)});
  };
  const Plan& plan = world_.plan();
  const Host& host = world_.host();
  const Said* said = world_.truth().find(asked.serial);
  switch (error.code) {
    case Errc::unauthorized:
      if (usable_) wrong();
      break;
    case Errc::forbidden:
      if (asked.op == Op::publish && said != nullptr) {
        const bool marked = said->kind == "notice" || said->priority == Priority::high;
        if (!marked && !host.could_be(asked.room, user_, Role::visitor)) wrong();
      }
      break;
    case Errc::mode_restricted:
      if (!host.ever_restricted(asked.room)) wrong();
      break;
    case Errc::slow_mode:
      if (!host.ever_slow(asked.room)) wrong();
      if (error.retry_after_ms == 0) wrong();
      break;
    case Errc::filtered:
    case Errc::held:
      if (!plan.rules && !plan.reviewed) wrong();
      break;
    case Errc::room_full:
      if (!host.ever_capped(asked.room)) wrong();
      break;
    case Errc::internal:
      if (!plan.rules && !plan.ask_auth && !plan.storage.on && !plan.reviewed) wrong();
      break;
    case Errc::storage_failed:
      if (plan.storage.fail == 0) wrong();
      break;
    case Errc::muted:
    case Errc::banned:
      if (!asked.nonsense && !host.moderators().ever(asked.room, user_.id)) wrong();
      break;
    case Errc::duplicate:  // no two say the same, but one may say it again while it is thought
                           // about
      if (!asked.again || !plan.reviewed || error.retry_after_ms == 0) wrong();
      break;
    case Errc::wrong_password:
    case Errc::token_expired:
    case Errc::bad_request:
      if (!asked.nonsense) wrong();
      break;
    default:
      break;
  }
}

// What the host would say if it were asked why: what this client was told.
void Peer::check_verdict(const Asked& asked, const Event& event) {
  if (event.verdict == 0) fail("was refused without a number");
  const Result<Refusal> why = world_.engine().why(event.verdict);
  if (!why) {
    Refusal newest[1];
    const std::size_t known = world_.engine().refusals({}, newest);
    const std::uint32_t kept = world_.plan().limits.refusals;
    if (known == 0 || newest[0].verdict < event.verdict + kept) fail("nobody knows why any more");
    return;
  }
  if (why->error.code != event.error.code || rule_of(why->error) != rule_of(event.error) ||
      why->error.retry_after_ms != event.error.retry_after_ms) {
    fail("was told " + std::string{name_of(event.error.code)} + ", and why is " +
         std::string{name_of(why->error.code)});
  }
  // What is refused of a session that ends is nobody's any more.
  const bool ended = why->user.empty() && world_.engine().user_of(why->session).empty();
  if (usable_ && !ended && why->user != user_.id)
    fail("the refusal is " + std::string{why->user} + "'s");
  if (!asked.nonsense && !asked.room.empty() && !why->room.empty() && why->room != asked.room) {
    fail("was refused in " + asked.room + ", and why says " + std::string{why->room});
  }
}

// No more commands pass than the rate lets through in the time since the link was opened.
void Peer::check_rate(Error error) {
  const Rate rate = world_.plan().limits.commands;
  if (error.code == Errc::rate_limited || !rate.limited()) return;
  ++accepted_;
  const std::int64_t us = (world_.engine_now() - link_->opened_at()).us;
  const std::uint64_t most =
      rate.burst + rate.per_second * static_cast<std::uint64_t>(us) / 1'000'000 + 2;
  if (accepted_ > most) {
    fail(std::to_string(accepted_) + " commands were accepted where " + std::to_string(most) +
         " may be");
  }
}

}  // namespace chatroom::sim
