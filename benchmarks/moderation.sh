#!/bin/sh
# What moderation with a list of 1,000 words adds to a message, in time and in instructions.
#
#   sh benchmarks/moderation.sh [BUILD] [TRACE...]     build/release, a made-up crowd
set -eu
build=${1:-build/release}
[ $# -gt 0 ] && shift
program=$build/benchmarks/moderation_cost
[ -x "$program" ] || { echo "moderation: there is no $program" >&2; exit 2; }
"$program" "$@"
command -v valgrind >/dev/null || { echo "moderation: apt-get install valgrind" >&2; exit 2; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for side in plain moderated; do
  said=$(valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file="$out/$side" \
    "$program" --count $side ${1:+"$1"} 2>"$out/log" | sed 's/said //') || { cat "$out/log" >&2; exit 1; }
  total=$(sed -n 's/^.*Collected : *//p' "$out/log")
  echo "$side: $((total / said)) instructions a message"
done
