/* Between stub/mon/msr.c, which has the table, and stub/mon/cpuid.c. */
#ifndef STUB_MON_MSR_H
#define STUB_MON_MSR_H

#include "stub/mon/monitor.h"

enum mon_result mon_cpuid(struct mon_ctx *ctx);
enum mon_result mon_cpuid_diff(struct mon_ctx *ctx);

#endif
