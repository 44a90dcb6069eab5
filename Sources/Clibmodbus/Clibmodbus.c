#define _GNU_SOURCE
#include "Clibmodbus.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

int meterd_tty_exclusive(int descriptor) { return ioctl(descriptor, TIOCEXCL); }

int meterd_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void meterd_wake_signal(int descriptor) {
  uint64_t one = 1;
  ssize_t written = write(descriptor, &one, sizeof one);
  (void)written; /* the counter is full: the thread is awake already */
}

int meterd_wait(int descriptor, short events, int wake, int64_t nanoseconds) {
  struct pollfd polled[2] = {{.fd = descriptor, .events = events}, {.fd = wake, .events = POLLIN}};
  struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  int count = ppoll(polled, 2, &timeout, NULL);
  if (count <= 0) return count;
  return polled[1].revents != 0 ? 2 : 1;
}
