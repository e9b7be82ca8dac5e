#!/usr/bin/env bash
# The main job over mutual TLS: sign for, report, decide, count, be warned.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group auditor unit01 unit02
fixture_sample

status=$(json group status)
expect_is items 15 "$(jq .items <<<"$status")"
expect_is problems 47 "$(jq .problems <<<"$status")"
expect_is measures 102 "$(jq .measures <<<"$status")"
expect_is units 18 "$(jq .units <<<"$status")"
expect "some measures are overdue" test "$(jq .overdue <<<"$status")" -gt 0

# The month's table: out, filled, in again, with a claim and its evidence.
demo_play >"$FIXTURE_DIR/demo.txt"
expect "the demo shows the returned row" grep -q P-01-M-01 "$FIXTURE_DIR/demo.txt"
expect "an alert reached unit01" grep -q P-01-M-01 <(cli unit01 alert list)
expect "unit02 hears nothing of unit01" test -z "$(cli unit02 alert list | grep P-01-M-01 || true)"

# Two commands for the office: the summary of all units, and who is missing.
period=$(sample_period)
cli office office summary --period "$period" --out "$FIXTURE_DIR/summary.xlsx" >"$FIXTURE_DIR/summary.txt"
expect_is "the workbook is one" PK "$(head -c 2 "$FIXTURE_DIR/summary.xlsx")"
expect "the summary counts 18 tables" grep -q '应报 18 张，已报 1 张' "$FIXTURE_DIR/summary.txt"
cli office office summary --period "$period" --out "$FIXTURE_DIR/summary.csv" >/dev/null
expect "the summary has unit01's row" grep -q P-01-M-02 "$FIXTURE_DIR/summary.csv"
missing=$(json office office missing)
expect "somebody is missing, and has a name" test "$(jq '.missing | map(.fillers | length) | add' <<<"$missing")" -gt 0

# A month without anything new: one command, no retyped cell. Another month of unit02 first.
cli unit02 sign-for --all >/dev/null
expect_not "what was never reported is handed in unread" cli unit02 table submit --unchanged
cli unit02 table export --period "$period" --out "$FIXTURE_DIR/u2.csv" >/dev/null
printf '%s\t%s\t%s\n' '*' 整改进展 '（样例）已部署。' '*' 完成百分比 20 >"$FIXTURE_DIR/u2.fills"
awk -f "$SOURCE_DIR/deploy/lib/csv_fill.awk" "$FIXTURE_DIR/u2.fills" "$FIXTURE_DIR/u2.csv" >"$FIXTURE_DIR/u2-filled.csv"
cli unit02 table submit "$FIXTURE_DIR/u2-filled.csv" >/dev/null
cli unit02 table withdraw "unit02/$period" --reason 样例撤回 >/dev/null
expect "the same again in one command" cli unit02 table submit --period "$period" --unchanged
cli unit02 table print "unit02/$period" --out "$FIXTURE_DIR/u2.html" >/dev/null
expect "the print bears the hash" grep -q "$(json unit02 table show "unit02/$period" | jq -r '.contentHash // .content_hash' | cut -c1-4)" "$FIXTURE_DIR/u2.html"

# The log, verified offline; one changed byte is found and named.
ledger=$FIXTURE_DIR/ledger
cli auditor audit export --out "$ledger"
expect "the log verifies" cli auditor audit verify "$ledger"
awk '/^L 5 / { $5 = (substr($5, 1, 1) == "A" ? "B" : "A") substr($5, 2) } { print }' "$ledger" >"$ledger.changed"
expect_not "a changed log verifies" cli auditor audit verify "$ledger.changed"
expect "the first bad record is named" grep -q '序号 5' "$FIXTURE_DIR/not"
