// Views: which array a member stands in, and the streams that exist only while somebody reads them.
#include "fanout/state.h"

namespace chatroom::fanout {

Stream* stream_for(State& s, RoomLog& log, std::uint8_t profile) noexcept {
  Stream*& stream = log.streams[profile];
  if (stream != nullptr) return stream;
  stream = s.streams.make();
  if (stream == nullptr) return nullptr;
  stream->log = &log;
  stream->profile = profile;
  stream->first = log.head + 1;
  return stream;
}

View* view_for(State& s, Stream& stream, ChannelMask channels, Compress compress) noexcept {
  if (!stream.log->compress) compress = Compress::none;
  View** link = &stream.views;
  View* shared = nullptr;
  for (; *link != nullptr; link = &(*link)->next) {
    if ((*link)->shared) shared = *link;
    if ((*link)->shared || (*link)->compress != compress) continue;
    if ((*link)->channels == channels) return *link;
  }
  const bool own = stream.own_views < kOwnViewsMax;
  if (!own && shared != nullptr) return shared;
  View* view = s.views.make();
  if (view == nullptr) return nullptr;
  view->stream = &stream;
  view->shared = !own;
  view->compress = own ? compress : Compress::none;
  view->channels = own ? channels : kAllChannels;
  if (own) ++stream.own_views;
  *link = view;
  return view;
}

void release_if_empty(State& s, View& view) noexcept {
  if (view.records.size() > 0) return;
  Stream& stream = *view.stream;
  RoomLog& log = *stream.log;
  mark_clean(s, view);
  if (s.shared.view == &view) forget_gather(s, log);
  View** link = &stream.views;
  while (*link != &view) link = &(*link)->next;
  *link = view.next;
  if (!view.shared) --stream.own_views;
  view.records.release(s.memory);
  s.views.destroy(&view);
  if (stream.views != nullptr) return;
  forget_gather(s, log);
  stream.starts.clear(s.chunks);
  stream.bytes.clear(s.chunks);
  log.streams[stream.profile] = nullptr;
  s.streams.destroy(&stream);
  trim_index(s, log);
}

void enter(View& view, Member& member, std::uint32_t index, Connection* connection) noexcept {
  member.view = &view;
  member.slot = view.records.size() & 0x3fff'ffffu;
  for (int p = 0; p < kPriorityCount; ++p) {
    member.baseline[p] = static_cast<std::uint32_t>(view.admitted[p]);
  }
  const auto cursor = static_cast<std::uint32_t>(view.stream->log->head + 1);
  view.records.push_back({connection, cursor, index & Record::kMembersMax, 0});
  ++view.stream->members;
}

// The last record takes the place of the one that leaves. In a running sweep that one was visited,
// or nobody was: either way nobody is left out.
void leave(State& s, Member& member) noexcept {
  View& view = *member.view;
  const std::uint32_t last = view.records.size() - 1;
  if (member.slot != last) {
    view.records[member.slot] = view.records[last];
    member_of(s, view.records[member.slot]).slot = member.slot;
  }
  view.records.pop_back();
  view.records.trim(s.memory);
  if (view.position > last) view.position = last;
  --view.stream->members;
  member.view = nullptr;
}

}  // namespace chatroom::fanout
