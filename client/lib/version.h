/* Version of the library, by semantic versioning: the major number moves when a program that worked
 * must be changed, the minor one when it must be built again or may use something new, the last one
 * when neither. While the major number is 0 the minor one plays its part: each minor version has a
 * SONAME of its own (librectify.so.0.1), so that a program never meets structures of another
 * layout. tests/golden/abi holds what a version promises. Pure; any thread.
 */
#ifndef CLIENT_LIB_VERSION_H
#define CLIENT_LIB_VERSION_H

#define RECTIFY_LIBRARY_MAJOR 0
#define RECTIFY_LIBRARY_MINOR 1
#define RECTIFY_LIBRARY_PATCH 0
#define RECTIFY_LIBRARY_VERSION "0.1.0" /* of the headers */

/* Version of the library that runs, "0.1.0". Never NULL. */
const char *rectify_library_version(void);

#endif
