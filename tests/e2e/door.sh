#!/usr/bin/env bash
# Who gets in: certificates, names and machine keys. Each refusal has its control: the same call, right.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server office unit01 unit02
profiles=$HOME_DIR/profiles

# variant NAME SED-EXPRESSION: unit01's profile with one thing changed.
variant() { sed "$2" "$profiles/unit01.ini" >"$profiles/$1.ini"; }

expect "control: unit01 gets in" cli unit01 todo

# A stranger without a certificate, at the TLS level.
refused() { ! openssl s_client -connect "127.0.0.1:$FIXTURE_PORT" -tls1_2 -verify_return_error \
    -CAfile "$HOME_DIR/pki/ca.crt" "$@" </dev/null >"$FIXTURE_DIR/tls" 2>&1 ||
    grep -q 'alert' "$FIXTURE_DIR/tls"; }
expect "control: openssl with a certificate" openssl s_client -connect "127.0.0.1:$FIXTURE_PORT" -tls1_2 \
    -CAfile "$HOME_DIR/pki/ca.crt" -cert "$HOME_DIR/pki/unit01.crt" -key "$HOME_DIR/pki/unit01.key" \
    </dev/null >"$FIXTURE_DIR/control" 2>&1
expect "no certificate" refused

# A certificate of another authority, and one that has expired.
"$SOURCE_DIR/deploy/pki" ca "$FIXTURE_DIR/foreign"
"$SOURCE_DIR/deploy/pki" client "$FIXTURE_DIR/foreign" unit01
cp "$FIXTURE_DIR/foreign/unit01.crt" "$HOME_DIR/pki/foreign.crt"
cp "$FIXTURE_DIR/foreign/unit01.key" "$HOME_DIR/pki/foreign.key"
variant foreign 's|pki/unit01\.|pki/foreign.|'
expect_not "foreign authority" cli foreign todo
"$SOURCE_DIR/deploy/pki" client "$HOME_DIR/pki" expired --days -1
variant expired 's|pki/unit01\.|pki/expired.|'
expect_not "expired certificate" cli expired todo

# The client refuses a server of another name.
variant othername 's|^server_name = .*|server_name = somebody-else|'
expect_not "server of another name" cli othername todo

# A key that nobody enrolled, with unit01's session; and unit02's key with unit01's session.
cp -r "$HOME_DIR/state/unit01" "$HOME_DIR/state/stranger"
"$HOME_DIR/bin/rectifyd" keygen --out "$HOME_DIR/keys/stranger.key" >/dev/null 2>&1 || true
variant stranger 's|keys/unit01|keys/stranger|; s|state/unit01|state/stranger|'
expect_not "key that is not enrolled" cli stranger todo
variant borrowed 's|keys/unit01|keys/unit02|; s|state/unit01|state/stranger|'
expect_not "another unit's key" cli borrowed todo
expect "control: unit01 still gets in" cli unit01 todo
