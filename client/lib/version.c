#include "client/lib/version.h"

const char *
rectify_library_version(void)
{
    return RECTIFY_LIBRARY_VERSION;
}
