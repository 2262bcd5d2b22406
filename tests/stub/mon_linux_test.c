#include <string.h>

#include "stub/mon/monitor.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct buf out;

static const struct target_symbol symbols[] = {
	{"linux_banner", 0x200800, 64},
	{"asm_exc_page_fault", 0x300000, 16},
	{"entry_SYSCALL_64", 0x300080, 16},
};

static const char *run(bool expect)
{
	buf_clear(&out);
	CHECK_EQ(monitor_run(&f->target, 0, "kaslr", &out), expect);
	return buf_cstr(&out);
}

static void setup(void)
{
	f = fake_create(1);
	f->inspect.symbol = symbols;
	f->inspect.symbols = ARRAY_SIZE(symbols);
	f->inspect.image = "/boot/vmlinux";
	f->inspect.msr[0].index = 0xc0000082;
	f->inspect.msrs = 1;
}

static void gate(unsigned int vector, uint64_t to)
{
	const uint64_t low = (to & 0xffff) | 0x8 << 16 |
			     UINT64_C(0x8e00) << 32 | (to >> 16 & 0xffff) << 48;
	const uint64_t high = to >> 32;

	f->cpu[0].idt.base = 0x9000;
	f->cpu[0].idt.limit = 0xfff;
	memcpy(fake_ram(f, 0x9000 + 16 * vector, 8), &low, 8);
	memcpy(fake_ram(f, 0x9008 + 16 * vector, 8), &high, 8);
}

TEST(syscall_entry_and_gates_agree)
{
	setup();
	f->inspect.msr[0].value = 0x300080 + 0xc00000;
	gate(14, 0x300000 + 0xc00000);
	CHECK_HAS(run(true), "KASLR slide 0xc00000\n");
	CHECK_HAS(run(true), "MSR_LSTAR   0xf00080  entry_SYSCALL_64 + ");
	CHECK_HAS(run(true), "IDT[14]");
	CHECK_HAS(run(true), "in gdb:\n  symbol-file\n"
			     "  add-symbol-file /boot/vmlinux -o 0xc00000 "
			     "-s .data..percpu 0\n");
	CHECK_HAS(run(true), "no banner there");
	fake_destroy(f);
}

TEST(per_cpu_variables_that_move_too)
{
	static const struct target_symbol linked[] = {
		{"__per_cpu_start", 0x280000, 0},
		{"entry_SYSCALL_64", 0x300080, 16},
	};

	setup();
	f->inspect.symbol = linked;
	f->inspect.symbols = ARRAY_SIZE(linked);
	f->inspect.msr[0].value = 0x300080 + 0xc00000;
	CHECK_HAS(run(true), "add-symbol-file /boot/vmlinux -o 0xc00000\n");
	fake_destroy(f);
}

TEST(no_slide_and_the_banner_proves_it)
{
	setup();
	f->inspect.msr[0].value = 0x300080;
	strcpy(fake_ram(f, 0x200800, 40), "Linux version 6.1.0 (gcc)");
	CHECK_HAS(run(true), "KASLR slide 0x0\n");
	CHECK_HAS(run(true), "\"Linux version 6.1.0 ...\"");
	CHECK_HAS(run(true), "no slide: the kernel runs where it was linked");
	fake_destroy(f);
}

TEST(the_majority_is_believed)
{
	setup();
	f->inspect.msr[0].value = 0x300080 + 0x400000;
	gate(14, 0x300000 + 0x200000);
	CHECK_HAS(run(true), "KASLR slide 0x400000\n");
	CHECK_HAS(run(true), "(disagrees)");
	fake_destroy(f);
}

TEST(too_early_or_without_symbols)
{
	setup();
	CHECK_HAS(run(false), "let the kernel run further");
	f->inspect.msr[0].value = 0x300080 + 0x1000; /* not by 2 MiB */
	CHECK_HAS(run(false), "let the kernel run further");
	f->inspect.image = NULL;
	f->inspect.symbols = 0;
	CHECK_HAS(run(false), "--symbols vmlinux");
	fake_destroy(f);
}

/* ---- names at the addresses where the kernel is now ---- */

#define LINKED UINT64_C(0xffffffff81000000)
#define MOVED  (LINKED + 0x6200000)

static const struct target_symbol high_symbols[] = {
	{"counter", 0x4000, 8},
	{"asm_exc_page_fault", LINKED, 16},
	{"asm_exc_invalid_op", LINKED + 0x10, 16},
	{"entry_SYSCALL_64", LINKED + 0x80, 16},
};

static const char *name_of(gva_t addr)
{
	buf_clear(&out);
	target_print_symbol(&f->target, addr, &out);
	return buf_cstr(&out);
}

TEST(names_follow_a_kernel_that_has_moved)
{
	struct target_symbol s;

	setup();
	f->inspect.symbol = high_symbols;
	f->inspect.symbols = ARRAY_SIZE(high_symbols);
	gate(14, MOVED);
	/* one clue may be chance */
	CHECK_EQ(target_slide(&f->target), 0);
	CHECK_STR(name_of(MOVED), " <entry_SYSCALL_64+102760320>");
	gate(6, MOVED + 0x10);
	target_forget(&f->target); /* as the next stop does */
	CHECK_EQ(target_slide(&f->target), MOVED - LINKED);
	CHECK_STR(name_of(MOVED + 4), " <asm_exc_page_fault+4>");
	CHECK_STR(name_of(0x4000), " <counter>");
	CHECK(target_symbol_find(&f->target, "entry_SYSCALL_64", &s));
	CHECK_EQ(s.addr, MOVED + 0x80);
	CHECK(target_linked_symbol(&f->target, "entry_SYSCALL_64", &s));
	CHECK_EQ(s.addr, LINKED + 0x80);
	/* a process's state does not take it back; a reset does */
	f->cpu[0].idt.limit = 0;
	target_forget(&f->target);
	CHECK_EQ(target_slide(&f->target), MOVED - LINKED);
	f->target.generation++;
	CHECK_EQ(target_slide(&f->target), 0);
	fake_destroy(f);
}
