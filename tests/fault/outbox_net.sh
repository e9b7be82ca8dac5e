#!/usr/bin/env bash
# 18 units, each in a network namespace with a link of its own: three of ten packets are lost both ways,
# links go down, lines fall silent, hang and break as the seed says, while the units send. Then all is
# healed, every queue empties, and the history checker finds each command once.
# Control: a unit whose link stays down is found with its commands left open. Needs root, network
# namespaces and nft. FAULT_QUEUED (default 4) commands a unit, FAULT_TROUBLES (default 30) troubles.
. "$SOURCE_DIR/tests/support/field.sh"
field_seed
QUEUED=${FAULT_QUEUED:-4}
TROUBLES=${FAULT_TROUBLES:-30}
UNITS=(unit{01..18})
PROXY_PORT=7301

link() { printf 'rf%s-%s' "$(($$ % 100000))" "$1"; } # names of interfaces end at 15 bytes
host_of() { printf '198.18.%d.1' "$((10#$1))"; }     # RFC 2544: for tests of networks

net_close() {
    local code=$? n
    trap '' INT TERM
    set +e
    for n in "${UNITS[@]#unit}" 99; do
        ip netns pids "$(link "$n")" 2>/dev/null | xargs -r kill -KILL
        ip netns delete "$(link "$n")" 2>/dev/null
    done
    field_code "$code"
    field_close
}

net_make() { # NUMBER: a namespace, a link to it, and loss on the far end
    local name
    name=$(link "$1")
    ip netns add "$name"
    ip link add "$name" type veth peer name inside netns "$name"
    ip address add "$(host_of "$1")/30" dev "$name"
    ip link set "$name" up
    ip -n "$name" address add "198.18.$((10#$1)).2/30" dev inside
    ip -n "$name" link set inside up
    net_lossy "$1"
}

net_lossy() {
    ip netns exec "$(link "$1")" nft -f - <<'NFT'
table inet loss {
    chain in {
        type filter hook input priority 0;
        numgen random mod 10 < 3 drop
    }
    chain out {
        type filter hook output priority 0;
        numgen random mod 10 < 3 drop
    }
}
NFT
}

net_possible() {
    ((EUID == 0)) && net_make 99 >/dev/null 2>&1 && ip netns delete "$(link 99)"
}

net_unit() { # NUMBER ACTION…
    local n=$1
    shift
    timeout -k 5 "$FIELD_PATIENCE" ip netns exec "$(link "$n")" "$FIELD_TOOLS/unit_client" \
        "$HOME_DIR/profiles/unit$n.ini" "$FIELD_DIR/unit$n" "$@" 8>&- </dev/null
}

field_begin
trap net_close EXIT
net_possible || field_skip "lost packets and links that go down" "needs root, network namespaces and nft"
field_open "${UNITS[@]}"

for n in "${UNITS[@]#unit}"; do
    unit "unit$n" put "$QUEUED"
    net_make "$n"
    line_start "line$n" "$FIXTURE_PORT" "$(host_of "$n"):$PROXY_PORT"
    line_of "unit$n" "$LINE_PORT" "$(host_of "$n")"
done

trouble() { # NUMBER
    case $((RANDOM % 7)) in
    0) line "line$1" reset ;;
    1) line "line$1" set hold ;;
    2) line "line$1" set drop=up ;;
    3) line "line$1" set drop=down ;;
    4) line "line$1" set "bad=700,$((RANDOM % 6000 + 1))" ;;
    5) line "line$1" set delay=$((RANDOM % 300)) ;;
    6) ip link set "$(link "$1")" down ;;
    esac
}

heal() { # NUMBER
    line "line$1" set good
    line "line$1" reset # what hangs would be noticed by its timeout only
    ip link set "$(link "$1")" up
    ip netns exec "$(link "$1")" nft delete table inet loss
}

# ---- in trouble ----

PIDS=()
for n in "${UNITS[@]#unit}"; do
    net_unit "$n" drain >"$FIELD_DIR/unit$n.log" 2>&1 &
    PIDS+=($!)
done
for ((i = 0; i < TROUBLES; i++)); do
    n=${UNITS[RANDOM % 18]#unit}
    trouble "$n"
    sleep "0.$((RANDOM % 8))"
    n=${UNITS[RANDOM % 18]#unit}
    line "line$n" set good
    ip link set "$(link "$n")" up
done
printf 'after %d troubles on lossy links %d of %d commands are settled\n' "$TROUBLES" "$(field_count 'received|refused')" \
    $((18 * QUEUED))

# ---- healed ----

for n in "${UNITS[@]#unit}"; do heal "$n"; done
from=$SECONDS
for pid in "${PIDS[@]}"; do
    wait "$pid" || fail "a unit did not come through: $(tail -n 3 "$FIELD_DIR"/*.log)"
done
printf 'all queues were empty %d s after healing\n' $((SECONDS - from))
for n in "${UNITS[@]#unit}"; do unit "unit$n" report; done
field_check "${UNITS[@]}"
field_audit

# ---- control ----

ip link set "$(link 18)" down
unit unit18 put 1
net_unit 18 once >/dev/null 2>&1 || true
net_unit 18 report
field_control "a unit whose link stays down" "left open" "${UNITS[@]}"
