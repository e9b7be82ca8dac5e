#!/usr/bin/env bash
# Closing a problem from the command line: measures into place, applied for, forwarded, judged by three
# bodies in a sitting, closed or refused, opened again; and what people get wrong on the way.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group disc orgd unit01 unit14 unit16
fixture_sample
printf '（样例）现场检查记录。\n' >"$FIXTURE_DIR/record.txt"
printf '（样例）整改报告。\n' >"$FIXTURE_DIR/report.txt"

# ---- a measure into place
cli unit16 sign-for P-16-M-01 >/dev/null
cli unit14 sign-for P-14-M-01 >/dev/null
expect_says "closing before anything is done" 6 MEASURES_OPEN unit16 problem close-apply P-16 \
    --report "$FIXTURE_DIR/report.txt" --extend （样例）同类已查
expect_says "a claim without evidence" 3 EVIDENCE_MISSING unit16 measure claim-complete P-16-M-01
expect_says "evidence that is not there" 4 FILE_MISSING unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/none.txt"
expect_says "a kind of evidence nobody knows" 3 ATTACHMENT unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/record.txt:录像"
printf '秘密★\n' >"$FIXTURE_DIR/secret.txt"
expect_says "a state secret is refused" 3 SECRET_MARK unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/secret.txt"
expect_says "effect comes first" 6 EFFECT_FIRST unit14 measure claim-complete P-14-M-01 --evidence "$FIXTURE_DIR/record.txt"
expect_shows "done at once is claimed at once" '到位待认定\|COMPLETE_CLAIMED\|申请' cli unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/record.txt"
expect_says "its unit does not judge itself" 5 ROLE_FORBIDS unit16 office measure confirm P-16-M-01
expect "the office returns it" cli office office measure return P-16-M-01 --reason-code EVIDENCE_WEAK --reason （样例）缺照片
expect "claimed again" cli unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/record.txt"
expect "and withdrawn" cli unit16 measure withdraw P-16-M-01 --reason （样例）再补材料
expect "and again" cli unit16 measure claim-complete P-16-M-01 --evidence "$FIXTURE_DIR/record.txt"
expect_says "a stale version" 6 STALE_VERSION office office measure confirm P-16-M-01 --expect-version 2
expect "confirmed" cli office office measure confirm P-16-M-01
for step in 'unit14 measure claim-effect P-14-M-01 --evidence' 'unit14 measure claim-complete P-14-M-01 --evidence'; do
    # shellcheck disable=SC2086 # words of a command
    expect "$step" cli $step "$FIXTURE_DIR/record.txt"
    expect "confirmed" cli office office measure confirm P-14-M-01
done

# ---- applied for, and forwarded
expect_says "an application wants its report" 2 USAGE_OPTION_MISSING unit16 problem close-apply P-16 --extend （样例）同类已查
expect_says "a foreign problem is not there" 4 PROBLEM_UNKNOWN unit14 problem close-apply P-16 --report 报告 --extend 已查
expect "applied for" cli unit16 problem close-apply P-16 --report "$FIXTURE_DIR/report.txt" --extend （样例）同类已查
expect_shows "the office sees it waiting" '销号申请' cli office todo
expect "returned" cli office office problem return P-16 --reason （样例）报告没有写明成效
for ref in P-14 P-16; do
    expect "applied for again" cli "unit${ref#P-}" problem close-apply $ref --report "$FIXTURE_DIR/report.txt" --extend （样例）同类已查
    expect "forwarded" cli office office problem forward $ref --opinion （样例）专项小组同意
done

# ---- a sitting: opinions from a file, in one command, and one that refuses
expect_says "a sitting about nothing" 2 USAGE_PROBLEMS office office sitting create --title 会审 --date "$(sample_date '' %F)"
expect_says "a sitting on no day" 2 USAGE_DATE office office sitting create --all --title 会审 --date 下周三
expect_shows "all that may be judged" '2 个问题' cli office office sitting create --all --title （样例）会审 --date "$(sample_date '' %F)" --open
expect_shows "disc is told" XH-01 cli disc todo
expect "the sheet goes out" cli disc sitting export XH-01 --out "$FIXTURE_DIR/sitting.csv"
expect_says "an empty sheet is no opinion" 3 TABLE_EMPTY disc sitting decide "$FIXTURE_DIR/sitting.csv"
sed '2s/,,,/,也许,,/' "$FIXTURE_DIR/sitting.csv" >"$FIXTURE_DIR/odd.csv"
expect_says "an opinion nobody understands" 3 TABLE_CELL disc sitting decide "$FIXTURE_DIR/odd.csv"
expect "the line is told" grep -q '第 2 行' "$FIXTURE_DIR/said.err"
awk -F, -v OFS=, 'NR == 1 { print; next }
    { gsub(/\r/, ""); for (i = 6; i <= NF - 2; i++) $i = i == 6 ? "同意" : i % 2 ? "达到" : "（样例）属实"; print }' \
    "$FIXTURE_DIR/sitting.csv" | iconv -f UTF-8 -t GB18030 >"$FIXTURE_DIR/filled.csv"
expect_shows "a filled sheet, saved by a spreadsheet in GBK" '2 个问题' cli disc sitting decide "$FIXTURE_DIR/filled.csv"
expect_says "no wants a reason" 2 USAGE_REASON orgd sitting decide XH-01 --row P-14=refuse
expect "orgd refuses one" cli orgd sitting decide XH-01 --row P-16=agree --row P-14=refuse+3:（样例）现场仍有同类情况
expect_says "a unit has no opinion there" 6 NOTHING_YOURS unit16 sitting decide XH-01 --agree-all
expect_shows "the last opinion closes it" '销号：P-16' cli office sitting decide XH-01 --agree-all
expect_shows "the other is back, with the reason" '现场仍有同类情况' cli unit14 problem show P-14
expect_is "closed and in place are counted apart" '1 2' "$(json group status | jq -r '"\(.problems_closed) \(.counts.done)"')"
expect "concluded" cli office office sitting conclude XH-01

# ---- opened again: the problem with its measure, the former closing stays on record
expect_says "a reason nobody knows" 2 USAGE_GROUND disc office measure reopen P-16-M-01 --ground 天气 --reason 又出现 --complete-due "$(sample_date '+40 day' %F)"
expect "opened again" cli disc office measure reopen P-16-M-01 --ground 反弹 --reason （样例）又出现 --complete-due "$(sample_date '+40 day' %F)"
expect_is "the problem too, its measure in the third round (one claim was returned)" 'RECTIFYING 3' "$(json office problem show P-16 | jq -r '"\(.problem.state) \(.measures[0].round)"')"
expect_shows "the former closing stays" XH-01 cli unit16 problem show P-16
expect_is "nothing is closed any more" 0 "$(json group status | jq .problems_closed)"
