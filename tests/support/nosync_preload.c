/* A disk that lies: preloaded, it makes every sync do nothing. For controls. */
#include <unistd.h>

int
fsync(int fd)
{
    (void)fd;
    return 0;
}

int
fdatasync(int fd)
{
    (void)fd;
    return 0;
}
