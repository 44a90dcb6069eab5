#define _GNU_SOURCE
#include "Clibmodbus.h"

#include <errno.h>
#include <linux/serial.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int meterd_tty_exclusive(int descriptor) { return ioctl(descriptor, TIOCEXCL); }

void meterd_tty_shared(int descriptor) { ioctl(descriptor, TIOCNXCL); }

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

int meterd_tty_rs485(int descriptor) {
  struct serial_rs485 settings = {0};
  if (ioctl(descriptor, TIOCGRS485, &settings) != 0) return -1;
  settings.flags |= SER_RS485_ENABLED;
  /* A driver that knows neither polarity yet would leave the line driven: RTS on while sending is the usual one. */
  if ((settings.flags & (SER_RS485_RTS_ON_SEND | SER_RS485_RTS_AFTER_SEND)) == 0) settings.flags |= SER_RS485_RTS_ON_SEND;
  return ioctl(descriptor, TIOCSRS485, &settings);
}

int meterd_tty_low_latency(int descriptor) {
  struct serial_struct settings;
  if (ioctl(descriptor, TIOCGSERIAL, &settings) != 0) return -1;
  settings.flags |= ASYNC_LOW_LATENCY;
  return ioctl(descriptor, TIOCSSERIAL, &settings);
}

static speed_t speed_of(int baud) {
  static const struct { int baud; speed_t speed; } table[] = {
      {110, B110},         {300, B300},         {600, B600},         {1200, B1200},       {2400, B2400},
      {4800, B4800},       {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
      {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
      {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000}, {2500000, B2500000},
      {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (table[i].baud == baud) return table[i].speed;
  return B0;
}

int meterd_tty_format(int descriptor, int baud, char parity, int stop_bits) {
  struct termios settings;
  speed_t speed = speed_of(baud);
  if (speed == B0) {
    errno = EINVAL;
    return -1;
  }
  if (tcgetattr(descriptor, &settings) != 0) return -1;
  cfsetispeed(&settings, speed);
  cfsetospeed(&settings, speed);
  settings.c_cflag &= ~(tcflag_t)(PARENB | PARODD | CSTOPB);
  if (stop_bits == 2) settings.c_cflag |= CSTOPB;
  if (parity != 'N') settings.c_cflag |= PARENB;
  if (parity == 'O') settings.c_cflag |= PARODD;
  if (parity == 'N')
    settings.c_iflag &= ~(tcflag_t)INPCK;
  else
    settings.c_iflag |= INPCK;
  return tcsetattr(descriptor, TCSADRAIN, &settings);
}
