#!/bin/sh
# The comparison with the field, in one command: installs the peers that Debian and npm package,
# builds chatd, the floors and the load generator, and runs compare.py, whose options it takes.
#
#   sh benchmarks/compare/run.sh --rounds 3 --seconds 1     a short look
#   sh benchmarks/compare/run.sh                  15 rounds of everything: hours, resumable
#   sh benchmarks/compare/run.sh --list
#
# BUILD names the build folder (build/release). INSTALL=no installs nothing; what is missing is then
# named and left out. Packages that would start a service are told not to.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build/release}
. src/cmake/packages.sh

need nats-server mosquitto redis-server=redis-server nginx-light=nginx libnginx-mod-nchan \
  nodejs=node npm=npm strace=strace valgrind=valgrind util-linux=taskset python3=python3
if [ "${INSTALL:-yes}" = yes ]; then
  policy=/usr/sbin/policy-rc.d # what Debian asks before it starts a service
  made=
  if [ -n "$missing_packages" ] && [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes
  fi
  (install_missing) || echo "compare: going on without what could not be installed" >&2
  [ -z "$made" ] || rm -f "$policy"
  node=$build/compare/node
  if command -v npm >/dev/null 2>&1 && [ ! -d "$node/node_modules/socket.io" ]; then
    mkdir -p "$node"
    npm install --prefix "$node" --no-audit --no-fund --silent ws socket.io >/dev/null 2>&1 ||
      echo "compare: npm could not install ws and socket.io" >&2
  fi
fi
if [ ! -f "$build/CMakeCache.txt" ]; then
  cmake --preset release -B "$build" >/dev/null
fi
cmake --build "$build" --target chatd compare_load compare_floor >/dev/null
exec python3 -B benchmarks/compare/compare.py --build "$build" "$@"
