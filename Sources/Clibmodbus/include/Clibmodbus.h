#ifndef CLIBMODBUS_H
#define CLIBMODBUS_H
#include <modbus/modbus.h>
#include <stdint.h>

/* What the Swift importer cannot see of system headers, as plain functions. Nothing here writes to a device but the
   bytes of a read request. */

/* Claims a serial device for this process: later opens by other users fail with EBUSY. 0, or -1 with errno. */
int meterd_tty_exclusive(int descriptor);

/* Gives that claim up: it would outlive our descriptor while another process has the device open. */
void meterd_tty_shared(int descriptor);

/* Lets the driver switch the direction of an RS-485 transceiver (TIOCSRS485). libmodbus sets the flag alone, which some
   drivers refuse. 0, or -1 with errno. */
int meterd_tty_rs485(int descriptor);

/* Asks the driver to hand characters over at once (ASYNC_LOW_LATENCY). 0, or -1 with errno. */
int meterd_tty_low_latency(int descriptor);

/* Changes speed, parity ('N', 'E', 'O') and stop bits of an open device once everything is sent. 0, or -1 with errno. */
int meterd_tty_format(int descriptor, int baud, char parity, int stop_bits);

/* Wakes a thread that waits in poll(). */
int meterd_wake_create(void);
void meterd_wake_signal(int descriptor);

/* Waits until `descriptor` (-1: none) has one of `events`, `wake` is readable, or the time is up (ppoll, a GNU
   extension). 1 ready, 2 woken, 0 time is up, -1 with errno. */
int meterd_wait(int descriptor, short events, int wake, int64_t nanoseconds);

#endif
