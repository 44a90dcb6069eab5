#define _GNU_SOURCE
#include "Cthreads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

struct start {
  void (*body)(void *);
  void *argument;
  char name[16]; /* the kernel's limit */
};

static void *run(void *raw) {
  struct start start = *(struct start *)raw;
  free(raw);
  pthread_setname_np(pthread_self(), start.name);
  start.body(start.argument);
  return NULL;
}

int meterd_thread_start(const char *name, size_t stack_bytes, void (*body)(void *), void *argument) {
  struct start *start = calloc(1, sizeof *start);
  if (start == NULL) return ENOMEM;
  start->body = body;
  start->argument = argument;
  strncpy(start->name, name, sizeof start->name - 1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  int code = pthread_create(&thread, &attributes, run, start);
  pthread_attr_destroy(&attributes);
  if (code != 0) free(start);
  return code;
}

void meterd_thread_yield_to_all(void) {
#ifdef __linux__
  /* On Linux both speak of the calling thread only. 1 = IOPRIO_WHO_PROCESS, 3 << 13 = IOPRIO_CLASS_IDLE. */
  setpriority(PRIO_PROCESS, 0, 19);
  syscall(SYS_ioprio_set, 1, 0, 3 << 13);
#endif
}
