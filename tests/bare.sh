#!/bin/sh
# Proves on this machine what the README promises for a bare one: makes a fresh Debian root with
# debootstrap, puts a clean clone of HEAD into it, and runs there, alone and in this order,
#   sh examples/demo.sh --seconds 5        with packages in at most 300 s, again in at most 5 + 5 s
#   sh tests/run.sh                        in at most 900 s
# and, as a user without sudo, that the demo prints the line to run and exits 2.
#
#   tests/bare.sh [--keep]      needs root; --keep leaves the root for looking around
#
# DEBIAN_SUITE (bookworm), DEBIAN_MIRROR (as this machine's apt), BARE_ROOT (a folder under /tmp)
set -eu

suite=${DEBIAN_SUITE:-bookworm}
keep=''
[ "${1-}" != --keep ] || keep=yes
[ "$(id -u)" -eq 0 ] || { printf '%s\n' "please run as root: $0" >&2; exit 2; }

cd "$(dirname "$0")/.."
. ./src/cmake/packages.sh
need debootstrap=debootstrap git=git
install_missing

# shellcheck disable=SC2016  # apt's word, not the shell's
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
  grep -m1 'debian/\{0,1\}$' || true)}
root=${BARE_ROOT:-$(mktemp -d /tmp/bare.XXXXXX)}
say() { printf 'bare: %s\n' "$*"; }

clean() {
  umount "$root/proc" 2>/dev/null || true
  umount "$root/dev/shm" 2>/dev/null || true
  if [ -n "$keep" ]; then say "left in $root"; else rm -rf "$root"; fi
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

say "debootstrap $suite"
# shellcheck disable=SC2086  # a mirror or none
debootstrap --variant=minbase "$suite" "$root" $mirror >"$root.log" 2>&1 ||
  { tail -20 "$root.log"; exit 1; }
mv "$root.log" "$root/debootstrap.log"
chmod 755 "$root"  # a folder of mktemp is its owner's alone: no other user could enter the root
# Packages come from where this machine's come from, through whatever proxy it has.
for name in sources.list sources.list.d apt.conf.d/99proxy; do
  [ ! -e "/etc/apt/$name" ] || cp -r "/etc/apt/$name" "$root/etc/apt/$name" 2>/dev/null || true
done
# Only Debian itself: other repositories' keys and tools are not in a bare root.
for list in "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*; do
  [ -f "$list" ] || continue
  grep -q debian-archive-keyring "$list" || grep -q '/debian' "$list" || rm -f "$list"
done
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"

git clone -q --no-hardlinks . "$root/chatroom"
chroot "$root" useradd --create-home stranger
chroot "$root" sh -c 'cp -r /chatroom ~stranger/ && chown -R stranger: ~stranger/chatroom'

# inside <seconds allowed> <command>...: runs it in the root, prints how long it took.
inside() {
  allowed=$1
  shift
  begin=$(date +%s)
  say "$*"
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    chroot "$root" sh -c "cd /chatroom && $*" || { say "failed: $*"; exit 1; }
  took=$(($(date +%s) - begin))
  say "took $took s of $allowed s"
  [ "$took" -le "$allowed" ] || { say "too slow: $*"; exit 1; }
}

say "a user without sudo is told what to run"
status=0
told=$(chroot "$root" su stranger -c 'cd ~/chatroom && sh examples/demo.sh --seconds 1' 2>&1 \
  </dev/null) || status=$?
case $status:$told in
  2:*"apt-get install"*) ;;
  *) say "expected exit 2 and the line to run, got $status: $told"; exit 1 ;;
esac

inside 305 sh examples/demo.sh --seconds 5
inside 10 sh examples/demo.sh --seconds 5
inside 900 sh tests/run.sh
say "both work on a bare $suite"
