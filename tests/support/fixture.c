#include "tests/support/fixture.h"

#include <ftw.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_SIZE = 512, ROLES_MAX = 8, PATH_SIZE = 4096 };

struct conninfo {
    char role[TEXT_SIZE];
    char text[TEXT_SIZE];
};

static struct {
    pid_t owner; /* a forked child must not drop what its parent uses */
    unsigned clones;
    bool has_database;
    char socket[TEXT_SIZE];
    char database[TEXT_SIZE];
    struct conninfo conninfos[ROLES_MAX];
    size_t count;
    char dir[PATH_SIZE];
} fixture;

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void
die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("fixture: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

/* First line of BUILD_DIR/testdb/NAME. */
static void
read_line(const char *name, char *ret_text, size_t size)
{
    const char *build = getenv("BUILD_DIR");
    if (build == NULL) {
        die("BUILD_DIR is not set; run the test through ctest");
    }
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/testdb/%s", build, name);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(ret_text, (int)size, file) == NULL) {
        die("%s is not there; run: tests/support/cluster start %s", path, build);
    }
    fclose(file);
    ret_text[strcspn(ret_text, "\n")] = '\0';
}

static void
conninfo_write(char *ret_text, size_t size, const char *role, const char *database)
{
    int length = snprintf(ret_text, size, "host=%s port=5432 dbname=%s user=%s connect_timeout=10",
                          fixture.socket, database, role);
    if (length < 0 || (size_t)length >= size) {
        die("connection string too long");
    }
}

static PGresult *
run_sql(const char *conninfo, const char *sql)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK) {
        die("%s: %s", conninfo, PQerrorMessage(conn));
    }
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        die("%s\n%s", sql, PQerrorMessage(conn));
    }
    PQfinish(conn);
    return result;
}

static void
run_admin(const char *sql)
{
    char conninfo[TEXT_SIZE];
    conninfo_write(conninfo, sizeof(conninfo), "postgres", "postgres");
    PQclear(run_sql(conninfo, sql));
}

static void
database_drop(void)
{
    char sql[2 * TEXT_SIZE];
    if (!fixture.has_database || fixture.owner != getpid()) {
        return;
    }
    fixture.has_database = false;
    snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s WITH (FORCE)", fixture.database);
    run_admin(sql);
}

static void
database_create(void)
{
    char template[TEXT_SIZE];
    char sql[3 * TEXT_SIZE];
    read_line("socket", fixture.socket, sizeof(fixture.socket));
    read_line("template", template, sizeof(template));
    if (fixture.clones == 0) {
        fixture.owner = getpid();
        atexit(database_drop);
    }
    /* The pid in the name tells the next start of the cluster whose database it was. */
    snprintf(fixture.database, sizeof(fixture.database), "t_%ld_%u", (long)getpid(),
             fixture.clones++);
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s OWNER rectify_owner",
             fixture.database, template);
    run_admin(sql);
    fixture.has_database = true;
    for (size_t i = 0; i < fixture.count; i++) {
        conninfo_write(fixture.conninfos[i].text, TEXT_SIZE, fixture.conninfos[i].role,
                       fixture.database);
    }
}

const char *
test_db_conninfo(const char *role)
{
    if (!fixture.has_database) {
        database_create();
    }
    for (size_t i = 0; i < fixture.count; i++) {
        if (strcmp(fixture.conninfos[i].role, role) == 0) {
            return fixture.conninfos[i].text;
        }
    }
    if (fixture.count == ROLES_MAX) {
        die("more than %d roles", ROLES_MAX);
    }
    struct conninfo *slot = &fixture.conninfos[fixture.count++];
    snprintf(slot->role, sizeof(slot->role), "%s", role);
    conninfo_write(slot->text, sizeof(slot->text), role, fixture.database);
    return slot->text;
}

void
test_db_reset(void)
{
    database_drop();
}

void
test_db_exec(const char *role, const char *sql)
{
    PQclear(run_sql(test_db_conninfo(role), sql));
}

void
test_db_query(const char *role, const char *sql, char *ret_text, size_t size)
{
    PGresult *result = run_sql(test_db_conninfo(role), sql);
    const char *value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    int length = snprintf(ret_text, size, "%s", value);
    if (length < 0 || (size_t)length >= size) {
        die("answer of %d bytes does not fit: %s", length, sql);
    }
    PQclear(result);
}

bool
test_db_refused(const char *role, const char *sql, const char *constraint)
{
    PGconn *conn = PQconnectdb(test_db_conninfo(role));
    PGresult *result = PQexec(conn, sql);
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    bool refused = name != NULL && strcmp(name, constraint) == 0;
    if (!refused) {
        fprintf(stderr, "not refused by %s: %s\n", constraint, PQresultErrorMessage(result));
    }
    PQclear(result);
    PQfinish(conn);
    return refused;
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void
dir_remove(void)
{
    if (fixture.owner == getpid()) {
        nftw(fixture.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}

const char *
test_dir(void)
{
    if (fixture.dir[0] == '\0') {
        const char *parent = getenv("TMPDIR");
        snprintf(fixture.dir, sizeof(fixture.dir), "%s/rectify-test-XXXXXX",
                 parent != NULL ? parent : "/tmp");
        if (mkdtemp(fixture.dir) == NULL) {
            die("cannot make %s", fixture.dir);
        }
        fixture.owner = getpid();
        atexit(dir_remove);
    }
    return fixture.dir;
}
