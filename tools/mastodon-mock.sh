#!/bin/sh
# Prints the path of a server that speaks Mastodon's API (PyPI mastodon-mock), and fetches the pinned one when there is none.
#
#   server=$(tools/mastodon-mock.sh) && "$server" serve --in-memory --host 127.0.0.1 --port 4300
#
# It needs python3 with venv. What is fetched is checked against the hashes in tests/mastodon/requirements.txt and lies in a
# folder of its own below .tools/; several runs at a time do not disturb each other, and afterwards no network is needed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/tests/mastodon/requirements.txt
# What was installed for the same list is right.
home=$root/.tools/mastodon-mock-$(cksum <"$wanted" | cut -d ' ' -f 1)
program=$home/bin/mastodon_mock

say() {
    printf '%s\n' "mastodon-mock.sh: $*" >&2
}

install() {
    command -v python3 >/dev/null 2>&1 || { say "there is no python3 (Debian: apt-get install python3-venv)"; exit 1; }
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "python3 is older than 3.11"; exit 1; }
    mkdir -p "$root/.tools"
    # One at a time: whoever came second finds it done.
    exec 9>"$root/.tools/mastodon-mock.lock"
    flock 9
    [ ! -e "$home/installed" ] || return 0
    say "installing into $home"
    python3 -m venv --clear "$home" >&2 || { say "cannot make a venv (Debian: apt-get install python3-venv)"; exit 1; }
    "$home/bin/python" -m pip --disable-pip-version-check --no-cache-dir --quiet install --no-deps --require-hashes \
        --only-binary=:all: --requirement "$wanted" >&2 </dev/null || { say "cannot install what $wanted names"; exit 1; }
    [ -x "$program" ] || { say "there is no $program after installing"; exit 1; }
    touch "$home/installed"
    exec 9>&-
}

[ "$#" -eq 0 ] || { say "usage: tools/mastodon-mock.sh"; exit 2; }
[ -e "$home/installed" ] || install
printf '%s\n' "$program"
