#!/usr/bin/env bash
# The plan from the command line: read, tried, imported, reviewed, approved, frozen, amended; its
# nodes, documents, dates and links; and what is wrong with a plan, said so that it can be mended.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group disc orgd unit01
notice=$SAMPLE_DIR/notice-2020-04-27.txt
plan=$HOME_DIR/demo/plan.csv
"$SAMPLE_DIR/make-plan" "$(sample_day)" >"$plan"

# ---- a notice: tried without a word about where it belongs, with and without the prefix
for words in 'office inspection import' 'inspection import'; do
    # shellcheck disable=SC2086 # words of a command
    read=$(json office $words "$notice" --dry-run)
    expect_is "a trial reads 15 items, 47 problems, 102 measures ($words)" '15 47 102' \
        "$(jq -r '[(.items | length), ([.items[].problems[]] | length), ([.items[].problems[].measures[]] | length)] | join(" ")' <<<"$read")"
done
expect_says "a file that is not there" 4 FILE_MISSING office inspection import "$FIXTURE_DIR/none.txt" --dry-run
expect_says "a program is no notice" 3 TEXT_IS_BINARY office inspection import /bin/true --dry-run
printf '今天天气很好。\n' >"$FIXTURE_DIR/weather.txt"
expect_not "a text without problems" cli office inspection import "$FIXTURE_DIR/weather.txt" --inspection INS1
expect_says "an inspection nobody made" 4 INSPECTION_UNKNOWN office inspection import "$notice" --inspection INS1
expect_says "a unit imports nothing" 5 ROLE_FORBIDS unit01 inspection import "$notice" --dry-run
sample_inspection
iconv -f UTF-8 -t GB18030 "$notice" >"$FIXTURE_DIR/gbk.txt"
expect_shows "a notice in GBK is read too" 102 cli office inspection import "$FIXTURE_DIR/gbk.txt" --inspection INS1
sample_notice
expect_is "importing again doubles nothing" 102 "$(json office measure list | jq '.measures | length')"

# ---- the plan's table: what is wrong in it is said by line and column
expect_says "no plan without an inspection" 2 USAGE_OPTION_MISSING office plan import "$plan"
sed 's/2027年/2027-13-/' "$plan" >"$FIXTURE_DIR/wrong.csv"
expect_not "a wrong plan" cli office plan import "$FIXTURE_DIR/wrong.csv" --inspection INS1
expect "the line, the column and what stands there are told" \
    grep -q '第2行“整改落实到位时限”列：“2027-13-' "$FIXTURE_DIR/not"
expect_shows "a trial" 102 cli office plan import "$plan" --inspection INS1 --dry-run
expect_says "a plan without dates is not approved" 6 PLAN_INCOMPLETE group plan approve --inspection INS1
{ printf '\357\273\277' && sed 's/$/\r/' "$plan"; } >"$FIXTURE_DIR/excel.csv"
expect "a spreadsheet's file: byte order mark, CRLF" cli office plan import "$FIXTURE_DIR/excel.csv" --inspection INS1
iconv -f UTF-8 -t GB18030 "$plan" | tr ',' ';' >"$FIXTURE_DIR/semicolon.csv"
expect "the same in GBK with semicolons" cli office plan import "$FIXTURE_DIR/semicolon.csv" --inspection INS1
# Columns that a plan may have beside: where a problem came from, and dated nodes of a measure.
with() { awk -F, -v OFS=, -v origin="$1" -v nodes="$2" 'NR == 1 { print $0, "问题来源", "目标节点"; next }
    $2 == 2 { print $0, origin, $3 == 1 ? nodes : ""; next } { print $0, "", "" }' "$plan"; }
with 梦见 '' >"$FIXTURE_DIR/wide.csv"
expect_says "a source nobody knows" 3 PLAN_TABLE_FAULTS office plan import "$FIXTURE_DIR/wide.csv" --inspection INS1
expect "is told by its line" grep -q '第[0-9 ]*行.*梦见' "$FIXTURE_DIR/said.err"
with 群众反映 '' >"$FIXTURE_DIR/wide.csv"
expect_says "what came with the feedback stays so" 3 PLAN_TABLE_FAULTS office plan import "$FIXTURE_DIR/wide.csv" --inspection INS1
expect "and the problem is named" grep -q P-02 "$FIXTURE_DIR/said.err"
with 巡视反馈 "$(sample_date '+20 day' %F)（样例）拟定清单；$(sample_date '+40 day' %F)（样例）逐项清理" >"$FIXTURE_DIR/wide.csv"
expect "both columns are read" cli office office plan import "$FIXTURE_DIR/wide.csv" --inspection INS1
expect_shows "the nodes stand at the measure" '（样例）逐项清理' cli office measure show P-02-M-01
expect "a plan without the column leaves them" cli office office plan import "$plan" --inspection INS1
expect_shows "as they are" '（样例）拟定清单' cli office measure show P-02-M-01

# ---- nodes, documents, dates and links, before it is frozen
sample_nodes
expect_not "a node's date that is none" cli office office measure node P-01-M-01 --node 方案=下周
expect_shows "nodes stand at the measure" '（样例）制定方案' cli office measure show P-32-M-01
expect "a document" cli office office plan document （样例）选人用人专项方案 --inspection INS1 --kind CADRES
expect_shows "a date of the inspection's own, from the day of feedback" 20 \
    cli office office inspection date PUBLICATION --inspection INS1 --months 4
expect_not "a kind of date nobody knows" cli office office inspection date NOBODY --inspection INS1 --months 4
expect "a link" cli office office problem link P-44 --inspection INS1 --kind FROM --parts 13 --text （样例）移交
expect_shows "all of it is shown" '（样例）选人用人专项方案' cli group inspection show --inspection INS1

# ---- reviewed, changed under review, reviewed again, approved once
expect "bodies are named" cli office office plan bodies --inspection INS1 --body disc,orgd
expect "it goes to review" cli office office plan submit --inspection INS1
expect_says "approval waits for them" 6 REVIEWS_MISSING group plan approve --inspection INS1
expect "and says for whom" grep -q 样例组织部 "$FIXTURE_DIR/said.err"
expect_says "an opinion needs a side" 2 USAGE_VERDICT disc plan review --inspection INS1
expect_says "no needs a reason" 2 USAGE_REASON disc plan review --inspection INS1 --refuse
expect "disc agrees" cli disc plan review --inspection INS1 --agree
expect "orgd does not" cli orgd plan review --inspection INS1 --refuse --reason （样例）分工不清
expect_says "refused is not approved" 6 REVIEWS_MISSING group plan approve --inspection INS1
sed -i '2s/措施全部落实/措施全面落实/' "$plan"
expect "the draft is mended" cli office plan import "$plan" --inspection INS1
expect_says "opinions on what was are void" 6 REVIEWS_MISSING group plan approve --inspection INS1
expect "disc again" cli disc plan review --inspection INS1 --agree
expect "orgd again" cli orgd plan review --inspection INS1 --agree
expect_says "the office approves nothing" 5 ROLE_FORBIDS office plan approve --inspection INS1
expect_shows "the leading group approves" 102 cli group plan approve --inspection INS1
expect_says "once" 6 PLAN_FROZEN group plan approve --inspection INS1
expect_says "frozen" 6 PLAN_FROZEN office plan import "$plan" --inspection INS1
expect_says "its nodes too" 6 PLAN_FROZEN office office measure node P-01-M-01 --node "（样例）=$(sample_date '+9 day' %F)"

# ---- an amendment: totals reconcile, only once it is approved
header=变更,原措施编号,问题编号,整改措施,整改目标,整改类型,牵头区领导,牵头单位,参与单位,取得明显成效时限,整改落实到位时限,理由
row() { printf '拆分,P-01-M-01,P-01,%s,（样例）目标,限期整改,leader01,unit01,unit02,%s,%s,（样例）分步\n' "$1" "$(sample_date '+60 day' %F)" "$(sample_date '+90 day' %F)"; }
printf '%s\n增添,P-01-M-01\n' "$header" >"$FIXTURE_DIR/amend.csv"
expect_says "a change nobody knows" 3 AMEND_KIND office plan amend "$FIXTURE_DIR/amend.csv" --inspection INS1 --title 错
{ printf '%s\n' "$header" && row （样例）先行部分 && row （样例）后续部分; } >"$FIXTURE_DIR/amend.csv"
expect_shows "two for one" '102 (v1) +2 −1 = 103 (v2)' cli office plan amend "$FIXTURE_DIR/amend.csv" --inspection INS1 --title （样例）第一次调整
expect_is "nothing has changed yet" 102 "$(json group status | jq .measures)"
expect "no bodies this time" cli office office plan bodies --inspection INS1
expect "approved" cli group plan approve --inspection INS1
expect_is "now it has" 103 "$(json group status | jq .measures)"
expect_shows "the totals reconcile" '102 (v1) +2 −1 = 103 (v2)' cli unit01 plan show --inspection INS1
expect_shows "the old measure says what became of it" 已被替代 cli unit01 measure show P-01-M-01
