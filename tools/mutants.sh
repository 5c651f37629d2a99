#!/bin/sh
# Changes the rules in small ways, one at a time, and counts the changes that the tests notice.
#
#   tools/mutants.sh [SEED] [COUNT]   a seeded sample of the mutants of `domain` and `identity`; 1 and 200
#
# Ends with a RESULT line; each mutant nobody noticed stands above it. Wants cargo-mutants (tools/cargo-tool.sh).
set -eu
cd "$(dirname "$0")/.."

seed=${1:-1}
count=${2:-200}
bar=90
PATH="$(tools/cargo-tool.sh cargo-mutants):$PATH"
export PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo mutants --list --package redress-domain --package redress-identity >"$work/all"
python3 - "$work/all" "$seed" "$count" >"$work/sample" <<'PYTHON'
import random, re, sys
path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
mutants = sorted(set(open(path).read().splitlines()))
sample = random.Random(seed).sample(mutants, min(count, len(mutants)))
print("^(" + "|".join(re.escape(mutant) for mutant in sample) + ")$")
PYTHON
echo "mutants: a sample of $count of $(wc -l <"$work/all"), seed $seed"

status=0
cargo mutants --package redress-domain --package redress-identity --examine-re "$(cat "$work/sample")" \
    --profile mutants --output "$work" --no-shuffle --colors never --timeout "${MUTANT_TIMEOUT:-120}" || status=$?
# 2: some were missed, 3: some ran out of time. Both are told by the figures.
case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac

out=$work/mutants.out
lines() { wc -l <"$out/$1" | tr -d ' '; }
caught=$(($(lines caught.txt) + $(lines timeout.txt)))
missed=$(lines missed.txt)
tried=$((caught + missed))
[ "$tried" -gt 0 ] || {
    echo "mutants: none was tried" >&2
    exit 1
}
sed 's/^/missed: /' "$out/missed.txt"
verdict=ok
[ $((caught * 100)) -ge $((tried * bar)) ] || verdict=short
awk -v c="$caught" -v t="$tried" -v b="$bar" -v v="$verdict" \
    'BEGIN { printf "RESULT core.mutants_caught %.1f %% bar=>=%s %s\n", c * 100 / t, b, v }'
[ "$verdict" = ok ]
