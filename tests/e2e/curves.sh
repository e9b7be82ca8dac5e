#!/usr/bin/env bash
# The key exchange: the server prefers P-256, whatever the order a client names.
. "$SOURCE_DIR/tests/support/fixture.sh"
fixture_open
fixture_server unit01
exchange() { # CURVES: the curve that was agreed on
    timeout 10 openssl s_client -connect "127.0.0.1:$FIXTURE_PORT" -CAfile "$HOME_DIR/pki/ca.crt" -verify_return_error \
        -cert "$HOME_DIR/pki/unit01.crt" -key "$HOME_DIR/pki/unit01.key" -tls1_2 -groups "$1" </dev/null 2>&1 |
        sed -n 's/^Server Temp Key: ECDH, \([^,]*\),.*/\1/p'
}
expect_is "P-256 of all" prime256v1 "$(exchange P-521:P-384:P-256)"
expect_is "P-256 alone" prime256v1 "$(exchange P-256)"
# A client without it never came in: the certificates are P-256, and TLS 1.2 asks for their curve too.
expect_is "none without it" '' "$(exchange P-521:P-384)"
