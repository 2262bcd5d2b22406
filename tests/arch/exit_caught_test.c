#include "arch/exit/caught.h"
#include "arch/exit/text.h"
#include "tests/test.h"

static const char *access_text(const struct exit_record *e, bool has_value)
{
	static struct buf out;

	buf_clear(&out);
	caught_access(&out, e, has_value);
	return buf_cstr(&out);
}

TEST(accesses)
{
	struct exit_record e = {.reason = EXIT_IO,
				.where = 0x3f8,
				.size = 1,
				.count = 1,
				.is_write = true,
				.value = 0x41,
				.device = "16550",
				.reg = "THR"};

	CHECK_STR(access_text(&e, true), "pio_write at 0x3f8 size 1 val 0x41 "
					 "(16550 THR)");
	e.is_write = false;
	CHECK_STR(access_text(&e, false), "pio_read at 0x3f8 size 1 (16550 "
					  "THR)");
	e = (struct exit_record){.reason = EXIT_MMIO,
				 .where = 0xd0000000,
				 .size = 4,
				 .count = 1};
	CHECK_STR(access_text(&e, true), "mmio_read at 0xd0000000 size 4 val "
					 "0x0 (unclaimed)");
	e = (struct exit_record){
		.reason = EXIT_IO, .where = 0x71, .size = 1, .count = 1};
	CHECK_HAS(access_text(&e, true), "(unclaimed: cmos");
	e = (struct exit_record){.reason = EXIT_X86_WRMSR,
				 .where = 0xc0000080,
				 .is_write = true,
				 .value = 0x500};
	CHECK_STR(access_text(&e, true), "wrmsr 0xc0000080 (IA32_EFER) val "
					 "0x500");
	e.denied = true;
	CHECK_HAS(access_text(&e, true), "val 0x500, which raised #GP(0)");
	e.is_write = false;
	e.reason = EXIT_X86_RDMSR;
	CHECK_STR(access_text(&e, true), "rdmsr 0xc0000080 (IA32_EFER), which "
					 "raised #GP(0)");
	e = (struct exit_record){.reason = EXIT_HLT};
	CHECK_STR(access_text(&e, false), "KVM_EXIT_HLT");
}

static const char *exception_text(const uint64_t *words, size_t n,
				  unsigned int slot, unsigned int vector)
{
	static struct buf out;
	uint8_t bytes[TRAP_FRAME_MAX] = {0};
	struct trap_frame f;
	bool ok;

	for (size_t i = 0; i < n; i++)
		memcpy(bytes + i * slot, &words[i], slot);
	buf_clear(&out);
	ok = trap_frame_parse(bytes, n * slot, slot,
			      slot > 2 && exception_has_error(vector), &f);
	caught_exception(&out, vector, ok ? &f : NULL, 0xdead000);
	return buf_cstr(&out);
}

TEST(exceptions_with_and_without_an_error_code)
{
	const uint64_t gp[] = {0x10, 0x100005, 8, 0x10202};
	const uint64_t pf[] = {2, 0x100005, 8, 0x10202};
	const uint64_t ud[] = {0x100005, 8, 0x10202};
	/* int $14: no error code, then the stack that was there */
	const uint64_t software[] = {0x100007, 8, 0x202, 0x8000};

	CHECK_STR(exception_text(gp, 4, 8, 13), "exception #GP (vector 13) "
						"error code 0x10 at "
						"0x8:0x100005");
	CHECK_HAS(exception_text(pf, 4, 4, 14), "#PF (vector 14) error code "
						"0x2 (");
	CHECK_HAS(exception_text(pf, 4, 4, 14), ") cr2 0xdead000 at "
						"0x8:0x100005");
	CHECK_STR(exception_text(ud, 3, 8, 6), "exception #UD (vector 6) at "
					       "0x8:0x100005");
	CHECK_STR(exception_text(software, 4, 8, 14), "exception #PF (vector "
						      "14) without an error "
						      "code (a software "
						      "INT) at 0x8:0x100007");
	CHECK_STR(exception_text(ud, 3, 8, 0x20), "interrupt 0x20 at "
						  "0x8:0x100005");
	CHECK_HAS(exception_text(gp, 2, 8, 13), "cannot be read");
}

TEST(real_mode_pushes_words_and_no_error_code)
{
	const uint64_t words[] = {0x7c05, 0x0, 0x46};

	CHECK_STR(exception_text(words, 3, 2, 13), "exception #GP (vector 13) "
						   "at 0x0:0x7c05");
}
