#!/usr/bin/env bash
# The disk fails: the power goes while a unit puts, its disk is full, the server's disk is full. What
# was said to be kept is there afterwards, nothing is half done, and all goes on once there is room.
# Control: a disk that lies about syncing loses what was said to be kept. Needs root and loop mounts.
. "$SOURCE_DIR/tests/support/field.sh"
field_seed

# disk NAME MEGABYTES [MKFS-ARGS…]: a file system of its own at FIXTURE_DIR/NAME.
disk() {
    local name=$1 size=$2
    shift 2
    mkdir -p "$FIXTURE_DIR/$name"
    truncate -s "${size}M" "$FIXTURE_DIR/$name.img"
    mkfs.ext4 -q -F "$@" "$FIXTURE_DIR/$name.img"
    mount -o loop,barrier=1 "$FIXTURE_DIR/$name.img" "$FIXTURE_DIR/$name"
    FIELD_MOUNTED+=("$FIXTURE_DIR/$name")
}

disk_possible() (
    FIELD_MOUNTED=()
    disk probe 8 2>/dev/null && umount "$FIXTURE_DIR/probe"
)

field_begin
if ((EUID != 0)) || ! disk_possible; then
    field_skip "power cuts and full disks" "needs root and loop mounts"
fi
disk own 400 -O ^has_journal # of the database
field_cluster
field_open unit01 unit02

# The unit's state moves to a disk of its own.
state_on_disk() { # UNIT MEGABYTES
    disk "disk-$1" "$2"
    cp -a "$HOME_DIR/state/$1/." "$FIXTURE_DIR/disk-$1/"
    sync -f "$FIXTURE_DIR/disk-$1"
    sed -i "s|^state = .*|state = $FIXTURE_DIR/disk-$1|" "$HOME_DIR/profiles/$1.ini"
}

# ---- the power goes ----

putting() { (($(field_count put "$1") >= $2)); }

stopped() { [[ $(cut -d' ' -f3 "/proc/$1/stat") == T ]]; }

# The client is stopped first, wherever it is: a sync that is under way while the file system is shut
# down may be answered with OK though nothing was written (a bare loop of pwrite and fdatasync on a
# growing file shows it, too), which no disk does that loses its power.
power_cut() { # UNIT [PRELOAD]
    local at=$FIXTURE_DIR/disk-$1 from pid tries
    from=$(field_count put "$1")
    (
        exec "${FIELD_PRELOADED[@]}" LD_PRELOAD="${2:-}" "$FIELD_TOOLS/unit_client" "$HOME_DIR/profiles/$1.ini" "$FIELD_DIR/$1" put 5000 8>&- </dev/null
    ) >"$FIELD_DIR/put.log" 2>&1 &
    pid=$!
    tries=0
    until putting "$1" $((from + 10)); do
        ((++tries < 6000)) || fail "nothing is put"
        sleep 0.01
    done
    sleep "0.00$((RANDOM % 10))"
    kill -STOP "$pid"
    wait_until 10 stopped "$pid"
    "$FIELD_TOOLS/powercut" "$at"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    umount "$at"
    mount -o loop,barrier=1 "$at.img" "$at"
}

power_cuts() {
    local i
    for ((i = 0; i < 4 * FAULT_ROUNDS; i++)); do
        power_cut unit01
    done
    unit unit01 drain report >"$FIELD_DIR/drain.log"
    printf 'power cut %d times: ' "$i"
    field_check unit01
}

control_lying_disk() {
    state_on_disk unit02 64
    power_cut unit02 "$FIELD_TOOLS/libnosync.so"
    unit unit02 drain report >"$FIELD_DIR/drain.log" || rm -f "$FIXTURE_DIR/disk-unit02"/outbox.db*
    field_control "a disk that lies about syncing" "left open" unit01 unit02
}

# ---- the unit's disk is full ----

fill() { # FOLDER LEFT-KB
    local left
    left=$(($(df --output=avail -k "$1" | tail -n 1) - $2))
    ((left <= 0)) || fallocate -l "${left}K" "$1/ballast"
}

unit_disk_full() {
    local at=$FIXTURE_DIR/disk-unit01 code=0
    fill "$at" 300
    unit unit01 put 2000 >"$FIELD_DIR/full" 2>&1 || code=$?
    expect "the unit is told that its disk is full" grep -q 'DISK_FULL' "$FIELD_DIR/full"
    unit unit01 once >"$FIELD_DIR/full" 2>&1 || grep -q 'DISK_FULL' "$FIELD_DIR/full" ||
        fail "a full disk is not named: $(cat "$FIELD_DIR/full")"
    rm "$at/ballast"
    unit unit01 put 5 drain report >"$FIELD_DIR/drain.log"
    printf 'disk of the unit full (%s), then room: ' "$(grep -o 'DISK_FULL' "$FIELD_DIR/full" | head -n 1)"
    field_check unit01
}

# ---- the server's disk is full ----

server_disk_full() {
    local at=$FIXTURE_DIR/own i
    fill "$at" 0
    for ((i = 0; i < 20; i++)); do # the database has some room within its files
        unit unit01 put 20 once >"$FIELD_DIR/full" 2>&1
        ! grep -q '^ended 1 ' "$FIELD_DIR/full" || break
    done
    printf 'with the disk of the server full: %s\n' "$(tail -n 1 "$FIELD_DIR/full")"
    expect "the full disk was met" grep -q '^ended 1 ' "$FIELD_DIR/full"
    rm "$at/ballast"
    cluster_running "$FIXTURE_CLUSTER" || field_cluster_start # it stops when its log cannot grow
    unit unit01 drain report >"$FIELD_DIR/drain.log"
    printf 'disk of the server full, then room: '
    field_check unit01
    field_audit
}

state_on_disk unit01 64
power_cuts
unit_disk_full
server_disk_full
control_lying_disk
