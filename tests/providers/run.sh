#!/bin/sh
# Drives the Midtrans simulator with Midtrans' own Node client, unmodified but for the base address.
# The client is pinned by package-lock.json and installed below build/; without Node, or without a way to
# install it, there is nothing to compare with, and this says so.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
there=$root/build/providers

command -v node >/dev/null && command -v npm >/dev/null || { echo "skipped: no node and npm here"; exit 77; }
mkdir -p "$there"
if ! cmp -s "$root/tests/providers/package-lock.json" "$there/installed.json"; then
    cp "$root/tests/providers/package.json" "$root/tests/providers/package-lock.json" "$there/"
    (cd "$there" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        { echo "skipped: the client cannot be installed"; exit 77; }
    cp "$there/package-lock.json" "$there/installed.json"
fi
NODE_PATH=$there/node_modules
SIMULATOR=${PASAR_BIN:-$root/build/release/bin}/midtrans_sim
export NODE_PATH SIMULATOR
exec node "$root/tests/providers/midtrans.js"
