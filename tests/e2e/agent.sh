#!/usr/bin/env bash
# The agent on a unit's machine, with the real server: what was queued while the server was away is
# sent when it is back; alerts come once and in order, whatever is killed in between; the digest comes
# once a day; a person is called when one is needed; all of it can be seen from outside.
. "$SOURCE_DIR/tests/support/agent.sh"
agent_fixture
fixture_server office group unit01
fixture_sample
AGENT=$HOME_DIR/bin/rectify-agent
PROFILE=$HOME_DIR/profiles/unit01.ini
STATE=$HOME_DIR/state/unit01
TOLD=$FIXTURE_DIR/told
cp "$BUILD_DIR/client/agent/rectify-agent" "$HOME_DIR/bin/"
mkdir "$TOLD" "$FIXTURE_DIR/path"
printf 'hook = %s\n' "$TOLD/hook" >>"$PROFILE"

# The hook notes that it began, waits while it is told to, and notes what it got.
cat >"$TOLD/hook" <<HOOK
#!/bin/sh
cd "$TOLD" || exit 1
printf '%s\n' \$\$ >pid
printf '%s\n' "\$2" >>begun
while [ -e hang ]; do sleep 0.1; done
[ ! -e fail ] || { rm fail; exit 1; }
cat >"\$2.json"
printf '%s %s\n' "\$1" "\$2" >>done
HOOK
# The desktop: a stand-in for notify-send, which tests have not.
cat >"$FIXTURE_DIR/path/notify-send" <<NOTIFY
#!/bin/sh
for text; do :; done
printf '%s\n' "\$text" >>"$TOLD/shown"
NOTIFY
chmod +x "$TOLD/hook" "$FIXTURE_DIR/path/notify-send"
touch "$TOLD"/{begun,done,shown}

agent_start() {
    PATH=$FIXTURE_DIR/path:$PATH RECTIFY_SECRET=hush "$AGENT" --profile "$PROFILE" \
        >/dev/null 2>>"$FIXTURE_DIR/agent.log" </dev/null &
    AGENT_PID=$!
    wait_until 10 agent_runs || { cat "$FIXTURE_DIR/agent.log" >&2 && exit 1; }
}
agent_runs() { [[ $(seen .running) == true ]]; }
agent_stop() {
    kill -TERM "$AGENT_PID"
    wait "$AGENT_PID" || fail "rectify-agent: $?"
}
agent_kill() {
    kill -KILL "$AGENT_PID"
    wait "$AGENT_PID" 2>/dev/null || true
}
log_says() { grep -q -e "$1" "$FIXTURE_DIR/agent.log"; }
done_count() { [[ $(grep -c "^$1" "$TOLD/done") == "$2" ]]; }
begun_with() { grep -q "$1" "$TOLD/begun"; }
alerts_on_server() { json unit01 alert list --all | jq -r '.alerts | sort_by(.seq) | .[].id'; }

# raise NUMBER: one more alert for unit01, a copy of its first, as the clock would raise it.
raise() {
    fixture_sql -q -c "
        WITH first AS (SELECT a.*, d.account FROM rectify.alert a JOIN rectify.delivery d
                         ON d.tenant = a.tenant AND d.alert = a.id JOIN rectify.account c
                         ON c.tenant = d.tenant AND c.id = d.account
                        WHERE c.name = 'unit01' ORDER BY d.seq LIMIT 1),
             made AS (INSERT INTO rectify.alert SELECT (jsonb_populate_record(NULL::rectify.alert,
                         to_jsonb(first) || jsonb_build_object('id', gen_random_uuid(), 'key',
                         first.key || '-$1', 'text', '（样例）第 $1 条'))).* FROM first RETURNING *),
             next AS (UPDATE rectify.inbox i SET last_seq = last_seq + 1 FROM first
                       WHERE i.tenant = first.tenant AND i.account = first.account RETURNING i.*)
        INSERT INTO rectify.delivery (tenant, account, seq, alert, channel, created_ms)
        SELECT made.tenant, next.account, next.last_seq, made.id, 'INBOX', made.raised_ms
          FROM made, next" -c "SELECT pg_notify('rectify', 'elsewhere ' || id) FROM rectify.tenant" \
        >/dev/null
}

# ---- not running yet
expect_shows "an agent that never ran" '没有运行：systemctl --user start rectify-agent' cli unit01 agent status
expect_is "for programs" 'false UNKNOWN' "$(seen '"\(.running) \(.line.state)"')"

# ---- it runs: alerts of before come in order, once; the desktop gets a few and one line for the rest
agent_start
wait_until 20 is .line.state UP
count=$(alerts_on_server | wc -l)
((count > 3)) || fail "the sample has too few alerts: $count"
wait_until 20 done_count ALERT "$count"
expect_is "the hook got all, in order" "$(alerts_on_server)" "$(sed 's/^ALERT //' "$TOLD/done")"
expect_is "as JSON" "$(head -n 1 "$TOLD/begun") ALERT" \
    "$(jq -r '"\(.alert.id) \(.kind)"' "$TOLD/$(head -n 1 "$TOLD/begun").json")"
expect_is "the desktop: three and one line" "4 还有 $((count - 3)) 条，请运行 rectify alert list 查看。" \
    "$(wc -l <"$TOLD/shown") $(tail -n 1 "$TOLD/shown")"
expect_shows "it says so" 运行中 cli unit01 agent status
expect_shows "and the line" '线路：通' cli unit01 agent status
code=0
"$AGENT" --profile "$PROFILE" 2>"$FIXTURE_DIR/second" || code=$?
expect_is "a second one is refused" 6 "$code"
expect "and says why" grep -q AGENT_RUNNING "$FIXTURE_DIR/second"

# ---- killed between store and hook: comes again, order kept, not shown twice
: >"$TOLD/hang"
raise 1
raise 2
one=$(alerts_on_server | tail -n 2 | head -n 1)
two=$(alerts_on_server | tail -n 1)
wait_until 20 begun_with "$one"
agent_kill
kill -KILL "$(<"$TOLD/pid")"
rm "$TOLD/hang"
expect_not "it had been done" grep "$one" "$TOLD/done"
expect_is "killed, not stopped" false "$(seen .running)"
expect_shows "and this can be seen" 没有正常停止 cli unit01 agent status
agent_start
wait_until 20 done_count "ALERT $two" 1
expect_is "both, once, in order" "ALERT $one ALERT $two" "$(tail -n 2 "$TOLD/done" | xargs)"
expect_is "begun again" 2 "$(grep -c "$one" "$TOLD/begun")"
expect_is "shown once" '1 1' "$(grep -c '第 1 条' "$TOLD/shown") $(grep -c '第 2 条' "$TOLD/shown")"

# ---- a hook that fails is tried again
: >"$TOLD/fail"
raise 3
three=$(alerts_on_server | tail -n 1)
wait_until 30 done_count "ALERT $three" 1
expect_is "the second time" 2 "$(grep -c "$three" "$TOLD/begun")"
expect "which the log says" log_says "第 1 次没有成功"

# ---- the profile again: a hook taken away and given back
sed -i 's/^hook/#hook/' "$PROFILE"
kill -HUP "$AGENT_PID"
wait_until 10 log_says 已重新读配置
printf 'no such key = 1\n' >>"$PROFILE"
kill -HUP "$AGENT_PID"
wait_until 10 log_says PROFILE_KEY
sed -i -e '/no such key/d' -e 's/^#hook/hook/' "$PROFILE"
expect "a bad profile changes nothing" agent_runs
agent_stop
expect_is "stopped in order" false "$(seen '.stopped_at_ms == null')"

# ---- the server is away: commands wait here; it comes back: they are delivered
cli unit01 sign-for --all >/dev/null
server_stop "$HOME_DIR"
agent_start
wait_until 20 is .line.state DOWN
expect_is "why" CONNECT_REFUSED "$(seen .line.reason)"
expect_shows "in words" '线路：不通' cli unit01 agent status
cli unit01 --queue ask P-01-M-01 （样例）缺资金 >"$FIXTURE_DIR/queued"
cli unit01 --queue alert ack 2 3 >"$FIXTURE_DIR/queued" # numbers this machine knows from the agent
expect_refused "one that it never heard of" ALERT_MISSING cli unit01 --queue alert ack 999
cli unit01 --queue ask P-99-M-99 （样例）没有这条措施 >"$FIXTURE_DIR/queued"
printf '（样例）工作记录\n' >"$FIXTURE_DIR/record.txt"
cli unit01 --queue measure claim-effect P-01-M-01 --evidence "$FIXTURE_DIR/record.txt" >"$FIXTURE_DIR/queued"
rm "$FIXTURE_DIR/record.txt" # it was captured
expect "they wait" is .outbox.queued 4
expect_shows "and are seen waiting" '待发送：4 件' cli unit01 agent status
server_start "$HOME_DIR"
wait_until 60 is .outbox.received 3
wait_until 10 is .line.state UP
wait_until 20 is .outbox.attention 1
expect_is "nothing waits" '0 0' "$(seen '.outbox | "\(.queued) \(.unknown)"')"
wait_until 20 done_count ATTENTION 1
expect_shows "what was refused is shown" '要处理：1 件' cli unit01 agent status
expect_shows "the office has it" 缺资金 cli office consultation list
expect_is "acknowledged there" '2 3' "$(json unit01 alert list --all |
    jq -r '[.alerts[] | select(.acknowledged_at_ms).seq] | sort | join(" ")')"

# ---- the office returns what was handed in: people are told
cli office office measure return P-01-M-01 --reason-code EVIDENCE_WEAK --reason （样例）没有附现场照片 >/dev/null
kill -HUP "$AGENT_PID" # it asks every few minutes, and when it begins
wait_until 20 done_count RETURNED 1

# ---- the digest: once a day, whichever day it is here
agent_stop
printf 'digest = 00:00\n' >>"$PROFILE"
export TZ=HERE0
agent_start
wait_until 20 done_count DIGEST 1
digest=$TOLD/$(sed -n 's/^DIGEST //p' "$TOLD/done").json
expect "its sentence" grep -qE '今日：超期 [0-9]+、临期 [0-9]+、要处理 1、待发送 0' "$digest"
agent_stop
agent_start
wait_until 20 is .line.state UP
agent_stop
expect "not twice a day" done_count DIGEST 1
tomorrow=$(date -d '+1 day' +%F)
export TZ=AHEAD-24 # where it is tomorrow already
agent_start
wait_until 20 done_count DIGEST 2
agent_stop
unset TZ
expect_is "the next day's" "DIGEST-$tomorrow" "$(sed -n 's/^DIGEST //p' "$TOLD/done" | tail -n 1)"

# ---- once, for cron
code=0
"$AGENT" --profile "$PROFILE" --once 2>"$FIXTURE_DIR/once" || code=$?
expect_is "--once, all delivered" 0 "$code"
server_stop "$HOME_DIR"
code=0
"$AGENT" --profile "$PROFILE" --once 2>"$FIXTURE_DIR/once" || code=$?
expect_is "--once, no line" 7 "$code"
server_start "$HOME_DIR"

# ---- a machine that is revoked: the person is called, once a day
agent_start
wait_until 20 is .line.state UP
machine=$(<"$STATE/machine")
cli admin admin machine revoke "$machine" --reason （样例）遗失 >/dev/null
wait_until 60 is .trouble.code MACHINE
expect_is "why" MACHINE_REVOKED "$(seen .trouble.reason)"
wait_until 20 done_count MACHINE 1
expect_shows "in words" 要人处理 cli unit01 agent status
agent_stop

# ---- what must not happen
expect_not "secrets reach the hook or the log" \
    grep -r -e hush -e "$(<"$HOME_DIR/secrets/unit01.password")" "$TOLD" "$FIXTURE_DIR/agent.log"
expect_is "nothing was done twice" '' "$(sort "$TOLD/done" | uniq -d)"
