// SPDX-License-Identifier: Apache-2.0
// What exeat and its agent ask of Linux and glibc that Swift does not see: variadic in C, or for _GNU_SOURCE alone.
#include <malloc.h>
#include <sched.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc 2.34, <spawn.h>.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// 0 or an errno.
static inline int exeat_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

// 0, or -1 and errno. Source: prctl(2), PR_SET_DUMPABLE.
static inline int exeat_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// Before the first thread: one arena for all of them instead of eight for each core. 1 when it was taken.
// Source: mallopt(3).
static inline int exeat_use_one_arena(void) { return mallopt(M_ARENA_MAX, 1); }

// Gives back what is free on the heap. Source: malloc_trim(3).
static inline void exeat_trim_heap(void) { malloc_trim(0); }

// Gives the pages of a mapping back: whatever is touched again comes from the mapped file, or is zeros where there is none.
// 0, or -1 and errno. Source: madvise(2).
static inline int exeat_give_back(uintptr_t address, size_t length) {
  return madvise((void *)address, length, MADV_DONTNEED);
}

// Names the calling thread, in at most fifteen octets. Source: PR_SET_NAME(2const).
static inline void exeat_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

// Asks that the calling thread, when it wakes, need not wait until a longer slice of another thread has ended; everything
// else of its schedule stays. 0, or -1 and errno. Kernels before 6.12 take the request and do nothing.
// Source: sched_setattr(2), which glibc 2.36 has no function for; Linux 6.12, kernel/sched/syscalls.c, __setparam_fair.
static inline int exeat_set_slice(uint64_t nanoseconds) {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } schedule = {0};
  if (syscall(SYS_sched_getattr, 0, &schedule, sizeof schedule, 0) != 0) return -1;
  if (schedule.policy != SCHED_OTHER) return 0;
  schedule.flags |= 1;  // SCHED_FLAG_RESET_ON_FORK
  schedule.runtime = nanoseconds;
  return (int)syscall(SYS_sched_setattr, 0, &schedule, 0);
}
