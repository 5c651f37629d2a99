#!/bin/sh
# Tries the API against its own description: schemathesis sends what the description allows and what it does not, to a
# whole `redress up` on this machine.
#
#   REDRESS=target/debug/redress NATS_SERVER=…  tools/api-check.sh [CASES]
#
# CASES: how many an operation, 50 when left out. Wants python3 with pip; schemathesis is fetched into .tools/.
set -eu
cd "$(dirname "$0")/.."

cases=${1:-50}
modules=$PWD/.tools/schemathesis-$(cksum <tools/schemathesis.txt | cut -d ' ' -f 1)
if [ ! -d "$modules" ]; then
    echo "api-check: fetching schemathesis" >&2
    work=$(mktemp -d "$PWD/.tools/fetch.XXXXXX")
    python3 -m pip --disable-pip-version-check --quiet install --requirement tools/schemathesis.txt --target "$work"
    mv "$work" "$modules"
fi

work=$(mktemp -d)
key=redress_api-check
cat >"$work/redress.toml" <<SETTINGS
[data]
folder = "$work/data"
[web]
languages = ["en"]
[web.forms.returns]
asks = ["what_happened", "email", "phone", "category", "consent", "language"]
requires = ["serial_number", "consent", "email"]
categories = [{ id = "broken" }, { id = "late" }]
[[web.forms.returns.fields]]
name = "serial_number"
label = { en = "Serial number" }
[[web.forms.returns.fields]]
name = "size"
kind = "choice"
label = { en = "Size" }
choices = [{ id = "small" }, { id = "large" }]
# SHA-256 of the key that is shown below.
[web.clients.check]
key_sha256 = ["$(printf '%s' "$key" | sha256sum | cut -d ' ' -f 1)"]
scopes = ["channel", "received_at", "identity"]
requests_per_minute = 1000000
[public]
address = "127.0.0.1:0"
[health]
address = "127.0.0.1:0"
[notifier]
maildir_path = "$work/outgoing-mail"
SETTINGS
"$REDRESS" --config "$work/redress.toml" up >"$work/log" 2>&1 </dev/null &
house=$!
trap 'kill "$house" 2>/dev/null || true; wait "$house" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What it says last before it is up.
for _ in $(seq 600); do
    url=$(sed -n 's/^public *\(http[^ ]*\).*/\1/p' "$work/log")
    [ -z "$url" ] || break
    kill -0 "$house" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
[ -n "$url" ] || { echo "api-check: redress up did not say where it is" >&2; cat "$work/log" >&2; exit 1; }

hooks=$PWD/tools/api-check-hooks.py
# First as a system with a key, which may say everything that is described; then as anybody, who may not.
run() {
    SCHEMATHESIS_HOOKS=$hooks PYTHONPATH=$modules python3 -c 'from schemathesis.cli import schemathesis; schemathesis()' \
        run "${url%/}/openapi.json" --max-examples "$cases" --checks all --seed 1 --no-color --generation-database none "$@"
}
runs() {
    run --header "Authorization: Bearer $key" && run --exclude-checks positive_data_acceptance
}
(cd "$work" && runs) >"$work/said" 2>&1 && verdict=ok || verdict=short
[ "$verdict" = ok ] || cat "$work/said"
grep -E 'generated|found' "$work/said" | tail -n 1
failures=$(sed -n 's/.*found \([0-9]*\) unique.*/\1/p' "$work/said" | tail -n 1)
[ "$verdict" = ok ] || [ -n "$failures" ] || failures=unknown
echo "RESULT web.api_failures ${failures:-0} failures bar=0 $verdict"
[ "$verdict" = ok ]
