#!/bin/sh
# The public pages in a real browser: Chromium, led by the tests beside this file.
#
#   REDRESS=target/debug/redress NATS_SERVER=<path> tests/browser/run.sh
#
# CHROMIUM names another Chromium, SCREENSHOTS another folder for the pictures of the pages (target/browser). Where no
# Chromium, node or npm is, the tests are skipped, but not with CI set: there nobody would notice.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
advice="On Debian 13 or newer: apt-get install chromium nodejs npm. Another Chromium can be named in CHROMIUM."

# Says why the tests cannot run.
skip() {
    if [ -n "${CI:-}" ]; then
        printf '%s\n' "tests/browser: FAILED: $1. $advice" >&2
        exit 1
    fi
    printf '%s\n' "tests/browser: SKIPPED: $1. $advice"
    exit 0
}

# The path of a program, by its name or path.
path_of() {
    found=$(command -v "$1") || { printf '%s\n' "tests/browser: there is no program $1" >&2; exit 2; }
    case "$found" in
    /*) printf '%s\n' "$found" ;;
    *) printf '%s/%s\n' "$PWD" "$found" ;;
    esac
}

find_chromium() {
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then
            path_of "$name"
            return
        fi
    done
}

if [ -n "${CHROMIUM:-}" ]; then CHROMIUM=$(path_of "$CHROMIUM"); else CHROMIUM=$(find_chromium); fi
[ -n "$CHROMIUM" ] || skip "there is no Chromium"
command -v node >/dev/null 2>&1 || skip "there is no node"
[ "$(node --print 'process.versions.node.split(".")[0] >= 20')" = true ] || skip "node is $(node --version), not 20 or newer"
command -v npm >/dev/null 2>&1 || skip "there is no npm"

REDRESS=$(path_of "${REDRESS:?must be the path of the redress program}")
SCREENSHOTS=${SCREENSHOTS:-$root/target/browser}
mkdir -p "$SCREENSHOTS"
SCREENSHOTS=$(cd "$SCREENSHOTS" && pwd)
export CHROMIUM REDRESS SCREENSHOTS
if [ -n "${NATS_SERVER:-}" ]; then
    NATS_SERVER=$(path_of "$NATS_SERVER")
    export NATS_SERVER
fi

cd "$root/tests/browser"
# npm writes this file last.
if [ -z "$(find node_modules/.package-lock.json -newer package-lock.json 2>/dev/null)" ]; then
    npm ci --loglevel=error >/dev/null
fi
exec node --test --test-reporter=spec ./*.test.mjs
