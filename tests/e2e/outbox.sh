#!/usr/bin/env bash
# A clerk on a dead line: signs for, fills the table in, attaches a file and changes it afterwards, asks
# for help; the line comes back and everything is handed in once, as it was; what the server refuses
# stands aside; what nobody answered is cleared up.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01 unit02
fixture_sample
last=$(sample_last_period)
table=$FIXTURE_DIR/t.csv
photo=$FIXTURE_DIR/现场.jpg

# fill PERCENT OUT: the exported table with every row filled in.
fill() {
    printf '%s\t%s\t%s\n' '*' 整改进展 '（样例）按台账推进；已完成本月任务。' '*' 完成百分比 "$1" >"$FIXTURE_DIR/fills"
    awk -f "$LIB_DIR/csv_fill.awk" "$FIXTURE_DIR/fills" "$table" >"$2"
}
state_of() { json unit01 outbox show "$1" --offline | jq -r .state; }
recorded() { fixture_sql -c "SELECT count(*) FROM rectify.idempotency WHERE key = '$1'"; }

# ---- while the line holds, what is looked at is kept
printf 'queue = offline\n' | tee -a "$HOME_DIR/profiles/unit01.ini" >>"$HOME_DIR/profiles/unit02.ini"
cli unit01 sign-for --all >/dev/null
expect_shows "looked at" 待报送 cli unit01 todo
expect_not "nothing waits" grep 待发箱 "$FIXTURE_DIR/shown"
expect "exported" cli unit01 table export --period "$last" --out "$table"
mapfile -t refs < <(json unit01 table show "unit01/$last" | jq -r '.rows[].measure_ref')
expect "the measure too" cli unit01 measure show "${refs[2]}"
printf 'before' >"$photo"

# ---- the line is down
server_kill
expect_shows "read from the cache, and said so" '离线：以' cli unit01 todo
expect_shows "so is the table" '离线：以' cli unit01 table show "unit01/$last"
expect "exported from the cache" cli unit01 table export --period "$last" --out "$FIXTURE_DIR/again.csv"
expect_says "without leave the failure stands" 7 CONNECT_REFUSED office todo --timeout 1
expect_shows "signed for" '待发送（第 1 号）' cli unit02 sign-for P-02-M-01 --queue
fill 30 "$FIXTURE_DIR/filled.csv"
expect_shows "handed in, with a file" '待发送（第 1 号）：报送' \
    cli unit01 table submit "$FIXTURE_DIR/filled.csv" --attach "${refs[0]}=$photo:照片" --queue
expect_shows "asked for help" '待发送（第 2 号）' cli unit01 ask "${refs[0]}" （样例）资金没有落实 --queue
expect_shows "a thing that cannot be done" '待发送（第 3 号）' \
    cli unit01 measure withdraw "${refs[1]}" --reason （样例）没有申请 --queue
expect_shows "by itself, as the profile says" '待发送（第 4 号）' cli unit01 ask "${refs[1]}" （样例）请协调
expect_shows "on top of what the table will have made of it" '待发送（第 5 号）' \
    cli unit01 measure claim-effect "${refs[2]}" --evidence "$photo:照片" --text （样例）已见成效
printf 'after it was changed' >"$photo"
expect_says "what nobody may keep waits for the line" 2 USAGE_QUEUE unit01 login --queue
expect_shows "all of it waits" '待发箱：5 件等待发送' cli unit01 outbox
expect_shows "todo says so too" '待发箱：5 件等待发送' cli unit01 todo
expect_is "as a program reads it" 5 "$(json unit01 outbox | jq '.queued')"
expect_not "no line, nothing sent" cli unit01 outbox send --timeout 1

# ---- it is back
server_start "$HOME_DIR"
expect_shows "sent" '已收件 4 件，要处理 1 件，还有 0 件等待发送' cli unit01 outbox send
expect_shows "the other unit's too" '已收件 1 件' cli unit02 outbox send
expect_shows "nothing is left" '没有等待发送的办理' cli unit01 outbox send
expect_is "refused alone" "RECEIVED RECEIVED ATTENTION RECEIVED RECEIVED" \
    "$(for n in 1 2 3 4 5; do state_of $n; done | tr '\n' ' ' | sed 's/ $//')"
expect_shows "with the server's reason" '原因码' cli unit01 outbox show 3
expect_shows "it needs somebody" '1 件要处理' cli unit01 todo
expect "given up" cli unit01 outbox drop 3
id=$(json unit01 table show "unit01/$last" | jq -r '[.rows[].evidence[]?][0]')
expect "the file is there" cli unit01 evidence get "$id" --out "$FIXTURE_DIR/got"
expect_is "as it was when it was attached" before "$(<"$FIXTURE_DIR/got")"
expect "a receipt to keep" cli unit01 outbox receipt 1 --out "$FIXTURE_DIR/receipt.txt"
expect_shows "it is the one the table bears, and holds" "$(json unit01 table show "unit01/$last" | jq -r .receipt)" \
    cli unit01 audit receipt "$FIXTURE_DIR/receipt.txt" --key "$HOME_DIR/state/unit01/ledger.pub"
sed 's/number=[0-9-]*/number=2026-01-00000001/' "$FIXTURE_DIR/receipt.txt" >"$FIXTURE_DIR/forged.txt"
expect_not "a forged one" cli unit01 audit receipt "$FIXTURE_DIR/forged.txt"
for n in 1 2 4 5; do
    expect_is "item $n was carried out once" 1 "$(recorded "$(json unit01 outbox show $n | jq -r .key)")"
done

# ---- what became of it
expect_shows "not judged yet" '已收件，待审核' cli unit01 outbox
expect "the office returns a row" cli office office table decide "unit01/$last" \
    --row "${refs[0]}=return:（样例）写具体些"
expect_shows "that is seen" '退回' cli unit01 outbox

# ---- with a line, the answer comes at once
expect_shows "put, sent, answered" '已收件，回执' cli unit01 ask "${refs[2]}" （样例）请指导 --queue
expect_is "received" RECEIVED "$(state_of 6)"

# ---- no answer came: a database that stood still, and a server killed in the middle of it
hold() {
    fixture_sql -q -c 'BEGIN; LOCK TABLE rectify.idempotency IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)' \
        >"$FIXTURE_DIR/hold" 2>&1 &
    wait_until 10 held
}
held() { [[ $(fixture_sql -c "SELECT count(*) FROM pg_locks WHERE relation = 'rectify.idempotency'::regclass
    AND mode = 'AccessExclusiveLock' AND granted") != 0 ]]; }
let_go() {
    fixture_sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >/dev/null
    wait || true
}
hold
expect_shows "nobody knows" '已发出，未得回音（第 7 号）' cli unit01 ask "${refs[3]}" （样例）请答复 --timeout 2
expect_refused "it cannot be given up" OUTBOX_SENT cli unit01 outbox drop 7
let_go
expect "cleared up" cli unit01 outbox send
expect_is "received" RECEIVED "$(state_of 7)"
expect_is "carried out once" 1 "$(recorded "$(json unit01 outbox show 7 | jq -r .key)")"
hold
expect_shows "nobody knows again" '已发出，未得回音（第 8 号）' cli unit01 ask "${refs[4]}" （样例）请答复 --timeout 2
server_kill
let_go
server_start "$HOME_DIR"
expect "cleared up" cli unit01 outbox send
expect_is "received" RECEIVED "$(state_of 8)"
expect_is "carried out once" 1 "$(recorded "$(json unit01 outbox show 8 | jq -r .key)")"
