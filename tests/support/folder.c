#include "tests/support/folder.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    assert(folder != NULL);
    const struct dirent *e = NULL;
    while ((e = readdir(folder)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            int gone = unlinkat(dirfd(folder), e->d_name, 0);
            assert(gone == 0);
            (void)gone;
        }
    }
    closedir(folder);
    int gone = rmdir(path);
    assert(gone == 0);
    (void)gone;
}
