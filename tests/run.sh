#!/bin/sh
# Installs what is missing, builds the release preset and runs its tests.
#
#   sh tests/run.sh [--all]
#
#   --all     also the page in Chromium, and clients on Node
#
# Prints its stages, each test that did not pass, why anything was skipped, and last
#   N passed, N failed, N skipped
# Exit 0: nothing failed. What was skipped is also in build/release/skipped.txt.
set -eu

all=''
for argument in "$@"; do
  case $argument in
    --all) all=yes ;;
    *) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"; exit 1 ;;
  esac
done

cd "$(dirname "$0")/.."
. ./src/cmake/packages.sh
# shellcheck disable=SC2086  # lists of words
{
  need $packages_build $packages_test
  [ -z "$all" ] || need $packages_browser
}
build=build/release
mkdir -p $build
log=$build/run.log
: >$log
: >$build/skipped.txt
passed=0 failed=0

# A clean clone elsewhere on this machine finds what this one has compiled.
CCACHE_BASEDIR=$(pwd)
CCACHE_NOHASHDIR=1
export CCACHE_BASEDIR CCACHE_NOHASHDIR

started=$(date +%s)
stage() { printf '[%4ss] %s\n' $(($(date +%s) - started)) "$*"; }
skip() { printf '         skipped: %s\n' "$*"; printf '%s\n' "$*" >>$build/skipped.txt; }
give_up() {
  tail -60 $log
  printf '%s\n' "$*"
  printf '%s passed, %s failed, %s skipped\n' "$passed" $((failed + 1)) "$(wc -l <$build/skipped.txt)"
  exit 1
}

stage "packages"
install_missing
stage "configure"
cmake --preset release >>$log 2>&1 || give_up "configuring failed"
left_out=$build/left_out.txt
sed -n 's/^-- chatroom: \(.* left out.*\)$/\1/p' $log >$left_out
while IFS= read -r line; do skip "$line"; done <$left_out
stage "build"
cmake --build --preset release >>$log 2>&1 || give_up "building failed"

stage "test"
tests=$build/ctest.txt
ctest --preset release --timeout 600 >$tests 2>&1 || true
cat $tests >>$log
count() { grep -cE "^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*$1" $tests || true; }
passed=$(count ' Passed ')
failed=$(count '\*\*\*(Failed|Timeout|Exception|Not Run)')
grep -q '^100% tests passed\|tests failed out of\|No tests were found' $tests ||
  give_up "ctest did not finish"
if [ "$failed" -gt 0 ]; then
  # What the failed ones said: ctest prints it before their line or after it, so all of it.
  tail -200 $tests
fi
# A test that skips says why in a line "skipped: ..." of its own.
grep -E '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .*\*\*\*(Skipped|Disabled)' $tests |
  sed -E 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*/\1/' >$build/skipped_tests.txt || true
while IFS= read -r name; do
  why=$(ctest --test-dir $build -R "^$name\$" -V 2>/dev/null |
    sed -n 's/^[0-9]*: *skipped: //p' | head -1)
  skip "$name: ${why:-it did not say why}"
done <$build/skipped_tests.txt

# in_node <name> <command>...: tests that count themselves as this script does, and print
# "skip  <name>: <why>".
in_node() {
  name=$1
  shift
  stage "$name"
  out=$build/node.txt
  status=0
  "$@" >$out 2>&1 || status=$?
  cat $out >>$log
  summary=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' $out | tail -1 || true)
  if [ -n "$summary" ]; then
    # shellcheck disable=SC2086  # words
    set -- $summary
    passed=$((passed + $1))
    failed=$((failed + $3))
    grep -A 12 '^FAIL' $out || true
    sed -n 's/^skip  //p' $out >$build/skipped_tests.txt
    while IFS= read -r line; do skip "$name: $line"; done <$build/skipped_tests.txt
    { [ $status -eq 0 ] || [ "$3" -gt 0 ]; } && return
  elif [ $status -eq 0 ]; then
    return
  fi
  tail -40 $out
  failed=$((failed + 1))
}
if [ -n "$all" ]; then
  in_node "npm ci" npm --prefix tests/browser ci --no-audit --no-fund --loglevel=error
  in_node "page alone" node tests/browser/run.mjs
  if [ -x $build/examples/chatd ]; then
    in_node "page and chatd" node tests/browser/run.mjs --chatd $build/examples/chatd --long
    in_node "page and chatd, compressed" \
      node tests/browser/run.mjs --chatd $build/examples/chatd --compress
  else
    skip "page and chatd: there is no chatd in this build"
  fi
fi

stage "done; the whole output is in $log"
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$(wc -l <$build/skipped.txt)"
[ "$failed" -eq 0 ]
