// SPDX-License-Identifier: Apache-2.0
// What exeat and its agent ask of Linux and glibc that Swift does not see: variadic in C, or for _GNU_SOURCE alone.
#include <elf.h>
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

// The members of struct dl_phdr_info that are read here, and dl_iterate_phdr(3), which <link.h> keeps for _GNU_SOURCE.
struct exeat_loaded_object {
  size_t address;
  const char *name;
  const Elf64_Phdr *segments;
  Elf64_Half count;
};
extern int exeat_iterate_objects(int (*visit)(struct exeat_loaded_object *, size_t, void *), void *data)
    __asm__("dl_iterate_phdr");

// What may not be written was never written, so the file has it all: whatever is touched again comes back from there.
static inline int exeat_give_back_code(struct exeat_loaded_object *object, size_t size, void *data) {
  (void)size;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (Elf64_Half index = 0; index < object->count; index++) {
    const Elf64_Phdr *segment = &object->segments[index];
    if (segment->p_type == PT_DYNAMIC) {
      // Code that the loader had to change (DT_TEXTREL) is in no file.
      for (const Elf64_Dyn *entry = (const Elf64_Dyn *)(object->address + segment->p_vaddr); entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return 0;
    }
  }
  for (Elf64_Half index = 0; index < object->count; index++) {
    const Elf64_Phdr *segment = &object->segments[index];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    size_t start = (object->address + segment->p_vaddr + page - 1) & ~(page - 1);
    size_t end = (object->address + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

// Gives back what is free on the heap, and the pages of code and constants, which the kernel may keep in its cache.
// Source: malloc_trim(3), madvise(2), dl_iterate_phdr(3).
static inline void exeat_give_back_memory(void) {
  malloc_trim(0);
  exeat_iterate_objects(exeat_give_back_code, NULL);
}

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
