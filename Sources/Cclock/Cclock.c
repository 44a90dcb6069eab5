#include "Cclock.h"

#include <sys/timex.h>
#include <unistd.h>

int meterd_clock_is_synchronised(void) {
  struct timex timex = {.modes = 0};
  if (adjtimex(&timex) >= 0) return (timex.status & STA_UNSYNC) == 0;
  /* Under ProtectClock=yes even reading is refused; what systemd-timesyncd then has to say lies in a file. */
  return access("/run/systemd/timesync/synchronized", F_OK) == 0;
}
