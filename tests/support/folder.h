/* Folders of a test's own. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* Removes the files in a folder (no folders below it), and the folder. Asserts on failure. */
void folder_remove(const char *path);

#endif
