#!/usr/bin/env bash
# The sample plan fits the notice: 47 problems, 102 measures, 18 units, warnings of every level.
set -euo pipefail
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
for day in 2026-11-22 2027-02-28 2028-02-29; do
    "$SOURCE_DIR/deploy/sample/make-plan" "$day" >"$plan"
    awk -F, -v today="$day" '
        function days(text,    part, y, m) { # days since an epoch, Gregorian
            gsub(/年|月/, "-", text); sub(/日/, "", text); split(text, part, "-")
            y = part[1]; m = part[2]
            if (m < 3) { m += 12; y-- }
            return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + part[3]
        }
        function bad(what) { print what ": " $0; failed = 1 }
        FNR == 1 { next }
        {
            rows++; problems[$2] = $5; now = days(today)
            effect = days($11); complete = days($12)
            if (NF != 12 || $11 == "" || $12 == "") bad("cells")
            if (complete < effect) bad("order of dates")
            if ($10 == "立行立改" && effect != complete) bad("立行立改 has one date")
            left = effect - now
            level[left < 0 ? 4 : left <= 3 ? 3 : left <= 10 ? 2 : left <= 20 ? 1 : 0]++
            if ($5 ~ /样例单位01/ && left < 0) overdue_first = 1
        }
        END {
            for (p in problems) { n++; leads[problems[p]]++ }
            for (u in leads) { units++; if (leads[u] < 2) bad("unit with one problem") }
            if (rows != 102 || n != 47 || units != 18) bad(rows "/" n "/" units)
            for (l = 0; l <= 4; l++) if (!level[l]) bad("no measure of level " l)
            if (!overdue_first) bad("unit01 has nothing overdue")
            exit failed
        }' "$plan"
done
