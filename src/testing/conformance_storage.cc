// The suite for Storage: what was appended comes back, in order, once, and views are copied.
#include <map>
#include <optional>

#include "chatroom/testing/conformance.h"

namespace chatroom::testing {

namespace {

// What one request came to.
struct Replied {
  std::vector<std::string> lines;  // of messages, everything in them
  std::vector<std::uint64_t> offsets;
  std::optional<StoredRoom> room;  // its record is a view of `record`
  std::string record;
  int done = 0;
  Status status;
  bool after_done = false;  // something came behind on_done
};

std::string line_of(const Message& message) {
  std::string line = std::to_string(message.offset) + "|" + std::string(message.channel) + "|" +
                     std::string(message.user) + "|" + std::string(message.nick) + "|" +
                     std::string(message.text) + "|" + std::string(message.kind.name) + "|" +
                     std::string(as_text(message.info)) + "|" +
                     std::string(as_text(message.data.bytes)) + "|" +
                     std::to_string(static_cast<int>(message.data.form)) + "|" +
                     std::to_string(static_cast<int>(message.role)) + "|" +
                     std::to_string(static_cast<int>(message.priority)) + "|" +
                     std::to_string(message.reply_to) + "|" + std::to_string(message.time_ms) +
                     "|" + std::to_string(message.count) + "|" + std::to_string(message.first);
  for (const std::string_view user : message.mentions) line += "|@" + std::string(user);
  return line;
}

class Replies final : public StorageReply {
 public:
  StorageRequest next() { return {number_++, 1}; }
  Replied& of(StorageRequest request) { return replies_[request.index]; }

  void on_message(StorageRequest request, const Message& message) noexcept override {
    Replied& reply = of(request);
    reply.after_done = reply.after_done || reply.done > 0;
    reply.lines.push_back(line_of(message));
    reply.offsets.push_back(message.offset);
  }
  void on_room(StorageRequest request, const StoredRoom& room) noexcept override {
    Replied& reply = of(request);
    reply.after_done = reply.after_done || reply.done > 0;
    reply.room = room;
    reply.record = as_text(room.record);
  }
  void on_done(StorageRequest request, Status status) noexcept override {
    ++of(request).done;
    of(request).status = status;
  }
  const std::map<std::uint32_t, Replied>& all() const { return replies_; }

 private:
  std::uint32_t number_ = 0;
  std::map<std::uint32_t, Replied> replies_;
};

// A message whose every field says which one it is, in strings that can be wiped afterwards.
struct Written {
  std::string text, user, nick, info, data, mention;
  std::vector<std::string_view> mentions;
  Message message;

  explicit Written(std::uint64_t offset)
      : text("text " + std::string(offset % 5 * 200, 'x') + std::to_string(offset)),
        user("user" + std::to_string(offset)),
        nick("nick" + std::to_string(offset)),
        info("{\"n\":" + std::to_string(offset) + "}"),
        data("[" + std::to_string(offset) + "]"),
        mention("m" + std::to_string(offset)) {
    mentions.push_back(mention);
    message.channel = offset % 2 == 0 ? "main" : "gifts";
    message.offset = offset;
    message.user = user;
    message.nick = nick;
    message.role = Role::speaker;
    message.info = as_bytes(info);
    message.kind = offset % 3 == 0 ? Kind::gift : Kind::text;
    message.text = text;
    message.data = {Data::Form::json, as_bytes(data)};
    message.priority = Priority::high;
    message.reply_to = offset - 1;
    message.mentions = mentions;
    message.time_ms = 1'700'000'000'000 + static_cast<std::int64_t>(offset);
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  void wipe() {
    for (std::string* part : {&text, &user, &nick, &info, &data, &mention}) part->assign(8, '#');
  }
};

class StorageSuite {
 public:
  StorageSuite(const StorageUnderTest& made, Conformance& found) : made_(made), found_(found) {}

  Replied append(std::string_view room, std::uint64_t epoch, std::uint64_t first,
                 std::uint64_t last) {
    std::vector<std::unique_ptr<Written>> written;
    std::vector<Message> messages;
    for (std::uint64_t offset = first; offset <= last; ++offset) {
      written.push_back(std::make_unique<Written>(offset));
      messages.push_back(written.back()->message);
      messages.back().room = room;
    }
    const StorageRequest request = replies_.next();
    std::string name(room);
    made_.storage->append(request, replies_, name, epoch, messages);
    name.assign(name.size(), '#');
    for (const auto& one : written) one->wipe();
    return settled(request);
  }
  Replied read(std::string_view room, std::uint64_t epoch, std::uint64_t after,
               std::uint32_t limit) {
    const StorageRequest request = replies_.next();
    made_.storage->read(request, replies_, room, epoch, after, limit);
    return settled(request);
  }
  Replied save(std::string_view room, std::uint64_t epoch, std::string record) {
    const StorageRequest request = replies_.next();
    std::string name(room);
    made_.storage->save(request, replies_, name, epoch, as_bytes(record));
    name.assign(name.size(), '#');
    record.assign(record.size(), '#');
    return settled(request);
  }
  Replied load(std::string_view room) {
    const StorageRequest request = replies_.next();
    made_.storage->load(request, replies_, room);
    return settled(request);
  }
  void check_replies() {
    for (const auto& [request, reply] : replies_.all()) {
      found_.check(reply.done == 1, "on_done: exactly once a request");
      found_.check(!reply.after_done, "on_done: last");
    }
  }

 private:
  Replied settled(StorageRequest request) {
    if (made_.settle) made_.settle();
    const Replied reply = replies_.of(request);
    found_.check(reply.done == 1, "on_done: exactly once a request");
    return reply;
  }
  const StorageUnderTest& made_;
  Conformance& found_;
  Replies replies_;
};

std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> offsets;
  for (; first <= last; ++first) offsets.push_back(first);
  return offsets;
}

void check_reading(StorageSuite& suite, Conformance& found) {
  const Replied all = suite.read("r", 7, 0, 100);
  found.check(all.offsets == range(1, 50), "read: what was appended, oldest first, each once");
  bool same = all.lines.size() == 50;
  for (std::size_t i = 0; same && i < 50; ++i)
    same = all.lines[i] == line_of(Written(i + 1).message);
  found.check(same, "append: keeps every field, and copies what it was given");
  found.check(suite.read("r", 7, 20, 100).offsets == range(21, 50), "read: after is exclusive");
  found.check(suite.read("r", 7, 20, 5).offsets == range(21, 25),
              "read: at most limit, the oldest");
  found.check(suite.read("r", 7, 50, 5).offsets.empty(), "read: nothing behind the newest");
  found.check(bool(suite.read("r", 7, 50, 5).status), "read: an empty page is no error");
  found.check(suite.read("r", 8, 0, 5).offsets.empty(), "read: nothing of another epoch");
  found.check(suite.read("other", 7, 0, 5).offsets.empty(), "read: nothing of another room");
}

void check_loading(StorageSuite& suite, Conformance& found) {
  const Replied known = suite.load("r");
  found.check(bool(known.status) && known.room.has_value(), "load: a room that was appended to");
  if (known.room) {
    found.check(known.room->epoch == 7 && known.room->offset == 50,
                "load: its epoch and its newest offset");
  }
  const Replied unknown = suite.load("never heard of");
  found.check(unknown.status.error().code == Errc::not_found && !unknown.room,
              "load: not_found, and no room");
}

void check_records(StorageSuite& suite, Conformance& found) {
  found.check(suite.load("r").record.empty(), "load: no record before the first save");
  const std::string record("a\0 record\xff", 10);
  found.check(bool(suite.save("r", 7, record).status), "save: beside messages");
  const Replied beside = suite.load("r");
  found.check(beside.record == record, "save: the record comes back as it was given");
  found.check(beside.room && beside.room->epoch == 7 && beside.room->offset == 50,
              "save: messages stay");
  found.check(suite.read("r", 7, 0, 100).offsets == range(1, 50), "save: messages stay");
  found.check(bool(suite.save("r", 7, "second").status), "save: again");
  found.check(suite.load("r").record == "second", "save: in place of the one before");
  found.check(bool(suite.append("r", 7, 51, 52).status), "append: beside a record");
  found.check(suite.load("r").record == "second", "append: the record stays");
  found.check(bool(suite.save("r", 7, std::string(kStoredRecordBytesMax, 'x')).status),
              "save: as long as it may be");
  // Before the first message, and across a log that began anew.
  found.check(bool(suite.save("t", 3, "t").status), "save: before the first message");
  const Replied first = suite.load("t");
  found.check(
      first.room && first.room->epoch == 3 && first.room->offset == 0 && first.record == "t",
      "save: before the first message");
  found.check(bool(suite.append("t", 3, 1, 2).status), "append: the first behind a save");
  found.check(bool(suite.append("t", 4, 1, 1).status), "append: a new epoch");
  found.check(suite.load("t").record.empty(), "append: a new epoch has no record yet");
  found.check(bool(suite.save("t", 5, "t5").status), "save: a new epoch");
  const Replied anew = suite.load("t");
  found.check(anew.room && anew.room->epoch == 5 && anew.room->offset == 0 && anew.record == "t5",
              "save: a new epoch begins the room anew");
  found.check(suite.read("t", 5, 0, 9).offsets.empty(), "save: a new epoch begins the room anew");
}

}  // namespace

Conformance check_storage(const std::function<StorageUnderTest()>& make) {
  Conformance found;
  const StorageUnderTest made = make();
  StorageSuite suite(made, found);
  found.check(suite.load("r").status.error().code == Errc::not_found,
              "load: not_found, and no room");
  found.check(bool(suite.append("r", 7, 1, 1).status), "append: the first of a room");
  found.check(bool(suite.append("r", 7, 2, 40).status), "append: many at once");
  found.check(bool(suite.append("r", 7, 41, 50).status), "append: goes on where it was");
  found.check(bool(suite.append("s", 9, 1, 3).status), "append: rooms apart");
  check_reading(suite, found);
  check_loading(suite, found);
  found.check(suite.read("s", 9, 0, 9).offsets == range(1, 3), "append: rooms apart");

  check_records(suite, found);

  // A log that began anew.
  found.check(bool(suite.append("s", 10, 1, 2).status), "append: a new epoch");
  found.check(suite.read("s", 10, 0, 9).offsets == range(1, 2), "append: a new epoch");
  const Replied anew = suite.load("s");
  found.check(anew.room && anew.room->epoch == 10 && anew.room->offset == 2,
              "load: the newest epoch");
  suite.check_replies();
  return found;
}

}  // namespace chatroom::testing
