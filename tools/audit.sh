#!/bin/sh
# Runs cargo-deny over the dependencies. With ADVISORIES=<folder> the advisories are read from that copy of the
# RustSec database (a checkout, or a folder that holds one), and nothing is fetched. With ADVISORIES=none they are left out:
# licences, bans and sources need no database.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${ADVISORIES:-}" ]; then
    exec cargo deny --locked check "$@"
fi

if [ "$ADVISORIES" = none ]; then
    exec cargo deny --locked check bans licenses sources
fi

database=$(cd "$ADVISORIES" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=$(find "$database" -maxdepth 1 -name '*.tar.gz' | head -n 1)
if [ -n "$archive" ]; then
    mkdir "$work/unpacked"
    tar -xzf "$archive" -C "$work/unpacked"
    database=$work/unpacked
fi
crates=$(find "$database" -maxdepth 3 -type d -name crates | head -n 1)
[ -n "$crates" ] || {
    echo "make audit: no advisory database in $ADVISORIES (a folder with crates/ is expected)" >&2
    exit 2
}
sed "s|^\[advisories\]|[advisories]\ndb-path = \"$work/db\"|" deny.toml >"$work/deny.toml"
audit() {
    cargo deny --locked --offline --config "$work/deny.toml" check "$@"
}

# cargo-deny wants a git checkout, under a name that it makes up from an address; its complaint tells the name.
mkdir "$work/db"
checkout=$(audit advisories 2>&1 | grep -o "$work/db/[A-Za-z0-9._-]*" | head -n 1)
checkout=${checkout:-$work/db/advisory-db-3157b0e258782691}
cp -R "$(dirname "$crates")" "$checkout"
if [ ! -d "$checkout/.git" ]; then
    git -C "$checkout" init --quiet
    git -C "$checkout" add --all
    git -C "$checkout" -c user.name=audit -c user.email=audit@example.org commit --quiet --message "advisories"
fi
touch "$checkout/.git/FETCH_HEAD"
audit
