#!/bin/sh
# run.sh - runs a target on its corpus: `run.sh tests/fuzz/order/fuzz_wish.c -runs=0` replays it, another option of
# libFuzzer's lets it grow. Targets of events begin with the contracts as well. A crash is kept in the corpus.
#
# Our log lines go where nobody reads them: of reports there is another copy.
set -u
name=${1#tests/fuzz/}
binary=build/asan-clang/fuzz/${name%.c}
name=$(echo "${name%.c}" | sed s/fuzz_//)
corpus=tests/fuzz/corpus/$name
shift
mkdir -p "$corpus"
case $name in
*/events) exec "$binary" -close_fd_mask=2 -artifact_prefix="$corpus/" "$@" "$corpus" tests/contracts ;;
esac
exec "$binary" -close_fd_mask=2 -artifact_prefix="$corpus/" "$@" "$corpus"
