#!/usr/bin/env bash
# A unit's machine from nothing to work: papers from a list, one command, certificate, renewal, the
# board, and every way in that must stay shut. The unit's machine has a HOME of its own.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office group unit01
fixture_sample
papers=$FIXTURE_DIR/papers
door=127.0.0.1:$FIXTURE_ONBOARD_PORT

# unit MACHINE WORDS…: rectify on a machine that knows nothing of the server's home.
unit() {
    local home=$FIXTURE_DIR/$1
    shift
    mkdir -p "$home"
    (
        cd "$home"
        unset RECTIFY_HOME RECTIFY_PROFILE XDG_CONFIG_HOME XDG_STATE_HOME
        HOME=$home exec "$FIXTURE_DIR/bin/rectify" "$@" </dev/null
    )
}
mkdir -p "$FIXTURE_DIR/bin" && cp "$HOME_DIR/bin/rectify" "$FIXTURE_DIR/bin/"
paper() { sed -n "s/^$2 = //p" "$papers/$1.onboard"; }
# knock HOST:PORT: what that door's TLS shows.
knock() { openssl s_client -connect "$1" -tls1_2 </dev/null 2>&1; }

# ---- the office's papers ----
cat >"$FIXTURE_DIR/bad.csv" <<CSV
单位代码,单位名称,账号,联系人,角色
unit01,另一个名称,u1,样例,牵头单位
unit91,样例单位九十一,Unit91,样例,科长
unit91,样例单位九十一,unit92,样例,填报人
unit92,,unit92,样例,
CSV
expect_refused "a list with mistakes" ONBOARD_ROWS cli admin office onboard "$FIXTURE_DIR/bad.csv" --out "$papers"
for line in 2 3 5; do expect "line $line is named" grep -q "第 $line 行" "$FIXTURE_DIR/refused"; done
expect_not "and something was made" grep -q unit91 <(cli admin org list)
printf '单位代码,单位名称,账号,联系人,角色\nunit01,,unit01b,样例填报二,牵头单位\nunit91,样例单位九十一,unit91,样例填报,PLEAD、FILLER\n' |
    iconv -f UTF-8 -t GBK >"$FIXTURE_DIR/units.csv"
expect_refused "a unit's clerk makes papers" ROLE_FORBIDS cli unit01 office onboard "$FIXTURE_DIR/units.csv" --out "$papers"
expect_shows "two papers are made, the bare spelling too" "grant approve --all" \
    cli admin office onboard "$FIXTURE_DIR/units.csv" --out "$papers" --contact 样例值班室
expect_is "everything is the owner's alone" 600 "$(stat -c %a "$papers"/* | sort -u)"
expect "the page has the command" grep -q "rectify onboard $door --code $(paper unit91 code) --ca-sha256" "$papers/unit91.html"
expect "and whom to ask" grep -q 样例值班室 "$papers/unit91.txt"
expect_is "the fingerprint is the authority's" "$(paper unit91 ca_sha256)" \
    "$(openssl x509 -in "$HOME_DIR/pki/ca.crt" -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f)"
before=$(cat "$papers"/*.onboard)
expect_shows "again: nothing is made twice" "没有要发的" cli admin office onboard "$FIXTURE_DIR/units.csv" --out "$papers"
expect_is "and the codes stay" "$before" "$(cat "$papers"/*.onboard)"

# ---- the door refuses everything else ----
expect_not "the door asks for a certificate" grep -q 'Acceptable client certificate CA' <(knock "$door")
expect "control: the main door does" grep -q 'Acceptable client certificate CA' \
    <(knock "127.0.0.1:$FIXTURE_PORT")
sed "s|^server = .*|server = tls+tcp://$door|" "$HOME_DIR/profiles/unit01.ini" >"$HOME_DIR/profiles/wrongdoor.ini"
expect_refused "work at the enrolment door" DOOR_FORBIDS cli wrongdoor todo
expect_refused "not even health" DOOR_FORBIDS cli wrongdoor health

# ---- one command ----
code=$(paper unit91 code) print=$(paper unit91 ca_sha256)
printf 'sample-password-91\n' >"$FIXTURE_DIR/password" && chmod 600 "$FIXTURE_DIR/password"
go() { unit "$1" onboard "$door" --code "$code" --ca-sha256 "$print" --password-file "$FIXTURE_DIR/password" "${@:2}"; }
slip=$(tr 0123456789 1234567890 <<<"${code:0:1}")${code:1}
[[ $slip != "$code" ]] || slip=Z${code:1}
expect_refused "a slip in the code" CODE_CHECK unit m1 onboard "$door" --code "$slip" --ca-sha256 "$print"
wrong=$(tr 0-9a-f 1-9a-f0 <<<"$print")
expect_refused "another fingerprint" FINGERPRINT_WRONG unit m1 onboard "$door" --code "$code" --ca-sha256 "$wrong"
expect_refused "too short a fingerprint" FINGERPRINT_FORM unit m1 onboard "$door" --code "$code" --ca-sha256 "${print:0:31}"
expect_refused "the main door's port" ONBOARD_DOOR unit m1 onboard "127.0.0.1:$FIXTURE_PORT" --code "$code" --ca-sha256 "$print"
expect_refused "no server there" CONNECT_REFUSED unit m1 onboard 127.0.0.1:1 --code "$code" --ca-sha256 "$print"
expect_refused "no address" ONBOARD_ADDRESS unit m1 onboard 127.0.0.1 --code "$code" --ca-sha256 "$print"
expect_refused "nothing typed, nobody to ask" USAGE_ONBOARD setsid -w bash -c "$(declare -f unit); FIXTURE_DIR=$FIXTURE_DIR; unit m1 onboard $door"
expect_refused "a server of another name" TLS_SERVER_NAME unit m1 onboard "$door" --code "$code" --ca-sha256 "$print" --server-name somebody
expect_is "nothing was used up: no machine yet" 0 "$(fixture_sql -c "SELECT count(*) FROM rectify.machine m JOIN rectify.account a ON a.id = m.account WHERE a.name = 'unit91'")"
expect "it asks for a terminal to set the password" grep -q 还没有设密码 \
    <(setsid -w bash -c "$(declare -f unit); FIXTURE_DIR=$FIXTURE_DIR; unit m1 onboard $door --code ${code,,} --ca-sha256 ${print:0:32}")
expect_shows "the same command again, with a password" 已登录 go m1 --remember
folder=$(dirname "$(sed -n 's/^cert = //p' "$FIXTURE_DIR/m1/.config/rectify/profiles/unit91.ini")")
expect_is "keys are the owner's alone" 600 "$(stat -c %a "$folder"/* | sort -u)"
expect_is "it is one machine" 1 "$(fixture_sql -c "SELECT count(*) FROM rectify.machine m JOIN rectify.account a ON a.id = m.account WHERE a.name = 'unit91'")"
machine=$(fixture_sql -c "SELECT m.id FROM rectify.machine m JOIN rectify.account a ON a.id = m.account WHERE a.name = 'unit91'")
expect "its certificate is for clients alone" openssl verify -CAfile "$HOME_DIR/pki/machine-ca.crt" -purpose sslclient -x509_strict "$folder/client.pem"
expect_not "and not for servers" openssl verify -CAfile "$HOME_DIR/pki/machine-ca.crt" -purpose sslserver "$folder/client.pem"
expect "made out to the machine" grep -q "DNS:$machine" <(openssl x509 -in "$folder/client.pem" -noout -ext subjectAltName)
expect_refused "the code on another machine" ENROL_CODE_USED go m2
expect_refused "a seat is not approved yet" NO_SEAT unit m1 todo
expect "the seats are approved" cli grant grant approve --all
expect "now it works" unit m1 todo

# The second unit's clerk uses the file; a bad list of words never reaches the profile.
expect_shows "the file beside the paper" 已登录 unit m3 onboard "$papers/unit01b.onboard" \
    --password-file "$FIXTURE_DIR/password" --remember
expect_shows "it sees the unit's work" P-01 unit m3 todo
expect "and signs for it" unit m3 sign-for P-01-M-01
profile=$FIXTURE_DIR/m3/.config/rectify/profiles/unit01b.ini
expect "queue is offline" grep -q '^queue = offline' "$profile"
sed -i 's|/machines/.*/machine.key|/elsewhere/machine.key|' "$profile"
expect_refused "somebody's profile is not overwritten" PROFILE_EXISTS setsid -w bash -c "$(declare -f unit); FIXTURE_DIR=$FIXTURE_DIR; unit m3 onboard $papers/unit01b.onboard --password-file $FIXTURE_DIR/password"
expect "but when asked" unit m3 onboard "$papers/unit01b.onboard" --password-file "$FIXTURE_DIR/password" --remember --replace
expect "a fresh paper for a second machine" cli admin office onboard "$FIXTURE_DIR/units.csv" --out "$papers" --again
code=$(paper unit91 code)
expect_shows "the second machine, with the password the account has" 已登录 go m2

# ---- renewal ----
old=$(openssl x509 -in "$folder/client.pem" -noout -serial)
expect_shows "the certificate is renewed" 已换发 unit m1 machine renew
expect_not "it is another one" test "$old" = "$(openssl x509 -in "$folder/client.pem" -noout -serial)"
expect "and works" unit m1 todo
expect "the server knows its serial" test "$(fixture_sql -c "SELECT certificate_serial FROM rectify.machine WHERE id = '$machine'")" = \
    "$(openssl x509 -in "$folder/client.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)"
expect_refused "certificates made by hand are renewed by hand" RENEW_SEPARATE cli unit01 machine renew

# A machine that was off past the end: the same key, a certificate that has ended.
make_ended() {
    local work=$FIXTURE_DIR/ended
    rm -rf "$work" && mkdir "$work" && cp "$HOME_DIR/pki/machine-ca.crt" "$work/ca.crt" && cp "$HOME_DIR/pki/machine-ca.key" "$work/ca.key"
    openssl pkey -in "$folder/client.pem" -out "$work/$machine.key"
    "$SOURCE_DIR/deploy/pki" client "$work" "$machine" --days -1
    cat "$work/$machine.key" "$work/$machine.crt" "$work/ca.crt" >"$folder/client.pem"
}
make_ended
sed -i.kept '/^onboard = /d' "$FIXTURE_DIR/m1/.config/rectify/profiles/unit91.ini"
expect_refused "control: it is refused without the door" TLS_CERT_EXPIRED unit m1 todo
mv "$FIXTURE_DIR/m1/.config/rectify/profiles/unit91.ini.kept" "$FIXTURE_DIR/m1/.config/rectify/profiles/unit91.ini"
expect_shows "it comes back by itself" 已换发新的 unit m1 todo
expect "and stays" unit m1 todo

# ---- the board ----
expect_shows "the board names the unit's machine" 样例单位九十一 cli office office board
expect "also units that never connected" grep -q 未开通 <(cli group office board -o csv)
expect_is "in JSON" QUIET "$(json admin office board | jq -r '.agents[] | select(.org == "unit91" and .machine == "'"$machine"'") | .state')"
expect_refused "it is not a unit's" ROLE_FORBIDS unit m1 office board

# ---- revoked: neither in, nor renewed ----
expect "the machine is revoked" cli admin admin machine revoke "$machine" --reason 样例停用
expect_refused "it cannot call" MACHINE_REVOKED unit m1 todo
expect_refused "it cannot renew" MACHINE_REVOKED unit m1 machine renew
make_ended
expect_refused "nor come back through the door" MACHINE_REVOKED unit m1 todo
expect "control: the other machine works" unit m2 todo
