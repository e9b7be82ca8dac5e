#!/usr/bin/env bash
# A server that was restored to an earlier point, and an agent that saw more: it stops sending and calls
# a person until the restore is declared; then it offers again, under the old keys, what the server lost.
. "$SOURCE_DIR/tests/support/agent.sh"
agent_fixture
fixture_server office group unit01
fixture_sample
PROFILE=$HOME_DIR/profiles/unit01.ini
TOLD=$FIXTURE_DIR/told
mkdir "$TOLD"
cat >"$TOLD/hook" <<HOOK
#!/bin/sh
printf '%s\n' "\$1" >>"$TOLD/kinds"
HOOK
chmod +x "$TOLD/hook"
touch "$TOLD/kinds"
printf 'hook = %s\n' "$TOLD/hook" >>"$PROFILE"

told() { grep -qx "$1" "$TOLD/kinds"; }
# look: the agent's threads begin anew, and with that its next look at the log.
look() { kill -HUP "$AGENT_PID"; }
ask() { cli unit01 --queue ask P-01-M-01 "（样例）第 $1 问" >/dev/null; }
# asked: numbers of the questions the server has, sorted; one that was doubled stands twice.
asked() { json office consultation list | jq -r '.consultations[].text' | tr -dc '0-9\n' | sort | xargs; }

"$BUILD_DIR/client/agent/rectify-agent" --profile "$PROFILE" >/dev/null 2>"$FIXTURE_DIR/agent.log" </dev/null &
AGENT_PID=$!
wait_until 20 is .line.state UP
ask 1
wait_until 20 is .outbox.received 1
fixture_dump early
for i in 2 3 4; do ask "$i"; done
wait_until 20 is .outbox.received 4
wait_until 20 fixture_sealed
expect_is "the server has four" '1 2 3 4' "$(asked)"
look
proven() { # that the log holds all there is, by the newest head
    local size
    size=$(sed -n '1s/.*size=\([0-9]*\).*/\1/p' "$HOME_DIR/state/unit01/verified")
    ((${size:-0} >= $(fixture_sql -c 'SELECT count(*) FROM rectify.event')))
}
wait_until 20 proven

# ---- restored, not declared: nothing goes out, a person is called
fixture_restore early
server_start "$HOME_DIR"
look
wait_until 30 is .trouble.code LOG
expect_is "why" LOG_ROLLED_BACK "$(seen .trouble.reason)"
wait_until 20 told LOG
ask 5
look
wait_until 20 is .trouble.code LOG
expect_is "it is kept here" 1 "$(seen .outbox.queued)"
expect_is "the server has what the copy had" 1 "$(asked)"

# ---- declared: what was lost comes again, once, and what waited too
fixture_restore early
server_admin "$HOME_DIR" restored --config rectifyd.ini --reason "样例：磁盘损坏"
server_start "$HOME_DIR"
look
wait_until 60 is .outbox.received 5
expect_is "no trouble any more" null "$(seen .trouble)"
wait_until 20 told RESTORED
expect_is "what was lost before what came later" '1 2 3 4 5' \
    "$(json office consultation list | jq -r '.consultations | sort_by(.ref)[].text' | tr -dc '0-9\n' | xargs)"
expect_is "the server has all, each once" '1 2 3 4 5' "$(asked)"
expect_is "nothing waits" '0 0 0' "$(seen '.outbox | "\(.queued) \(.unknown) \(.attention)"')"
kill -TERM "$AGENT_PID"
wait "$AGENT_PID"
