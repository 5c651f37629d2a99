#!/bin/sh
# Runs the fuzz targets with libFuzzer, one after the other, and counts what they find.
#
#   SECONDS_EACH=60 | RUNS=10000000  SEEDS=<folder>  tools/fuzz.sh [TARGET]…
#
# Begins with fuzz/seeds, with every file up to 64 KiB below SEEDS, and with what earlier runs kept in fuzz/corpus. A
# find lies in fuzz/artifacts/<target>; mended, it becomes a seed. Without a sanitizer: no crate of ours holds unsafe
# code. What is shipped is what is tried (--release): a debug assertion of a library that answers all the same is no find.
# Wants cargo-fuzz (tools/cargo-tool.sh) and a C++ compiler.
set -eu
cd "$(dirname "$0")/.."

limit=-max_total_time=${SECONDS_EACH:-60}
[ -z "${RUNS:-}" ] || limit=-runs=$RUNS
PATH="$(tools/cargo-tool.sh cargo-fuzz):$PATH"
export PATH
# The versions that the program is built with.
cp Cargo.lock fuzz/Cargo.lock
[ "$#" -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | grep -v redress-fuzz)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${SEEDS:-}" ]; then
    mkdir "$work/given"
    find "$SEEDS" -type f -size -64k ! -size 0 -exec cp --backup=numbered {} "$work/given/" \; 2>/dev/null
    echo "fuzz: $(find "$work/given" -type f | wc -l) files of $SEEDS"
fi

cargo fuzz build --release -s none --target-dir "${CARGO_TARGET_DIR:-target}/fuzz"
finds=0
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    set -- "fuzz/corpus/$target" "fuzz/seeds/$target"
    [ -d "$work/given" ] && set -- "$@" "$work/given"
    log=$work/$target.log
    if cargo fuzz run --release -s none --target-dir "${CARGO_TARGET_DIR:-target}/fuzz" "$target" "$@" -- \
        "$limit" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1; then
        verdict=ok
    else
        verdict=short
        finds=$((finds + 1))
        grep -E 'panicked|ERROR|Test unit written' "$log" | sed 's/^/  /' || tail -n 20 "$log"
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    echo "RESULT core.fuzz_$target ${runs:-0} runs bar=none $verdict"
done
[ "$finds" -eq 0 ] && verdict=ok || verdict=short
echo "RESULT core.fuzz_finds $finds targets bar=0 $verdict"
[ "$finds" -eq 0 ]
