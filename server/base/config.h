/* rectifyd.ini: what the server is told when it starts.
 *
 * One table (config.c) holds every key with its section, type, range, default and meaning; reading,
 * checking and the printed reference come from it. An unknown key, a key given twice, a value out
 * of range or a line that is too long is an error with its line number; nothing is guessed. Reading
 * sets libinih's global options: do it before there are threads.
 */
#ifndef SERVER_BASE_CONFIG_H
#define SERVER_BASE_CONFIG_H

#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "server/base/log.h"

#include <stdio.h>

enum {
    CONFIG_TEXT_SIZE = 512,  /* urls and paths */
    CONFIG_CONN_SIZE = 1024, /* libpq connection strings */
    CONFIG_NAME_SIZE = 64,
    CONFIG_LINE_BYTES = 2000 /* the longest line */
};

struct config {
    /* [server] */
    char listen[CONFIG_TEXT_SIZE]; /* tls+tcp://HOST:PORT */
    char tenant[CONFIG_NAME_SIZE]; /* the tenant this server serves */
    char state_dir[CONFIG_TEXT_SIZE];
    enum log_level log_level;
    int tick_seconds; /* the scheduler's step */
    int zone_offset_min;
    /* [tls] */
    char tls_cert[CONFIG_TEXT_SIZE];
    char tls_key[CONFIG_TEXT_SIZE];
    char tls_ca[CONFIG_TEXT_SIZE];
    /* [onboard]: certificates for machines, and the door through which those without one come */
    char onboard_listen[CONFIG_TEXT_SIZE];  /* tls+tcp://HOST:PORT; "": no such door */
    char onboard_ca_cert[CONFIG_TEXT_SIZE]; /* "": no certificates are issued */
    char onboard_ca_key[CONFIG_TEXT_SIZE];
    int onboard_days;
    int onboard_per_minute;
    char onboard_address[CONFIG_TEXT_SIZE]; /* where machines reach the two doors; "": unsaid */
    char onboard_server[CONFIG_TEXT_SIZE];
    /* [database] */
    char conninfo[CONFIG_CONN_SIZE];       /* the server's role: bound by row security */
    char owner_conninfo[CONFIG_CONN_SIZE]; /* migrations only; "" when others run them */
    int writer_threads;
    int query_threads;
    int slow_threads; /* logins and imports */
    /* [ledger] */
    char ledger_key_file[CONFIG_TEXT_SIZE]; /* Ed25519 key that signs the log's tree heads */
    int seal_seconds;
    /* [notify]: what leaves the system is a count and a link, and only by channels switched on */
    char
        mail_url[CONFIG_TEXT_SIZE]; /* smtps://HOST:PORT or smtp://HOST:PORT (STARTTLS); "": none */
    char mail_from[CONFIG_TEXT_SIZE];
    char mail_user[CONFIG_TEXT_SIZE];
    char mail_password_file[CONFIG_TEXT_SIZE];
    char endpoint_dir[CONFIG_TEXT_SIZE]; /* files ORG.CHANNEL with URL and secret; "": none */
    char notify_ca[CONFIG_TEXT_SIZE];    /* PEM; "": the system's */
    int notify_timeout_seconds;
    int notify_allow_local; /* 1: plain http and smtp to 127.0.0.1 */
};

/* Every key at its default. */
void config_init(struct config *c);

/* Reads a file over the defaults and checks it. NOT_FOUND when it cannot be opened;
 * INVALID_ARGUMENT (reason CONFIG_FILE) with file, line and what to do. *ret_config is untouched
 * unless OK. */
enum status config_load(const char *path, struct config *ret_config,
                        struct fault *fault) MUST_CHECK;

/* The same from text, named `name` in messages. */
enum status config_parse(const char *text, const char *name, struct config *ret_config,
                         struct fault *fault) MUST_CHECK;

/* The reference: an example file in which every key stands with its meaning, range and default. */
void config_print_reference(FILE *out);

#endif
