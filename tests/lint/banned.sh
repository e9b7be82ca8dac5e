#!/usr/bin/env bash
# Functions that invite bugs: unbounded copies, silent conversions, hidden shared state, shells.
. "$(dirname "${BASH_SOURCE[0]}")/../support/lint.sh"
BANNED='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|alloca|system'
BANNED+='|popen|rand|srand|tmpnam|tempnam|mktemp|asctime|ctime|localtime|gmtime|setjmp|longjmp'

# Comments and string literals are no calls.
check() { # FILE
    gcc -fpreprocessed -dD -E -P -x c "$1" 2>/dev/null | sed -E 's/"([^"\\]|\\.)*"/""/g' |
        { grep -oE "(^|[^A-Za-z0-9_>.])($BANNED)[ ]*\(" || true; } |
        sed -E "s|^[^a-z]*|$1: |; s|[ (]*\$||"
}

control=$(mktemp)
trap 'rm -f "$control"' EXIT
printf 'int f(char *a) { return atoi(a); } /* strcpy( */\n' >"$control"
must_find "atoi in a line of code" "$(check "$control")"
findings=
while read -r file; do
    findings+=$(check "$file" && printf x)
    findings=${findings%x}
done < <(our_c)
verdict "banned functions" "${findings%$'\n'}"
