# shellcheck shell=bash
# For shell tests: databases cloned from the template, and a real server with enrolled profiles.
#
#   . "$SOURCE_DIR/tests/support/fixture.sh"      needs BUILD_DIR and SOURCE_DIR (ctest sets them)
#   fixture_open                                   a folder of its own, FIXTURE_DIR; removed at exit
#   fixture_server unit01 office …                 a server on a free port with these profiles, in
#                                                  HOME_DIR (laid out as quickstart's home)
#   cli unit01 todo                                the client, as lib/sample.sh defines it
#   fixture_sample                                 orgs, inspection, notice, approved plan
#
# Everything started here is stopped at exit, whatever the test did. A failing command ends the test.
set -euo pipefail
umask 077
export LC_ALL=C.UTF-8
unset "${!PG@}"
: "${BUILD_DIR:?run this through ctest, or set BUILD_DIR}" "${SOURCE_DIR:?set SOURCE_DIR}"
LIB_DIR=$SOURCE_DIR/deploy/lib
# shellcheck disable=SC2034 # read by lib/sample.sh
SAMPLE_DIR=$SOURCE_DIR/deploy/sample
for fixture_library in say packages cluster home server sample process demo; do
    # shellcheck source=/dev/null
    . "$LIB_DIR/$fixture_library.sh"
done
FIXTURE_CLUSTER=$BUILD_DIR/testdb
FIXTURE_DATABASES=()
FIXTURE_PORTS=$BUILD_DIR/testdb/ports # a file for each that a test has, its server running or not

fixture_open() {
    FIXTURE_DIR=$(mktemp -d)
    HOME_DIR=$FIXTURE_DIR/home
    trap fixture_close EXIT
    trap 'exit 130' INT TERM
}

fixture_close() {
    local code=$? database
    trap - EXIT
    trap '' INT TERM # a second one would end the cleaning up
    set +e
    if ((code != 0)) && [[ -e $HOME_DIR/log/rectifyd.log ]]; then
        printf '%s\n' "---- end of the server's log ----" >&2
        tail -n 30 "$HOME_DIR/log/rectifyd.log" >&2
    fi
    server_kill
    grep -lx -- "$$" "$FIXTURE_PORTS"/* 2>/dev/null | xargs -r rm -f
    for database in "${FIXTURE_DATABASES[@]}"; do
        cluster_psql "$FIXTURE_CLUSTER" postgres -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"
    done
    rm -rf "$FIXTURE_DIR"
    exit "$code"
}

# fixture_port: prints a port that is free, and stays this test's while its server is down.
fixture_port() {
    local port
    mkdir -p "$FIXTURE_PORTS"
    for _ in {1..20}; do
        port=$(port_pick)
        (set -o noclobber && printf '%s\n' $$ >"$FIXTURE_PORTS/$port") 2>/dev/null || continue
        printf '%s\n' "$port"
        return 0
    done
    fail "没有给测试留出端口。" "请看 $FIXTURE_PORTS 能不能写。"
}

# fixture_database: clones the template; sets FIXTURE_DATABASE.
fixture_database() {
    [[ -s $FIXTURE_CLUSTER/template ]] ||
        fail "测试数据库没有启动。" "请运行：tests/support/cluster start $BUILD_DIR"
    FIXTURE_DATABASE=t_$$_${#FIXTURE_DATABASES[@]}
    cluster_psql "$FIXTURE_CLUSTER" postgres -c \
        "CREATE DATABASE $FIXTURE_DATABASE TEMPLATE $(<"$FIXTURE_CLUSTER/template") OWNER rectify_owner"
    FIXTURE_DATABASES+=("$FIXTURE_DATABASE")
}

# fixture_sql [PSQL-ARGS…]: superuser in the newest clone.
fixture_sql() { cluster_psql "$FIXTURE_CLUSTER" "$FIXTURE_DATABASE" -At "$@"; }

# fixture_sealed: the log holds every event there is.
fixture_sealed() { [[ $(fixture_sql -c 'SELECT count(*) FROM rectify.event_unsealed') == 0 ]]; }

# fixture_dump NAME: a copy of the database, once all is sealed.
fixture_dump() {
    wait_until 20 fixture_sealed
    "$(postgres_bin)/pg_dump" -Fc -f "$FIXTURE_DIR/$1" \
        "$(cluster_conninfo "$FIXTURE_CLUSTER" postgres "$FIXTURE_DATABASE")"
}

# fixture_restore NAME: the server is killed, the database put back as it was.
fixture_restore() {
    server_kill
    cluster_psql "$FIXTURE_CLUSTER" postgres -c "DROP DATABASE $FIXTURE_DATABASE WITH (FORCE)" \
        -c "CREATE DATABASE $FIXTURE_DATABASE OWNER rectify_owner"
    "$(postgres_bin)/pg_restore" -d "$(cluster_conninfo "$FIXTURE_CLUSTER" postgres "$FIXTURE_DATABASE")" \
        "$FIXTURE_DIR/$1"
}

# fixture_server PROFILE…: database, certificates, settings, server, admin; then these profiles'
# accounts are created, enrolled and logged in. The sample's orgs are there.
fixture_server() {
    local names=(admin grant "$@")
    home_folders "$HOME_DIR"
    cp "$BUILD_DIR/server/rectifyd" "$BUILD_DIR/client/cli/rectify" "$HOME_DIR/bin/"
    fixture_database
    "$SOURCE_DIR/deploy/pki" ca "$HOME_DIR/pki"
    "$SOURCE_DIR/deploy/pki" machine-ca "$HOME_DIR/pki"
    "$SOURCE_DIR/deploy/pki" server "$HOME_DIR/pki" rectifyd
    "$SOURCE_DIR/deploy/pki" client "$HOME_DIR/pki" "${names[@]}"
    FIXTURE_PORT=$(fixture_port)
    FIXTURE_ONBOARD_PORT=$(fixture_port)
    server_configure "$HOME_DIR" "$FIXTURE_PORT" "$FIXTURE_CLUSTER" "$FIXTURE_DATABASE" \
        "$FIXTURE_ONBOARD_PORT"
    profile_write "$HOME_DIR" "$FIXTURE_PORT" "${names[@]}"
    server_admin "$HOME_DIR" keygen --out keys/ledger.key
    server_admin "$HOME_DIR" bootstrap --config rectifyd.ini --tenant sample --tenant-name 样例区 \
        --account admin --password-file secrets/admin.password --enrol-code-file secrets/admin.code \
        --grant-account grant --grant-password-file secrets/grant.password \
        --grant-enrol-code-file secrets/grant.code
    server_start "$HOME_DIR"
    fixture_enrol "$@"
}

fixture_enrol() {
    local names
    names=$(IFS='|' && printf '%s' "name|$*")
    sample_enrol admin grant
    sample_orgs
    grep -E "^($names)," "$SAMPLE_DIR/accounts.csv" >"$HOME_DIR/accounts.csv"
    sample_accounts "$HOME_DIR/accounts.csv"
    sample_enrol "$@"
}

# fixture_sample: needs the profiles office, group and unit01; returns when unit01 owes its tables.
fixture_sample() {
    sample_inspection
    sample_notice
    sample_plan
    sample_nodes
    sample_approve
    sample_settle
}

# server_kill: kill -9, as a crash would; returns when the process is gone.
server_kill() {
    local pid
    pid=$(server_pid "$HOME_DIR") || return 0
    kill -KILL "$pid"
    wait_until 10 process_gone "$pid"
}

# expect WHAT CMD…: the command must succeed.
expect() {
    local what=$1
    shift
    "$@" || {
        printf 'not so: %s\n' "$what" >&2
        exit 1
    }
}

# expect_not WHAT CMD…: the command must fail.
expect_not() {
    local what=$1
    shift
    ! "$@" >"$FIXTURE_DIR/not" 2>&1 || {
        printf 'not refused: %s\n' "$what" >&2
        cat "$FIXTURE_DIR/not" >&2
        exit 1
    }
}

# expect_refused WHAT REASON CMD…: the command must fail and name the reason code.
expect_refused() {
    local what=$1 reason=$2 out=$FIXTURE_DIR/refused
    shift 2
    if "$@" >"$out" 2>&1; then
        printf 'not refused: %s\n' "$what" >&2
        cat "$out" >&2
        exit 1
    fi
    grep -q "$reason" "$out" || {
        printf 'refused, but not for %s: %s\n' "$reason" "$what" >&2
        cat "$out" >&2
        exit 1
    }
}

# json PROFILE CMD…: the answer as JSON, checked to be one document; receipts go elsewhere.
json() { cli "$@" -o json 2>"$FIXTURE_DIR/json.err" | jq -e . || { cat "$FIXTURE_DIR/json.err" >&2; return 1; }; }

# expect_is WHAT WANT GOT
expect_is() {
    [[ $2 == "$3" ]] || {
        printf 'not so: %s: want %s, got %s\n' "$1" "$2" "$3" >&2
        exit 1
    }
}

# expect_shows WHAT PATTERN CMD…: the command succeeds and prints what the pattern finds.
expect_shows() {
    local what=$1 pattern=$2 out=$FIXTURE_DIR/shown
    shift 2
    "$@" >"$out" 2>&1 || {
        printf 'failed: %s\n' "$what" >&2
        cat "$out" >&2
        exit 1
    }
    grep -q -e "$pattern" "$out" || {
        printf 'does not show %s: %s\n' "$pattern" "$what" >&2
        cat "$out" >&2
        exit 1
    }
}

# expect_says WHAT EXIT-CODE REASON PROFILE CMD…: refused as a person meets it: that exit code, nothing
# on stdout, on stderr a Chinese sentence and the reason code.
expect_says() {
    local what=$1 want=$2 reason=$3 code=0 out=$FIXTURE_DIR/said
    shift 3
    cli "$@" >"$out" 2>"$out.err" || code=$?
    if ((code == want)) && [[ ! -s $out ]] && grep -q '^错误：' "$out.err" &&
        grep -q "^原因码：$reason$" "$out.err"; then
        return 0
    fi
    printf 'not so: %s: exit code %s, want %s with %s\n' "$what" "$code" "$want" "$reason" >&2
    cat "$out" "$out.err" >&2
    exit 1
}
