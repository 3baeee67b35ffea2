// The golden vectors, through both codecs: each decodes to its sample, both twins say the same, and
// what is written today is what was written then (JSON to the byte; FlatBuffers may differ in
// layout between versions of the library, so there what was written must read back the same).
#include <algorithm>
#include <iostream>
#include <set>

#include "chatroom/adapters/json.h"
#include "chatroom/flatbuffers.h"
#include "describe.h"
#include "samples.h"
#include "vectors.h"

using namespace chatroom;
using namespace chatroom::golden;

namespace {

struct Codecs {
  JsonCodec json;
  FlatbuffersCodec flatbuffers;
  std::vector<std::byte> out = std::vector<std::byte>(64 * 1024);

  template <class Record>
  std::string json_of(const Record& record) {
    return std::string(as_text({out.data(), json.encode(record, out)}));
  }
  template <class Record>
  std::vector<std::byte> flatbuffers_of(const Record& record) {
    const std::size_t size = flatbuffers.encode(record, out);
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
  }
};

const Vector* find(const std::vector<Vector>& vectors, const std::string& name) {
  const auto at = std::find_if(vectors.begin(), vectors.end(),
                               [&](const Vector& vector) { return vector.name == name; });
  return at == vectors.end() ? nullptr : &*at;
}

// As a decoder leaves it: defaults filled in.
Command filled(Command command) {
  if (command.op == Op::publish) command.out.room = command.room;
  return command;
}

// Whether the frame itself says what it answers.
bool says_op(const Event& event) {
  const Op quiet[] = {Op::ping, Op::subscribe, Op::unsubscribe, Op::switch_channel, Op::list_held};
  return event.error.code == Errc::ok &&
         std::find(std::begin(quiet), std::end(quiet), event.op) == std::end(quiet);
}

template <class Record>
void print(Codecs& codecs, const std::string& name, const Record& record) {
  std::cout << "name " << name << "\njson " << codecs.json_of(record) << "\nflatbuffers "
            << to_hex(codecs.flatbuffers_of(record)) << "\n\n";
}

}  // namespace

TEST_CASE("golden commands decode to what they always meant", "[golden]") {
  Codecs codecs;
  const std::vector<Vector> vectors = read_vectors("commands.txt");
  std::set<Op> seen;
  for (const NamedCommand& sample : commands()) {
    INFO(sample.name);
    const Vector* vector = find(vectors, sample.name);
    REQUIRE(vector != nullptr);
    seen.insert(sample.command.op);
    Command decoded;
    REQUIRE(codecs.flatbuffers.decode(vector->flatbuffers, decoded).status);
    CHECK(describe(decoded) == describe(filled(sample.command)));
    REQUIRE(codecs.json.decode(as_bytes(vector->json), decoded).status);
    CHECK(describe(decoded) == describe(filled(sample.command)));

    CHECK(codecs.json_of(sample.command) == vector->json);
    const std::vector<std::byte> again = codecs.flatbuffers_of(sample.command);
    REQUIRE(codecs.flatbuffers.decode(again, decoded).status);
    CHECK(describe(decoded) == describe(filled(sample.command)));
  }
  CHECK(vectors.size() == commands().size());
  for (int op = 1; op <= static_cast<int>(Op::close_channel); ++op) {
    CHECK(seen.count(static_cast<Op>(op)));
  }
}

TEST_CASE("golden events decode to what they always meant", "[golden]") {
  Codecs codecs;
  const std::vector<Vector> vectors = read_vectors("events.txt");
  std::set<EventType> seen;
  for (const NamedEvent& sample : events()) {
    INFO(sample.name);
    const Vector* vector = find(vectors, sample.name);
    REQUIRE(vector != nullptr);
    seen.insert(sample.event.type);
    Event expected = sample.event;
    if (!says_op(expected)) expected.op = Op::none;
    Event decoded;
    REQUIRE(codecs.flatbuffers.decode(vector->flatbuffers, decoded).status);
    CHECK(describe(decoded) == describe(expected));
    REQUIRE(codecs.json.decode(as_bytes(vector->json), decoded).status);
    CHECK(describe(decoded, false) == describe(expected, false));

    CHECK(codecs.json_of(sample.event) == vector->json);
    const std::vector<std::byte> again = codecs.flatbuffers_of(sample.event);
    REQUIRE(codecs.flatbuffers.decode(again, decoded).status);
    CHECK(describe(decoded) == describe(expected));
  }
  CHECK(vectors.size() == events().size());
  for (int type = 1; type <= static_cast<int>(EventType::held); ++type) {
    CHECK(seen.count(static_cast<EventType>(type)));
  }
}

TEST_CASE("print the vectors that are missing", "[.print]") {
  Codecs codecs;
  const std::vector<Vector> known_commands = read_vectors("commands.txt");
  for (const NamedCommand& sample : commands()) {
    if (find(known_commands, sample.name) == nullptr) print(codecs, sample.name, sample.command);
  }
  const std::vector<Vector> known_events = read_vectors("events.txt");
  for (const NamedEvent& sample : events()) {
    if (find(known_events, sample.name) == nullptr) print(codecs, sample.name, sample.event);
  }
}
