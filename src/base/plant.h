// Planted bugs: faults that tests switch on to see that a checker finds them. In every build that
// people use, CHATROOM_PLANTED is the constant false and the compiler removes the branch; only the
// test library compiled with CHATROOM_PLANTS can turn one on, one at a time.
#pragma once

#include <cstdint>

namespace chatroom::base {

enum class Plant : std::uint8_t {
  none,
  ack_ignored,
  answered_before_stored,
  auth_deadline_extended_by_progress,
  ban_not_enforced,
  barrier_ignored,
  blocked_member_skips_reliable,
  checks_skipped,
  clear_takes_all,
  crossing_sequence_skipped,
  cut_frame_forgotten,
  cut_log_called_whole,
  deflate_chain_kept,
  deflated_rest_forgotten,
  deflated_run_to_another,
  deliver_after_leave,
  double_flush_after_partial_write,
  duplicates_pass,
  end_mark_left_standing,
  exceptions_mask_ignored,
  failed_auth_stays_open,
  forgotten_removal_untold,
  frame_limit_not_applied,
  gap_not_told,
  gifts_not_counted,
  goodbye_not_crossed,
  half_open_not_counted,
  hash_key_fixed,
  heartbeat_never_dead,
  held_order_lost,
  history_wrong_channel,
  idempotency_key_per_room_only,
  inbound_rate_ignored,
  inflated_before_auth,
  join_reply_misses_last,
  json_duplicate_keys,
  kept_place_given_away,
  kick_leaves_one_session,
  last_in_line_first,
  large_share_forgotten,
  last_like_untold,
  late_answer_ignores_mute,
  leave_keeps_cursor,
  ledger_off_by_one,
  likes_told_at_once,
  limits_before_auth_forgotten,
  mailbox_never_full,
  malformed_not_closed,
  memory_unbounded,
  mute_ends_early,
  offset_skipped,
  older_item_taken,
  open_leaks_outlet,
  permission_rank_equal,
  presence_change_forgotten,
  presence_leave_lost,
  presence_never_rests,
  rank_not_asked,
  rate_bucket_refills_double,
  rate_limit_per_frame_forgotten,
  rate_untold,
  recalled_still_read,
  receive_budget_ignored,
  recovered_but_incomplete,
  refresh_not_shared,
  refusal_to_neighbour,
  repeats_lost,
  rejected_still_said,
  reset_not_told,
  restored_epoch_forgotten,
  rung_climbs_only,
  sample_biased,
  sampled_not_echoed,
  served_before_auth,
  session_closed_noted_twice,
  shadow_mute_leaks,
  slow_consumer_stays,
  slow_mode_off_by_one_ms,
  stale_member_handle_used,
  superseded_still_sent,
  turn_never_ends_itself,
  uninvited_let_in,
  writable_not_recorded,
};

#ifdef CHATROOM_PLANTS
extern Plant planted;  // the one bug that is on; set by the test before it creates an engine
#define CHATROOM_PLANTED(name) (::chatroom::base::planted == ::chatroom::base::Plant::name)
#else
#define CHATROOM_PLANTED(name) false
#endif

}  // namespace chatroom::base
