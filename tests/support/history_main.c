/* The history checker for shell scripts.
 *     history mark CONNINFO            what is in the log now is nobody's business
 *     history check CONNINFO FILE…     prints the verdict; exit 0 when there is no flaw
 */
#include "tests/support/history.h"

#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
    struct history h = {.items = NULL};
    struct history_log log;
    struct history_verdict v;
    if (argc == 3 && strcmp(argv[1], "mark") == 0) {
        history_mark(argv[2]);
        return EXIT_SUCCESS;
    }
    if (argc < 4 || strcmp(argv[1], "check") != 0) {
        fprintf(stderr, "history mark CONNINFO | history check CONNINFO FILE…\n");
        return EXIT_FAILURE;
    }
    for (int i = 3; i < argc; i++) {
        history_load(&h, argv[i]);
    }
    history_log_load(argv[2], &log);
    history_judge(&h, &log, stdout, &v);
    history_print(&v, stdout);
    history_clear(&h);
    history_log_clear(&log);
    return history_is_sound(&v) ? EXIT_SUCCESS : EXIT_FAILURE;
}
