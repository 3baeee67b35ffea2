// Engine::State: everything one engine is. What it holds stands in tables.h; here the turn, and its
// methods in the order of the turn, each group in the file named above it. Read turn.cc next.
#pragma once

#include "base/bucket.h"
#include "base/plant.h"
#include "chatroom/broker.h"
#include "engine/breaker.h"
#include "engine/crossing.h"
#include "engine/recorded_compressor.h"
#include "engine/taped.h"
#include "engine/turn_scope.h"
#include "wire/websocket_header.h"

namespace chatroom {

namespace engine {
struct Cluster;
struct GuestTag;
fanout::LogOptions log_options(const RoomPolicy& policy) noexcept;
}  // namespace engine

struct Engine::State final : engine::Taped, StorageReply, BrokerInbox {
  using SessionRecord = engine::SessionRecord;
  using Pending = engine::Pending;
  using Caller = engine::Caller;
  using Outcome = engine::Outcome;
  using Seeds = engine::Seeds;
  using Actor = engine::Actor;
  static Seeds make_seeds(std::uint64_t seed, EventLoop* loop) noexcept;

  State(Engine& owner, const EngineOptions& given, const EnginePorts& given_ports) noexcept;
  ~State();
  Status create(const Seeds& seeds) noexcept;
  Engine& engine;
  engine::RecordedCompressor compressor{*this};
  // --- turn.cc: the order of the steps.
  void enter() noexcept;  // opens a turn, or becomes part of the open one
  void leave() noexcept;
  void count_input(std::size_t bytes) noexcept;  // a long turn ends itself in the middle
  void run_steps(Budget& budget, std::uint32_t large) noexcept;
  Instant advance(Instant moment, Budget budget) noexcept;
  // Mail, timers, then the steps.
  void work(Budget budget, std::uint32_t large) noexcept;
  std::uint32_t large_share() const noexcept;  // of the sends of a turn
  void on_alarm() noexcept;
  void stamp(Instant moment) noexcept;
  Instant next_deadline() const noexcept;
  void set_alarm() noexcept;

  // --- intake.cc: bytes, timers and mail to commands.
  void take_bytes(SessionId id, Bytes bytes) noexcept;
  void take_frame(SessionId id, FrameKind kind, Bytes payload) noexcept;
  void take_fault(SessionId id, CloseCode code) noexcept;
  void take_writable(SessionId id) noexcept;
  void take_closed(SessionId id) noexcept;
  void take_mail(std::uint32_t& commands) noexcept;
  void take_timers(std::uint32_t& commands) noexcept;
  Bytes read(SessionId id, Bytes bytes) noexcept;
  void handle(SessionId id, const session::Intake& intake) noexcept;
  void hold(SessionRecord& record, std::span<const Bytes> pieces) noexcept;
  void hold_again(SessionId id, Bytes rest) noexcept;
  void release_held(SessionId id) noexcept;
  void forget_held(SessionRecord& record) noexcept;
  bool answers_wait(const SessionRecord& record, SessionId id) const noexcept;
  bool must_wait(const SessionRecord& record, SessionId id) const noexcept;
  void pace_reading(SessionRecord& record, SessionId id) noexcept;
  void on_session_timer(SessionId id) noexcept;

  // --- decide.cc: one command of a usable session, or of the host for it.
  Outcome decide(const Caller& caller, const Command& command) noexcept;
  Error check_shared(const Caller& caller, const Command& command) noexcept;
  Error charge_address(SessionId session) noexcept;
  Error admit_join() noexcept;
  void execute(const Caller& caller, const Command& command) noexcept;  // and refuse if need be
  Result<Ticket> host_call(SessionId id, const Command& command, Tag tag) noexcept;
  void answer(const Caller& caller, Event& event) noexcept;
  void answer_page(const Caller& caller, Event& event, bool oldest) noexcept;
  bool wants_answer(const Caller& caller) const noexcept;
  void refuse(const Caller& caller, Error error, std::string_view room = {}) noexcept;
  void push(std::uint32_t session, const Event& event,
            const fanout::PrivateOptions& how = {}) noexcept;
  void push_refusal(std::uint32_t session, Event event) noexcept;
  void push_control(std::uint32_t session, wire::WebsocketOpcode opcode, Bytes payload) noexcept;
  // --- decide_auth.cc
  Outcome decide_auth(const Caller& caller, const Command& command) noexcept;
  Outcome settle_auth(const Caller& caller, const Answer& verdict) noexcept;
  Status sign_in(SessionId id, const Identity& identity) noexcept;

  // --- decide_join.cc
  Outcome decide_join(const Caller& caller, const Command& command) noexcept;
  Outcome settle_missing_room(const Caller& caller, const Command& command,
                              const Answer& verdict) noexcept;
  Outcome open_and_join(const Caller& caller, const Command& command) noexcept;
  Outcome ask_join(const Caller& caller, const Command& command) noexcept;
  Outcome settle_join(const Caller& caller, const Command& command, const Answer& verdict) noexcept;
  Outcome wait_for_room(const Caller& caller, const Command& command, RoomId room) noexcept;
  Outcome settle_loaded(const Caller& caller, const Command& command,
                        const Answer& verdict) noexcept;
  Outcome perform_join(const Caller& caller, RoomId room, const Command& command) noexcept;
  bool answer_join(const Caller& caller, RoomId room, const Command& command,
                   const room::Joined& joined) noexcept;
  void replace_sessions(RoomId room, room::UserIndex user) noexcept;
  Outcome decide_leave(const Caller& caller, const Command& command) noexcept;
  Outcome decide_channels(const Caller& caller, const Command& command) noexcept;

  // --- passwords.cc
  bool is_free_to_enter(RoomId room, room::UserIndex user) const noexcept;
  engine::Passed& passed_at(SessionId session, RoomId room) noexcept;
  std::int64_t& tries_of(std::string_view room, std::string_view user) noexcept;
  Error take_try(std::string_view room, std::string_view user) noexcept;
  Outcome ask_password(const Caller& caller, RoomId room, const Command& command) noexcept;
  Outcome settle_password(const Caller& caller, const Command& command,
                          const Answer& verdict) noexcept;
  Outcome ask_set_password(const Caller& caller, const Command& command) noexcept;
  Outcome settle_set_password(const Caller& caller, const Command& command,
                              const Answer& verdict) noexcept;
  Status change_password(RoomId room, const PolicyPatch& patch) noexcept;

  // --- decide_publish.cc
  Outcome decide_publish(const Caller& caller, const Command& command) noexcept;
  Outcome settle_publish(const Caller& caller, const Command& command,
                         const Answer& verdict) noexcept;
  Outcome say_in_shadow(const Caller& caller, RoomId room, const Outgoing& message) noexcept;
  Outcome review(const Caller& caller, RoomId room, const Command& command) noexcept;
  Outcome ask_follower(const Caller& caller, RoomId room, const Command& command) noexcept;
  void forgive(const Caller& caller, RoomId room, const Command& command) noexcept;
  Outcome settle_filter(const Caller& caller, const Command& command,
                        const Answer& verdict) noexcept;
  Outcome settle_follower(const Caller& caller, const Command& command,
                          const Answer& verdict) noexcept;
  Outcome ask_rules(const Caller& caller, const Command& command) noexcept;
  void answer_publish(const Caller& caller, Position position) noexcept;
  Result<Position> say(RoomId room, room::UserIndex author, const Outgoing& message,
                       Tag tag) noexcept;

  // --- moderation.cc: who may do it; moderated.cc: what comes of it.
  Outcome decide_moderation(const Caller& caller, const Command& command) noexcept;
  Outcome perform_moderation(const Caller& caller, const Command& command, bool made) noexcept;
  Outcome decide_open_room(const Caller& caller, const Command& command) noexcept;
  Outcome open_permitted(const Caller& caller, const Command& command) noexcept;
  Outcome open_for(const Caller& caller, const Command& command) noexcept;
  Outcome settle_open_room(const Caller& caller, const Command& command) noexcept;
  Outcome own_room(const Caller& caller, RoomId room, const Command& command) noexcept;
  Outcome decide_list_rooms(const Caller& caller, const Command& command) noexcept;
  Status moderate(RoomId room, const Actor& actor, const Command& command) noexcept;
  Error may_moderate(RoomId room, const Actor& actor, const Command& command) noexcept;
  Error may_set_attribute_of(RoomId room, const Actor& actor, const Command& command) noexcept;
  bool may_read(RoomId room, const Actor& actor, std::string_view channel) noexcept;
  Status sanction(RoomId room, const Actor& actor, const Command& command) noexcept;
  void clean_up(RoomId room, const Actor& actor, const Command& command) noexcept;
  Status change_role(RoomId room, const Actor& actor, const Command& command) noexcept;
  Status take_back(RoomId room, const Actor& actor, const Command& command) noexcept;
  Status change_board(RoomId room, const Actor& actor, const Command& command) noexcept;
  Status change_channel(RoomId room, const Actor& actor, const Command& command) noexcept;
  // --- access.cc: roles in channels, and channels that are not everybody's.
  Status change_channel_role(RoomId room, const Actor& actor, const Command& command) noexcept;
  Error may_set_channel_role(RoomId room, const Actor& actor, const Command& command) noexcept;
  void enforce_channels(RoomId room, room::UserIndex user) noexcept;
  void enforce_channels(RoomId room) noexcept;
  void take_off(RoomId room, room::MembershipIndex at, room::ChannelMask mask) noexcept;
  bool may_review(RoomId room, room::UserIndex user, room::ChannelIndex channel) noexcept;
  Result<Role> rank_at_message(RoomId room, const Actor& actor, const Command& command) noexcept;
  void take_mask(PeerId from, engine::Unpacker& in) noexcept;
  void let_stay(RoomId room, std::string_view user, std::string_view channel) noexcept;
  Status change_policy(RoomId room, const PolicyPatch& patch) noexcept;
  void remove_user(RoomId room, room::UserIndex user, const Event& left) noexcept;
  void tell_moderation(RoomId room, const Event& event) noexcept;
  void tell_pinned(RoomId room) noexcept;
  void note_moderation(RoomId room, const Actor& actor, const Command& command,
                       std::int64_t until_ms) noexcept;
  Status host_moderate(RoomId room, const Command& given) noexcept;
  Status moderate_there(RoomId room, const Command& command) noexcept;
  // --- lines.cc
  Outcome decide_enqueue(const Caller& caller, const Command& command) noexcept;
  Outcome decide_dequeue(const Caller& caller, const Command& command) noexcept;
  Outcome decide_waiting(const Caller& caller, const Command& command) noexcept;
  Status let_in(RoomId room, const Actor& actor, const Command& command) noexcept;
  Status move_line(RoomId room, const Actor& actor, const Command& command) noexcept;
  void tell_line(RoomId room, const room::LineNews& news) noexcept;
  void tend_lines() noexcept;
  void end_waiting(RoomId room, std::string_view who) noexcept;
  void end_line(RoomId room) noexcept;
  // --- held.cc: what waits for a moderator.
  Error hold(RoomId room, room::UserIndex author, const Outgoing& message) noexcept;
  Status decide_held(RoomId room, const Actor& actor, const Command& command) noexcept;
  Outcome decide_list_held(const Caller& caller, const Command& command) noexcept;
  void released_stored(const Caller& caller) noexcept;
  void released_refused(const Caller& caller) noexcept;
  void drop_held_of(RoomId room) noexcept;
  void reject_held_of(RoomId room, std::string_view user, std::string_view by) noexcept;
  void tell_staff(RoomId room, const Event& event, room::UserIndex but,
                  room::ChannelIndex channel) noexcept;
  void tell_user(RoomId room, room::UserIndex user, const Event& event) noexcept;

  // --- sends.cc: the host to many at once, or later.
  Result<std::uint32_t> send_to_users(std::span<const std::string_view> users,
                                      const Outgoing& given) noexcept;
  Result<std::uint32_t> broadcast_rooms(std::string_view prefix, const Outgoing& given) noexcept;
  Result<std::uint32_t> send_group(RoomId room, bool by_tag, std::uint64_t which,
                                   const Outgoing& given) noexcept;
  Event message_of_host(RoomId room, const Outgoing& message) noexcept;
  void push_to_member(RoomId room, room::UserIndex user, const Event& event) noexcept;
  Result<ScheduleId> schedule(RoomId room, Instant at, const Outgoing& given, Tag tag) noexcept;
  Status cancel(ScheduleId id) noexcept;
  void on_scheduled(ScheduleId id) noexcept;
  void forget_scheduled(RoomId room) noexcept;

  // --- likes.cc
  Outcome decide_like(const Caller& caller, RoomId room, const Outgoing& message,
                      bool counts) noexcept;
  Result<Ticket> like_as_host(RoomId room, const Outgoing& message, Tag tag) noexcept;
  void tell_likes() noexcept;

  // --- overload.cc: rooms with a receive budget.
  Outcome withhold(const Caller& caller, RoomId room, const Outgoing& message,
                   const room::Showing& showing) noexcept;
  void echo(RoomId room, room::UserIndex author, room::ChannelIndex channel,
            const Outgoing& message) noexcept;
  // Of one of its budgets, Showing::budget; if it changed.
  void tell_rung(RoomId room, room::ChannelIndex budget) noexcept;
  void tell_rate(RoomId room, room::ChannelIndex budget) noexcept;  // likewise, to members
  bool say_rate(RoomId room, room::ChannelIndex budget, bool apart,
                const room::ShownRate& rate) noexcept;
  void end_windows() noexcept;
  void release_repeats(RoomId room, room::ChannelIndex budget) noexcept;
  void tell_sampled(RoomId room, const room::Sampled& sampled) noexcept;

  // --- decide_query.cc
  Outcome decide_history(const Caller& caller, const Command& command) noexcept;
  Outcome decide_ack(const Caller& caller, const Command& command) noexcept;
  Outcome decide_receive(const Caller& caller, const Command& command) noexcept;
  void tell_receipts() noexcept;
  Outcome decide_presence(const Caller& caller, const Command& command) noexcept;
  // --- relations.cc
  Outcome decide_send_to(const Caller& caller, const Command& command) noexcept;
  Outcome settle_direct(const Caller& caller, const Command& command,
                        const Answer& verdict) noexcept;
  Outcome decide_block(const Caller& caller, const Command& command) noexcept;
  Outcome settle_block(const Caller& caller, const Answer& verdict) noexcept;
  // --- profiles.cc
  Outcome decide_profile(const Caller& caller, const Command& command) noexcept;
  Outcome fetch_profile(const Caller& caller, const Command& command,
                        engine::Profile& profile) noexcept;
  Outcome await_profile(const Caller& caller, const Command& command,
                        engine::Profile& profile) noexcept;
  void finish_profile(std::string_view user, Answer answer) noexcept;
  Outcome settle_profile(const Caller& caller, const Answer& verdict) noexcept;
  Outcome decide_call(const Caller& caller, const Command& command) noexcept;
  Outcome settle_call(const Caller& caller, const Command& command, const Answer& verdict) noexcept;
  std::uint32_t send_direct(room::UserIndex to, SessionId from, const Event& event,
                            bool delivers) noexcept;

  // --- breakers.cc: ports that fail.
  Duration broken_for(engine::BrokenPort port) const noexcept;
  Error broken(Errc code, Duration wait) noexcept;
  bool answer_for(engine::QuestionKind kind, Answer& answer) noexcept;
  void port_answered(engine::QuestionKind kind, const Answer& answer, Instant asked) noexcept;
  void port_worked(engine::BrokenPort port, bool worked, Instant asked) noexcept;

  // --- questions.cc
  template <class Ask>
  Outcome ask(engine::QuestionKind kind, const Caller& caller, const Command& command,
              Ask call) noexcept;
  bool may_ask(engine::QuestionKind kind, const Caller& caller) const noexcept;
  bool keep_question(Question question, engine::QuestionKind kind, const Caller& caller,
                     const Command& command) noexcept;
  Status take_answer(Question question, const Answer& answer) noexcept;
  Outcome settle(engine::QuestionKind kind, const Caller& caller, const Command& command,
                 const Answer& given) noexcept;
  void forget_question(Question question) noexcept;
  void on_question_deadline(Question question) noexcept;

  // --- rooms.cc: rooms and those in them, for decide and for the host.
  fanout::LogOptions log_options(RoomId room, const RoomPolicy& policy) const noexcept;
  Result<RoomId> open_room(std::string_view key, const RoomPolicy& policy,
                           std::string_view creator) noexcept;
  void close_room(RoomId room, LeaveReason reason) noexcept;
  void leave_room(RoomId room, std::uint32_t session, LeaveReason reason) noexcept;
  void remove_from_room(RoomId room, std::uint32_t session, const Event& left) noexcept;
  void remove_from_room(RoomId room, std::uint32_t session, LeaveReason reason) noexcept {
    remove_from_room(room, session, Event{.reason = reason});
  }
  Result<Ticket> broadcast(RoomId room, const Outgoing& given, Tag tag) noexcept;
  Status kick(RoomId room, std::string_view user, std::string_view text) noexcept;
  Status set_policy(RoomId room, const RoomPolicy& policy) noexcept;
  Status set_role(RoomId room, std::string_view user, Role role) noexcept;
  Status send_in_room(RoomId room, std::string_view user, const Outgoing& given) noexcept;
  void tell_room_state(RoomId room, const RoomState& changed) noexcept;

  // --- record.cc: appends, one a changed room and turn.
  engine::RoomRecord* record_of(RoomId room) noexcept;  // null: the room is not stored
  bool stores_first(RoomId room) noexcept;
  void mark_changed(RoomId room) noexcept;
  void record_changes() noexcept;
  void retry_storage() noexcept;  // a moment from now
  void retry_failed_appends() noexcept;
  bool append_behind(engine::RoomRecord& record) noexcept;
  void append_before(engine::RoomRecord& record) noexcept;
  bool spread_stored(engine::RoomRecord& record) noexcept;
  void drop_flying(engine::RoomRecord& record, Error error) noexcept;
  void finish(const Caller& caller, const Result<Position>& said, std::string_view room) noexcept;
  void refuse_ahead(engine::RoomRecord& record) noexcept;
  Outcome publish_before(const Caller& caller, RoomId room, room::UserIndex author,
                         const Outgoing& message) noexcept;
  Result<Position> spread_message(RoomId room, const room::Committed& stamped,
                                  room::UserIndex author, const Outgoing& message,
                                  Tag tag) noexcept;

  // --- keeping.cc: the record of a room in storage, and whether its log is whole.
  bool may_outrun(RoomId room) const noexcept;
  void save_changes(engine::RoomRecord& record) noexcept;
  bool save_room(engine::RoomRecord& record, std::uint64_t epoch, bool open) noexcept;
  void save_later(engine::RoomRecord& record) noexcept;
  void saved(const engine::StorageWork& work, engine::RoomRecord& record) noexcept;
  void mark_unsaved(RoomId room) noexcept;
  void save_closing(RoomId room) noexcept;
  void keep_reads_soon(RoomId room) noexcept;
  void keep_reads() noexcept;
  std::size_t saves_left() const noexcept;
  void give_places() noexcept;
  void tell_left_out(engine::RoomRecord& record, std::uint32_t count) noexcept;
  void fail_unread(engine::RoomRecord& record) noexcept;
  bool restore_settings(engine::RoomRecord& record, const engine::Kept& kept,
                        engine::Unpacker& from) noexcept;
  void resume(engine::StorageWork& work, engine::RoomRecord& record) noexcept;

  // --- storing.cc: requests to the Storage port and their completions.
  template <class Call>
  void ask_storage(Call call) noexcept;
  StorageRequest new_work(engine::StorageWorkKind kind, RoomId room) noexcept;
  void on_message(StorageRequest request, const Message& message) noexcept override;
  void on_room(StorageRequest request, const StoredRoom& room) noexcept override;
  void on_done(StorageRequest request, Status status) noexcept override;
  void take_completions() noexcept;
  void complete(StorageRequest request) noexcept;
  void start_loading(RoomId room) noexcept;
  void load_room(engine::RoomRecord& record) noexcept;
  bool can_load() const noexcept;
  Error storage_is_down() noexcept;
  void fail_loading(engine::RoomRecord& record, Error why) noexcept;
  void warm(engine::RoomRecord& record) noexcept;
  void finish_loading(RoomId room) noexcept;
  void answer_waiting(RoomId room, const Answer& answer) noexcept;
  void read_warm(engine::RoomRecord& record, std::uint64_t after) noexcept;
  void warmed(engine::StorageWork& work, engine::RoomRecord& record) noexcept;
  void finish_warming(engine::RoomRecord& record) noexcept;
  void forget_record(RoomId room) noexcept;
  std::uint64_t oldest_in_ring(RoomId room) const noexcept;
  bool read_stored_page(const Caller& caller, RoomId room, const room::PageRequest& page,
                        const Command& command, std::uint32_t rounds = 0) noexcept;
  void answer_stored_page(engine::StorageWork& work) noexcept;
  std::span<const Message> unpack_results(engine::StorageWork& work,
                                          std::string_view room) noexcept;

  // --- spread.cc: what a turn says to whole rooms.
  void spread() noexcept;
  void spread_presence(RoomId room) noexcept;
  // --- flush.cc
  void flush(Budget& budget, std::uint32_t& large) noexcept;
  void note_gaps() noexcept;
  void take_doomed() noexcept;
  void close_marked() noexcept;

  // --- sessions.cc: how sessions begin and end.
  Result<SessionId> open(Connection& connection, const SessionOptions& session_options) noexcept;
  Status open_record(SessionId id, Connection& connection, const SessionOptions& how) noexcept;
  void evict_half_open() noexcept;
  void forget_half_open(SessionRecord& record) noexcept;
  Result<SessionId> open_local(LocalMember& member, const Identity& identity) noexcept;
  void end_session(SessionId id, CloseCode code, LeaveReason reason) noexcept;
  void leave_everything(SessionId id, LeaveReason reason) noexcept;
  void forget_session(SessionId id) noexcept;
  void start_timer(SessionRecord& record) noexcept;
  void drain(CloseCode code, Duration spread) noexcept;
  // --- tell.cc
  bool tell() noexcept;                        // true: somebody was called, who may have called in
  void note(const HostEvent& event) noexcept;  // queued for the observer
  // --- trace.cc, and refusals.h.
  Status set_trace(std::string_view user, bool on) noexcept;
  void begin_trace(SessionId id, std::string_view user) noexcept;
  void trace(std::uint32_t session, HostEvent event) noexcept;
  void trace_command(const Caller& caller, const Command& command) noexcept;
  void trace_told(std::uint32_t session, const Event& event) noexcept;
  // --- slow_work.cc: what is handed to whoever takes his time.
  bool wants(WorkKind kind) const noexcept;
  void hand_over(Work& work) noexcept;
  void copy(const HostEvent& event) noexcept;
  void copy_message(RoomId room, const room::Committed& said) noexcept;
  bool push_away(std::string_view user, const Message& message) noexcept;
  void tell_observer() noexcept;
  void tell_locals() noexcept;
  void tell_local(SessionId id) noexcept;

  // --- broker.cc: other engines of the same server. Without a Broker port `cluster` is null.
  engine::Cluster* cluster = nullptr;
  std::uint32_t broker_inputs = 0;
  bool broker_waits = false;  // there is more to poll
  static std::uint64_t cluster_bytes(const Limits& limits) noexcept;
  Status enter_cluster(base::HashKey key) noexcept;
  void leave_cluster() noexcept;
  void take_broker(std::uint32_t& commands) noexcept;
  void settle_cluster() noexcept;
  Question waiting_for(const SessionRecord& record) const noexcept;
  void stop_waiting(SessionRecord& record, Question question) noexcept;
  bool is_home(const Lease& lease) const noexcept;
  bool is_mirror(RoomId room) const noexcept;
  bool is_guest(std::uint32_t session) const noexcept;
  std::uint32_t guest_count() const noexcept;
  std::uint64_t guest_memberships() const noexcept;
  std::uint32_t mirror_count() const noexcept;
  std::uint32_t online(RoomId room) const noexcept;
  Bytes encode_crossing(const Event& event) noexcept;
  bool decode_crossing(Bytes frame, Event& event) noexcept;
  template <class Fill>
  bool cross(PeerId to, engine::Crossing type, Delivery how, Fill fill) noexcept;
  void on_entry(std::string_view key, Term term, std::uint64_t sequence,
                Bytes entry) noexcept override;
  void on_message(PeerId from, Bytes message) noexcept override;
  void on_peer_lost(PeerId peer) noexcept override;

  // --- home.cc, host_ops.cc: for those who follow our rooms.
  Result<fanout::Appended> append(RoomId room, const fanout::EntryMeta& meta,
                                  const Event& event) noexcept;
  template <class Fill>
  void publish_entry(RoomId room, engine::EntryKind kind, Delivery how, Fill fill) noexcept;
  void publish_policy(RoomId room) noexcept;
  void publish_recalled(RoomId room) noexcept;
  void tell_losses_soon() noexcept;
  void tell_losses() noexcept;
  void publish_closed(RoomId room, LeaveReason reason) noexcept;
  void share_room(RoomId room) noexcept;
  void unshare_room(RoomId room) noexcept;
  SessionId find_guest(PeerId peer, SessionId theirs) const noexcept;
  SessionId make_guest(PeerId peer, SessionId theirs, const Identity& identity) noexcept;
  void forget_guest(Handle<engine::GuestTag> name) noexcept;
  void doubt_guest(std::uint32_t session) noexcept;
  void sweep_guests() noexcept;
  void end_guest(std::uint32_t session, LeaveReason reason) noexcept;
  bool push_to_guest(std::uint32_t session, const Event& event,
                     const fanout::PrivateOptions& how) noexcept;
  void reply_to_guest(PeerId peer, SessionId theirs, std::uint32_t session, const Event& event,
                      Bytes frame) noexcept;
  void pack_welcome(engine::Packer& to, RoomId room) noexcept;
  void take_submit(PeerId from, engine::Unpacker& in) noexcept;
  void take_gone(PeerId from, engine::Unpacker& in) noexcept;
  void take_follow(PeerId from, engine::Unpacker& in) noexcept;
  void take_returned(PeerId from, engine::Unpacker& in) noexcept;
  void return_channels(RoomId room, std::span<const std::string_view> names,
                       std::span<const Role> access) noexcept;
  void take_host_op(PeerId from, engine::Unpacker& in) noexcept;
  Result<Ticket> perform_host_op(RoomId room, engine::HostOp op, engine::Unpacker& in) noexcept;

  // --- follower.cc: for our members in rooms that live elsewhere.
  bool follow(const Caller& caller, const Command& command, Outcome& outcome) noexcept;
  Outcome submit(PeerId home, const Caller& caller, const Command& command) noexcept;
  Outcome settle_home(const Caller& caller, const Command& command) noexcept;
  Error settle_reply(const Caller& caller, const Command& command, RoomId joined,
                     room::ChannelMask mask, Event& event) noexcept;
  Status enter_mirror(RoomId room, std::uint32_t session, room::ChannelMask mask) noexcept;
  void tell_gone(SessionId session, std::string_view room) noexcept;
  void give_up_join(SessionId session, std::string_view room) noexcept;
  bool somebody_comes(std::string_view room) const noexcept;
  void stop_following(std::string_view room) noexcept;
  void abandon(Question question) noexcept;
  void leave_home(RoomId room, std::uint32_t session) noexcept;
  RoomId open_mirror(std::string_view key, const RoomPolicy& policy, bool kept) noexcept;
  Result<RoomId> follow_room(std::string_view key, const RoomPolicy& policy, PeerId home) noexcept;
  void hold_policy(RoomId room, const RoomPolicy& policy) noexcept;
  void hold_password(RoomId room, std::string_view stored) noexcept;
  void hold_channels(RoomId room, std::span<const ChannelState> channels) noexcept;
  void hold_access(RoomId room, std::span<const ChannelState> channels) noexcept;
  void fold(RoomId room, fanout::EntryMeta meta, const Event& event) noexcept;
  void take_back_here(RoomId room, engine::Unpacker& in) noexcept;
  void lose_entries(RoomId room, std::uint64_t count, std::uint64_t last) noexcept;
  [[nodiscard]] bool tell_lost(RoomId room, std::uint64_t last) noexcept;
  void tell_reset(RoomId room) noexcept;
  void take_reply(PeerId from, engine::Unpacker& in) noexcept;
  void take_told(PeerId from, engine::Unpacker& in) noexcept;
  RoomId take_welcome(PeerId from, engine::Unpacker& in, bool joins) noexcept;
  void take_refused(PeerId from, engine::Unpacker& in) noexcept;
  void take_host_done(engine::Unpacker& in) noexcept;
  template <class Fill>
  Result<Ticket> ask_home(RoomId room, engine::HostOp op, Tag tag, Fill fill) noexcept;
  Result<Ticket> broadcast_there(RoomId room, const Outgoing& message, Tag tag) noexcept;
  Status send_there(RoomId room, std::string_view user, const Outgoing& message) noexcept;
  Status kick_there(RoomId room, std::string_view user, std::string_view text) noexcept;
  Status set_role_there(RoomId room, std::string_view user, Role role) noexcept;
  Status set_policy_there(RoomId room, const RoomPolicy& policy) noexcept;
  Status close_there(RoomId room) noexcept;
  RoomPolicy home_policy(RoomId room) const noexcept;
  void lose_home(RoomId room) noexcept;
  void become_home(RoomId room, Term term) noexcept;
  void return_members(RoomId room) noexcept;

  void log(LogLevel level, std::string_view line) noexcept;
  SessionId id_of(std::uint32_t slot) const noexcept { return slots.handle_at(slot); }
};

}  // namespace chatroom
