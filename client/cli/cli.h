/* One run of `rectify`: what its command handlers share.
 *
 * A handler asks for what it needs (cli_query, cli_command: the profile is read and the server
 * reached at that moment), and prints to c->out. Faults go up and are printed once, by cli_main.
 */
#ifndef CLIENT_CLI_CLI_H
#define CLIENT_CLI_CLI_H

#include "client/cli/line.h"
#include "client/lib/channel.h"
#include "client/lib/evidence.h"
#include "client/lib/profile.h"
#include "client/lib/session.h"

#include <stdio.h>

#ifndef RECTIFY_VERSION
#define RECTIFY_VERSION "0.0.0"
#endif
#define CLI_CLIENT_VERSION "rectify " RECTIFY_VERSION
#define CLI_ARENA_BYTES ((size_t)512 * 1024 * 1024)

enum cli_format { CLI_TABLE, CLI_JSON, CLI_CSV };

/* Whether the command goes through the outbox. */
enum cli_queue {
    CLI_QUEUE_NEVER,
    CLI_QUEUE_OFFLINE, /* when the line is down */
    CLI_QUEUE_ALWAYS   /* put first, then sent when the server answers */
};

struct rectify_outbox;

struct cli {
    struct arena arena; /* of the whole run */
    FILE *out;          /* results */
    FILE *err;          /* errors, progress, hints */
    bool out_tty;
    bool err_tty;
    enum cli_format format;
    const char *profile_name;        /* NULL: the default */
    const char *home;                /* --home; NULL: from the environment */
    const char *key;                 /* --key; NULL: a new one */
    const char *on_behalf_of;        /* --for; NULL: one's own unit */
    const char *stands_for;          /* --as, "@account" (代行); NULL: as oneself */
    uint32_t deadline_ms;            /* --timeout; 0: the default */
    struct rectify_profile profile;  /* name NULL: not loaded yet */
    struct rectify_channel *channel; /* NULL: not opened yet */
    bool progress_shown;             /* a progress line stands on the terminal */
    const struct command *command;   /* what is run; NULL: not recognised */
    const struct line *line;         /* as typed */
    enum cli_queue queue;            /* of the command at hand; set with the profile */
    bool queue_flag;                 /* --queue */
    bool offline_flag;               /* --offline */
    bool offline_told;
    bool reached;                  /* the server has answered in this run */
    bool queued;                   /* the command waits in the outbox: the run ends well */
    const char *title;             /* what the outbox calls the command; NULL: by its words */
    struct rectify_outbox *outbox; /* NULL: not opened yet */
    struct rectify_cache *cache;   /* the same */
    size_t detail_count;           /* lines shown beneath the error, see cli_detail */
    size_t detail_capacity;
    void *details;  /* of const char *, in the arena */
    int code;       /* exit code of a command that did what was asked and found something */
    bool explained; /* the fault speaks in the user's words: the server's field is not shown */
};

/* Adds a line to be shown beneath the error: where several things are wrong at once. */
void cli_detail(struct cli *c, const char *text);

/* Runs one command line: parses, runs, prints faults. Returns the exit code; the process is to end
 * with it (the connection is left to the kernel). Blocks. */
int cli_main(int argc, char **argv, FILE *out, FILE *err);

/* Loads the profile once. */
MUST_CHECK enum status cli_profile(struct cli *c, struct fault *f);

/* Opens the channel once (does not connect). */
MUST_CHECK enum status cli_channel(struct cli *c, struct fault *f);

/* Asks something, in one's own name also with --for: no key, nothing changes. The reply is in the
 * run's arena. */
MUST_CHECK enum status cli_query(struct cli *c, const char *method, const ProtobufCMessage *request,
                                 ProtobufCMessage **ret_reply, struct fault *f);

/* The same, for what is good to know and not needed: *ret_found false when the line is down and the
 * cache does not know. */
MUST_CHECK enum status cli_query_if_known(struct cli *c, const char *method,
                                          const ProtobufCMessage *request,
                                          ProtobufCMessage **ret_reply, bool *ret_found,
                                          struct fault *f);

/* Keeps a reply as the answer to that question too, for when the line is down. */
void cli_query_remember(struct cli *c, const char *method, const ProtobufCMessage *request,
                        const ProtobufCMessage *reply);

/* A command, the one the user gave: it takes --key, and is done for the unit of --for. A command
 * that waits in the outbox ends with CANCELLED QUEUED, which cli_main takes for success. */
struct cli_command {
    const char *method;
    const ProtobufCMessage *request;
    bool has_expected_version;
    int64_t expected_version;
    uint32_t timeout_ms; /* 0: the default */
};
MUST_CHECK enum status cli_command(struct cli *c, const struct cli_command *command,
                                   struct rectify_answer *ret_answer, struct fault *f);

/* Prints "已收件" with the receipt's number: on out for people, on err beside JSON and CSV. */
void cli_receipt_print(struct cli *c, const struct rectify_answer *answer);

/* Prints a reply message as JSON. */
MUST_CHECK enum status cli_json_print(struct cli *c, const ProtobufCMessage *message,
                                      struct fault *f);

/* A progress line on a terminal; nothing elsewhere. */
void cli_progress(struct cli *c, const char *name, int64_t done, int64_t size);

/* Takes the progress line away, before anything else is printed. */
void cli_progress_clear(struct cli *c);

/* With --key of a command in the outbox: sends it again exactly as it was, or finds it settled, and
 * prints its answer. *ret_done is false when there is none under that key. */
MUST_CHECK enum status cli_key_resend(struct cli *c, bool *ret_done, struct fault *f);

/* Looks whether FILE[:KIND] is there. NOT_FOUND FILE_MISSING, which also says when what stands
 * behind the colon is no kind: INVALID_ARGUMENT ATTACHMENT. */
MUST_CHECK enum status cli_evidence_look(struct cli *c, const char *text, struct fault *f);

/* Uploads FILE[:KIND] and gives the id, in the arena; captured for the outbox where the command
 * goes there, the id is then a stand-in. Faults name the file. */
MUST_CHECK enum status cli_evidence_send(struct cli *c, const char *text, const char *effective_on,
                                         const char **ret_id, struct fault *f);
MUST_CHECK enum status cli_evidence_upload(struct cli *c, const char *path, Pb__EvidenceKind kind,
                                           const char *effective_on, const char **ret_id,
                                           struct fault *f);

/* protobuf-c's text fields are not const; packing does not write to them. NULL stays NULL. */
char *cli_field(const char *s);

/* The value of an option as a date; *ret_date NULL when it was not given. USAGE_DATE. */
MUST_CHECK enum status cli_date_option(struct cli *c, const struct line *line, const char *name,
                                       const char **ret_date, struct fault *f);

/* The value of an option as a number; *ret_has false when it was not given. USAGE_NUMBER. */
struct cli_number {
    const char *name;
    int64_t min;
    int64_t max;
};
MUST_CHECK enum status cli_number_option(struct cli *c, const struct line *line,
                                         const struct cli_number *spec, bool *ret_has,
                                         int64_t *ret_value, struct fault *f);

/* Text of somebody else's, safe for a terminal, one line. Never NULL. */
const char *cli_text(struct cli *c, const char *s);

#endif
