// SPDX-License-Identifier: Apache-2.0
// What exeat and its agent ask of Linux and glibc that Swift does not see: variadic in C, or for _GNU_SOURCE alone.
#include <spawn.h>
#include <sys/prctl.h>

// glibc 2.34, <spawn.h>.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// 0 or an errno.
static inline int exeat_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

// 0, or -1 and errno. Source: prctl(2), PR_SET_DUMPABLE.
static inline int exeat_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
