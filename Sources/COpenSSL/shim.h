// SPDX-License-Identifier: Apache-2.0
// What LocalKeys uses of OpenSSL 3: RSA private keys from PKCS#8 and RSASSA-PKCS1-v1_5 signatures.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
