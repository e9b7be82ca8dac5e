# shellcheck shell=bash
# For shell tests with an agent of unit01 beside the fixture's server. Whoever starts one sets AGENT_PID
# and has it write to $FIXTURE_DIR/agent.log; it is ended with the test.
# shellcheck source=/dev/null
. "$SOURCE_DIR/tests/support/fixture.sh"
AGENT_PID=

agent_fixture() {
    fixture_open
    trap agent_close EXIT
}

agent_close() {
    local code=$?
    set +e
    [[ -z $AGENT_PID ]] || kill -KILL "$AGENT_PID" 2>/dev/null
    ((code == 0)) || tail -n 40 "$FIXTURE_DIR/agent.log" >&2
    (exit "$code")
    fixture_close
}

seen() { cli unit01 agent status -o json | jq -r "$1"; } # of the agent's state, by jq
is() { [[ $(seen "$1") == "$2" ]]; }
