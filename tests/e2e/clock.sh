#!/usr/bin/env bash
# Ladder, settings and channels with the real client and server: a ladder goes out as CSV, comes back
# changed, is tried and switched on; a message leaves for a receiver that is not there, is kept and
# shown; what it may not reach is refused.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01

# ---- the ladder
ladder=$FIXTURE_DIR/ladder.csv
cli office ladder show -o csv >"$ladder"
expect "the file names its columns" grep -q '^.*level,repeat,subject,classes,trigger' "$ladder"
sed -i 's/^\(1,0,COMPLETE,[^,]*,DAYS_LEFT\),20,/\1,25,/' "$ladder"
cli office office ladder import "$ladder" >"$FIXTURE_DIR/import.txt"
expect "version 2 is stored" grep -q '第 2 版' "$FIXTURE_DIR/import.txt"
expect_refused "switching on what was not tried" LADDER_NOT_TRIED cli office office ladder activate 2
cli office office ladder dry-run --ladder 2 >"$FIXTURE_DIR/trial.txt"
expect "a trial says that nothing was raised" grep -q '没有发出任何预警' "$FIXTURE_DIR/trial.txt"
cli office office ladder activate 2 >"$FIXTURE_DIR/on.txt"
expect "it is on" grep -q '第 2 版' <(cli unit01 ladder show)
expect_refused "a unit tries no ladders" ROLE_FORBIDS cli unit01 office ladder dry-run

# ---- settings and channels
expect "everything is off" test "$(cli admin admin channel list -o csv | grep -c ',关,')" = 5
expect_refused "a channel without a link" LINK_MISSING cli admin admin channel on webhook
expect_refused "a bad value" SETTING_VALUE cli admin admin setting set quiet_hours 25:00-08:00
cli admin admin setting set link_url https://rectify.example.gov.cn/ >"$FIXTURE_DIR/set.txt"
cli admin admin channel on webhook >"$FIXTURE_DIR/on.txt"
expect "the setting has a version" grep -q '第 1 版' "$FIXTURE_DIR/set.txt"

# ---- a receiver that is not there: tried, kept, shown
endpoints=$FIXTURE_DIR/endpoints
mkdir "$endpoints"
printf 'http://127.0.0.1:%s/hook\n样例密钥\n' "$(port_pick)" >"$endpoints/unit01.webhook"
printf 'https://169.254.169.254/latest\n样例密钥\n' >"$endpoints/unit02.webhook"
printf '[notify]\nendpoint_dir = %s\nallow_local = 1\ntimeout_seconds = 2\n' "$endpoints" \
    >>"$HOME_DIR/rectifyd.ini"
sed -i 's/^tick_seconds = .*/tick_seconds = 1/' "$HOME_DIR/rectifyd.ini"
server_stop "$HOME_DIR"
server_start "$HOME_DIR"
endpoint_known() { cli admin admin channel list -o csv | grep -q 'WEBHOOK.*unit01'; }
wait_until 20 endpoint_known
expect_not "a metadata address is an endpoint" grep unit02 <(cli admin admin channel list -o csv)
expect_refused "testing it" ENDPOINT_MISSING cli admin admin channel test webhook --org unit02
cli admin admin channel test webhook --org unit01 >"$FIXTURE_DIR/test.txt"
refused_once() { cli admin admin channel messages -o csv | grep -q 'WEBHOOK.*QUEUED,1,CONNECT'; }
wait_until 20 refused_once
expect "no secret is in the log" test -z "$(grep -e 样例密钥 -e '/hook' "$HOME_DIR/log/rectifyd.log")"
expect "no secret is in the database" test "$(fixture_sql -c \
    "SELECT count(*) FROM rectify.outside_endpoint WHERE name LIKE '%hook%'")" = 0
