# shellcheck shell=bash
# Loads the sample data through the client, as people would, and plays the main job once.
# Every client command that quickstart uses stands in this file. Needs say.sh and home.sh.

SAMPLE_INSPECTION=INS1
SAMPLE_PROFILES=(admin grant office group leader01 disc orgd auditor)
for sample_number in {01..18}; do
    SAMPLE_PROFILES+=("unit$sample_number")
done

# cli PROFILE CMD…: the client of this home. Needs HOME_DIR.
cli() {
    local profile=$1
    shift
    "$HOME_DIR/bin/rectify" --profile "$HOME_DIR/profiles/$profile.ini" "$@" 8>&- </dev/null
}

# cli_quiet PROFILE CMD…: output goes to the log; "it is already so" counts as success, because a run
# that was cut off may have done it.
cli_quiet() {
    local out=$HOME_DIR/log/cli.last log=$HOME_DIR/log/cli.log code=0
    cli "$@" >"$out" 2>&1 || code=$?
    { printf '$ rectify --profile %s\n' "$*" && cat "$out"; } >>"$log"
    ((code == 0)) && return 0
    grep -q 'ALREADY_EXISTS' "$out" && return 0
    tail -n 15 "$out" >&2
    fail "命令没有成功：rectify --profile $*" "请按上面的提示处理，然后再运行一次。" "$log"
}

# The day the sample counts from: the first start's, in Beijing time.
sample_day() {
    [[ -s $HOME_DIR/done/day ]] || TZ=CST-8 date +%F >"$HOME_DIR/done/day"
    cat "$HOME_DIR/done/day"
}

sample_date() { TZ=UTC date -d "$(sample_day) $1" "+$2"; }

sample_period() { sample_date '' %Y-%m; }

sample_last_period() { TZ=UTC date -d "$(sample_period)-15 -1 month" +%Y-%m; }

sample_orgs() { cli_quiet admin admin org import "$SAMPLE_DIR/orgs.csv"; }

# sample_accounts FILE: accounts and the seats proposed for them, by one administrator; the seats are
# given by the other. Two people, two commands.
sample_accounts() {
    cli_quiet admin admin account import "$1" --secrets "$HOME_DIR/secrets"
    cli_quiet grant grant approve --all --reason 样例授权
}

sample_calendars() {
    local file year
    for file in "$SAMPLE_DIR"/calendar/*.csv; do
        [[ -e $file ]] || continue
        year=$(basename "$file" .csv)
        once "$HOME_DIR" "calendar-$year" \
            cli_quiet admin admin calendar import "$file" --year "${year//[!0-9]/}"
    done
}

sample_inspection() {
    cli_quiet office office inspection create --code "$SAMPLE_INSPECTION" \
        --name "样例巡视整改（据2020年4月27日公开通报）" --body 样例区委 \
        --feedback-date "$(sample_date '-60 day' %F)" --report-day 25 \
        --first-period "$(sample_last_period)"
}

sample_notice() {
    cli_quiet office office inspection import "$SAMPLE_DIR/notice-2020-04-27.txt" \
        --inspection "$SAMPLE_INSPECTION"
}

sample_plan() {
    "$SAMPLE_DIR/make-plan" "$(sample_day)" >"$HOME_DIR/demo/plan.csv"
    cli_quiet office office plan import "$HOME_DIR/demo/plan.csv" --inspection "$SAMPLE_INSPECTION"
}

# Dated nodes belong to the plan: after its approval only an amendment changes them.
sample_nodes() {
    cli_quiet office office measure node P-32-M-01 --inspection "$SAMPLE_INSPECTION" \
        --node "（样例）制定方案=$(sample_date '+10 day' %F)" \
        --node "（样例）完成整治=$(sample_date '+60 day' %F)"
}

sample_approve() { cli_quiet group office plan approve --inspection "$SAMPLE_INSPECTION"; }

# sample_enrol NAME…: enrols machines and logs in where no session is left.
sample_enrol() {
    local name
    for name in "$@"; do
        once "$HOME_DIR" "enrol-$name" \
            cli_quiet "$name" machine enrol --code-file "$HOME_DIR/secrets/$name.code"
        cli "$name" whoami >/dev/null 2>&1 || cli_quiet "$name" login
    done
}

sample_load() {
    local accounts
    read -r accounts _ < <(cksum "$SAMPLE_DIR/accounts.csv") # a home of before gets the new ones
    once "$HOME_DIR" orgs sample_orgs
    sample_enrol grant
    once "$HOME_DIR" "accounts-$accounts" sample_accounts "$SAMPLE_DIR/accounts.csv"
    once "$HOME_DIR" calendars sample_calendars
    step "登记 ${#SAMPLE_PROFILES[@]} 台样例电脑并登录"
    sample_enrol "${SAMPLE_PROFILES[@]}"
    step "导入通报、分工方案，批准整改方案"
    once "$HOME_DIR" inspection sample_inspection
    once "$HOME_DIR" notice sample_notice
    once "$HOME_DIR" plan sample_plan
    [[ -e $HOME_DIR/done/approve ]] || once "$HOME_DIR" nodes sample_nodes
    once "$HOME_DIR" approve sample_approve
    sample_settle
}

# The server's clock makes the month's tables by itself, a tick or two after the approval.
sample_settle() {
    wait_until 60 sample_table_owed ||
        fail "系统没有自动生成本月的汇总表。" "请看日志里 job 开头的行。" "$HOME_DIR/log/rectifyd.log"
}

sample_table_owed() { cli unit01 table show "unit01/$(sample_period)" >/dev/null 2>&1; }
