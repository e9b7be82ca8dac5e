#!/usr/bin/env bash
# The month's table from the command line: filled in with whatever the spreadsheet saves, an unchanged
# month in two commands, nothing to tell, waived, on paper, corrected; 18 tables in one command.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01 unit02
fixture_sample
last=$(sample_last_period)
now=$(sample_period)
table=$FIXTURE_DIR/t.csv
cli unit01 sign-for --all >/dev/null

# fill PERCENT OUT: the exported table with every row filled in.
fill() {
    printf '%s\t%s\t%s\n' '*' 整改进展 '（样例）按台账推进；已完成本月任务，下月继续。' '*' 完成百分比 "$1" >"$FIXTURE_DIR/fills"
    awk -f "$LIB_DIR/csv_fill.awk" "$FIXTURE_DIR/fills" "$table" >"$2"
}

# ---- what is wrong in a table is said all at once, by line and column
expect_says "a month that is no month" 2 USAGE_PERIOD unit01 table show --period 2026-13
expect_says "a foreign table is not there" 4 TABLE_UNKNOWN unit02 table show "unit01/$last"
expect "exported" cli unit01 table export --period "$last" --out "$table"
expect_says "an empty table" 3 TABLE_CELL unit01 table submit "$table"
expect "every row is told" test "$(grep -c '第 [0-9]* 行' "$FIXTURE_DIR/said.err")" -ge 8
fill 130 "$FIXTURE_DIR/bad.csv"
expect_says "130 %" 3 TABLE_CELL unit01 table submit "$FIXTURE_DIR/bad.csv"
fill 30 "$FIXTURE_DIR/good.csv"
sed '/^"措施编号"/s/完成百分比/百分比/' "$FIXTURE_DIR/good.csv" >"$FIXTURE_DIR/bad.csv"
expect_says "a column renamed" 3 TABLE_COLUMN unit01 table submit "$FIXTURE_DIR/bad.csv"
printf 'PK\003\004\000\000' >"$FIXTURE_DIR/bad.xlsx"
expect_says "a workbook" 3 CSV_ENCODING unit01 table submit "$FIXTURE_DIR/bad.xlsx"
expect "it says what to do" grep -q '另存为' "$FIXTURE_DIR/said.err"
: >"$FIXTURE_DIR/empty.csv"
expect_not "an empty file" cli unit01 table submit "$FIXTURE_DIR/empty.csv"
expect_says "a file and no news at once" 2 USAGE_SUBMIT unit01 table submit "$FIXTURE_DIR/good.csv" --unchanged

# ---- a file has the mark by which spreadsheets know UTF-8, a pipe has none
mark() { head -c 3 "$1" | od -An -tx1 | tr -d ' \n'; }
expect_is "a file is marked" efbbbf "$(mark "$table")"
expect_not "a pipe is" grep -q efbbbf <(mark <(cli unit01 table export --out -))
expect_not "nor a list" grep -q efbbbf <(mark <(cli unit01 measure list -o csv))

# ---- as spreadsheets save it: GBK and semicolons, tabs, CRLF with a byte order mark
sed 's/","/";"/g' "$FIXTURE_DIR/good.csv" | iconv -f UTF-8 -t GBK >"$FIXTURE_DIR/gbk.csv"
expect_shows "GBK with semicolons" '8 行' cli unit01 table submit "$FIXTURE_DIR/gbk.csv"
expect_says "not twice" 6 TABLE_SUBMITTED unit01 table submit "$FIXTURE_DIR/gbk.csv"
expect "withdrawn" cli unit01 table withdraw "unit01/$last" --reason （样例）写错
expect "exported again, as it was filled in" cli unit01 table export --period "$last" --out "$table"
expect "what was typed is there" grep -q 下月继续 "$table"
{ printf '\357\273\277' && sed 's/","/"\t"/g; s/$/\r/' "$table"; } | sed '1s/^\(\xEF\xBB\xBF\)*/\xEF\xBB\xBF/' >"$FIXTURE_DIR/tab.csv"
expect_shows "tabs, CRLF, byte order mark" '迟报' cli unit01 table submit "$FIXTURE_DIR/tab.csv"
expect_shows "it is among the late ones" unit01 cli office table list --late
expect "accepted" cli office office table decide "unit01/$last" --accept-all

# ---- an unchanged month: two commands, nothing typed, what stands there is the month before
typed=0
clerk() { typed=$((typed + 1)) && cli unit01 "$@"; }
expect_shows "one: what waits" "$now" clerk todo
expect_shows "two: handed in" 已收件 clerk table submit --unchanged
expect "at most three commands" test $typed -le 3
rows() { json office table show "unit01/$1" | jq -c '[.rows[] | [.measure_ref, .percent, .narrative]]'; }
expect_is "no cell was typed again" "$(rows "$last")" "$(rows "$now")"

# ---- nothing to tell; waived
expect_says "nothing to tell wants signing for first" 6 SIGN_FIRST unit02 table nil "unit02/$last" --reason （样例）等待批复
cli unit02 sign-for --all >/dev/null
expect_says "nothing to tell wants a reason" 2 USAGE_OPTION_MISSING unit02 table nil "unit02/$last"
expect "nothing to tell" cli unit02 table nil "unit02/$last" --reason （样例）等待批复
expect "the reason does not hold" cli office office table return-nil "unit02/$last" --reason （样例）批复已下达
expect "waived" cli office office table waive "unit03/$last" --reason （样例）本月才交办
expect_says "a unit waives nothing" 5 ROLE_FORBIDS unit02 office table waive "unit02/$now" --reason 不想报

# ---- on paper: the second person signs what was printed, and nothing else
expect "both people are wanted" cli office office table confirmation 都要 --unit unit02
expect "the returned one is filled in" cli unit02 table export --period "$last" --out "$table"
fill 20 "$FIXTURE_DIR/u2.csv"
expect "kept for the second person" cli unit02 table submit "$FIXTURE_DIR/u2.csv"
expect "printed" cli unit02 table print "unit02/$last" --out "$FIXTURE_DIR/print.html"
hash=$(json unit02 table show "unit02/$last" | jq -r .content_hash)
expect_says "paper without its number" 2 USAGE_PAPER unit02 table confirm "unit02/$last" --paper "$FIXTURE_DIR/print.html"
expect_says "another paper" 6 HASH_DIFFERS unit02 table confirm "unit02/$last" --paper "$FIXTURE_DIR/print.html" --hash "$(printf '0%.0s' {1..64})"
expect "that paper" cli unit02 table confirm "unit02/$last" --paper "$FIXTURE_DIR/print.html" --hash "$hash"
expect_says "the office looks at it first" 6 PAPER_UNCHECKED office table decide "unit02/$last" --accept-all
expect "and then decides" cli office table decide "unit02/$last" --accept-all --paper-checked

# ---- 18 tables: the summary in one command, and who is missing in one
for n in {04..13}; do
    expect "unit$n is let off" cli office office table waive "unit$n/$last" --reason （样例）本月才交办
done
for n in {14..16}; do
    cli office --for "unit$n" sign-for --all >/dev/null
    expect "the office for unit$n" cli office --for "unit$n" table nil "unit$n/$last" --reason （样例）代报
done
expect_shows "one command: the summary" '应报 18 张，已报 16 张（含免报）' \
    cli office summary --period "$last" --out "$FIXTURE_DIR/summary.xlsx"
expect_is "a workbook" PK "$(head -c 2 "$FIXTURE_DIR/summary.xlsx")"
expect_is "one command: who is missing" 'unit17 unit18' \
    "$(json office missing --period "$last" | jq -r '[.missing[].org] | join(" ")')"
expect_shows "the same as a table, on the screen" 下月继续 cli office summary --period "$last" --out -
expect_says "no folder to write to" 4 FOLDER_MISSING office summary --period "$last" --out "$FIXTURE_DIR/none/s.xlsx"
expect_says "a unit has no summary" 5 ROLE_FORBIDS unit01 summary --period "$last" --out "$FIXTURE_DIR/s.csv"

# ---- archived by the clock; corrected in a new edition, the former stays
archived() { [[ $(json office table show "unit01/$last" | jq -r .state) == LOCKED ]]; }
expect "archived by itself" wait_until 30 archived
expect "corrected, one row" cli unit01 table correct "unit01/$last" P-01-M-01 --reason （样例）数字抄错
expect "exported" cli unit01 table export "unit01/$last" --out "$table"
expect_is "that row alone is open" P-01-M-01 "$(json unit01 table show "unit01/$last" | jq -r '[.rows[] | select(.verdict == "PENDING").measure_ref] | join(" ")')"
expect_shows "the editions can be seen" '2  填报中 .*数字抄错' cli unit01 table show "unit01/$last" --versions

# ---- what is owed
expect_says "a day that no month has" 2 USAGE_NUMBER office office duty set 月表 --day 31
expect "quarters too" cli office office duty set 季度表 --day 10 --grace 2
expect_shows "both are listed" 季 cli unit01 duty list
