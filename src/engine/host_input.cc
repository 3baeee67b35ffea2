#include "engine/host_input.h"

#include "base/utf8.h"
#include "chatroom/codec_checks.h"

namespace chatroom::engine {

namespace {

Status check_data(const Data& data) noexcept {
  switch (data.form) {
    case Data::Form::none:
      return data.bytes.empty() ? Status{} : Status{Errc::bad_request};
    case Data::Form::json:
      return check_json(data.bytes);
    case Data::Form::binary:
      return {};
  }
  return Errc::bad_request;
}

std::size_t bytes_of(const Outgoing& message) noexcept {
  std::size_t bytes = message.room.size() + message.channel.size() + message.kind.name.size() +
                      message.text.size() + message.data.bytes.size() + message.key.size() +
                      message.latest.size();
  for (const std::string_view user : message.mentions) bytes += user.size();
  return bytes;
}

std::size_t bytes_of(const Identity& identity) noexcept {
  return identity.user.size() + identity.nick.size() + identity.info.size();
}

}  // namespace

Status check_host_command(Command& command) noexcept {
  const Status fields = check_command(command);
  return fields ? check_data(command.out.data) : fields;
}

Status check_host_message(Outgoing& message) noexcept {
  Command command;
  command.op = Op::publish;
  command.room = "r";  // the room's own name was checked when it was opened
  command.out = message;
  command.out.count = message.count == 0 ? 0 : 1;  // a host may say any number of likes
  command.has_text = !message.text.empty();
  const Status checked = check_host_command(command);
  command.out.count = message.count;
  message = command.out;
  return checked;
}

// Names are checked where they are kept.
Status check_host_identity(const Identity& identity) noexcept {
  return identity.info.empty() ? Status{} : check_json(identity.info);
}

Status check_host_text(std::string_view text) noexcept {
  return base::valid_text(text) ? Status{} : Status{Errc::bad_request};
}

Error check_sizes(const Outgoing& message, const Limits& limits) noexcept {
  if (message.text.size() > limits.text_bytes || message.data.bytes.size() > limits.data_bytes) {
    return {Errc::too_large, 0, 0};
  }
  return {};
}

Error admit(const Limits& limits, std::size_t bytes) noexcept {
  return {bytes > limits.frame_bytes ? Errc::too_large : Errc::ok, 0, 0};
}

Error admit(const Limits& limits, const Outgoing& message) noexcept {
  if (message.mentions.size() > kMentionsPerMessage) return {Errc::bad_request, 0, 0};
  return admit(limits, bytes_of(message));
}

Error admit(const Limits& limits, const Command& command) noexcept {
  if (command.out.mentions.size() > kMentionsPerMessage ||
      command.channels.size() > kChannelsPerCommand) {
    return {Errc::bad_request, 0, 0};
  }
  std::size_t bytes = bytes_of(command.out) + command.room.size() + command.channel.size() +
                      command.password.size();
  bytes += command.user.size() + command.reason.size() + command.key.size() + command.name.size() +
           command.cursor.size() + command.value.value_or("").size() +
           command.policy.password.value_or("").size();
  for (const std::string_view channel : command.channels) bytes += channel.size();
  return admit(limits, bytes);
}

Error admit(const Limits& limits, const Identity& identity) noexcept {
  return admit(limits, bytes_of(identity));
}

Error admit(const Limits& limits, const Answer& answer) noexcept {
  return admit(limits, answer.text.size() + answer.data.bytes.size() + bytes_of(answer.identity));
}

Answer checked(const Answer& answer) noexcept {
  const Answer unusable = Answer::refuse(Errc::internal);
  switch (answer.verdict) {
    case Answer::Verdict::refuse:
      return answer.error.code == Errc::ok ? unusable : answer;
    case Answer::Verdict::rewrite:
      return check_host_text(answer.text) ? answer : unusable;
    case Answer::Verdict::pass:
      return check_data(answer.data) && check_host_identity(answer.identity) ? answer : unusable;
    case Answer::Verdict::drop:
    case Answer::Verdict::hold:
    case Answer::Verdict::later:
      break;
  }
  return answer;
}

Error refused_by_host(Error error) noexcept {
  const bool failed = error.code == Errc::internal;  // it said nothing, or nothing usable
  return failed || rule_of(error) != Rule::none ? error : with_rule(error, Rule::host);
}

}  // namespace chatroom::engine
