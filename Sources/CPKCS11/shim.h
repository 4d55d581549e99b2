// SPDX-License-Identifier: Apache-2.0
// The types and numbers of PKCS #11 v2.40, of libp11-kit-dev. Nothing is linked: a module is loaded when one is named.
#define CRYPTOKI_GNU 1
#include <p11-kit-1/p11-kit/pkcs11.h>
