/* Loaded before libc into a server under test: makes its disk refuse what the
   control file says, and writes down what was done to the database's files. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

struct control {
  int64_t refuse_flushes;
  int64_t limited;
  int64_t bytes_left;
};

static struct control *control;
static int trace = -1;

static void start(void) {
  const char *path = getenv("FAULTY_DISK_CONTROL"), *log = getenv("FAULTY_DISK_TRACE");
  if (control || !path || !log) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *shared = mmap(0, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  trace = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (shared != MAP_FAILED) control = shared;
}

__attribute__((constructor)) static void load(void) { start(); }

static const char *database_file(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!control || length < 0) return 0;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  if (!name) return 0;
  if (!strcmp(name, "/sluice.db")) return "database";
  if (!strcmp(name, "/sluice.db-wal")) return "log";
  return 0;
}

static void note(const char *what, const char *file, int refused) {
  dprintf(trace, "%s %s%s\n", what, file, refused ? " refused" : "");
}

static int refused_bytes(size_t count) {
  if (!__atomic_load_n(&control->limited, __ATOMIC_SEQ_CST)) return 0;
  return __atomic_sub_fetch(&control->bytes_left, (int64_t)count, __ATOMIC_SEQ_CST) < 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int flush(int fd, int (*real)(int)) {
  const char *file = database_file(fd);
  if (!file) return real(fd);
  /* 1: all of them, 2: those of the database alone. */
  int64_t refuse = __atomic_load_n(&control->refuse_flushes, __ATOMIC_SEQ_CST);
  int refused = refuse == 1 || (refuse == 2 && !strcmp(file, "database"));
  int result = refused ? (errno = EIO, -1) : real(fd);
  int error = errno;
  note("flush", file, result != 0);
  errno = error;
  return result;
}

int fsync(int fd) { return flush(fd, REAL(fsync)); }
int fdatasync(int fd) { return flush(fd, REAL(fdatasync)); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  const char *file = database_file(fd);
  if (file && refused_bytes(count)) return errno = ENOSPC, -1;
  return REAL(pwrite64)(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t length) {
  const char *file = database_file(fd);
  if (file) note("truncate", file, 0);
  return REAL(ftruncate64)(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
