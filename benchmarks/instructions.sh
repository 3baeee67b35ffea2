#!/bin/sh
# Instructions of a publish in rooms of few and of many members. Fails if they differ by more than
# 1 % of the smallest room's.
#
#   sh benchmarks/instructions.sh [BUILD] [MEMBERS...]     build/release 10 1000 100000 1000000
set -eu
build=${1:-build/release}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 10 1000 100000 1000000
publishes=100

program=$build/benchmarks/publish_instructions
[ -x "$program" ] || { echo "instructions: there is no $program" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "instructions: apt-get install valgrind" >&2; exit 2; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
least= most= first=
for members in "$@"; do
  valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file="$out/$members" \
    "$program" "$members" "$publishes" >/dev/null 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
  total=$(sed -n 's/^.*Collected : *//p' "$out/log")
  each=$((total / publishes))
  [ "$each" -gt 0 ] || { echo "instructions: nothing was counted" >&2; exit 1; }
  echo "$members members: $each instructions a publish"
  first=${first:-$each}
  [ -z "$least" ] || [ "$each" -lt "$least" ] && least=$each
  [ -z "$most" ] || [ "$each" -gt "$most" ] && most=$each
done
if [ $(((most - least) * 100)) -gt "$first" ]; then
  echo "instructions: $least to $most: more than 1 % apart" >&2
  exit 1
fi
