#!/bin/sh
# Writes china.inc from the calendar files: run it after a year's file was added or corrected.
# A unit test compares the two, so forgetting it fails.
set -eu
cd "$(dirname "$0")"
source=../../../deploy/sample/calendar
{
    echo "/* Made by make.sh from deploy/sample/calendar; do not edit. */"
    cat "$source"/*.csv | tr -d '\r' | awk -F, '
        /^[0-9]/ {
            day = $1
            gsub("-", "", day)
            printf "{%s, %s},\n", day, $2 == "off" ? "CALENDAR_OFF" : "CALENDAR_WORK"
        }'
} > china.inc
