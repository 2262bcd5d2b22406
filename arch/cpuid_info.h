/* What the page walker and the register file need to know of a CPUID table. */
#ifndef ARCH_CPUID_INFO_H
#define ARCH_CPUID_INFO_H

#include "arch/cpuid_table.h"
#include "arch/x86_state.h"

void x86_cpuid_info(const struct x86_cpuid *table, struct x86_cpu_info *info);

#endif
