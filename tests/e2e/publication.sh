#!/usr/bin/env bash
# A notice from draft to publication, as the office, the leading group and a unit do it; what was
# published is read again by the importer.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01
fixture_sample
demo_play >"$FIXTURE_DIR/demo.txt"
cd "$FIXTURE_DIR"
today=$(TZ=CST-8 date +%F)

field() { cli "$1" publication show "$2" -o json | jq -r ".publication.$3"; }

cli office office publication create --kind 通报 --as-of "$today" --signer 中共样例区委员会 >made.txt
expect "the draft has its number" grep -q TB-01 made.txt
cli office publication export TB-01 --format txt --out notice.txt >/dev/null
expect "what the office accepted is told" grep -q '督查制度已运行两个月' notice.txt
expect_not "what it returned is told" grep -q '专题研讨因人员调整推迟' notice.txt
expect_refused "headings without text are checked" TEXT_MISSING cli office office publication check TB-01
expect_not "a unit sees a draft" cli unit01 publication show TB-01

# An editor's text: the real notice below a title. A line that cannot be read is named.
{
    head -n 2 notice.txt
    cat "$SAMPLE_DIR/notice-2020-04-27.txt"
} >edited.txt
sed 's/“学懂弄通深度不够”/“没有这个问题”/' edited.txt >bad.txt
line=$(grep -n '没有这个问题' bad.txt | head -n 1 | cut -d: -f1)
expect_refused "an unknown problem is taken" "第 $line 行" \
    cli office office publication edit TB-01 --file bad.txt
cli office office publication edit TB-01 --file edited.txt >/dev/null

# Somebody else edits meanwhile: a file exported before does not overwrite it.
cli office publication export TB-01 --format txt --out mine.txt >/dev/null
cli office publication allowed TB-01 >/dev/null
expect_refused "an old version is edited" STALE_VERSION \
    cli office office publication edit TB-01 --file mine.txt --expect-version 1

cli office office publication hold-back TB-01 P-16 --code 问题线索 --reason 样例 >/dev/null
expect_not "it is still in the text" grep -q 扫黑除恶 <(cli office publication show TB-01 | grep '^[0-9]*\.')
cli office office publication hold-back TB-01 P-16 --lift --reason 样例 >/dev/null
expect_refused "a problem is left out unmarked" PROBLEM_MISSING cli office office publication check TB-01
expect_refused "a file from before that change overwrites it" STALE_VERSION \
    cli office office publication edit TB-01 --file edited.txt
cli office publication export TB-01 --format txt --out again.txt >/dev/null
cli office office publication edit TB-01 --file edited.txt >/dev/null
waits() { json "$1" todo | jq -c '[.publications[].ref]'; }
expect_is "a draft in the making waits for nobody" '[]' "$(waits office)"
expect_is "nor for the leading group" '[]' "$(waits group)"
cli office office publication check TB-01 >/dev/null
expect_is "checked, it waits for the leading group" '["TB-01"]' "$(waits group)"
expect_shows "with what to type" 'office publication approve TB-01' cli group todo
expect_is "and no more for the office" '[]' "$(waits office)"
cli group office publication return TB-01 --reason 样例：第二部分要压缩 >/dev/null
expect_is "returned, it waits for the office" '["TB-01"]' "$(waits office)"
expect_shows "to be edited" 'publication export TB-01 --format txt' cli office todo
cli office office publication check TB-01 >/dev/null
hash=$(field group TB-01 sha256)
expect_refused "another text is approved" CONTENT_CHANGED \
    cli group office publication approve TB-01 --hash 0000000000
cli group office publication approve TB-01 --hash "${hash:0:12}" --opinion 同意公布 >/dev/null
expect_shows "approved, it waits to be published" 'office publication publish TB-01' cli office todo
expect_is "a unit is not asked" '[]' "$(waits unit01)"
cli office office publication publish TB-01 --hash "$hash" >/dev/null
expect_is "published, it waits for nobody" '[[],[]]' "[$(waits office),$(waits group)]"
expect_is "the inspection's own date is held with it" "$today" "$(json office inspection show --inspection INS1 |
    jq -r '.dates[] | select(.kind == "PUBLICATION") | .held_on')"
expect "it is published" test "$(field unit01 TB-01 state)" = PUBLISHED

# The unit's copy, read by the importer.
cli unit01 publication export TB-01 --format txt --out published.txt >/dev/null
cli office office inspection import published.txt --inspection INS1 --dry-run -o json >read.json
expect "the same outline comes back" test \
    "$(jq -c '[.items, [.items[].problems[]], [.items[].problems[].measures[]]] | map(length)' read.json)" = '[15,47,102]'
cli unit01 publication export TB-01 --format docx --out published.docx >/dev/null
expect "the document is a package" test "$(head -c 2 published.docx)" = PK

# A correction begins as a copy; the original stays.
cli office office publication correct TB-01 --reason 样例 >/dev/null
expect "it names what it corrects" test "$(field office TB-02 corrects)" = TB-01
expect "the text is the same" test "$(field office TB-02 sha256)" = "$hash"
expect "the original is kept" test "$(field unit01 TB-01 state)" = SUPERSEDED

# The briefing and the reports, from the same data.
for kind in 简报 报告 负责人报告; do
    cli office office publication create --kind "$kind" --as-of "$today" >/dev/null
done
cli office office publication check TB-03 >/dev/null
total=$(cli group status -o json | jq .measures)
expect "the briefing has the total of status" grep -q "整改措施${total}条" <(cli group publication show TB-03)
for n in 3 4 5; do
    cli office publication export "TB-0$n" --format docx --out "TB-0$n.docx" >/dev/null
done
expect "all are listed" test "$(cli office publication list -o json | jq '.publications | length')" = 5
expect "a unit sees what was published" test "$(cli unit01 publication list -o json | jq '.publications | length')" = 1
