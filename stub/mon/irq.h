/* Between stub/mon/irq.c, which has the table, and stub/mon/irq_why.c. */
#ifndef STUB_MON_IRQ_H
#define STUB_MON_IRQ_H

#include "stub/mon/monitor.h"

enum mon_result mon_irq_why(struct mon_ctx *ctx);

#endif
