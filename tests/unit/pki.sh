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
"$pki" machine-ca "$dir"

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

# What the server issues machines' certificates with is an authority of its own; all begin in the past.
must test "$(stat -c %a "$dir/machine-ca.key")" = 600
must_not openssl verify -CAfile "$dir/ca.crt" "$dir/machine-ca.crt"
must openssl verify -x509_strict -CAfile "$dir/machine-ca.crt" "$dir/machine-ca.crt"
for name in ca machine-ca rectifyd unit01; do
    from=$(date -d "$(openssl x509 -in "$dir/$name.crt" -noout -startdate | cut -d= -f2)" +%s)
    must test "$(((from - $(date +%s)) / 86400))" -le -29
done

before=$(sha256sum "$dir"/*.crt)
"$pki" ca "$dir"
"$pki" client "$dir" unit01
must test "$before" = "$(sha256sum "$dir"/*.crt)"
