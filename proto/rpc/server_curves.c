/* mbedTLS lets the server choose the curve of the key exchange and begins with the longest, P-521;
 * it takes each side milliseconds of CPU more than P-256 and gains nothing: the certificates are
 * P-256, and a client without that curve cannot check them. nng has no setting for it, but mbedTLS
 * asks one function of libmbedcrypto for the order, and a program's own definition goes before a
 * shared library's. */
#include "proto/rpc/server_curves.h"

#include <mbedtls/ecp.h>

static const mbedtls_ecp_group_id order[] = {
    MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1,
    MBEDTLS_ECP_DP_BP256R1,   MBEDTLS_ECP_DP_BP384R1,   MBEDTLS_ECP_DP_BP512R1,
    MBEDTLS_ECP_DP_SECP256K1, MBEDTLS_ECP_DP_NONE, /* ends it */
};

const mbedtls_ecp_group_id *
mbedtls_ecp_grp_id_list(void)
{
    return order;
}

bool
server_curves_preferred(void)
{
    return mbedtls_ecp_grp_id_list()[0] == MBEDTLS_ECP_DP_SECP256R1;
}
