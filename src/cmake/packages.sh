# shellcheck shell=sh
# Installs what a script of ours needs, where this is Debian or Ubuntu; sourced, not run.
#
#   need PACKAGE...          remembers what is missing; PACKAGE=COMMAND: not missing if the command
#                            is there, whoever installed it
#   install_missing          one apt call, or none; exits 2 with the line to run where it may not

missing_packages=""

need() {
  for entry in "$@"; do
    package=${entry%%=*}
    command=${entry#"$package"}
    command=${command#=}
    if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then
      continue
    fi
    if command -v dpkg-query >/dev/null 2>&1; then
      case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *" installed") continue ;;
      esac
    elif [ -z "$command" ]; then
      continue # another system: CMake will say which library it does not find
    fi
    missing_packages="$missing_packages $package"
  done
}

install_missing() {
  [ -n "$missing_packages" ] || return 0
  line="apt-get update && apt-get install -y --no-install-recommends$missing_packages"
  if ! command -v apt-get >/dev/null 2>&1; then
    printf '%s\n' "please install what Debian calls:$missing_packages" >&2
    exit 2
  fi
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    # A terminal can ask for the password; without one, sudo must not need it.
    if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=sudo
    else
      printf '%s\n' "please run as root: $line" >&2
      exit 2
    fi
  fi
  printf '%s\n' "installing:$missing_packages"
  as_root="$as_root env DEBIAN_FRONTEND=noninteractive"
  # shellcheck disable=SC2086  # lists of words
  if ! { $as_root apt-get -qq update >/dev/null &&
    $as_root apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends $missing_packages >&2; }
  then
    printf '%s\n' "apt-get failed; please run: $line" >&2
    exit 2
  fi
  missing_packages=""
}

# What each job is made of.
# shellcheck disable=SC2034  # read by the scripts that source this
{
packages_build="g++=g++ cmake=cmake ninja-build=ninja pkg-config=pkg-config libuv1-dev
  libflatbuffers-dev flatbuffers-compiler=flatc libsimdjson-dev libhttp-parser-dev zlib1g-dev
  libsodium-dev"
packages_test="catch2 libbenchmark-dev python3=python3 python3-websockets"
packages_browser="chromium=chromium fonts-noto-cjk nodejs=node npm=npm"
packages_ci="git=git clang=clang++ libclang-rt-dev ccache=ccache"
}
