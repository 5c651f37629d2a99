#!/bin/sh
# Parses every file under deploy/ with the tool that will read it, and says which tools are missing. The settings named
# there (example, variables, metrics) are checked by tests/architecture.
set -eu
cd "$(dirname "$0")/../deploy"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

has() {
    command -v "$1" >/dev/null 2>&1
}
fine() {
    printf 'ok       %s\n' "$*"
}
wrong() {
    printf 'WRONG    %s\n' "$*"
    failed=1
}
missing() {
    printf 'skipped  %s\n' "$*"
}

nats=${NATS_SERVER:-$(../tools/nats.sh --pinned)}
mkdir -p "$work/conf/users"
cp ./*.conf "$work/conf"
${REDRESS:?the program, to print what the brokers are told about users} provision --init-users "$work/conf/users" \
    --print-nats-conf >"$work/conf/users/accounts.conf"
for conf in nats.conf nats-cluster.conf; do
    if NATS_NAME=nats-0 NATS_CLUSTER_PASSWORD=x NATS_ROUTES='["nats://broker:x@nats-1:6222"]' \
        "$nats" -t -c "$work/conf/$conf" >"$work/nats" 2>&1; then
        fine "$conf (nats-server)"
    else
        wrong "$conf: $(cat "$work/nats")"
    fi
    grep -q '^ *sync_interval: always$' "$conf" || wrong "$conf does not set sync_interval: always"
    grep -q '^ *max_file: ' "$conf" || wrong "$conf does not set max_file"
    grep -q '^http: "127.0.0.1:' "$conf" || wrong "$conf shows its monitoring to others"
done

python=
for candidate in python3 /usr/bin/python3; do
    if has "$candidate" && "$candidate" -c 'import yaml' 2>/dev/null; then python=$candidate; fi
done
if [ -n "$python" ]; then
    for file in compose.yaml kubernetes/*.yaml prometheus/*.yaml; do
        if "$python" -c '
import sys, yaml
path = sys.argv[1]
documents = [it for it in yaml.safe_load_all(open(path)) if it is not None]
assert documents, "it is empty"
if path.startswith("kubernetes/"):
    names = set()
    for it in documents:
        name = (it["kind"], it["metadata"]["name"])
        assert it["apiVersion"] and name not in names, f"{name} occurs twice"
        names.add(name)
        if it["kind"] == "Deployment":
            template = it["spec"]["template"]
            labels = template["metadata"]["labels"]
            assert it["spec"]["selector"]["matchLabels"] == labels, f"{name} does not select its own pods"
            volumes = {volume["name"] for volume in template["spec"]["volumes"]}
            for container in template["spec"]["containers"]:
                mounts = {mount["name"] for mount in container["volumeMounts"]}
                assert mounts == volumes, f"{name}: mounts {mounts}, volumes {volumes}"
' "$file" 2>"$work/yaml"; then fine "$file (YAML)"; else wrong "$file: $(tail -n 1 "$work/yaml")"; fi
    done
else
    missing "YAML files: python3-yaml is missing"
fi

if has docker && docker compose version >/dev/null 2>&1; then
    if docker compose --file compose.yaml config --quiet 2>"$work/compose"; then fine "compose.yaml (docker compose)"
    else wrong "compose.yaml: $(cat "$work/compose")"; fi
elif has docker-compose; then
    if docker-compose --file compose.yaml config --quiet 2>"$work/compose"; then fine "compose.yaml (docker-compose)"
    else wrong "compose.yaml: $(cat "$work/compose")"; fi
else
    missing "compose.yaml: docker compose is missing"
fi

if has systemd-analyze; then
    for unit in systemd/*.service; do
        # The program is not installed here; any program will do to read the unit.
        copy="$work/$(basename "$unit" | sed 's/@\./@web./')"
        sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$copy"
        systemd-analyze verify --man=no "$copy" >"$work/unit" 2>&1 || true
        # It answers 0 for keys it does not know, so what it prints about this unit decides.
        if grep -F "$(basename "$copy")" "$work/unit" >"$work/about"; then wrong "$unit: $(cat "$work/about")"; else fine "$unit (systemd-analyze)"; fi
    done
else
    missing "systemd units: systemd-analyze is missing"
fi

if has promtool; then
    for file in prometheus/*.yaml; do
        if promtool check rules "$file" >"$work/rules" 2>&1; then fine "$file (promtool)"; else wrong "$file: $(cat "$work/rules")"; fi
    done
else
    missing "prometheus/alerts.yaml: promtool is missing"
fi

exit $failed
