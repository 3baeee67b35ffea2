// The parts by themselves: codecs, joins, the timer wheel.
#include <benchmark/benchmark.h>

#include "base/wheel.h"
#include "chatroom/adapters/json.h"
#include "chatroom/flatbuffers.h"
#include "null_room.h"

namespace chatroom::bench {
namespace {

Event message_event() {
  Event event;
  event.type = EventType::message;
  event.room = "live/1";
  event.message = {.room = "live/1",
                   .channel = "main",
                   .offset = 123'456,
                   .user = "alice",
                   .nick = "Alice",
                   .kind = Kind::text,
                   .text = kText,
                   .time_ms = 1'690'000'000'000};
  return event;
}

Command publish_command() {
  Command command;
  command.op = Op::publish;
  command.id = 7;
  command.room = "live/1";
  command.out.room = "live/1";
  command.out.text = kText;
  command.has_text = true;
  return command;
}

template <class C>
void encode_message(benchmark::State& state) {
  C codec;
  const Event event = message_event();
  std::byte out[4096];
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = codec.encode(event, out);
    benchmark::DoNotOptimize(out);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(encode_message<FlatbuffersCodec>);
BENCHMARK(encode_message<JsonCodec>);

template <class C>
void decode_publish(benchmark::State& state) {
  C codec;
  alignas(8) std::byte frame[4096];
  const std::size_t size = codec.encode(publish_command(), frame);
  Command command;
  for (auto _ : state) {
    benchmark::DoNotOptimize(codec.decode(Bytes{frame, size}, command).status.error());
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(decode_publish<FlatbuffersCodec>);
BENCHMARK(decode_publish<JsonCodec>);

// One member leaves a room of so many and comes back.
void leave_and_join(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  NullRoom room(members);
  std::uint32_t next = 0;
  for (auto _ : state) {
    room.engine->leave(room.sessions[next], "plaza");
    room.join(next);
    next = (next + 7'919) % members;
    if (next % 64 == 0) room.flush();
  }
}
BENCHMARK(leave_and_join)->Arg(1'000)->Arg(100'000);

// A deadline that is put off again and again, among 100,000 others: what a heartbeat costs.
void reschedule(benchmark::State& state) {
  std::vector<base::TimerNode> nodes(100'000);
  base::Wheel wheel;
  Instant now{1'700'000'000'000'000};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    wheel.schedule(nodes[i], now + Duration::ms(static_cast<std::int64_t>(i % 60'000) + 1));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    wheel.schedule(nodes[at], now + Duration::s(25));
    at = (at + 7'919) % nodes.size();
  }
  for (base::TimerNode& node : nodes) wheel.cancel(node);
}
BENCHMARK(reschedule);

}  // namespace
}  // namespace chatroom::bench
