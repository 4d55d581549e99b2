// SPDX-License-Identifier: Apache-2.0
//
// How many P-384 signatures a second nettle makes on one core, with a fresh nonce from the kernel for each and nothing
// else around it: the limit that ES384 tokens are measured against. Prints one number.

#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void from_kernel(void *context, size_t length, uint8_t *bytes) {
  (void)context;
  while (length > 0) {
    size_t part = length < 256 ? length : 256;
    if (getrandom(bytes, part, 0) != (ssize_t)part) exit(1);
    bytes += part;
    length -= part;
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  double seconds = count > 1 ? atof(arguments[1]) : 3;
  const struct ecc_curve *curve = nettle_get_secp_384r1();
  struct ecc_point public_key;
  struct ecc_scalar private_key;
  struct dsa_signature signature;
  uint8_t digest[48];

  ecc_point_init(&public_key, curve);
  ecc_scalar_init(&private_key, curve);
  dsa_signature_init(&signature);
  ecdsa_generate_keypair(&public_key, &private_key, NULL, from_kernel);
  from_kernel(NULL, sizeof digest, digest);

  long done = 0;
  double begin = now(), end;
  do {
    for (int n = 0; n < 64; n++, done++) {
      memcpy(digest, &done, sizeof done);
      ecdsa_sign(&private_key, NULL, from_kernel, sizeof digest, digest, &signature);
    }
    end = now();
  } while (end - begin < seconds);
  // A rate of signatures that do not verify would be worth nothing.
  if (!ecdsa_verify(&public_key, sizeof digest, digest, &signature)) return 1;
  printf("%.1f\n", (double)done / (end - begin));
  return 0;
}
