// SPDX-License-Identifier: Apache-2.0
// What TrailStorage uses of zlib: deflate with a gzip header.
#include <zlib.h>
