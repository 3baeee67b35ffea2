#!/bin/sh
# The whole engine under programs of bytes (tests/fuzz/engine.cc) until 1e8 steps are done: hours on
# a busy machine, so it goes on where it was stopped.
#
#   sh tests/long/stateful_fuzz.sh [STEPS]      default 100000000; state in build/long/engine
#
# Each round has a seed of its own, its number, and two halves: five minutes of libFuzzer under ASan
# and UBSan, which look for new ways through the engine and keep them as corpus; then mutations of
# all that is kept in the release build, twenty times as fast, with the engine's own assertions and
# the target's checks. A crash ends it: the input lies beside the state, and belongs into
# tests/fuzz/corpus/engine; mutations are found again by their seed.
set -eu
cd "$(dirname "$0")/../.."
wanted=${1:-100000000}
mutations=200000
state=build/long/engine
mkdir -p "$state/corpus"
cmake --preset fuzz >"$state/build.log"
cmake --build --preset fuzz --target fuzz_engine -j2 >>"$state/build.log"
cmake --preset release >>"$state/build.log"
cmake --build --preset release --target fuzz_engine -j2 >>"$state/build.log"
export CHATROOM_FUZZ_STEPS=1
steps_in() { awk '/^steps / { print $2 }' "$1"; }
touch "$state/rounds" # a line each: round, commit, steps guided, steps mutated
while :; do
  round=$(($(wc -l <"$state/rounds") + 1))
  steps=$(awk '{ sum += $3 + $4 } END { printf "%d", sum }' "$state/rounds")
  printf 'round %d: %s of %s steps\n' "$round" "$steps" "$wanted"
  [ "$steps" -lt "$wanted" ] || break
  build/fuzz/tests/fuzz/fuzz_engine -seed="$round" -max_total_time=300 \
    -max_len=4096 -len_control=0 -timeout=10 -rss_limit_mb=2048 -reload=0 \
    -artifact_prefix="$state/crash-" "$state/corpus" tests/fuzz/corpus/engine \
    >"$state/guided.log" 2>&1 || { tail -40 "$state/guided.log"; exit 1; }
  build/release/tests/fuzz/fuzz_engine --mutations $mutations --seed "$round" \
    "$state/corpus" tests/fuzz/corpus/engine >"$state/mutated.log" 2>&1 ||
    { tail -40 "$state/mutated.log"; exit 1; }
  printf '%s %s %s %s\n' "$round" "$(git rev-parse --short HEAD)" \
    "$(steps_in "$state/guided.log")" "$(steps_in "$state/mutated.log")" >>"$state/rounds"
done
