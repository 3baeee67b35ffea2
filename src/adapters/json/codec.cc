// JsonCodec: the four halves put together.
#include <new>

#include "chatroom/adapters/json.h"
#include "json/command_reader.h"
#include "json/event_reader.h"
#include "json/event_writer.h"

namespace chatroom {

struct JsonCodec::Scratch {
  explicit Scratch(const JsonOptions& options) noexcept
      : reader(options.max_frame), max_data(options.max_data) {}
  json::Reader reader;
  const std::uint32_t max_data;
  json::CommandLists command_lists;
  json::EventLists event_lists;
};

JsonCodec::JsonCodec(const JsonOptions& options) noexcept
    : scratch_(new (std::nothrow) Scratch(options)) {
  if (scratch_ && !scratch_->reader.ready()) scratch_.reset();
}
JsonCodec::~JsonCodec() = default;

Decoded JsonCodec::decode(Bytes frame, Command& command) noexcept {
  if (!scratch_) return {Errc::internal, false};
  json::Bounds bounds = json::kCommandBounds;
  bounds.data = scratch_->max_data;
  const json::Verdict verdict = scratch_->reader.read(as_text(frame), bounds);
  return json::read_command(scratch_->reader.nodes(), verdict, scratch_->command_lists, command);
}

std::size_t JsonCodec::encode(const Event& event, MutableBytes out) noexcept {
  json::Writer writer(out);
  json::write_event(event, writer);
  return writer.finish();
}

Decoded JsonCodec::decode(Bytes frame, Event& event) noexcept {
  if (!scratch_) return {Errc::internal, false};
  const json::Verdict verdict = scratch_->reader.read(as_text(frame), json::kEventBounds);
  return json::read_event(scratch_->reader.nodes(), verdict, scratch_->event_lists, event);
}

std::size_t JsonCodec::encode(const Command& command, MutableBytes out) noexcept {
  json::Writer writer(out);
  json::write_command(command, writer);
  return writer.finish();
}

}  // namespace chatroom
