// SPDX-License-Identifier: Apache-2.0
// What LocalKeys uses of nettle and GMP: side-channel-silent ECDSA over P-384.
#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
