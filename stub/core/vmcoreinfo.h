/*
 * Linux's description of itself for crash tools: where its page tables, its
 * offset and its lists are.  A kernel built for it keeps the finished ELF note
 * in a page of its own, and the bare text in another (Linux kernel/crash_core.c
 * or kernel/vmcore_info.c; Documentation/admin-guide/kdump/vmcoreinfo.rst).
 * Nothing tells a debugger where, so memory is looked through.
 */
#ifndef STUB_CORE_VMCOREINFO_H
#define STUB_CORE_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMCOREINFO_OWNER "VMCOREINFO"
#define VMCOREINFO_MAX	 4096 /* bytes of text; the kernel's limit is a page */

/*
 * Does this page of guest memory (4096 bytes) begin with the note or the text?
 * *text then points into it, *len without the zeroes at the end.  Checked: it
 * is lines of printable KEY=VALUE, and the lines that every kernel writes are
 * there.
 */
bool vmcoreinfo_in_page(const uint8_t *page, const char **text, size_t *len);

/* The value behind "KEY=" at the start of a line, in hex or decimal. */
bool vmcoreinfo_number(const char *text, size_t len, const char *key, bool hex,
		       uint64_t *value);

#endif
