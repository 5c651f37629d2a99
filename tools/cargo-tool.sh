#!/bin/sh
# Prints the folder of a cargo subcommand in its pinned version; builds it into .tools/ when it is not there.
#
#   PATH="$(tools/cargo-tool.sh cargo-deny):$PATH"
#
# From crates.io with the lock file its authors tested; nothing is installed outside the repository. Unoptimised: it is
# built more often than it runs long.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
cargo-deny) version=0.20.2 ;;
cargo-fuzz) version=0.13.2 ;;
cargo-mutants) version=27.1.0 ;;
*)
    echo "usage: tools/cargo-tool.sh cargo-deny|cargo-fuzz|cargo-mutants" >&2
    exit 2
    ;;
esac

root=$PWD/.tools/$1-$version
if [ ! -x "$root/bin/$1" ]; then
    echo "cargo-tool.sh: building $1 $version" >&2
    CARGO_TARGET_DIR=$root/target cargo install --quiet --debug --locked --no-track --root "$root" "$1@$version" >&2
    rm -rf "$root/target"
fi
printf '%s\n' "$root/bin"
