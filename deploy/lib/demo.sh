# shellcheck shell=bash
# The main job, played once and shown. Needs say.sh, sample.sh.

demo_title() { printf '\n—— %s\n' "$*"; }

# demo_show PROFILE CMD…: prints the command as a person would type it, and what it answers. The
# files of the demo lie in HOME/demo, where it runs.
demo_show() {
    printf '\n$ rectify --profile %s\n' "$*"
    (cd "$HOME_DIR/demo" && cli "$@") ||
        fail "演示中的命令没有成功（见上）。" "请把上面的输出和日志一并交给管理员。" \
            "$HOME_DIR/log/rectifyd.log"
}

# The table as a clerk would fill it: every row a sentence, one row claims that effect is reached.
demo_fill() {
    local table=$1 filled=$2 claim=P-01-M-02
    printf '%s\t%s\t%s\n' \
        '*' 整改进展 '（样例）已制定工作台账，按月推进，本月完成阶段任务。' \
        '*' 完成百分比 30 \
        P-01-M-01 整改进展 '（样例）学习计划已印发，专题研讨因人员调整推迟。' \
        P-01-M-01 完成百分比 60 \
        P-01-M-01 困难问题 '（样例）讲师资源不足，需统筹安排。' \
        $claim 整改进展 '（样例）督查制度已运行两个月，各单位学习记录齐全。' \
        $claim 完成百分比 80 \
        $claim 申请认定 明显成效 \
        $claim 证明材料 evidence-sample.txt >"$HOME_DIR/demo/fills"
    awk -f "$LIB_DIR/csv_fill.awk" "$HOME_DIR/demo/fills" "$table" >"$filled"
}

# The office's decisions: everything but one row is accepted, that one is returned with a reason.
demo_decide() {
    {
        printf '措施编号,意见,认定,理由,原因码\n'
        awk -F'"' '$2 == "P-01-M-01" { print $2 ",退回,,（样例）请写明研讨安排的日期。,NARRATIVE_THIN"; next }
                   $2 == "P-01-M-02" { print $2 ",通过,同意,,OK"; next }
                   $2 ~ /^P-/ { print $2 ",通过,,,OK" }' "$1"
    } >"$2"
}

demo_play() {
    local demo=$HOME_DIR/demo period
    period=$(sample_period)
    printf '（样例）学习督查记录：1—2月共旁听12次，问题3个，均已整改。\n' >"$demo/evidence-sample.txt"
    demo_title "一、单位01：看待办、签收、填表、报送"
    demo_show unit01 todo
    demo_show unit01 sign-for --all
    demo_show unit01 table export --period "$period" --out unit01.csv
    demo_fill "$demo/unit01.csv" "$demo/unit01-filled.csv"
    demo_show unit01 table submit unit01-filled.csv
    demo_title "二、办公室：逐行审核，一行退回，其余通过，同意一项认定申请"
    demo_show office table list --state SUBMITTED
    demo_decide "$demo/unit01-filled.csv" "$demo/decisions.csv"
    demo_show office office table decide "unit01/$period" --file decisions.csv
    demo_show unit01 table show "unit01/$period"
    demo_title "三、领导小组：总体情况"
    demo_show group status
    demo_title "四、单位01：收到系统自动发出的提醒"
    demo_show unit01 alert wait --timeout 30
}
