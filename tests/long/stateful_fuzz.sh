#!/bin/sh
# The whole engine under programs of bytes (tests/fuzz/engine.cc) until 1e8 steps are done: hours on
# a busy machine, so it goes on where it was stopped.
#
#   sh tests/long/stateful_fuzz.sh [STEPS]      default 100000000; state in build/long/engine
#
# Each round is ten minutes with a seed of its own (the round's number); its corpus is kept. A crash
# ends it: the input lies beside the state, and belongs into tests/fuzz/corpus/engine.
set -eu
cd "$(dirname "$0")/../.."
wanted=${1:-100000000}
state=build/long/engine
mkdir -p "$state/corpus"
cmake --preset fuzz >"$state/build.log"
cmake --build --preset fuzz --target fuzz_engine -j2 >>"$state/build.log"
touch "$state/rounds"
while :; do
  round=$(($(wc -l <"$state/rounds") + 1))
  steps=$(awk '{ sum += $3 } END { printf "%d", sum }' "$state/rounds")
  printf 'round %d: %s of %s steps\n' "$round" "$steps" "$wanted"
  [ "$steps" -lt "$wanted" ] || break
  CHATROOM_FUZZ_STEPS=1 build/fuzz/tests/fuzz/fuzz_engine -seed="$round" -max_total_time=600 \
    -max_len=4096 -len_control=0 -timeout=10 -rss_limit_mb=2048 -reload=0 -artifact_prefix="$state/crash-" \
    "$state/corpus" tests/fuzz/corpus/engine >"$state/last.log" 2>&1 ||
    { tail -40 "$state/last.log"; exit 1; }
  printf '%s %s %s\n' "$round" "$(git rev-parse --short HEAD)" \
    "$(awk '/^steps / { print $2 }' "$state/last.log")" >>"$state/rounds"
done
