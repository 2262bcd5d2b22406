// SPDX-License-Identifier: MIT
/*
 * A Linux module to be debugged: it is loaded long after the debugger has
 * connected, and does what it is told by writing to
 * /sys/module/kvmgdb_demo/parameters/poke:
 *
 *   NUMBER    demo_step() that many times
 *   null      write through a null pointer
 *   spin      loop for ever with interrupts off
 *   panic     panic()
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/string.h>

DEFINE_PER_CPU(unsigned long, demo_hits);
unsigned long demo_total;

noinline void demo_step(unsigned long by)
{
	this_cpu_inc(demo_hits);
	demo_total += by;
}

static noinline void demo_null(void)
{
	*(volatile int *)NULL = 1;
}

static noinline void demo_spin(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static int poke_set(const char *text, const struct kernel_param *param)
{
	unsigned long count;

	if (sysfs_streq(text, "null"))
		demo_null();
	else if (sysfs_streq(text, "spin"))
		demo_spin();
	else if (sysfs_streq(text, "panic"))
		panic("kvmgdb_demo: told to");
	else if (kstrtoul(text, 0, &count))
		return -EINVAL;
	else
		for (unsigned long i = 0; i < count; i++)
			demo_step(i);
	return 0;
}

static int poke_get(char *out, const struct kernel_param *param)
{
	return sprintf(out, "%lu\n", demo_total);
}

static const struct kernel_param_ops poke_ops = {
	.set = poke_set,
	.get = poke_get,
};
module_param_cb(poke, &poke_ops, NULL, 0600);

static int __init demo_init(void)
{
	pr_info("kvmgdb_demo: loaded, poke_set at %px\n", poke_set);
	return 0;
}

static void __exit demo_exit(void)
{
	pr_info("kvmgdb_demo: gone, total %lu\n", demo_total);
}

module_init(demo_init);
module_exit(demo_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A module to be debugged");
