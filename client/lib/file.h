/* Files on the client's disk: read whole and bounded, replaced whole or not at all.
 *
 * Any thread; every function blocks on the disk. Texts and bytes live in the caller's arena.
 */
#ifndef CLIENT_LIB_FILE_H
#define CLIENT_LIB_FILE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Reads a regular file of at most max bytes, a NUL behind it. NOT_FOUND FILE_MISSING,
 * INVALID_ARGUMENT FILE_KIND (a folder), FILE_EMPTY, FILE_TOO_LARGE; PERMISSION_DENIED FILE_DENIED;
 * UNAVAILABLE FILE_READ; RESOURCE_EXHAUSTED. */
MUST_CHECK enum status rectify_file_read(struct arena *a, const char *path, size_t max,
                                         char **ret_bytes, size_t *ret_n, struct fault *f);

/* A file being written. Regular files are written beside their place and renamed over it by commit;
 * devices and pipes are written through, and so is "-", the standard output. Strings are malloc'd.
 */
struct rectify_file {
    FILE *stream; /* write here */
    char *path;
    char *temp; /* NULL when written through */
};

/* Opens; the folder must exist. INVALID_ARGUMENT FILE_KIND, NOT_FOUND FOLDER_MISSING,
 * PERMISSION_DENIED FILE_DENIED, UNAVAILABLE FILE_WRITE. */
MUST_CHECK enum status rectify_file_begin(const char *path, mode_t mode,
                                          struct rectify_file *ret_file, struct fault *f);

/* Flushes, syncs and puts the file in its place; the struct is empty afterwards, also on failure
 * (UNAVAILABLE FILE_WRITE, nothing left behind). */
MUST_CHECK enum status rectify_file_commit(struct rectify_file *file, struct fault *f);

/* Gives up what was not committed. Accepts a zeroed or finished struct. */
void rectify_file_release(struct rectify_file *file);

/* begin, write, commit. */
MUST_CHECK enum status rectify_file_replace(const char *path, mode_t mode, const void *bytes,
                                            size_t n, struct fault *f);

/* Makes a folder and its parents; an existing one is kept as it is. UNAVAILABLE FOLDER_MAKE. */
MUST_CHECK enum status rectify_folder_make(const char *path, mode_t mode, struct fault *f);

/* What an errno says, in Chinese, without a full stop: "没有这个文件或文件夹". Static. */
const char *rectify_errno_zh(int code);

/* Is there something readable at that path? */
bool rectify_file_exists(const char *path);

/* path itself when absolute (or folder NULL or "."), else folder/path. NULL when the arena is full.
 */
char *rectify_path_join(struct arena *a, const char *folder, const char *path);

/* The folder part of a path: "." when there is none. NULL when the arena is full. */
char *rectify_path_folder(struct arena *a, const char *path);

#endif
