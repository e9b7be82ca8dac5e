#!/usr/bin/env bash
# Who may include whom: one row a folder. Down only; what is not in the row does not compile here.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"

# What stands on librectify uses what is installed of it and nothing else.
PUBLIC="$(grep -v '^#' client/lib/PUBLIC | tr '\n' ' ')rectify/v1"

# folder: prefixes of quoted includes it may use (its own folder always)
TABLE="
proto/base:
proto/rpc: proto/base rectify/v1
proto/ledger: proto/base
server/base: proto/base
server/store: proto/base server/base rectify/v1
server/service: proto/base server/base rectify/v1 server/store
server/document: proto/base server/base rectify/v1
server/dispatch: proto/base proto/rpc proto/ledger server/base server/store server/service rectify/v1
server/handler: proto/base proto/ledger server/base server/store server/service server/document server/dispatch rectify/v1
server/jobs: proto/base proto/ledger server/base server/dispatch server/store/leader rectify/v1
server: proto server rectify/v1
client/lib: proto/base proto/rpc proto/ledger rectify/v1
client/cli: $PUBLIC
client/agent: $PUBLIC
client/static: proto/base
"
# library headers that only one folder may know: prefix: folders
LIBRARIES='
libpq-fe.h: server/store tests
nng/: proto/rpc tests
xlsxwriter.h: server/document
ini.h: server/base client/lib
curl/: server/jobs tests
sqlite3.h: client/lib tests
mbedtls/: proto/rpc server/base tests
'

check() { # ROOT
    (cd "$1" && find proto server client tests -name '*.[ch]' -type f -print0 2>/dev/null |
        xargs -0 grep -nE '^[ \t]*#[ \t]*include' /dev/null) |
        awk -v table="$TABLE" -v libraries="$LIBRARIES" '
        function starts(text, prefix) { return substr(text, 1, length(prefix)) == prefix }
        BEGIN {
            n = split(table, row, "\n")
            for (i = 1; i <= n; i++) if (split(row[i], part, ":") > 1) may[part[1]] = part[2]
            n = split(libraries, row, "\n")
            for (i = 1; i <= n; i++) if (split(row[i], part, ":") > 1) only[part[1]] = part[2]
        }
        {
            path = $0; sub(/:.*/, "", path)
            where = $0; sub(/:[ \t]*#.*/, "", where)
            name = $0; sub(/^[^"<]*["<]/, "", name); sub(/[">].*/, "", name)
            folder = path; sub(/\/[^\/]*$/, "", folder)
            if ($0 ~ /#[ \t]*include[ \t]*</) {
                for (lib in only) if (starts(name, lib)) {
                    ok = 0; n = split(only[lib], of, " ")
                    for (i = 1; i <= n; i++) if (starts(folder, of[i])) ok = 1
                    if (!ok) print where ": " folder " may not use <" name ">"
                }
                next
            }
            if (starts(folder, "tests")) next
            if (!(folder in may)) { print where ": folder " folder " has no row in the table"; next }
            ok = starts(name, folder "/")
            n = split(may[folder], of, " ")
            for (i = 1; i <= n; i++) if (starts(name, of[i])) ok = 1
            if (!ok) print where ": " folder " may not include \"" name "\""
        }'
}

control=$(mktemp -d)
trap 'rm -rf "$control"' EXIT
mkdir -p "$control"/{proto/base,server/service,client/cli,tests}
printf '#include "server/dispatch/dispatch.h"\n' >"$control/server/service/bad.c"
printf '#include <libpq-fe.h>\n' >"$control/proto/base/bad.c"
printf '#include "client/lib/channel_impl.h"\n' >"$control/client/cli/bad.c"
[[ $(check "$control" | wc -l) == 3 ]] || must_find "two includes that reach up, one that is private" ""
verdict "include table" "$(check "$SOURCE_DIR")"
