#!/bin/sh
# Builds and runs host programs against the library: by find_package and by pkg-config from a prefix
# that was moved after installing, and by add_subdirectory; each with and without exceptions and
# RTTI.
#
#   tests/embed/run.sh SOURCE BUILD WORK CXX COMPONENTS     (called by CTest; COMPONENTS a;b;c)
set -eu
source_dir=$1 build_dir=$2 work_dir=$3 compiler=$4 components=$5
here=$source_dir/tests/embed
host=$here/host.cc
bare_flags="-fno-exceptions -fno-rtti"

rm -rf "$work_dir"
mkdir -p "$work_dir"

say() { printf '%s\n' "embed: $*"; }

say "install, then move the prefix"
cmake --install "$build_dir" --prefix "$work_dir/first" >/dev/null
mkdir -p "$work_dir/moved"
mv "$work_dir/first" "$work_dir/moved/prefix"
prefix=$work_dir/moved/prefix
# As whole paths: a clone in /chatroom is no part of <prefix>/lib/cmake/chatroom.
as_pattern() { printf '%s' "$1" | sed 's/[][\.*^$+?(){}|]/\\&/g'; }
built=$(as_pattern "$source_dir")
first=$(as_pattern "$work_dir/first")
if grep -rlE "(^|-[IL]|[^[:alnum:]_.}-])($built|$first)([^[:alnum:]_-]|\$)" "$prefix/lib" \
    --include=*.cmake --include=*.pc; then
  say "these installed files name the place where they were built"
  exit 1
fi

say "find_package"
cmake -S "$here/package" -B "$work_dir/package" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" -DHOST_SOURCE="$host" \
  "-DCOMPONENTS=$components" >"$work_dir/package.log" || { cat "$work_dir/package.log"; exit 1; }
cmake --build "$work_dir/package"
for program in host host_noexcept host_all; do "$work_dir/package/$program"; done

if command -v python3 >/dev/null 2>&1 && [ -f "$source_dir/README.md" ]; then
  say "the README's program with the README's CMake"
  readme=$work_dir/readme
  mkdir -p "$readme"
  for part in cmake:CMakeLists.txt cpp:main.cc; do
    python3 -B "$source_dir/tests/readme/readme.py" block "$source_dir/README.md" "${part%%:*}" \
      >"$readme/${part#*:}"
  done
  cmake -S "$readme" -B "$readme/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$prefix" >"$readme.log" || { cat "$readme.log"; exit 1; }
  cmake --build "$readme/build"
  "$readme/build/my_game"
fi

say "find_package refuses another minor version and an unknown component"
for wrong in "0.2 REQUIRED" "0.1 REQUIRED COMPONENTS nonsense"; do
  mkdir -p "$work_dir/wrong"
  printf 'cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES CXX)\nfind_package(chatroom %s)\n' \
    "$wrong" >"$work_dir/wrong/CMakeLists.txt"
  if cmake -S "$work_dir/wrong" -B "$work_dir/wrong/build" -G Ninja \
    -DCMAKE_PREFIX_PATH="$prefix" >/dev/null 2>&1; then
    say "find_package(chatroom $wrong) was accepted"
    exit 1
  fi
done

say "pkg-config"
PKG_CONFIG_PATH=$(find "$prefix" -type d -name pkgconfig)
export PKG_CONFIG_PATH
for flags in "" "$bare_flags"; do
  # shellcheck disable=SC2046,SC2086  # flags are words
  "$compiler" -std=c++20 -O1 $flags "$host" $(pkg-config --cflags --libs chatroom) \
    -o "$work_dir/host_pkgconfig"
  LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") "$work_dir/host_pkgconfig"
done
for file in "$PKG_CONFIG_PATH"/*.pc; do
  name=$(basename "$file" .pc)
  # shellcheck disable=SC2046
  "$compiler" -std=c++20 -O1 "$host" $(pkg-config --cflags chatroom) -Wl,--whole-archive \
    $(pkg-config --libs-only-l "$name" | tr ' ' '\n' | grep '^-lchatroom_' || true) \
    -Wl,--no-whole-archive $(pkg-config --libs "$name") -L"$(dirname "$PKG_CONFIG_PATH")" \
    -o "$work_dir/host_$name"
  LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") "$work_dir/host_$name"
done

say "add_subdirectory"
cmake -S "$here/subproject" -B "$work_dir/subproject" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" \
  -DCHATROOM_SOURCE="$source_dir" -DHOST_SOURCE="$host" >"$work_dir/subproject.log" ||
  { cat "$work_dir/subproject.log"; exit 1; }
cmake --build "$work_dir/subproject"
for program in host host_noexcept; do "$work_dir/subproject/$program"; done
say "all hosts heard each other"
