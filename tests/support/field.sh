# shellcheck shell=bash
# shellcheck disable=SC2034 # names for the tests that read this
# For fault tests: the sample at work with units whose machines put, drain and keep histories
# (unit_client, history.h), lines that fail as told (fault_proxy), and skips that are seen.
#
#   . "$SOURCE_DIR/tests/support/field.sh"
#   field_seed                         FAULT_SEED, or one by chance; printed; RANDOM follows from it
#   field_begin                        a folder of its own, and at exit everything ends
#   field_open unit01 unit02 …         server, sample, these units prepared; the log is marked
#   unit unit01 put 5 drain report     the unit's machine does that
#   line_start NAME PORT-OR-ADDRESS    a fault proxy; sets LINE_PORT
#   line NAME set delay=5              tells it so
#   line_of unit01 PORT [HOST]         that unit reaches the server there from now on
#   field_check unit01 …               the history checker's verdict over these units
#   field_count 'received|refused' unit01 …   how many lines of these histories begin so
#   field_audit                        the log as exported verifies offline
#   field_control WHAT FLAW unit01 …   the verdict must be that flaw
#   not_shown WHAT WHY                 a part that could not be played here
#   field_skip WHAT WHY                nothing can: ends the test, skipped (exit 77)
#
# FAULT_ROUNDS multiplies what is sampled (default 1).
# shellcheck source=/dev/null
. "$SOURCE_DIR/tests/support/fixture.sh"
FIELD_TOOLS=$BUILD_DIR/tests/support
FAULT_ROUNDS=${FAULT_ROUNDS:-1}
FIELD_PATIENCE=$((300 * FAULT_ROUNDS)) # seconds; a unit that takes longer hangs
declare -A LINE_IN=() LINE_OUT=()
FIELD_MOUNTED=()
# Under the sanitizers a leak is looked for by tracing, which a traced program cannot have.
FIELD_TRACED=(env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0")
# And it wants to be loaded before a library that is preloaded.
FIELD_PRELOADED=(env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0")

# Built with a sanitizer: its memory says nothing of ours.
field_sanitized() { ldd "$FIELD_TOOLS/unit_client" | grep 'lib[a-z]*san\.so' >/dev/null; }

field_seed() {
    FAULT_SEED=${FAULT_SEED:-$((SRANDOM % 1000000))}
    RANDOM=$FAULT_SEED
    printf 'seed %s (FAULT_SEED), rounds %s (FAULT_ROUNDS)\n' "$FAULT_SEED" "$FAULT_ROUNDS"
}

not_shown() { printf 'NOT SHOWN: %s: %s\n' "$1" "$2"; }

field_skip() {
    not_shown "$@"
    exit 77
}

field_begin() {
    fixture_open
    trap field_close EXIT
}

# field_cluster: a PostgreSQL of this test's own, which may be killed.
field_cluster() {
    bash "$SOURCE_DIR/tests/support/cluster" start "$FIXTURE_DIR/own" "$BUILD_DIR/server/rectifyd"
    FIXTURE_CLUSTER=$FIXTURE_DIR/own/testdb
    cluster_stop "$FIXTURE_CLUSTER"
    field_cluster_start
}

# Stops the units, that PostgreSQL, and unmounts; then goes on as the fixture does.
field_close() {
    local code=$? at
    trap '' INT TERM
    set +e
    # those still at work: first who would begin another
    jobs -p | xargs -r kill -KILL 2>/dev/null
    while pkill -KILL -f -- "/unit_client $FIXTURE_DIR/"; do sleep 0.1; done
    server_kill
    if [[ $FIXTURE_CLUSTER == "$FIXTURE_DIR"/* ]]; then
        FIXTURE_DATABASES=()
        field_cluster_kill
    fi
    for at in "${FIELD_MOUNTED[@]}"; do
        umount "$at" || umount -l "$at"
    done
    field_code "$code"
    fixture_close
}

field_code() { return "$1"; }

# Loses nothing when its processes are killed; power cuts are not played on it, so fsync may be off.
field_cluster_start() { cluster_start "$FIXTURE_CLUSTER" fsync=off; }

# field_cluster_kill: immediate shutdown, as if every process of it had crashed.
field_cluster_kill() {
    local pid
    pid=$(cluster_pid "$FIXTURE_CLUSTER") || return 0
    kill -QUIT "$pid"
    wait_until 30 process_gone "$pid"
}

# Certificates of a month ago, so that clocks may be wrong by days.
field_certificates() {
    mkdir -p "$HOME_DIR/pki"
    faketime -f -30d "$SOURCE_DIR/deploy/pki" ca "$HOME_DIR/pki"
    faketime -f -30d "$SOURCE_DIR/deploy/pki" server "$HOME_DIR/pki" rectifyd
    faketime -f -30d "$SOURCE_DIR/deploy/pki" client "$HOME_DIR/pki" admin grant office group auditor "$@"
}

field_open() {
    local name
    FIELD_DIR=$FIXTURE_DIR/field
    mkdir -p "$FIELD_DIR"
    field_certificates "$@"
    fixture_server office group auditor "$@"
    fixture_sample
    # shellcheck disable=SC2153 # set by fixture_server
    FIELD_CONNINFO=$(cluster_conninfo "$FIXTURE_CLUSTER" postgres "$FIXTURE_DATABASE")
    for name in "$@"; do
        unit "$name" prepare
    done
    "$FIELD_TOOLS/history" mark "$FIELD_CONNINFO"
}

# unit NAME ACTION…
unit() {
    local name=$1
    shift
    timeout -k 5 "$FIELD_PATIENCE" "$FIELD_TOOLS/unit_client" "$HOME_DIR/profiles/$name.ini" \
        "$FIELD_DIR/$name" "$@" 8>&- </dev/null
}

# line_start NAME TARGET [LISTEN]: TARGET and LISTEN are PORT or HOST:PORT.
line_start() {
    local name=$1 to=$2 at=${3:-127.0.0.1:0} in out
    [[ $to == *:* ]] || to=127.0.0.1:$to
    mkfifo "$FIELD_DIR/$name.in" "$FIELD_DIR/$name.out"
    "$FIELD_TOOLS/fault_proxy" --listen "$at" --to "$to" --seed "$((FAULT_SEED + ${#LINE_IN[@]}))" \
        <"$FIELD_DIR/$name.in" >"$FIELD_DIR/$name.out" 2>"$FIELD_DIR/$name.err" 8>&- &
    disown $!
    exec {in}>"$FIELD_DIR/$name.in" {out}<"$FIELD_DIR/$name.out"
    LINE_IN[$name]=$in
    LINE_OUT[$name]=$out
    read -r -u "$out" _ LINE_PORT
}

# line NAME WORD…: prints what "counts" answers.
line() {
    local name=$1 answer
    shift
    printf '%s\n' "$*" >&"${LINE_IN[$name]}"
    read -r -u "${LINE_OUT[$name]}" answer
    case $answer in
    ok) ;;
    counts*) printf '%s\n' "$answer" ;;
    *) fail "line $name: $*: $answer" ;;
    esac
}

line_of() { # UNIT PORT [HOST]
    sed -i "s|^server = .*|server = tls+tcp://${3:-127.0.0.1}:$2|" "$HOME_DIR/profiles/$1.ini"
}

# field_count WORD|WORD… [UNIT…]: how many lines of the histories begin so; of all units when none is named.
field_count() {
    local words=$1 files=("$FIELD_DIR"/unit??)
    shift
    (($# == 0)) || mapfile -t files < <(field_histories "$@")
    cat "${files[@]}" | grep -cE "^($words) " || true
}

field_histories() {
    local name
    for name in "$@"; do printf '%s\n' "$FIELD_DIR/$name"; done
}

field_check() {
    local files
    mapfile -t files < <(field_histories "$@")
    "$FIELD_TOOLS/history" check "$FIELD_CONNINFO" "${files[@]}"
}

field_audit() {
    rm -f "$FIELD_DIR/ledger"
    expect "the log is exported" cli auditor audit export --out "$FIELD_DIR/ledger" >/dev/null
    expect "the log verifies" cli auditor audit verify "$FIELD_DIR/ledger" >/dev/null
}

# The control is found out: the verdict names that flaw.
field_control() {
    local what=$1 flaw=$2 out=$FIXTURE_DIR/control files
    shift 2
    mapfile -t files < <(field_histories "$@")
    if "$FIELD_TOOLS/history" check "$FIELD_CONNINFO" "${files[@]}" >"$out" ||
        ! grep -q "; .*$flaw" "$out"; then
        printf 'the control was not found out: %s\n' "$what" >&2
        cat "$out" >&2
        exit 1
    fi
    printf 'control: %s: %s\n' "$what" "$(tail -n 1 "$out")"
}
