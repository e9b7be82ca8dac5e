/* Which elliptic curves a server prefers for its key exchange. */
#ifndef PROTO_RPC_SERVER_CURVES_H
#define PROTO_RPC_SERVER_CURVES_H

#include <stdbool.h>

/* True when the preference below is the one that mbedTLS is given: the program's own definition of
 * mbedtls_ecp_grp_id_list stands before the library's. For an assertion. Pure; any thread. */
bool server_curves_preferred(void);

#endif
