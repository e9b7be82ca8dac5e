# shellcheck shell=bash
# Shows every machine at work in the sample: plays the table SAMPLE_DIR/process, once, through the
# client as people would. Needs say.sh, home.sh, sample.sh.
#
# A run that is cut off goes on where it stopped. Each line has a mark in done/process, named by the
# line's checksum, and its command an idempotency key kept beside it from before the first try: had
# the server done it already, it answers the same again, or says that the key was used (KEY_REUSED).

process_load() {
    local marks=$HOME_DIR/done/process all who name words
    read -r all _ < <(cksum "$SAMPLE_DIR/process")
    [[ ! -e $marks/all-$all ]] || return 0
    mkdir -p "$marks" "$HOME_DIR/demo/process"
    while read -r who name words; do
        [[ $who != '' && $who != '#'* ]] || continue
        process_line "$who" "$name" "$words" || return 1
    done <"$SAMPLE_DIR/process"
    : >"$marks/all-$all"
}

# process_line PROFILE NAME WORDS: does the line unless its mark says that it is done.
process_line() {
    local who=$1 name=$2 mark words
    read -r mark _ < <(cksum <<<"$*")
    mark=$HOME_DIR/done/process/$mark
    [[ ! -e $mark ]] || return 0
    read -r -a words <<<"$(process_words "$3")"
    if [[ ${words[0]} == process_* ]]; then
        "${words[0]}" "$who" "${words[@]:1}" || return 1
    else
        process_command "$mark" "$who" "$name" "${words[@]}" || return 1
    fi
    : >"$mark"
}

# process_words WORDS: {+7} {now} {last} {file} and {NAME} put in.
process_words() {
    local text=$1 from value
    while [[ $text =~ \{([^{}]*)\} ]]; do
        from=${BASH_REMATCH[0]}
        case ${BASH_REMATCH[1]} in
        [+-]*) value=$(sample_date "${BASH_REMATCH[1]} day" %F) ;;
        now) value=$(TZ=CST-8 date +%F) ;;
        last) value=$(sample_last_period) ;;
        *.*) value=$(process_file "${BASH_REMATCH[1]}") ;;
        *) value=$(<"$HOME_DIR/demo/process/${BASH_REMATCH[1]}.ref") ;;
        esac
        text=${text//"$from"/"$value"}
    done
    printf '%s\n' "$text"
}

# process_file NAME: a file of the sample; prints its path.
process_file() {
    local file=$HOME_DIR/demo/process/$1
    [[ -e $file ]] || printf '（样例）%s：内容从略。\n' "${1%.*}" >"$file"
    printf '%s\n' "$file"
}

# process_command MARK PROFILE NAME CMD…
process_command() {
    local mark=$1 who=$2 name=$3 out=$HOME_DIR/log/cli.last log=$HOME_DIR/log/cli.log code=0 again=
    shift 3
    [[ ! -s $mark.key ]] || again=yes
    [[ -n $again ]] || process_key >"$mark.key"
    cli "$who" --key "$(<"$mark.key")" -o json "$@" >"$out" 2>&1 || code=$?
    { printf '$ rectify --profile %s %s\n' "$who" "$*" && cat "$out"; } >>"$log"
    if ((code != 0)) && ! [[ -n $again && $(<"$out") == *KEY_REUSED* ]]; then
        rm -f "$mark.key" # refused: another try is another command
        tail -n 15 "$out" >&2
        printf '样例没有载入完，停在：rectify --profile %s %s\n' "$who" "$*" >&2
        return 1
    fi
    process_keep "$name" "$out"
    rm -f "$mark.key"
}

# process_keep NAME[:FIELD] ANSWER: keeps a field of a JSON answer for later lines.
process_keep() {
    local name=${1%%:*} field=ref
    [[ $1 != *:* ]] || field=${1#*:}
    [[ $name == - ]] ||
        sed -n "s/^ *\"$field\": \"\([^\"]*\)\".*/\1/p;T;q" "$2" >"$HOME_DIR/demo/process/$name.ref"
}

# process_fill PROFILE PERIOD PERCENT: the unit's table, every row filled alike, as PROFILE.csv.
process_fill() {
    local folder=$HOME_DIR/demo/process
    cli "$1" table export --period "$2" --out "$folder/$1.out.csv" >>"$HOME_DIR/log/cli.log" || return 1
    printf '%s\t%s\t%s\n' '*' 整改进展 '（样例）按台账推进，本期任务已完成。' '*' 完成百分比 "$3" >"$folder/fills"
    awk -f "$LIB_DIR/csv_fill.awk" "$folder/fills" "$folder/$1.out.csv" >"$folder/$1.csv"
}

# process_amendment: two measures in place of one, 102 (v1) +2 −1 = 103 (v2), once it were approved.
process_amendment() {
    printf '%s\n' \
        变更,原措施编号,问题编号,整改措施,整改目标,整改类型,牵头区领导,牵头单位,参与单位,取得明显成效时限,整改落实到位时限,理由 \
        "拆分,P-17-M-05,P-17,（样例）先行部分,（样例）按期建成,限期整改,leader05,unit17,unit06,$(sample_date '+60 day' %F),$(sample_date '+120 day' %F),（样例）分步实施" \
        "拆分,P-17-M-05,P-17,（样例）后续部分,（样例）按期建成,限期整改,leader05,unit17,unit06,$(sample_date '+90 day' %F),$(sample_date '+180 day' %F),（样例）分步实施" \
        >"$HOME_DIR/demo/process/调整方案.csv"
}

# process_export PROFILE REF NAME: a publication as text and as a Word file, in the demo folder.
process_export() {
    local format
    for format in txt docx; do
        cli "$1" publication export "$2" --format $format --out "$HOME_DIR/demo/$3.$format" \
            >>"$HOME_DIR/log/cli.log" 2>&1 || return 1
    done
}

# process_key: a UUIDv7 of now.
process_key() {
    local random ms
    random=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')
    printf -v ms '%012x' "$(date +%s%3N)"
    printf '%s-%s-7%s-8%s-%s\n' "${ms:0:8}" "${ms:8:4}" "${random:0:3}" "${random:3:3}" "${random:6:12}"
}
