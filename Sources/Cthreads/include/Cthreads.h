#ifndef CTHREADS_H
#define CTHREADS_H
#include <stddef.h>

/* Starts a detached thread of that name and stack that runs body(argument) once. 0, or an errno value.
   (Swift 6.3's importer attributes pthread_attr_t to a module that cannot be imported, and its compiler crashes on it.) */
int meterd_thread_start(const char *name, size_t stack_bytes, void (*body)(void *), void *argument);

/* Lets the calling thread have the CPUs and disks that nobody else wants (nice 19, I/O class idle), as far as the kernel does. */
void meterd_thread_yield_to_all(void);

#endif
