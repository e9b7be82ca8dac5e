#!/usr/bin/env bash
# rectify doctor: all well; then each thing broken in turn, and it alone is blamed, with what to do.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office unit01
ini=$HOME_DIR/profiles/unit01.ini
state=$HOME_DIR/state/unit01
cp "$ini" "$FIXTURE_DIR/ini"
cp -r "$state" "$FIXTURE_DIR/state"
doctor() { "$HOME_DIR/bin/rectify" --profile "$ini" doctor "$@" </dev/null; }

# diagnose WHAT EXIT CHECK RESULT REASON: that check says so, with advice, and the exit code is that.
diagnose() {
    local what=$1 exit=$2 check=$3 result=$4 reason=$5 code=0 found
    doctor -o json >"$FIXTURE_DIR/json" 2>"$FIXTURE_DIR/err" || code=$?
    found=$(jq -r --arg c "$check" '.checks[] | select(.check == $c) | "\(.result) \(.reason)"' "$FIXTURE_DIR/json")
    [[ $code == "$exit" && $found == "$result $reason" ]] || {
        printf 'not so: %s: want %s %s, exit %s; got %s, exit %s\n' "$what" "$result" "$reason" "$exit" "$found" "$code" >&2
        cat "$FIXTURE_DIR/json" "$FIXTURE_DIR/err" >&2
        exit 1
    }
    [[ $result == OK || $(jq -r --arg c "$check" '.checks[] | select(.check == $c) | .advice' "$FIXTURE_DIR/json") ]] ||
        fail "$what：没有说怎么办" ""
}
blamed() { jq -r '[.checks[] | select(.result == "FAULT" or .result == "WARN") | .check] | join(" ")' "$FIXTURE_DIR/json"; }
left_out() { jq -r '[.checks[] | select(.result == "SKIPPED") | .check] | join(" ")' "$FIXTURE_DIR/json"; }
heal() {
    cp "$FIXTURE_DIR/ini" "$ini"
    rm -rf "$state"
    cp -r "$FIXTURE_DIR/state" "$state"
}

# ---- all well
expect "all is well" doctor
expect_is "one line a check, all good" 0 "$(doctor | grep -cv '^✓')"
diagnose "all is well, for programs" 0 clock OK ''
for check in profile files disk certificate name port server version clock machine session log queue agent; do
    expect_is "it checks $check" 1 "$(jq "[.checks[] | select(.check == \"$check\")] | length" "$FIXTURE_DIR/json")"
done

# ---- one after the other
code=0
"$HOME_DIR/bin/rectify" --profile /nowhere/x.ini doctor >"$FIXTURE_DIR/out" || code=$?
expect_is "no profile" 10 $code
expect "which is said, with what to do" grep -q '^✗.*没有找到配置文件' "$FIXTURE_DIR/out"

chmod 644 "$HOME_DIR/keys/unit01.key"
diagnose "a key that others may read" 10 files FAULT SECRET_FILE_EXPOSED
chmod 600 "$HOME_DIR/keys/unit01.key"

sed -i 's|^ca = .*|ca = ../pki/nothing.crt|' "$ini"
diagnose "an authority that is not there" 10 files FAULT FILE_UNREADABLE
heal

"$SOURCE_DIR/deploy/pki" client "$HOME_DIR/pki" old --days -1
sed -i 's|unit01\.crt|old.crt|; s|/pki/unit01\.key|/pki/old.key|' "$ini"
diagnose "a certificate that has ended" 10 certificate FAULT TLS_CERT_EXPIRED
expect_is "the server is not asked" "server version clock machine session" "$(left_out)"
heal
"$SOURCE_DIR/deploy/pki" client "$HOME_DIR/pki" soon --days 10
sed -i 's|unit01\.crt|soon.crt|; s|/pki/unit01\.key|/pki/soon.key|' "$ini"
diagnose "one that ends soon" 9 certificate WARN TLS_CERT_ENDS
expect_is "nothing else is blamed" certificate "$(blamed)"
heal

"$SOURCE_DIR/deploy/pki" ca "$FIXTURE_DIR/other"
"$SOURCE_DIR/deploy/pki" client "$FIXTURE_DIR/other" unit01
sed -i "s|\.\./pki|$FIXTURE_DIR/other|" "$ini"
diagnose "another authority" 10 server FAULT TLS_SERVER_CERT
heal
sed -i 's|^server_name = .*|server_name = other|' "$ini"
diagnose "a server of another name" 10 server FAULT TLS_SERVER_NAME
heal
sed -i 's|//127.0.0.1:|//nobody.invalid:|' "$ini"
diagnose "a name that nobody knows" 10 name FAULT HOST_UNKNOWN
expect_is "what rests on it is left out" "port server version clock machine session" "$(left_out)"
heal
sed -i "s|:$FIXTURE_PORT|:$(port_pick)|" "$ini"
diagnose "a port where nobody listens" 10 port FAULT CONNECT_REFUSED
heal

# A sanitizer must be the first library of a program, and so must libfaketime.
if ! grep -q "^RECTIFY_SANITIZE:STRING=." "$BUILD_DIR/CMakeCache.txt"; then
    code=0
    faketime -f +120s "$HOME_DIR/bin/rectify" --profile "$ini" doctor -o json >"$FIXTURE_DIR/json" || code=$?
    expect_is "a clock two minutes ahead" "9 WARN CLOCK_OFF" \
        "$code $(jq -r '.checks[] | select(.check == "clock") | "\(.result) \(.reason)"' "$FIXTURE_DIR/json")"
    expect "by how much" jq -e '.checks[] | select(.check == "clock") | .message | test("快 1(19|20) 秒")' "$FIXTURE_DIR/json"
fi

rm "$state/machine"
diagnose "a machine that is not enrolled" 10 machine FAULT MACHINE_NOT_ENROLLED
heal
sed -i '/^password_file/d' "$ini"
rm -f "$state/session"
diagnose "nobody logged in" 9 session WARN NOT_LOGGED_IN
heal
cli unit01 alert ack --all >/dev/null # a command: leaves a head
doctor >/dev/null
sed -i 's/size=[0-9]*/size=999999/' "$state/head"
diagnose "a head that was tampered with" 10 log FAULT HEAD_SIGNATURE_BAD
heal
printf 'not a database, but long enough to be looked at as one: %s\n' "$(printf 'x%.0s' {1..4096})" >"$state/outbox.db"
diagnose "a damaged outbox" 10 queue FAULT OUTBOX_DAMAGED
heal
if ((EUID != 0)); then
    chmod 500 "$state"
    diagnose "a folder that cannot be written" 10 files FAULT FOLDER_DENIED
    chmod 700 "$state"
fi

# ---- the server is gone: this machine is looked at all the same
server_kill
diagnose "no server" 10 port FAULT CONNECT_REFUSED
expect_is "it alone is blamed" port "$(blamed)"
expect_is "the rest of the way is left out" "server version clock machine session" "$(left_out)"
diagnose "this machine is looked at" 10 log OK ''
expect "in words" grep -q '没有检查' <(doctor || true)
