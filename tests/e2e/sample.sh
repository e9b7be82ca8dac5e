#!/usr/bin/env bash
# The sample shows every machine at work, through the client alone; a load that is cut off goes on.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group leader01 disc orgd auditor unit01 unit02 unit13 unit14 unit15 unit16 unit17 unit18
fixture_sample
marks() { find "$HOME_DIR/done/process" -type f ! -name '*.key' 2>/dev/null | wc -l; }

# Cut off in the middle: what runs at that moment is done by the server and marked by nobody.
process_load &
loading=$!
past_thirty() { (($(marks) > 30)); }
wait_until 60 past_thirty
kill -KILL "$loading"
wait "$loading" || true
expect_not "it was done already" test -e "$HOME_DIR"/done/process/all-*
expect "it goes on where it stopped" process_load
expect "and is done" test -e "$HOME_DIR"/done/process/all-*
before=$(marks)
expect "nothing is played twice" process_load
expect "no line has two marks" test "$before" = "$(marks)"
expect "each line has one" test "$((before - 1))" = "$(grep -cv -e '^#' -e '^$' "$SAMPLE_DIR/process")"

# The contract of the sample: the totals stay.
status=$(json group status)
expect "15 items, 47 problems, 102 measures, 18 units" \
    test "$(jq -c '[.items, .problems, .measures, .units]' <<<"$status")" = '[15,47,102,18]'
expect "unit01 is left alone" test "$(json unit01 todo | jq '.sign_for | length')" -gt 0
expect "unit01 owes tables" test "$(json unit01 todo | jq '.tables_owed | length')" -gt 0

# Every state that people can reach has something in it.
states() { jq -r ".$1[].state" | sort -u | tr '\n' ' '; }
expect "measures" test "$(json office measure list | states measures)" = \
    'ASSIGNED COMPLETE_CLAIMED DONE EFFECT_CLAIMED EFFECT_REACHED IN_PROGRESS SUSTAINING '
expect "one was opened again" test "$(json office measure show P-35-M-01 | jq .measure.round)" = 2
expect "problems" test "$(json office problem list | states problems)" = \
    'CLOSED CLOSE_APPLIED JOINT_REVIEW RECTIFYING SUSTAINED '
expect "a sitting with an opinion of each body" grep -q '同意销号  *同意  *同意  *同意' \
    <(cli office sitting show XH-01)
tables=$(json office table list --period "$(sample_last_period)" | states tables)
for state in NIL OPEN RETURNED SUBMITTED WAIVED; do
    expect "a table that is $state" grep -q "$state" <<<"$tables"
done
expect "one confirmed on paper" grep -q 纸质 <(cli office table show "unit17/$(sample_last_period)")
matters=$(json office matter list --all | jq -r '.matters[] | .kind + " " + .state' | sort -u)
for kind in 'consultation DECIDED' 'consultation TRIAGED' 'consultation OPEN' 'extension APPROVED' \
    'extension REJECTED' 'extension SUBMITTED' 'notice PROPOSED' 'notice ISSUED' 'notice REPLIED' \
    'talk RECORDED' 'round FINAL' 'instruction IN_PROGRESS' 'opinion ANSWERED' 'opinion RECEIVED'; do
    expect "a matter: $kind" grep -q "^$kind$" <<<"$matters"
done
expect "outcomes" test "$(json office outcome list | states outcomes)" = 'CONFIRMED RECORDED RETURNED '
expect "each has a file" test "$(json office outcome list | jq '[.outcomes[] | .evidence_count > 0] | all')" = true
expect "one is to be confirmed" grep -q CG- <(cli office todo)
expect "one came back to its unit" grep -q 被退回的成效 <(cli unit14 todo)
expect "publications" test "$(json office publication list | states publications)" = 'DRAFT PUBLISHED '
for file in 通报草稿 简报; do
    expect "$file as text" grep -q 整改措施102条 "$HOME_DIR/demo/$file.txt"
    expect "$file as a Word file" test "$(head -c 2 "$HOME_DIR/demo/$file.docx")" = PK
done
expect "the share found true" grep -q 'unit13 .*1/1' <(cli office round share)
expect "an amendment is under review" grep -q '102 (v1) +2 −1 = 103 (v2)' \
    <(cli group plan show --inspection INS1)
expect_refused "nobody can approve it by mistake" REVIEWS_MISSING \
    cli group plan approve --inspection INS1
expect "X acted for Y" grep -q 代 <(json unit18 measure show P-18-M-01)

# A measure signed for after its unit's table was handed in is not a row of that table.
table=unit18/$(sample_last_period)
expect "the table waits for the office, with one row" test "$(json office table show "$table" | jq '.rows | length')" = 1
expect "it is returned" cli office table decide "$table" --return-all --reason （样例）太简单
expect_says "nothing is left to accept" 6 TABLE_ALL_ACCEPTED office table decide "$table" --accept-all
