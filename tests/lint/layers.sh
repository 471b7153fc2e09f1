#!/bin/sh
# layers.sh - keeps the house in order: floors, the arrows inside a domain, purity, SQL in its own files, sizes,
# and headers that compile alone. Prints each breach as file:line: reason.
#
# usage: layers.sh [root]
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 1
CC=${CC:-gcc}

sources() { # of the kinds given; generated ones are not ours to read
    for kind in "$@"; do
        find lib workers -name "*.$kind" -type f | sort
    done
}

failed=0
# shellcheck disable=SC2046 # our names have no spaces
awk -f "$here/layers.awk" $(sources c h) || failed=1

# Each header alone, as the first thing a file includes.
# shellcheck disable=SC2016
sources h | xargs -P 2 -n 1 sh -c '
    "$0" -std=gnu17 -D_GNU_SOURCE -Ilib -I. -Ibuild/release/gen -isystem /usr/include/postgresql \
        -Wall -Wextra -Werror -fsyntax-only -include "$1" -x c /dev/null ||
        { echo "$1:1: does not compile alone"; exit 1; }' "$CC" || failed=1

[ "$failed" = 0 ] || echo "layers: the rules are told at the top of tests/lint/layers.awk"
exit "$failed"
