/*
 * A Linux guest as its VMCOREINFO describes it: where the kernel's own page
 * tables are, so that its memory is read whatever process runs, and by how
 * much it was moved.  Nothing here needs symbols.
 */
#ifndef STUB_LINUX_KERNEL_H
#define STUB_LINUX_KERNEL_H

#include "stub/core/vmcoreinfo.h"
#include "stub/linux/printk.h"
#include "stub/target.h"

struct linux_kernel {
	struct target *t;
	gpa_t at; /* the page that the text was found in */
	size_t len;
	char info[VMCOREINFO_MAX]; /* VMCOREINFO's text, `len` bytes */
	struct paging paging;	   /* of the kernel */
	struct phys_reader mem;
};

/*
 * Look through the guest's memory, up to 4 GiB of it.  vcpu, or another,
 * tells the paging mode.  The error says that a kernel has no such text before
 * its initcalls (subsys_initcall), or ever without CONFIG_CRASH_CORE.
 */
bool linux_find(struct linux_kernel *k, struct target *t, unsigned int vcpu,
		struct err *err) MUST_CHECK;

/* The VMCOREINFO text alone; needs no vCPU in long mode. */
bool linux_find_info(struct linux_kernel *k, struct target *t,
		     struct err *err) MUST_CHECK;

/* Its log; *log refers to *k. */
bool linux_log(struct linux_kernel *k, struct printk_log *log,
	       struct err *err) MUST_CHECK;

/*
 * What the log tells of a machine that does not get on: the line of the last
 * panic, else, without `panic_only`, the last line.  One line with newline, or
 * nothing when this is not Linux or has no log.
 */
void linux_last_words(struct target *t, unsigned int vcpu, bool panic_only,
		      struct buf *out);

#endif
