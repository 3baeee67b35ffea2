#!/bin/sh
# Whether each branch of codec, limiter and queue is taken by their own suites (tests/README.md,
# "Coverage"). More suites would only hide what these do not test.
set -eu
cd "$(dirname "$0")/.."
suites='base wire room json queue fanout session'
targets=test_golden
for suite in $suites; do targets="$targets test_unit.$suite"; done

cmake --preset coverage
# shellcheck disable=SC2086  # several on purpose
cmake --build --preset coverage -j "$(nproc)" --target $targets
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" -R "^(golden|unit\.($(echo "$suites" | tr ' ' '|')))\$"
python3 -B tests/coverage.py build/coverage --whole
