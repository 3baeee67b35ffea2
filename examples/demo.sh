#!/bin/sh
# A live room in your browser, in one command: installs what is missing, builds chatd and replay,
# starts a lively crowd, prints one link, and stays until Ctrl-C.
#
#   sh examples/demo.sh [--port N] [--seconds N] [--trace FILE] [--host ADDRESS]
#
#   --port N         where the page is served; the next free port if taken (8080)
#   --seconds N      stop with exit 0 this long after the link was printed
#   --trace FILE     the crowd repeats this recorded chat instead of making one up
#   --host ADDRESS   listen on this address; others than 127.0.0.1 let the network in (127.0.0.1)
set -eu

port=8080 seconds='' trace='' host=127.0.0.1
room=plaza owner=you seed=7 rate=6

usage() { sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"; }
fail() { printf '%s\n' "demo: $*" >&2; exit 1; }
is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --port | --seconds | --trace | --host)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --port) port=$2; is_number "$port" || fail "--port needs a number" ;;
        --seconds) seconds=$2; is_number "$seconds" || fail "--seconds needs a number" ;;
        --trace) trace=$2; [ -r "$trace" ] || fail "cannot read $trace"
          trace=$(cd "$(dirname "$trace")" && pwd)/$(basename "$trace") ;;
        --host) host=$2 ;;
      esac
      shift 2 ;;
    *) usage >&2; exit 1 ;;
  esac
done

cd "$(dirname "$0")/.."
. ./src/cmake/packages.sh
# shellcheck disable=SC2086  # a list of words
need $packages_build
install_missing

# Its own build folder, so that no test library is looked for and nothing else is built.
build=build/demo
mkdir -p build
CCACHE_BASEDIR=$(pwd) CCACHE_NOHASHDIR=1 # clones share what they compiled
export CCACHE_BASEDIR CCACHE_NOHASHDIR
if ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd)" $build/CMakeCache.txt ||
  [ ! -f $build/build.ninja ]; then
  rm -rf $build
  cmake --preset release -B $build -DCHATROOM_TESTS=OFF -DCHATROOM_BENCHMARKS=OFF >$build.log 2>&1 ||
    { cat $build.log >&2; fail "configuring failed"; }
fi
printf '%s\n' "building chatd and replay"
cmake --build $build --target chatd replay || fail "building failed"

# Listening ports of this machine, without asking for a tool that a bare one lacks: state 0A of the
# kernel's table.
listening() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 }
      END { exit !found }'
}
free_port() {
  candidate=$1
  while listening "$candidate"; do
    candidate=$((candidate + 1))
    [ "$candidate" -le 65535 ] || fail "no free port from $1 on"
  done
  printf '%s' "$candidate"
}

server='' crowd=''
stop() {
  trap - EXIT INT TERM HUP
  for process in $crowd $server; do kill "$process" 2>/dev/null || true; done
  for process in $crowd $server; do
    waited=0
    while kill -0 "$process" 2>/dev/null && [ $waited -lt 30 ]; do
      sleep 0.1
      waited=$((waited + 1))
    done
    kill -9 "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
}
trap stop EXIT
trap 'stop; exit 0' INT TERM HUP

any_address=
case $host in 127.* | localhost | ::1) ;; *) any_address=--open-any-address ;; esac

# Somebody may take the port between our look and chatd's: then the next one is tried.
attempts=0
while :; do
  port=$(free_port "$port")
  tcp_port=$(free_port $((port + 1)))
  # shellcheck disable=SC2086  # nothing, or one word
  $build/examples/chatd --ws "$host:$port" --tcp "$host:$tcp_port" --open $any_address \
    --owner "$owner" --receipts --channel lounge --channel crew=moderator >$build/chatd.log 2>&1 &
  server=$!
  waited=0
  until listening "$port" && listening "$tcp_port"; do
    kill -0 "$server" 2>/dev/null || break
    [ $waited -lt 100 ] || break
    sleep 0.05
    waited=$((waited + 1))
  done
  kill -0 "$server" 2>/dev/null && listening "$port" && break
  attempts=$((attempts + 1))
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
  [ $attempts -lt 5 ] || { cat $build/chatd.log >&2; fail "chatd does not start"; }
  port=$((port + 1))
done

near=$host
case $host in 0.0.0.0 | ::) near=127.0.0.1 ;; esac
if [ -n "$trace" ]; then
  set -- --trace "$trace" --speed 1 --members 50
else
  set -- --generate $seed --rate $rate --members 50
fi
# The crowd comes back when its trace is over, and when it was cut off, as by a lid that was closed;
# one that fails at once has another reason.
(
  crowd_process=
  trap 'kill $crowd_process 2>/dev/null; exit 0' TERM INT HUP
  while :; do
    began=$(date +%s)
    $build/examples/replay "$@" --room $room --transport both --ws "$near:$port" \
      --tcp "$near:$tcp_port" >$build/replay.log 2>&1 &
    crowd_process=$!
    wait $crowd_process || [ $(($(date +%s) - began)) -ge 10 ] || exit 1
  done
) &
crowd=$!

printf '\n%s\n\n' "  http://$near:$port/?room=$room&name=$owner"
printf '%s\n' "Ctrl-C stops it."

waited=0
while [ -z "$seconds" ] || [ $waited -lt "$seconds" ]; do
  sleep 1 &
  wait $! # so that a signal is answered at once
  waited=$((waited + 1))
  kill -0 "$server" 2>/dev/null || { tail -20 $build/chatd.log >&2; fail "chatd has ended"; }
  kill -0 "$crowd" 2>/dev/null || { tail -20 $build/replay.log >&2; fail "the crowd has ended"; }
done
stop
exit 0
