#!/usr/bin/env bash
# What an acknowledgement proves: receipts that are verified without the server, the outcome of a
# command by its key, and a database that was restored to an earlier point: refused, loudly and for
# good, until it is declared; a forked log likewise.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office unit01
state=$HOME_DIR/state/admin
count=0

# import KEY: one command of the administrator, under that key.
import() {
    count=$((count + 1))
    printf 'code,name,kind,parent,sort_order,sample\nr%03d,样例单位%03d,UNIT,,10,true\n' \
        $count $count >"$FIXTURE_DIR/org.csv"
    cli admin admin org import "$FIXTURE_DIR/org.csv" --key "$1" >"$FIXTURE_DIR/import" 2>&1 || {
        cat "$FIXTURE_DIR/import" >&2
        return 1
    }
}
key() { printf '01930000-0000-7000-8000-%012d' "$1"; }
imports() { # FROM TO
    local i
    for ((i = $1; i <= $2; i++)); do import "$(key "$i")" || return 1; done
}
declare_restore() { server_admin "$HOME_DIR" restored --config rectifyd.ini --reason "样例：磁盘损坏" "$@"; }
checked() { cli admin audit check >"$FIXTURE_DIR/check" 2>&1; }

# ---- receipts and outcomes ----
imports 1 3
wait_until 20 checked
expect_shows "the outcome of a command" '已办理' cli admin operation "$(key 1)"
expect_shows "a key nobody used" '没有您用这个编号办理的记录' cli admin operation "$(key 99)"
expect_shows "another account's command" '没有您用这个编号办理的记录' cli unit01 operation "$(key 1)"
expect_is "as JSON" OPERATION_RECORDED "$(json admin operation "$(key 1)" | jq -r '.operations[0].state')"
receipt=$FIXTURE_DIR/receipt.txt
expect "a receipt is saved" cli admin operation "$(key 1)" --receipt "$receipt"
wait_until 20 fixture_sealed
expect_shows "and is in the log" '在服务器的日志里，序号' cli admin audit receipt "$receipt" --online
sed 's/recorded_ms=1/recorded_ms=2/' "$receipt" >"$receipt.altered"
expect_says "an altered one" 8 RECEIPT_SIGNATURE_BAD admin audit receipt "$receipt.altered"

# ---- restored and not declared: refused, for good ----
fixture_dump early
imports 4 23
wait_until 20 fixture_sealed
expect "the log was seen" checked
expect "the last receipt is saved" cli admin operation "$(key 23)" --receipt "$receipt.lost"
seen=$(sed -n 's/^.*size=\([0-9]*\).*$/\1/p' "$state/head")
fixture_restore early
expect_shows "a receipt needs no server" '核验通过' cli admin audit receipt "$receipt"
server_start "$HOME_DIR"
expect_refused "a log that went back" LOG_ROLLED_BACK cli admin audit check
expect "the alarm is kept" test -s "$state/log-alarm"
expect_says "every later call" 8 LOG_ROLLED_BACK admin whoami
expect_shows "who had not seen it goes on (control)" unit01 cli unit01 whoami

# ---- declared: accepted, and said ----
fixture_restore early
expect "the restore is declared" declare_restore
server_start "$HOME_DIR"
expect_shows "it is accepted and said" '恢复声明' cli admin audit check
expect_not "the alarm stands" test -e "$state/log-alarm"
expect "with the reason it was given" grep -q '磁盘损坏' "$FIXTURE_DIR/shown"
expect "what was received is to be offered again" test -s "$state/restored"
now=$(sed -n 's/^.*size=\([0-9]*\).*$/\1/p' "$state/head")
expect "the log is shorter now" test "$now" -lt "$seen"
expect_shows "what came after is gone" '没有您用这个编号办理的记录' cli admin operation "$(key 23)"
expect_shows "its receipt proves that it was received" '核验通过' cli admin audit receipt "$receipt.lost"
expect_refused "and that the log has lost it" EVENT_UNKNOWN \
    cli admin audit receipt "$receipt.lost" --online
count=22
expect "the same command again" import "$(key 23)"
expect_shows "is recorded, with a number never given before" '回执：20[0-9-]*-01000' \
    cli admin operation "$(key 23)"
expect "and the log only grows from there" checked

# ---- once more to the same point; the server ran before it was declared ----
imports 24 43
wait_until 20 fixture_sealed
expect "the log was seen" checked
fixture_restore early
before=$(date -u +%FT%T.%3NZ)
server_start "$HOME_DIR"
expect_refused "the former declaration explains nothing" LOG_ROLLED_BACK cli admin audit check
server_kill
expect "it is declared afterwards" declare_restore --before "$before"
server_start "$HOME_DIR"
expect_shows "it is accepted" '恢复声明' cli admin audit check

# ---- forked: as long as before, with other contents ----
count=43
imports 44 50
wait_until 20 fixture_sealed
expect "the log was seen" checked
fixture_restore early
server_start "$HOME_DIR"
cp -r "$state" "$state.kept"
rm "$state"/{head,verified,heads,restored}
count=60
imports 61 100
wait_until 20 fixture_sealed
rm -r "$state"
cp -r "$state.kept" "$state"
expect_refused "a forked log" LOG_FORKED cli admin audit check
expect_says "every later call" 8 LOG_FORKED admin whoami
expect_shows "a person looks into it" 'log-conflict' cli admin audit reset
expect "the evidence is kept" test -s "$(echo "$state"/log-conflict-*/log-alarm)"
expect "and it goes on" checked
