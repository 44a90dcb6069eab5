#include "Cclock.h"

#include <sys/timex.h>

int meterd_clock_is_synchronised(void) {
  struct timex timex = {.modes = 0};
  return adjtimex(&timex) >= 0 && (timex.status & STA_UNSYNC) == 0;
}
