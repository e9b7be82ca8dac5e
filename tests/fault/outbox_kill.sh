#!/usr/bin/env bash
# Whoever takes part is killed while units put and send: the unit's client and its agent at any system
# call that writes or sends, the server, PostgreSQL; one outbox is sent by two machines; clocks are wrong by
# ten days. At the end the history checker finds each command once, unaltered and settled. Controls:
# an outbox that was thrown away, an alert shown twice, a database that forgets.
. "$SOURCE_DIR/tests/support/field.sh"
field_seed
field_begin
field_cluster
field_open unit01 unit02 unit03 unit04

# ---- the client, killed ----

# The N-th such call of any thread is its last.
CALLS=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg,ftruncate,rename,renameat,unlink
KILLS_A_ROUND=50
SPAN=180

killed_at_call() { # N COMMAND…; 0 when it was killed
    local n=$1 code=0
    shift
    ("${FIELD_TRACED[@]}" strace -f -qq -o "$FIELD_DIR/strace" -e "trace=$CALLS" \
        -e "inject=$CALLS:signal=SIGKILL:when=$n" "$@" 8>&- </dev/null
        exit "$?") >"$FIELD_DIR/killed" 2>&1 || code=$?
    ((code == 0 || code == 137)) || {
        cat "$FIELD_DIR/killed" >&2
        fail "${2##*/} ended with $code at call $n"
    }
    ((code == 137))
}

killed_at_time() { # MILLISECONDS COMMAND…
    local ms=$1 code=0
    shift
    (timeout -s KILL "$(printf '0.%03d' "$ms")" "$@" 8>&- </dev/null
        exit "$?") >"$FIELD_DIR/killed" 2>&1 || code=$?
    ((code == 137))
}

# killed WHO UNIT FUNCTION OTHER…: tries many times; FUNCTION prepares a try and sets COMMAND. OTHER units
# have sent before.
killed() {
    local who=$1 i kills=0 tries=$((KILLS_A_ROUND * FAULT_ROUNDS)) tool=killed_at_call
    if ! "${FIELD_TRACED[@]}" strace -qq -o /dev/null true 2>/dev/null; then
        not_shown "$who killed at chosen system calls" "strace cannot trace here; killed at chosen times instead"
        tool=killed_at_time
    fi
    for ((i = 0; i < tries; i++)); do
        "$3" "$2"
        ! "$tool" "$((1 + RANDOM % SPAN))" "${COMMAND[@]}" || kills=$((kills + 1))
    done
    unit "$2" drain report
    printf '%s killed %d times of %d (%s): ' "$who" "$kills" "$tries" "$tool"
    ((kills > tries / 4)) || fail "too few kills: $kills"
    field_check "$2" "${@:4}"
}

client_command() {
    COMMAND=("$FIELD_TOOLS/unit_client" "$HOME_DIR/profiles/$1.ini" "$FIELD_DIR/$1" put 2 once)
}

agent_command() {
    unit "$1" put 2
    COMMAND=("$BUILD_DIR/client/agent/rectify-agent" --profile "$HOME_DIR/profiles/$1.ini" --once)
}

control_outbox_lost() {
    unit unit02 put 3
    cp "$FIELD_DIR/unit02" "$FIELD_DIR/forgotten"
    rm "$HOME_DIR"/state/unit02/outbox.db*
    unit unit02 drain report
    field_control "an outbox that was thrown away" "left open" unit01 unit02 unit03
    grep -v -F -f <(awk '{ print $2 }' "$FIELD_DIR/forgotten") "$FIELD_DIR/unit02" >"$FIELD_DIR/kept" || true
    mv "$FIELD_DIR/kept" "$FIELD_DIR/unit02"
}

# ---- the other side, killed while four units send ----

UNITS=(unit01 unit02 unit03 unit04)

drains_start() { # N
    local name
    PIDS=()
    for name in "${UNITS[@]}"; do
        unit "$name" put "$1" drain report >"$FIELD_DIR/$name.log" 2>&1 &
        PIDS+=($!)
    done
}

drains_wait() {
    local pid
    for pid in "${PIDS[@]}"; do
        wait "$pid" || {
            cat "$FIELD_DIR"/*.log >&2
            fail "a unit did not come through"
        }
    done
}

# progress FROM: some more commands were acknowledged, or all units are through.
progress() { (($(field_count received) >= $1)) || [[ -z $(jobs -r) ]]; }

other_side_killed() { # HOW TIMES N
    local how=$1 i from
    drains_start "$3"
    for ((i = 0; i < $2; i++)); do
        from=$(field_count received)
        wait_until 60 progress "$((from + 4))" || fail "no unit gets on"
        sleep "0.0$((RANDOM % 10))"
        "$how"
    done
    drains_wait
    printf '%s %d times: ' "$how" "$2"
    field_check "${UNITS[@]}"
}

server_crash() {
    server_kill
    server_start "$HOME_DIR"
}

postgres_crash() {
    field_cluster_kill
    field_cluster_start
}

# ---- one outbox, two machines ----

machine_cloned() {
    unit unit01 put 20
    cp -a "$HOME_DIR/state/unit01" "$HOME_DIR/state/clone"
    sed 's|^state = .*|state = ../state/clone|' "$HOME_DIR/profiles/unit01.ini" >"$HOME_DIR/profiles/clone.ini"
    unit unit01 drain report >"$FIELD_DIR/unit01.log" 2>&1 &
    unit clone drain report
    wait $!
    printf 'one outbox sent by two machines: '
    field_check "${UNITS[@]}" clone
    expect "both machines were told of the same receipts" diff \
        <(awk '$1 == "received" { print $2, $3 }' "$FIELD_DIR/clone" | sort -u) \
        <(awk '$1 == "received" { print $2, $3 }' "$FIELD_DIR/unit01" | sort -u |
            grep -F -f <(awk '{ print $2 }' "$FIELD_DIR/clone"))
}

# ---- clocks ----

clock_wrong() { # OFFSET
    local from
    from=$(fixture_sql -c "SELECT count(*) FROM rectify.event")
    "${FIELD_PRELOADED[@]}" faketime -f "$1" "$FIELD_TOOLS/unit_client" "$HOME_DIR/profiles/unit03.ini" "$FIELD_DIR/unit03" \
        put 6 drain report </dev/null
    printf 'clock of the unit %s: ' "$1"
    field_check "${UNITS[@]}" clone
    expect "commands came in" test "$(fixture_sql -c "SELECT count(*) FROM rectify.event")" -gt "$from"
    expect_is "they are dated by the server's clock" 0 "$(fixture_sql -c "
        SELECT count(*) FROM rectify.event
         WHERE abs(recorded_ms - extract(epoch FROM now()) * 1000) > 3600000")"
}

# ---- alerts ----

# Over a line that breaks, each alert of the inbox is shown once, under its own id.
alerts_arrive() {
    local many
    many=$(fixture_sql -c "SELECT max(d.seq) FROM rectify.delivery d JOIN rectify.account a
        ON a.tenant = d.tenant AND a.id = d.account WHERE a.name = 'unit02'")
    line_start alerts "$FIXTURE_PORT"
    line_of unit02 "$LINE_PORT"
    line alerts set bad=600,2500
    unit unit02 alerts "$many"
    line_of unit02 "$FIXTURE_PORT"
    printf '%s alerts over a bad line (%s): ' "$many" "$(line alerts counts)"
    field_check "${UNITS[@]}" clone
    head -n 1 <(grep '^alert' "$FIELD_DIR/unit02") >"$FIELD_DIR/again"
    field_control "an alert shown twice" "alert shown twice" "${UNITS[@]}" clone again
}

# ---- a database that forgets ----

# A server that has just come up may be busy still: that is the line's fault, not the log's. Whatever
# is put, nothing of it goes out: not what the server would take, nor what it would refuse because it
# builds on what was forgotten.
unit_refuses() {
    unit unit04 put 1 once >"$FIELD_DIR/unit04.log"
    grep -q '^ended 4 ' "$FIELD_DIR/unit04.log"
}

settled() { field_count 'received|refused' unit04; }

# until_received: puts until one more is received, whatever the turn of those that are refused.
until_received() {
    local before
    before=$(field_count received unit04)
    while [[ $(field_count received unit04) == "$before" ]]; do
        unit unit04 put 1 drain
    done
}

# What was acknowledged since a copy was made is gone: the checker finds it out, and so does the unit,
# which has seen a longer log.
control_database_forgets() {
    local data=$FIXTURE_CLUSTER/data before
    server_kill
    field_cluster_kill
    cp -a "$data" "$data.copy"
    field_cluster_start
    server_start "$HOME_DIR"
    unit unit04 put 9 drain >"$FIELD_DIR/unit04.log"
    wait_until 60 fixture_sealed || fail "nothing is sealed"
    until_received >"$FIELD_DIR/unit04.log" # a refusal would show no head
    server_kill
    field_cluster_kill
    rm -r "$data"
    mv "$data.copy" "$data"
    field_cluster_start
    field_control "a database that forgets" " lost" "${UNITS[@]}" clone
    server_start "$HOME_DIR"
    before=$(settled)
    wait_until 60 unit_refuses || fail "the unit goes on with a log that went back: $(<"$FIELD_DIR/unit04.log")"
    expect_is "nothing was settled by it" "$before" "$(settled)"
}

killed client unit01 client_command
killed agent unit03 agent_command unit01
control_outbox_lost
other_side_killed server_crash $((4 * FAULT_ROUNDS)) $((25 * FAULT_ROUNDS))
other_side_killed postgres_crash $((4 * FAULT_ROUNDS)) $((25 * FAULT_ROUNDS))
machine_cloned
clock_wrong +10d
clock_wrong -10d
alerts_arrive
field_audit
control_database_forgets
