#!/usr/bin/env bash
# Outcomes and the exports at a phase's end with the real client and server: a unit records with a
# file, the office returns and confirms, totals keep them apart; workbooks open and say 非涉密.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01 unit02
fixture_sample

cd "$FIXTURE_DIR" || exit 1
printf '样例：采购管理办法\n' >rule.txt
expect "an outcome is recorded with a file" grep -q 'CG-0001.*1 项.*待核实' <(cli unit01 outcome add \
    P-01-M-02 --kind 制度 --amount 1 --title 样例采购管理办法 --attach "$FIXTURE_DIR/rule.txt")
expect "money has two decimals" grep -q '12,345.60 元' <(cli unit01 outcome add P-01-M-01 \
    --kind FUNDS_RECOVERED --amount 1.23456万元 --title 样例清退)
expect_refused "half a rule" USAGE_AMOUNT cli unit01 outcome add P-01-M-01 --kind 制度 --amount 0.5 \
    --title 样例
expect_refused "another unit's measure" MEASURE_UNKNOWN cli unit02 outcome add P-01-M-01 --kind 制度 \
    --amount 1 --title 样例
expect_refused "another unit's outcome" OUTCOME_UNKNOWN cli unit02 outcome show CG-0001
expect_refused "a return without a reason" REASON cli office office outcome decide CG-0001 --verdict 退回
expect_refused "confirming without a file" PROOF_MISSING cli office office outcome decide CG-0002 \
    --verdict 核实
expect "the office sees what waits" grep -q CG-0002 <(cli office todo)
expect "one is confirmed" grep -q 已核实 <(cli office office outcome decide CG-0001 --verdict 核实)
expect "one is returned" grep -q 已退回 <(cli office office outcome decide CG-0002 --verdict 退回 \
    --reason 样例：缺少缴款凭证)
expect "the unit sees what came back" grep -q CG-0002 <(cli unit01 todo)
expect "the unit corrects it" grep -q '1.00 元' <(cli unit01 outcome correct CG-0002 --amount 1 \
    --reason 样例：金额有误)
expect "the list shows what waits" grep -q CG-0002 <(cli office outcome list --state 未核实 -o csv)
expect "totals keep them apart" test "$(cli office outcome totals -o json |
    jq -c '[.totals[] | [.confirmed_text, .claimed_text]]')" = '[["1 项","0 项"],["0.00 元","1.00 元"]]'
expect_refused "what will be counted some day" AS_OF_FUTURE cli office outcome totals \
    --as-of "$(sample_date '+1 day' %F)"
expect_not "a reason has its code in front" grep 'OTHER' <(cli unit01 outcome show CG-0002)
expect "the history is shown" grep -q 缺少缴款凭证 <(cli unit01 outcome show CG-0002)
expect "what may be done is said" grep -q 撤回 <(cli unit01 outcome allowed CG-0002)
expect "it is withdrawn" grep -q 已撤回 <(cli unit01 outcome withdraw CG-0002 --reason 样例)

today=$(TZ=CST-8 date +%F)
period=(--inspection INS1 --from 2020-01-01 --to "$today")
expect "the assessment is written" cli office office export assessment "${period[@]}" \
    --out "$FIXTURE_DIR/a.xlsx"
expect "it is a workbook" test "$(head -c 2 a.xlsx)" = PK
expect "the numbers are those of the status" test "$(cli office office export assessment "${period[@]}" \
    -o json | jq -r '.whole[] | select(.name == "completed") | .denominator')" = \
    "$(cli office status --inspection INS1 -o json | jq -r .measures)"
expect "a list has as many rows as its number" test \
    "$(cli office office export assessment "${period[@]}" --number outcomes_confirmed -o csv | grep -c CG-)" = 1
expect_refused "no other file" USAGE_OUT cli office office export common --out a.pdf
expect "what is common is written" cli office office export common --inspection INS1 --units 1 \
    --out "$FIXTURE_DIR/c.xlsx"
expect "it is a workbook" test "$(head -c 2 c.xlsx)" = PK
expect_refused "a unit exports nothing" ROLE_FORBIDS cli unit01 office export common
