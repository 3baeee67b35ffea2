#!/bin/sh
# The core asks nothing of its host but what tests/tidy/core_symbols.txt lists: no heap, no POSIX,
# no exceptions. And it defines nothing under FlatBuffers' own name, where a host's copy would clash.
#
#   core_symbols.sh LIBCHATROOM_A ALLOWED
set -eu
archive=$1 allowed=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
nm --undefined-only "$archive" | awk '$1 == "U" { print $2 }' | sort -u >"$work/undefined"
comm -13 "$work/defined" "$work/undefined" | grep -v '^_GLOBAL_OFFSET_TABLE_$' | c++filt | sort -u >"$work/outside"
grep -v -e '^#' -e '^$' "$allowed" | sort -u >"$work/allowed"

status=0
if ! comm -23 "$work/outside" "$work/allowed" | grep -v '^$' >"$work/stray"; then :; fi
if [ -s "$work/stray" ]; then
  printf '%s\n' "the core must not ask for:"
  cat "$work/stray"
  status=1
fi
if ! comm -13 "$work/outside" "$work/allowed" | grep -v '^$' >"$work/unused"; then :; fi
if [ -s "$work/unused" ]; then
  printf '%s\n' "listed in $allowed, but the core no longer asks for:"
  cat "$work/unused"
  status=1
fi
if c++filt <"$work/defined" | grep -E '(^|[ (<])flatbuffers::' >"$work/clash"; then
  printf '%s\n' "named like the FlatBuffers library of a host:"
  cat "$work/clash"
  status=1
fi
printf '%s\n' "core_symbols: $(wc -l <"$work/outside") names asked of the host"
exit $status
