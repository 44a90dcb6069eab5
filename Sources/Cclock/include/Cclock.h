#ifndef CCLOCK_H
#define CCLOCK_H

/* 1 where the kernel's clock follows a reference (adjtimex(2): no STA_UNSYNC; where that is refused, the file that
   systemd-timesyncd(8) makes when it has synchronised), else 0. */
int meterd_clock_is_synchronised(void);

#endif
