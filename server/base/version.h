/* The version this server tells: in replies, in Health, on the command line. The number is that of
 * project() in CMakeLists.txt (tests/unit/describe_test.c compares the two). */
#ifndef SERVER_BASE_VERSION_H
#define SERVER_BASE_VERSION_H

#define SERVER_VERSION "rectifyd 0.1.0"

#endif
