#!/usr/bin/env bash
# The seven matters from the command line: consultation, extension, notice, talk, round, instruction,
# opinion; each from its opening to its end, with what people get wrong, and what only one body reads.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group leader01 disc unit01 unit02
fixture_sample
day() { sample_date "$1 day" %F; }
ref() { jq -r '.matter.ref // .ref'; }
cli unit01 sign-for --all >/dev/null
cli unit02 sign-for --all >/dev/null

# ---- consultation (会商)
expect_says "help wants words" 2 USAGE_ARGUMENTS unit01 ask P-01-M-01
expect_says "help about a foreign measure" 4 MEASURE_UNKNOWN unit01 ask P-04-M-01 缺资金
hs=$(json unit01 ask P-01-M-01 （样例）资金没有落实 | ref)
expect_shows "the unit sees that it is in hand" "$hs" cli unit01 todo
expect "accepted" cli office office consultation triage "$hs"
expect_says "a day that is none" 2 USAGE_DATE office consultation schedule "$hs" --on 明天
expect "scheduled" cli office office consultation schedule "$hs" --on "$(day 0)" --title （样例）会议室
expect "held" cli office office consultation hold "$hs"
expect_says "a task needs unit, day and words" 2 USAGE_TASK office consultation decide "$hs" --task 提供数据
expect "decided" cli office office consultation decide "$hs" （样例）一周内办 --task "unit02=$(day 7)=（样例）提供数据"
expect_says "not closed with a task open" 6 TASKS_OPEN office consultation close "$hs"
expect_shows "whose task it is sees what to type" "rectify consultation finish-task $hs" cli unit02 matter show "$hs"
expect "done" cli unit02 consultation finish-task "$hs" 1 （样例）已提供
expect "closed" cli office office consultation close "$hs"

# ---- extension (延期): by length the office, the leader or the leading group
due=$(json unit01 measure show P-19-M-01 | jq -r '.measure.milestones[] | select(.kind == "COMPLETE").current_due')
later() { date -u -d "$due + $1 day" +%F; }
expect_says "an earlier day is no extension" 3 NEW_DATE_NOT_LATER unit01 extension ask P-19-M-01 --until "$(day 1)" --reason （样例）误
expect_says "a milestone that is none" 2 USAGE_MILESTONE unit01 extension ask P-19-M-01 --until "$(later 10)" --milestone 开工 --reason （样例）误
yq=$(json unit01 extension ask P-19-M-01 --until "$(later 10)" --reason （样例）设备推迟 | ref)
expect_says "one at a time" 6 EXTENSION_OPEN unit01 extension ask P-19-M-01 --until "$(later 12)" --reason （样例）再延
expect_says "a refusal needs a reason" 2 USAGE_OPTION_MISSING office extension reject "$yq"
expect "ten days: the office" cli office office extension approve "$yq" （样例）同意
yq=$(json unit01 extension ask P-19-M-01 --until "$(later 60)" --reason （样例）再延 | ref)
expect_says "the second is not the office's" 5 ROLE_FORBIDS office extension approve "$yq"
expect "it is the leader's" cli leader01 office extension reject "$yq" --reason （样例）可以按期
expect_is "the first date stays on record" "$due $(later 10)" \
    "$(json unit01 measure show P-19-M-01 | jq -r '.measure.milestones[] | select(.kind == "COMPLETE") | .original_due + " " + .current_due')"

# ---- notice (督办单): proposed, issued by level, signed for, replied, failed, the next level
db=$(json office office notice propose （样例）请说明原因 --measure P-01-M-01 | ref)
expect_says "a proposal is not the unit's to see" 4 MATTER_UNKNOWN unit01 matter show "$db"
expect_says "61 working days" 2 USAGE_NUMBER office notice issue "$db" --days 61
expect "issued" cli office office notice issue "$db" --days 3
expect_shows "the unit is told what to do" "$db" cli unit01 todo
expect_says "a reply before signing" 6 STATE_FORBIDS unit01 notice reply "$db" 已办
expect "signed for" cli unit01 notice sign "$db"
expect "replied" cli unit01 notice reply "$db" （样例）已加派人手
expect "it does not do" cli office office notice fail "$db" --reason （样例）没有写明期限
db2=$(json office office notice propose （样例）再次督办 --measure P-01-M-01 --level 2 | ref)
expect_says "the second level is the leader's" 5 ROLE_FORBIDS office notice issue "$db2"
expect "issued by him" cli leader01 office notice issue "$db2"

# ---- talk (约谈): its record is read by the body that held it
yt=$(json office office talk propose （样例）进展停滞 --measure P-01-M-01 --holder disc | ref)
expect_says "the office approves no talk" 5 ROLE_FORBIDS office talk approve "$yt" --on "$(day 0)"
expect "approved" cli disc office talk approve "$yt" --on "$(day 0)"
expect "held" cli disc office talk hold "$yt"
printf '（样例）谈话内容只给一家看。\n' >"$FIXTURE_DIR/talk.txt"
expect_says "the record is a file" 4 FILE_MISSING disc talk record "$yt" --file "$FIXTURE_DIR/none.txt"
expect "recorded" cli disc office talk record "$yt" --file "$FIXTURE_DIR/talk.txt"
expect_shows "its body reads it" 只给一家看 cli disc matter show "$yt"
expect_not "the office reads it" grep 只给一家看 <(cli office matter show "$yt")
expect "finished" cli disc office talk finish "$yt"

# ---- round (专项督查)
expect_says "a round looks at something" 3 SAMPLE_EMPTY office round start \
    "$(json office office round plan （样例）空的 --on "$(day 0)" | ref)"
dc=$(json disc office round plan （样例）核查 --on "$(day 0)" --measure P-01-M-01 --measure P-02-M-01 | ref)
expect "running" cli disc office round start "$dc"
expect_says "a verdict that is none" 2 USAGE_VERDICT disc round judge "$dc" --verdict P-01-M-01=大概
expect "judged" cli disc office round judge "$dc" --verdict P-01-M-01=属实
expect_says "not all are judged" 6 VERDICTS_MISSING disc round conclude "$dc"
expect "the other" cli disc office round judge "$dc" --verdict P-02-M-01=部分属实:（样例）台账不全
for step in conclude feed-back finalize; do
    expect "$step" cli disc office round "$step" "$dc"
done
expect_shows "the share found true" 'unit01 .*1/1' cli office round share
expect_shows "and not" 'unit02 .*0/1' cli office round share "$dc"

# What is in place and found untrue is taken up again, with new dates.
printf '（样例）佐证。\n' >"$FIXTURE_DIR/proof.txt"
for step in 'unit01 measure claim-effect P-01-M-02' 'unit01 measure claim-complete P-01-M-02' \
    'unit02 measure claim-complete P-02-M-02'; do
    # shellcheck disable=SC2086 # words of a command
    cli $step --evidence "$FIXTURE_DIR/proof.txt" >/dev/null
    cli office office measure confirm "${step##* }" >/dev/null
done
dc=$(json disc office round plan （样例）回头看 --on "$(day 0)" --measure P-01-M-02 --measure P-02-M-02 | ref)
cli disc office round start "$dc" >/dev/null
cli disc office round judge "$dc" --verdict P-01-M-02=不属实:（样例）台账为空 --verdict P-02-M-02=不属实:（样例）未见实物 >/dev/null
cli disc office round conclude "$dc" >/dev/null
cli disc office round feed-back "$dc" >/dev/null
expect_says "not without dates" 3 NEW_DATES_MISSING disc round finalize "$dc"
expect "the measures are named" grep -q 'P-01-M-02、P-02-M-02' "$FIXTURE_DIR/said.err"
expect_says "nor without the day of effect" 3 NEW_DATES_MISSING disc round finalize "$dc" --due "$(day 60)"
expect_says "a day that is none" 2 USAGE_DATE disc round finalize "$dc" --dates P-01-M-02=下周
expect_says "a measure that was not looked at" 3 NOT_IN_SAMPLE disc round finalize "$dc" --due "$(day 60)" \
    --effect-due "$(day 30)" --dates "P-19-M-01=$(day 30),$(day 60)"
expect "one by itself, the others by the day for all" cli disc office round finalize "$dc" \
    --effect-due "$(day 30)" --due "$(day 60)" --dates "P-02-M-02=$(day 20)"
dues() { json office measure show "$1" | jq -r '[.measure.state, (.measure.milestones[] | .current_due)] | join(" ")'; }
expect_is "taken up again" "IN_PROGRESS $(day 30) $(day 60)" "$(dues P-01-M-02)"
expect_is "the one at once too" "IN_PROGRESS $(day 20)" "$(dues P-02-M-02)"

# ---- instruction (批示)
expect_says "to whom" 2 USAGE_OPTION_MISSING leader01 instruction issue （样例）请报 --due "$(day 9)"
ps=$(json leader01 office instruction issue （样例）请报进展 --unit unit01 --due "$(day 9)" | ref)
expect "signed for" cli unit01 instruction sign "$ps"
expect "replied" cli unit01 instruction reply "$ps" （样例）已办
expect "sent back" cli leader01 office instruction return "$ps" --reason （样例）请写明结果
expect "replied again" cli unit01 instruction reply "$ps" （样例）已办结，附结果
expect "closed" cli leader01 office instruction close "$ps"

# ---- opinion (意见建议)
expect_says "from where" 3 ORIGIN_UNKNOWN office opinion receive （样例）路灯不亮 --origin 微信
yj=$(json office office opinion receive （样例）路灯不亮 --origin PHONE --sender （样例）来电人 | ref)
expect "assigned" cli office office opinion assign "$yj" --unit unit01 --due "$(day 9)"
expect_not "the unit learns who called" grep 来电人 <(cli unit01 matter show "$yj")
expect "not ours" cli unit01 opinion return "$yj" --reason （样例）不属本单位
expect "to another" cli office office opinion assign "$yj" --unit unit02 --due "$(day 9)"
expect "answered" cli unit02 opinion answer "$yj" （样例）已修复

# ---- all of them
expect_says "a kind that is none" 3 MATTER_KIND office matter list --kind 通知
expect_says "a number that is none" 4 MATTER_UNKNOWN office matter show DB-9999
expect_is "seven kinds" 7 "$(json office matter list --all | jq '[.matters[].kind] | unique | length')"
expect "as a table for programs" test "$(cli office matter list --all -o csv | wc -l)" -gt 9
