/* A static program loads no modules: SQLite's loader of extensions, which nobody here uses, finds
 * none (-Wl,--wrap=dlopen). The C library's own could not work. */
#include <stddef.h>

void *modules_none(const char *file, int mode) __asm__("__wrap_dlopen");

void *
modules_none(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}
