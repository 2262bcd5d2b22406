/* Between device.c and type.c. */
#ifndef STUB_MON_DEVICE_H
#define STUB_MON_DEVICE_H

#include "stub/mon/internal.h"

enum mon_result mon_sysrq(struct mon_ctx *ctx);
enum mon_result mon_powerdown(struct mon_ctx *ctx);
enum mon_result mon_type(struct mon_ctx *ctx);

#endif
