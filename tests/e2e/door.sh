#!/usr/bin/env bash
# Who gets in: certificates, names and machine keys. Each refusal has its control: the same call, right.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office unit01 unit02
pki=$HOME_DIR/pki
profiles=$HOME_DIR/profiles

# variant NAME SED-EXPRESSION: unit01's profile with one thing changed.
variant() { sed "$2" "$profiles/unit01.ini" >"$profiles/$1.ini"; }

# knock [OPENSSL-ARGS…]: a TLS handshake with the real server by a client that is not ours.
knock() {
    openssl s_client -connect "127.0.0.1:$FIXTURE_PORT" -tls1_2 -verify_return_error \
        -CAfile "$pki/ca.crt" "$@" </dev/null >"$FIXTURE_DIR/tls" 2>&1
}

# The server's part: certificates. Our client would refuse a bad one by itself, openssl does not.
"$SOURCE_DIR/deploy/pki" ca "$FIXTURE_DIR/foreign"
"$SOURCE_DIR/deploy/pki" client "$FIXTURE_DIR/foreign" unit01
"$SOURCE_DIR/deploy/pki" client "$pki" expired --days -1
expect "control: unit01's certificate" knock -cert "$pki/unit01.crt" -key "$pki/unit01.key"
expect_not "no certificate" knock
expect_not "foreign authority" knock -cert "$FIXTURE_DIR/foreign/unit01.crt" \
    -key "$FIXTURE_DIR/foreign/unit01.key"
expect_not "expired certificate" knock -cert "$pki/expired.crt" -key "$pki/expired.key"
expect_not "a server's certificate as a client's" knock -cert "$pki/rectifyd.crt" -key "$pki/rectifyd.key"

# The client's part: the server's name, and the authority it trusts.
expect "control: unit01 gets in" cli unit01 todo
variant othername 's|^server_name = .*|server_name = somebody-else|'
expect_refused "a server of another name" TLS_SERVER_NAME cli othername todo
cp "$FIXTURE_DIR/foreign/unit01.crt" "$pki/foreign.crt"
cp "$FIXTURE_DIR/foreign/unit01.key" "$pki/foreign.key"
cp "$FIXTURE_DIR/foreign/ca.crt" "$pki/foreign-ca.crt"
variant foreign 's|pki/unit01\.|pki/foreign.|; s|pki/ca\.|pki/foreign-ca.|'
expect_not "a server of another authority" cli foreign todo

# The machine's key: one that nobody enrolled, and another unit's, both with unit01's session.
cp -r "$HOME_DIR/state/unit01" "$HOME_DIR/state/stranger"
printf 'bm9ib2R5IGlzc3VlZCB0aGlzIGNvZGUsIG5vYm9keSE\n' >"$FIXTURE_DIR/code"
variant stranger 's|keys/unit01|keys/stranger|; s|state/unit01|state/stranger|'
expect_refused "an invented code" ENROL_CODE cli stranger machine enrol --code-file "$FIXTURE_DIR/code"
expect "the stranger has a key" test -s "$HOME_DIR/keys/stranger.key"
expect_refused "a key that is not enrolled" SIGNATURE_BAD cli stranger todo
variant borrowed 's|keys/unit01|keys/unit02|; s|state/unit01|state/stranger|'
expect_refused "another unit's key" SIGNATURE_BAD cli borrowed todo

expect "control: unit01 still gets in" cli unit01 todo
