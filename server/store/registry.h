/* The registry of statements: every file of this folder that holds SQL is listed, so that a test
 * can PREPARE all of it on the migrated schema. */
#ifndef SERVER_STORE_REGISTRY_H
#define SERVER_STORE_REGISTRY_H

#include "server/store/db.h"

/* Lists of statements, each ended by NULL; names are unique over all of them. */
const struct statement *const *const *registry_statements(size_t *ret_count);

#endif
