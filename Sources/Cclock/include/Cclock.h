#ifndef CCLOCK_H
#define CCLOCK_H

/* 1 where the kernel's clock follows a reference (adjtimex(2): no STA_UNSYNC), else 0. */
int meterd_clock_is_synchronised(void);

#endif
