#!/usr/bin/env bash
# deploy/quickstart as a newcomer meets it: a deep home, a second start, stop, reset.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
HOME_DIR=$FIXTURE_DIR/$(printf 'a-long-folder-name-%.0s' 1 2 3 4 5 6 7)/home
quickstart() { "$SOURCE_DIR/deploy/quickstart" --home "$HOME_DIR" "$@"; }
finish() {
    quickstart --reset >/dev/null 2>&1 || true
    fixture_close
}
trap finish EXIT

quickstart >"$FIXTURE_DIR/first.log" 2>&1 || {
    tail -n 40 "$FIXTURE_DIR/first.log" >&2
    exit 1
}
expect "the demo was played" grep -q P-01-M-01 "$HOME_DIR/log/demo.txt"
for name in admin grant office group leader01 disc orgd auditor unit01 unit18; do
    expect "profile $name" grep -q '^server = tls+tcp://127.0.0.1:' "$HOME_DIR/profiles/$name.ini"
done
status=$(cli group status -o json)
[[ $(jq -c '[.items, .problems, .measures, .units]' <<<"$status") == '[15,47,102,18]' ]] || {
    printf 'wrong totals: %s\n' "$status" >&2
    exit 1
}
expect "every machine has something at work" test -e "$HOME_DIR"/done/process/all-*
expect "a notice to be edited lies in the demo's folder" test -s "$HOME_DIR/demo/通报草稿.txt"
warned() { (($(cli unit01 alert list -o csv | grep -c -e '超期,P-01-M-01,' -e '超期,unit01 ') >= 2)); }
expect "unit01 has an overdue measure and misses a table, and was warned" wait_until 60 warned
pid=$(server_pid "$HOME_DIR")
quickstart >"$FIXTURE_DIR/second.log" 2>&1
expect "a second start leaves the server alone" test "$pid" = "$(server_pid "$HOME_DIR")"
expect_not "the demo is played again" grep -q 'sign-for --all$' "$FIXTURE_DIR/second.log"
expect_not "the sample is not complete" grep -q 没有载入完 "$FIXTURE_DIR"/{first,second}.log
quickstart --stop
expect_not "the server runs on" server_running "$HOME_DIR"
expect_not "the database runs on" cluster_running "$HOME_DIR/pg"
quickstart >"$FIXTURE_DIR/third.log"
[[ $(cli group status -o json | jq .measures) == 102 ]]
mkdir -p "$FIXTURE_DIR/mine"
touch "$FIXTURE_DIR/mine/file"
expect_not "a folder of somebody else is removed" \
    "$SOURCE_DIR/deploy/quickstart" --home "$FIXTURE_DIR/mine" --reset
quickstart --reset
expect "the home is gone" test ! -e "$HOME_DIR"
