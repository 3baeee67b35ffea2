#include "chatroom/remote.h"

#include "engine/mailbox.h"
#include "engine/pack.h"

namespace chatroom {

namespace {

// The largest call: texts and data are bounded far below it by the limits they are checked against.
constexpr std::size_t kMailBytes = 16 * 1024;

template <class Fill>
Status post(engine::Mailbox* mailbox, engine::MailType type, Fill fill) noexcept {
  if (mailbox == nullptr) return Errc::not_found;
  std::byte buffer[kMailBytes];
  engine::Packer to{buffer};
  to.u8(static_cast<std::uint8_t>(type));
  fill(to);
  if (!to.ok()) return Errc::too_large;
  return mailbox->put(to.bytes());
}

}  // namespace

Remote::Remote(engine::Mailbox* mailbox) noexcept : mailbox_(mailbox) {
  if (mailbox_ != nullptr) mailbox_->add_reference();
}

Remote::Remote(const Remote& other) noexcept : Remote(other.mailbox_) {}

Remote& Remote::operator=(const Remote& other) noexcept {
  if (other.mailbox_ != nullptr) other.mailbox_->add_reference();
  if (mailbox_ != nullptr) mailbox_->drop_reference();
  mailbox_ = other.mailbox_;
  return *this;
}

Remote::~Remote() {
  if (mailbox_ != nullptr) mailbox_->drop_reference();
}

Status Remote::broadcast(std::string_view room, const Outgoing& message, Tag tag) noexcept {
  if (message.mentions.size() > kMentionsPerMessage) return Errc::bad_request;
  return post(mailbox_, engine::MailType::broadcast, [&](engine::Packer& to) {
    to.u64(tag);
    to.text(room);
    pack(to, message);
  });
}

Status Remote::send_to(std::string_view room, std::string_view user, const Outgoing& message,
                       Tag tag) noexcept {
  if (message.mentions.size() > kMentionsPerMessage) return Errc::bad_request;
  return post(mailbox_, engine::MailType::send_to, [&](engine::Packer& to) {
    to.u64(tag);
    to.text(room);
    to.text(user);
    pack(to, message);
  });
}

Status Remote::kick(std::string_view room, std::string_view user, std::string_view text,
                    Tag tag) noexcept {
  return post(mailbox_, engine::MailType::kick, [&](engine::Packer& to) {
    to.u64(tag);
    to.text(room);
    to.text(user);
    to.text(text);
  });
}

Status Remote::answer(Question question, const Answer& answer) noexcept {
  if (answer.verdict == Answer::Verdict::later) return Errc::bad_request;
  return post(mailbox_, engine::MailType::answer, [&](engine::Packer& to) {
    to.u32(question.index);
    to.u32(question.generation);
    pack(to, answer);
  });
}

}  // namespace chatroom
