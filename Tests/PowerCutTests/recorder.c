// Preloaded, this writes down what a process does to the files below METERD_RECORDER_ROOT, in order and with the octets, in the
// file METERD_RECORDER_LOG; with them, as marks, what the process says on standard output. `RecordedLog.swift` reads it.
//
// One lock goes around each call and its record, so that the order of the log is that of the files. fsync and fdatasync are
// recorded and not carried out: here they only cost time. Calls that are not modelled are recorded too, and the reader refuses
// them; what goes past this library altogether is found by comparing the log with the directory that the process left.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  OPENED = 1,  // path, inode: a file or directory that was there
  CREATED,     // path, inode, number = mode
  WRITTEN,     // inode, number = offset, data
  RESIZED,     // inode, number = size
  ALLOCATED,   // inode, number = the end that the file reaches at least
  SYNCED,      // inode; 0: everything
  RENAMED,     // path, data = the new path
  UNLINKED,    // path
  MADE,        // path, inode: a directory
  REMOVED,     // path: a directory
  LINKED,      // path, data = the new path
  MARKED,      // data
  MAPPED,      // path: for writing
  MODE,        // inode, number = mode
  UNKNOWN      // path, data = the call
};

// Little-endian as all the machines that this runs on.
struct header {
  uint32_t kind, path_length;
  uint64_t inode, number, data_length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static dev_t device;
static int log_file = -1;
// What was opened or made below the root.
static ino_t *inodes;
static size_t inode_count, inode_capacity;

static void fail(const char *what) {
  fprintf(stderr, "recorder.c: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void record(enum kind kind, const char *path, uint64_t inode, uint64_t number, const void *data, size_t length) {
  struct header header = {kind, path ? strlen(path) : 0, inode, number, length};
  struct iovec parts[3] = {
      {&header, sizeof header}, {(void *)path, header.path_length}, {(void *)data, length}};
  ssize_t whole = sizeof header + header.path_length + length;
  if (syscall(SYS_writev, log_file, parts, 3) != whole) fail("the log cannot be written");
}

static size_t place_of(ino_t inode) {
  size_t place = 0;
  while (place < inode_count && inodes[place] != inode) place++;
  return place;
}

static void remember(ino_t inode) {
  if (place_of(inode) < inode_count) return;
  if (inode_count == inode_capacity) {
    inode_capacity = inode_capacity * 2 + 64;
    inodes = realloc(inodes, inode_capacity * sizeof *inodes);
    if (!inodes) fail("no memory");
  }
  inodes[inode_count++] = inode;
}

// The inode behind a descriptor, where it lies below the root; else 0. Inodes, not descriptors: dup and its kin need no care.
static ino_t tracked(int file) {
  struct stat about;
  if (log_file < 0 || fstat(file, &about) != 0 || about.st_dev != device) return 0;
  return place_of(about.st_ino) < inode_count ? about.st_ino : 0;
}

// The part of a path below the root, "" for the root itself; NULL for what lies elsewhere.
static const char *inside(int directory, const char *path, char *buffer) {
  if (log_file < 0 || !path) return NULL;
  char whole[2 * PATH_MAX], parent[PATH_MAX];
  if (path[0] == '/') {
    if (snprintf(whole, sizeof whole, "%s", path) >= (int)sizeof whole) return NULL;
  } else {
    char link[64], base[PATH_MAX];
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return NULL;
    base[length] = 0;
    if (snprintf(whole, sizeof whole, "%s/%s", base, path) >= (int)sizeof whole) return NULL;
  }
  size_t length = strlen(whole);
  while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
  char *name = strrchr(whole, '/') + 1;
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    if (!realpath(whole, buffer)) return NULL;
  } else {
    char last[NAME_MAX + 1];
    if (snprintf(last, sizeof last, "%s", name) >= (int)sizeof last) return NULL;
    *name = 0;
    if (!realpath(whole, parent)) return NULL;
    const char *slash = parent[1] ? "/" : "";
    if (snprintf(buffer, PATH_MAX, "%s%s%s", parent, slash, last) >= PATH_MAX) return NULL;
  }
  if (strncmp(buffer, root, root_length) != 0) return NULL;
  if (buffer[root_length] == 0) return "";
  return buffer[root_length] == '/' ? buffer + root_length + 1 : NULL;
}

__attribute__((constructor)) static void start(void) {
  const char *below = getenv("METERD_RECORDER_ROOT");
  const char *log = getenv("METERD_RECORDER_LOG");
  struct stat about;
  if (!below || !log) {
    errno = EINVAL;
    fail("METERD_RECORDER_ROOT and METERD_RECORDER_LOG must be set");
  }
  if (!realpath(below, root) || stat(root, &about) != 0) fail(below);
  root_length = strlen(root);
  device = about.st_dev;
  int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  // Out of the way of those who count descriptors.
  log_file = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 500);
  if (log_file < 0) fail(log);
  syscall(SYS_close, file);
  // A child would begin the log anew.
  unsetenv("LD_PRELOAD");
  remember(about.st_ino);
  record(OPENED, "", about.st_ino, 0, NULL, 0);
}

static void record_unknown(int file, const char *call) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  record(UNKNOWN, path, 0, 0, call, strlen(call));
}

// MARK: - Opening

static int open_below(int directory, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(directory, path, buffer);
  struct stat about;
  int was_there = !below || fstatat(directory, path, &about, 0) == 0;
  int file = syscall(SYS_openat, directory, path, flags, mode);
  int error = errno;
  if (file >= 0 && fstat(file, &about) == 0 && about.st_dev == device) {
    if (below) {
      remember(about.st_ino);
      record(was_there ? OPENED : CREATED, below, about.st_ino, about.st_mode & 07777, NULL, 0);
      if (was_there && flags & O_TRUNC && S_ISREG(about.st_mode)) record(RESIZED, NULL, about.st_ino, 0, NULL, 0);
      if ((flags & O_TMPFILE) == O_TMPFILE) record(UNKNOWN, below, 0, 0, "O_TMPFILE", 9);
    } else if (place_of(about.st_ino) < inode_count) {
      // The file that had this inode is gone, and another one has it now.
      inodes[place_of(about.st_ino)] = inodes[inode_count - 1];
      inode_count--;
    }
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return file;
}

#define TAKE_MODE(flags, mode)                                 \
  mode_t mode = 0;                                        \
  if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list more;                                         \
    va_start(more, flags);                                \
    mode = va_arg(more, mode_t);                          \
    va_end(more);                                         \
  }

int open(const char *path, int flags, ...) {
  TAKE_MODE(flags, mode)
  return open_below(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  TAKE_MODE(flags, mode)
  return open_below(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  TAKE_MODE(flags, mode)
  return open_below(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  TAKE_MODE(flags, mode)
  return open_below(directory, path, flags, mode);
}

int creat(const char *path, mode_t mode) { return open_below(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

// MARK: - Writing

// A short write records what was written.
static void record_write(ino_t inode, off_t offset, const struct iovec *parts, int count, ssize_t length) {
  char *octets = malloc(length);
  if (!octets) fail("no memory");
  ssize_t done = 0;
  for (int i = 0; i < count && done < length; i++) {
    ssize_t next = parts[i].iov_len;
    if (next > length - done) next = length - done;
    memcpy(octets + done, parts[i].iov_base, next);
    done += next;
  }
  record(WRITTEN, NULL, inode, offset, octets, length);
  free(octets);
}

// Without an offset the file's own place counts; after the call it stands behind what was written, with O_APPEND too.
static ssize_t write_below(int file, const struct iovec *parts, int count, off_t offset) {
  pthread_mutex_lock(&lock);
  ino_t inode = tracked(file);
  ssize_t length = offset < 0 ? syscall(SYS_writev, file, parts, count)
                              : syscall(SYS_pwritev, file, parts, count, (long)offset, 0L);
  int error = errno;
  if (length > 0 && inode) {
    record_write(inode, offset < 0 ? lseek(file, 0, SEEK_CUR) - length : offset, parts, count, length);
  } else if (length > 0 && file == STDOUT_FILENO && log_file >= 0) {
    for (int i = 0; i < count; i++) record(MARKED, NULL, 0, 0, parts[i].iov_base, parts[i].iov_len);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return length;
}

ssize_t write(int file, const void *data, size_t length) {
  struct iovec part = {(void *)data, length};
  return write_below(file, &part, 1, -1);
}

ssize_t writev(int file, const struct iovec *parts, int count) { return write_below(file, parts, count, -1); }

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
  struct iovec part = {(void *)data, length};
  return write_below(file, &part, 1, offset);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) { return pwrite(file, data, length, offset); }

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  return write_below(file, parts, count, offset);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
  return write_below(file, parts, count, offset);
}

int ftruncate(int file, off_t size) {
  pthread_mutex_lock(&lock);
  ino_t inode = tracked(file);
  int result = syscall(SYS_ftruncate, file, size);
  int error = errno;
  if (result == 0 && inode) record(RESIZED, NULL, inode, size, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

int truncate(const char *path, off_t size) {
  int file = open_below(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (file < 0) return -1;
  int result = ftruncate(file, size), error = errno;
  syscall(SYS_close, file);
  errno = error;
  return result;
}

int truncate64(const char *path, off64_t size) { return truncate(path, size); }

int fallocate(int file, int mode, off_t offset, off_t length) {
  pthread_mutex_lock(&lock);
  ino_t inode = tracked(file);
  int result = syscall(SYS_fallocate, file, mode, offset, length);
  int error = errno;
  if (result == 0 && inode && mode == 0) record(ALLOCATED, NULL, inode, offset + length, NULL, 0);
  if (result == 0 && inode && mode & ~FALLOC_FL_KEEP_SIZE) record_unknown(file, "fallocate that changes what is there");
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int fallocate64(int file, int mode, off64_t offset, off64_t length) { return fallocate(file, mode, offset, length); }

int posix_fallocate(int file, off_t offset, off_t length) {
  int before = errno, result = fallocate(file, 0, offset, length) == 0 ? 0 : errno;
  errno = before;
  return result;
}

int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

static void *map(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  pthread_mutex_lock(&lock);
  void *result = (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
  int error = errno;
  if (result != MAP_FAILED && file >= 0 && flags & MAP_SHARED && protection & PROT_WRITE && tracked(file)) {
    char link[64], path[PATH_MAX], buffer[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size < 0 ? 0 : size] = 0;
    const char *below = inside(AT_FDCWD, path, buffer);
    record(MAPPED, below ? below : path, 0, 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return map(address, length, protection, flags, file, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t offset) {
  return map(address, length, protection, flags, file, offset);
}

// MARK: - Syncing

static int sync_below(int file, long call) {
  pthread_mutex_lock(&lock);
  ino_t inode = tracked(file);
  int result = inode ? 0 : syscall(call, file);
  if (inode) record(SYNCED, NULL, inode, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int file) { return sync_below(file, SYS_fsync); }
int fdatasync(int file) { return sync_below(file, SYS_fdatasync); }

// It promises nothing: neither sizes nor the drive's own cache.
int sync_file_range(int file, off64_t offset, off64_t length, unsigned flags) {
  (void)file, (void)offset, (void)length, (void)flags;
  return 0;
}

static void sync_all(void) {
  pthread_mutex_lock(&lock);
  if (log_file >= 0) record(SYNCED, NULL, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

void sync(void) { sync_all(); }

int syncfs(int file) {
  (void)file;
  sync_all();
  return 0;
}

// MARK: - Names

static int move_below(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  char from_buffer[PATH_MAX], to_buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(from_directory, from, from_buffer), *target = inside(to_directory, to, to_buffer);
  int result = syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
  int error = errno;
  if (result == 0 && below && target && !(flags & RENAME_EXCHANGE)) {
    record(RENAMED, below, 0, 0, target, strlen(target));
  } else if (result == 0 && (below || target)) {
    record(UNKNOWN, from, 0, 0, "rename over the border, or an exchange", 38);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int rename(const char *from, const char *to) { return move_below(AT_FDCWD, from, AT_FDCWD, to, 0); }

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  return move_below(from_directory, from, to_directory, to, 0);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  return move_below(from_directory, from, to_directory, to, flags);
}

static int remove_below(int directory, const char *path, int flags) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(directory, path, buffer);
  int result = syscall(SYS_unlinkat, directory, path, flags);
  int error = errno;
  if (result == 0 && below) record(flags & AT_REMOVEDIR ? REMOVED : UNLINKED, below, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int unlink(const char *path) { return remove_below(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char *path, int flags) { return remove_below(directory, path, flags); }
int rmdir(const char *path) { return remove_below(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
  int result = unlink(path);
  return result != 0 && errno == EISDIR ? rmdir(path) : result;
}

int mkdirat(int directory, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(directory, path, buffer);
  int result = syscall(SYS_mkdirat, directory, path, mode);
  int error = errno;
  struct stat about;
  if (result == 0 && below && fstatat(directory, path, &about, 0) == 0) {
    remember(about.st_ino);
    record(MADE, below, about.st_ino, 0, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  char from_buffer[PATH_MAX], to_buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(from_directory, from, from_buffer), *target = inside(to_directory, to, to_buffer);
  int result = syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
  int error = errno;
  if (result == 0 && below && target) record(LINKED, below, 0, 0, target, strlen(target));
  else if (result == 0 && target) record(UNKNOWN, target, 0, 0, "a link from outside", 19);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int fchmod(int file, mode_t mode) {
  pthread_mutex_lock(&lock);
  ino_t inode = tracked(file);
  int result = syscall(SYS_fchmod, file, mode);
  int error = errno;
  if (result == 0 && inode) record(MODE, NULL, inode, mode, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

// MARK: - What is not modelled

int fchmodat(int directory, const char *path, mode_t mode, int flags) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(directory, path, buffer);
  if (below) record(UNKNOWN, below, 0, 0, "chmod", 5);
  pthread_mutex_unlock(&lock);
  (void)flags;
  return syscall(SYS_fchmodat, directory, path, mode);
}

int chmod(const char *path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }

int symlinkat(const char *text, int directory, const char *path) {
  char buffer[PATH_MAX];
  pthread_mutex_lock(&lock);
  const char *below = inside(directory, path, buffer);
  if (below) record(UNKNOWN, below, 0, 0, "symlink", 7);
  pthread_mutex_unlock(&lock);
  return syscall(SYS_symlinkat, text, directory, path);
}

int symlink(const char *text, const char *path) { return symlinkat(text, AT_FDCWD, path); }

static void refuse(int file, const char *call) {
  pthread_mutex_lock(&lock);
  if (tracked(file)) record_unknown(file, call);
  pthread_mutex_unlock(&lock);
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t length, unsigned flags) {
  refuse(to, "copy_file_range");
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, flags);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
  refuse(to, "sendfile");
  return syscall(SYS_sendfile, to, from, offset, count);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count) { return sendfile(to, from, offset, count); }
