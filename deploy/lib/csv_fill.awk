# Fills cells of a CSV file: awk -f csv_fill.awk FILLS TABLE.csv
# FILLS holds lines KEY<TAB>HEADING<TAB>VALUE; KEY is the first cell of a row, "*" stands for every
# row without a line of its own. Headings stand in the row that begins with 措施编号; what comes before
# it is kept. Quoted cells and doubled quotes are understood, line breaks inside a cell are not.
BEGIN { FS = "\t" }
FILENAME == ARGV[1] { fill[$1, $2] = $3; special[$1] = 1; next }
{
    line = $0
    sub(/\r$/, "", line)
    if (FNR == 1) sub(/^\357\273\277/, "", line)
    n = split_csv(line)
    key = cell[1]
    if (key == "措施编号") for (i = 1; i <= n; i++) heading[i] = cell[i]
    else if (1 in heading) from = (key in special) ? key : "*"
    out = ""
    for (i = 1; i <= n; i++) {
        if (from != "" && (from, heading[i]) in fill) cell[i] = fill[from, heading[i]]
        gsub(/"/, "\"\"", cell[i])
        out = out (i > 1 ? "," : "") "\"" cell[i] "\""
    }
    print out
}
function split_csv(text,    n, rest, end) {
    n = 0
    rest = text ","
    while (rest != "") {
        n++
        if (substr(rest, 1, 1) == "\"") {
            rest = substr(rest, 2)
            cell[n] = ""
            while ((end = index(rest, "\"")) > 0 && substr(rest, end + 1, 1) == "\"") {
                cell[n] = cell[n] substr(rest, 1, end)
                rest = substr(rest, end + 2)
            }
            cell[n] = cell[n] substr(rest, 1, end - 1)
            rest = substr(rest, end + 2)
        } else {
            end = index(rest, ",")
            cell[n] = substr(rest, 1, end - 1)
            rest = substr(rest, end + 1)
        }
    }
    return n
}
