#!/usr/bin/env bash
# After a long time offline 18 units send what they queued, all at once, over lines of which most
# connections die within 20 KB: nothing is lost, nobody waits until others are done, and neither the server's
# nor a unit's memory grows with what is sent. FAULT_QUEUED (default 40) commands a unit.
# Control: the same verdict over a history to which a command was added that nobody sent.
. "$SOURCE_DIR/tests/support/field.sh"
field_seed
QUEUED=${FAULT_QUEUED:-40}
FIELD_PATIENCE=$((300 + QUEUED * 2))
UNITS=(unit{01..18})
field_begin
field_open "${UNITS[@]}"

queue_all() {
    local name from=$SECONDS
    for name in "${UNITS[@]}"; do
        unit "$name" put "$QUEUED"
    done
    printf '%d units queued %d commands each in %d s\n' "${#UNITS[@]}" "$QUEUED" $((SECONDS - from))
}

lines_bad() {
    local name
    for name in "${UNITS[@]}"; do
        line_start "line-$name" "$FIXTURE_PORT"
        line_of "$name" "$LINE_PORT"
        line "line-$name" set bad=800,20000
    done
}

lines_count() {
    local name cut=0 counts
    for name in "${UNITS[@]}"; do
        counts=$(line "line-$name" counts)
        counts=${counts#*cut=}
        cut=$((cut + ${counts%% *}))
    done
    printf '%s\n' "$cut"
}

server_memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(server_pid "$HOME_DIR")/status"; }

settled() { field_count 'received|refused' "$@"; } # UNIT…; all

# Memory of the server at a quarter of the work, looked at from beside.
server_memory_at_quarter() {
    local quarter=$((${#UNITS[@]} * QUEUED / 4))
    while (($(settled) < quarter)); do sleep 0.2; done
    server_memory >"$FIELD_DIR/rss.quarter"
}

drain_all() {
    local name pids=() watcher from=$SECONDS least=$QUEUED n
    server_memory_at_quarter &
    watcher=$!
    for name in "${UNITS[@]}"; do
        unit "$name" drain >"$FIELD_DIR/$name.log" 2>&1 &
        pids+=($!)
    done
    wait -n "${pids[@]}" || fail "a unit did not come through: $(cat "$FIELD_DIR"/*.log)"
    for name in "${UNITS[@]}"; do # the first is done: how far are the others?
        n=$(settled "$name")
        ((n >= least)) || least=$n
    done
    for n in "${pids[@]}"; do
        wait "$n" || fail "a unit did not come through: $(cat "$FIELD_DIR"/*.log)"
    done
    wait "$watcher"
    server_memory >"$FIELD_DIR/rss.end"
    printf 'all sent in %d s over lines that broke %s times; when the first unit was done, the last had %d of %d\n' \
        $((SECONDS - from)) "$(lines_count)" "$least" "$QUEUED"
    # in a short run one broken line more weighs much
    ((least * (QUEUED < 1000 ? 5 : 2) >= QUEUED)) || fail "unfair: a unit had sent $least of $QUEUED when another was done"
}

# flat WHAT QUARTER-KB END-KB: at most a quarter more, and 4 MB for what is only begun later.
flat() {
    printf 'memory of %s: %d KB at a quarter, %d KB at the end\n' "$@"
    (($3 <= $2 * 5 / 4 + 4096)) || fail "the memory of $1 grows"
}

memory_flat() {
    local name worst=0 quarter end q e
    if field_sanitized; then
        not_shown "that memory stays flat" "a sanitizer keeps what is freed"
        return 0
    fi
    flat "the server" "$(<"$FIELD_DIR/rss.quarter")" "$(<"$FIELD_DIR/rss.end")"
    for name in "${UNITS[@]}"; do
        q=$(sed -n 's/^sent .*rss \([0-9]*\) KB$/\1/p' "$FIELD_DIR/$name.log" | head -n 1)
        e=$(sed -n 's/^sent .*rss \([0-9]*\) KB$/\1/p' "$FIELD_DIR/$name.log" | tail -n 1)
        if ((e - q >= worst)); then
            worst=$((e - q)) quarter=$q end=$e
        fi
    done
    flat "the unit that grew most" "$quarter" "$end"
}

queue_all
lines_bad
drain_all
for name in "${UNITS[@]}"; do
    unit "$name" report
done
field_check "${UNITS[@]}"
field_audit
memory_flat
sed '1!d; s/^will [^ ]*/will 01900000-0000-7000-8000-000000000001/p; s/^will \([^ ]*\).*/put \1/' \
    "$FIELD_DIR/unit01" >"$FIELD_DIR/never"
field_control "a command that was never sent" "left open" "${UNITS[@]}" never
