#!/usr/bin/env bash
# Where the whole stands, from the command line: totals with what is behind them, any past day, changes,
# ages, causes; scopes; 80 columns; and JSON and CSV that programs read.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group leader01 unit01 auditor
fixture_sample
day() { sample_date "$1 day" %F; }

status=$(json group status)
expect_is "the totals" '15 47 102 18' "$(jq -r '"\(.items) \(.problems) \(.measures) \(.units)"' <<<"$status")"
expect_shows "a total names its plan and its day" "$(day 0).*\|方案第 1 版" cli group status
overdue=$(jq .overdue <<<"$status")
expect_is "a number has its list behind it" "$overdue" "$(json group status list 超期 | jq '.entries | length')"
expect_is "by its English name too" "$overdue" "$(json group status list overdue | jq '.entries | length')"
expect_is "the parts add up" 102 "$(jq '[.groups[].counts.measures] | add' <<<"$status")"
for by in unit leader group problem; do
    expect_is "by $by they do too" 102 "$(json group status --by $by | jq '[.groups[].counts.measures] | add')"
done
expect_says "a grouping that is none" 2 USAGE_BY group status --by 颜色
expect_says "a day that is none" 2 USAGE_DATE group status --as-of 2026-02-30
expect_says "a number that is none" 3 NUMBER_UNKNOWN group status list 满意度
expect "it says which there are" grep -q 未报汇总表 "$FIXTURE_DIR/said.err"
expect_shows "tomorrow is a projection, and said to be" 推算 cli group status --as-of "$(day 1)"
expect_is "for programs too" true "$(json group status --as-of "$(day 1)" | jq .projected)"
expect_is "today is none" null "$(json group status --as-of "$(day 0)" | jq .projected)"
expect_not "nor said to be" grep 推算 <(cli group status)
expect_is "yesterday there was no plan" 0 "$(json group status --as-of "$(day -1)" | jq .measures)"

# ---- what moved
cli unit01 sign-for --all >/dev/null
expect_is "signed for" 94 "$(json group status | jq .counts.assigned)"
expect_shows "changes by unit" '样例单位01（教育类）：' cli group status changes --since "$(day -1)"
expect_says "changes since when" 2 USAGE_OPTION_MISSING group status changes
expect_shows "exceptions, in the official order" 超期 cli group status exceptions
expect_is "of units: not by how bad" "$(json group status exceptions | jq -r '[.groups[].key] | sort | join(" ")')" \
    "$(json group status exceptions | jq -r '[.groups[].key] | join(" ")')"
expect_shows "ages, the office's beside the units'" 等办公室 cli group status ageing
expect_shows "no causes yet" 没有 cli group status causes
cli unit01 measure object P-37-M-01 （样例）不属本单位 >/dev/null 2>&1 || true
cli unit01 ask P-01-M-01 （样例）缺资金 >/dev/null
expect_shows "a cause in words" 困难求助 cli group status causes
expect_not "in codes" grep -w OTHER <(cli group status causes)

# ---- who sees what
expect_is "a unit sees what it leads or takes part in" true "$(json unit01 status | jq '.measures < 102 and .measures > 0')"
expect_is "a leader what he leads" true "$(json leader01 status | jq '.measures < 102 and .measures > 0')"
expect_not "somebody not logged in" cli nobody status

# ---- for programs, and for 80 columns
for words in 'status' 'status list 超期' 'status exceptions' 'status changes --since 2020-01-01' 'status ageing' \
    'status causes' 'measure list' 'problem list' 'table list' 'matter list' 'todo' 'alert list' 'org list'; do
    # shellcheck disable=SC2086 # words of a command
    json group $words >/dev/null || exit 1
    # shellcheck disable=SC2086
    expect "as CSV: $words" cli group $words -o csv
done
expect_is "CSV: a heading and 102 rows" 103 "$(cli group measure list -o csv | wc -l)"
expect_is "a receipt is not among the JSON" '' "$(cli unit01 alert ack --all -o json 2>/dev/null | grep 已收件 || true)"
narrow() { script -qec "stty cols 80; $HOME_DIR/bin/rectify --profile $HOME_DIR/profiles/group.ini $*" /dev/null; }
expect_is "a measure is one line at 80 columns" 102 "$(narrow measure list | grep -c '^P-')"
expect_not "no terminal, no colour" grep -q $'\033' <(cli group measure list)
