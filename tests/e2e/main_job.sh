#!/usr/bin/env bash
# The main job over mutual TLS: sign for, report, decide, count, be warned.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group auditor unit01 unit02
fixture_sample

json() { cli "$@" -o json; }
is() { # WHAT WANT GOT
    [[ $2 == "$3" ]] || {
        printf 'not so: %s: want %s, got %s\n' "$1" "$2" "$3" >&2
        exit 1
    }
}

status=$(json group status)
is items 15 "$(jq .items <<<"$status")"
is problems 47 "$(jq .problems <<<"$status")"
is measures 102 "$(jq .measures <<<"$status")"
is units 18 "$(jq .units <<<"$status")"
expect "some measures are overdue" test "$(jq .overdue <<<"$status")" -gt 0

# The month's table: out, filled, in again, with a claim and its evidence.
demo_play >"$FIXTURE_DIR/demo.txt"
expect "the demo shows the returned row" grep -q P-01-M-01 "$FIXTURE_DIR/demo.txt"
expect "an alert reached unit01" grep -q P-01-M-01 <(cli unit01 alert list)
expect "unit02 hears nothing of unit01" test -z "$(cli unit02 alert list | grep P-01-M-01 || true)"

# The log, verified offline; one changed byte is found and named.
ledger=$FIXTURE_DIR/ledger
cli auditor audit export --out "$ledger"
expect "the log verifies" cli auditor audit verify "$ledger"
awk '/^L 5 / { $5 = (substr($5, 1, 1) == "A" ? "B" : "A") substr($5, 2) } { print }' "$ledger" >"$ledger.changed"
expect_not "a changed log verifies" cli auditor audit verify "$ledger.changed"
expect "the first bad record is named" grep -q '序号 5' "$FIXTURE_DIR/not"
