#ifndef CLIBMODBUS_H
#define CLIBMODBUS_H
#include <modbus/modbus.h>
#include <stdint.h>

/* What the Swift importer cannot see of system headers, as plain functions. Nothing here writes to a device but the
   bytes of a read request. */

/* Claims a serial device for this process: later opens by other users fail with EBUSY. 0, or -1 with errno. */
int meterd_tty_exclusive(int descriptor);

/* Wakes a thread that waits in poll(). */
int meterd_wake_create(void);
void meterd_wake_signal(int descriptor);

/* Waits until `descriptor` (-1: none) has one of `events`, `wake` is readable, or the time is up (ppoll, a GNU
   extension). 1 ready, 2 woken, 0 time is up, -1 with errno. */
int meterd_wait(int descriptor, short events, int wake, int64_t nanoseconds);

#endif
