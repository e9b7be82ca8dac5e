#!/usr/bin/env bash
# The certificates say what they must: purpose, name, curve, issuer, private keys for the owner alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
pki=$SOURCE_DIR/deploy/pki
"$pki" ca "$dir"
"$pki" server "$dir" rectifyd
"$pki" client "$dir" unit01
"$pki" client "$dir" late --days -1

valid() { openssl verify -x509_strict -CAfile "$dir/ca.crt" -purpose "$1" "$dir/$2.crt" >/dev/null 2>&1; }
must() { "$@" || { printf 'not so: %s\n' "$*" && exit 1; }; }
must_not() { ! "$@" || { printf 'should not be: %s\n' "$*" && exit 1; }; }

must valid sslserver rectifyd
must valid sslclient unit01
must_not valid sslclient rectifyd
must_not valid sslserver unit01
must_not valid sslclient late
must grep -q 'DNS:rectifyd' <(openssl x509 -in "$dir/rectifyd.crt" -noout -ext subjectAltName)
must grep -q 'prime256v1' <(openssl x509 -in "$dir/unit01.crt" -noout -text)
must test "$(stat -c %a "$dir/unit01.key" "$dir/ca.key" | sort -u)" = 600

before=$(sha256sum "$dir"/*.crt)
"$pki" ca "$dir"
"$pki" client "$dir" unit01
must test "$before" = "$(sha256sum "$dir"/*.crt)"
