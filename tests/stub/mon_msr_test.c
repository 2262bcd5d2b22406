/* rdmsr, wrmsr, msrs, cpuid on the fake. */
#include "stub/mon/internal.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct buf out;

static void setup(void)
{
	f = fake_create(2);
	f->inspect.msr[0].index = 0xc0000080;
	f->inspect.msr[0].value = 0xd01;
	for (uint32_t i = 0; i < 5; i++)
		f->inspect.msr[1 + i].index = 0x268 + i;
	f->inspect.msrs = 6;
}

static const char *run(const char *line, bool ok)
{
	buf_clear(&out);
	CHECK(monitor_run(&f->target, 1, line, &out) == ok);
	return buf_cstr(&out);
}

TEST(the_table_is_fit)
{
	struct err err;

	CHECK_OK(monitor_check_table(mon_msr_commands, &err), &err);
}

TEST(rdmsr_shows_name_value_and_bits)
{
	setup();
	CHECK_STR(run("rdmsr efer", true), "IA32_EFER (0xc0000080) = 0xd01  "
					   "long mode, NX, SYSCALL\n"
					   "  SCE                  SYSCALL\n"
					   "  LME                  long mode "
					   "wanted\n"
					   "  LMA                  long mode "
					   "active\n"
					   "  NXE                  no-execute "
					   "pages\n");
	CHECK_STR(run("rdmsr 0xc0000000+0x80", true), buf_cstr(&out));
	fake_destroy(f);
}

TEST(an_msr_that_is_not_there_is_an_error_with_its_name)
{
	setup();
	CHECK_STR(run("rdmsr 0x808", false), "there is no MSR 0x808 "
					     "(IA32_X2APIC_TPR): the local "
					     "APIC is "
					     "not in x2APIC mode, so its "
					     "registers are in memory at "
					     "0xfee00000 "
					     "(`info lapic`)\n");
	CHECK_STR(run("rdmsr 0x12345", false), "there is no MSR 0x12345\n");
	fake_destroy(f);
}

TEST(bad_words_are_named)
{
	setup();
	CHECK_HAS(run("rdmsr effer", false), "'effer' is neither a number nor "
					     "an MSR's name; did you mean "
					     "EFER?\nusage: rdmsr");
	CHECK_HAS(run("rdmsr c0000080", false), "the number is 0xc0000080");
	CHECK_HAS(run("rdmsr 0x100000000", false), "32 bits");
	CHECK_HAS(run("wrmsr efer 1x", false), "'1x'");
	CHECK_HAS(run("msrs 3-1", false), "'3-1'");
	CHECK_HAS(run("cpuid z", false), "'z'");
	CHECK_HAS(run("cpuid 1 0x100000000", false), "'0x100000000'");
	fake_destroy(f);
}

TEST(wrmsr_writes_on_the_vcpu_and_shows_old_and_new)
{
	setup();
	CHECK_STR(run("wrmsr EFER 0x500", true), "IA32_EFER (0xc0000080): "
						 "0xd01 -> 0x500\n");
	CHECK_STR(fake_log(f), "msr 1 0xc0000080 0x500\n");
	CHECK_HAS(run("wrmsr 0x123 0", false), "no MSR 0x123");
	f->target.caps.can_write = false;
	CHECK_HAS(run("wrmsr EFER 0", false), "can only be read");
	fake_destroy(f);
}

static bool keeps_0x10(struct target *t, unsigned int vcpu, uint32_t index,
		       uint64_t value, struct err *err)
{
	f->inspect.msr[0].value = 0x10;
	return true;
}

static bool refuses(struct target *t, unsigned int vcpu, uint32_t index,
		    uint64_t value, struct err *err)
{
	return err_set(err, ERR_REFUSED, "KVM refuses that");
}

static bool takes(struct target *t, unsigned int vcpu, uint32_t index,
		  uint64_t value, struct err *err)
{
	return true;
}

TEST(wrmsr_of_a_write_only_register)
{
	setup();
	f->inspect_ops.set_msr = takes;
	CHECK_STR(run("wrmsr PRED_CMD 1", true), "IA32_PRED_CMD (0x49): wrote "
						 "0x1, which cannot be read "
						 "back\n");
	fake_destroy(f);
}

TEST(wrmsr_says_when_kvm_refuses_or_keeps_something_else)
{
	setup();
	f->inspect_ops.set_msr = keeps_0x10;
	CHECK_HAS(run("wrmsr EFER 0x400", true), "0xd01 -> 0x10\nKVM took "
						 "0x400 and keeps 0x10");
	f->inspect_ops.set_msr = refuses;
	CHECK_STR(run("wrmsr EFER 2", false), "KVM refuses that (IA32_EFER): "
					      "reserved bits are set: 0x2; "
					      "LME cannot change while paging "
					      "is on\n");
	fake_destroy(f);
}

TEST(msrs_lists_names_and_folds_equal_neighbours)
{
	setup();
	CHECK_STR(run("msrs", true), "0xc0000080  IA32_EFER                    "
				     "  "
				     "0x0000000000000d01  SCE LME LMA NXE\n"
				     "0x00000268  IA32_MTRR_FIX4K_C0000 to "
				     "IA32_MTRR_FIX4K_E0000 "
				     "(0x26c): 5 times 0x0\n");
	CHECK_STR(run("msrs 0x269-0x26a", true), "0x00000269  "
						 "IA32_MTRR_FIX4K_C8000        "
						 "  "
						 "0x0000000000000000  UC\n"
						 "0x0000026a  "
						 "IA32_MTRR_FIX4K_D0000        "
						 "  "
						 "0x0000000000000000  UC\n");
	CHECK_HAS(run("msrs efer", true), "IA32_EFER");
	CHECK_HAS(run("msrs nosuch", false), "no MSR that fits 'nosuch'");
	f->inspect_ops.msr_at = NULL;
	CHECK_HAS(run("msrs", false), "lists no MSR");
	fake_destroy(f);
}

TEST(cpuid_needs_two_tables_to_differ)
{
	static const struct x86_cpuid guest = {
		.n = 1, .entry = {{.leaf = 0x80000001, .reg = {0, 0, 0, 0}}}};
	static const struct x86_cpuid host = {
		.n = 1,
		.entry = {{.leaf = 0x80000001, .reg = {0, 0, 0, 1 << 26}}}};

	setup();
	CHECK_HAS(run("cpuid", false), "has no such CPUID");
	f->inspect.cpuid[CPUID_GUEST] = &guest;
	CHECK_HAS(run("cpuid 0x80000001", true), "0x80000001: eax=00000000");
	CHECK_HAS(run("cpuid diff", false), "has no such CPUID");
	f->inspect.cpuid[CPUID_HOST] = &host;
	CHECK_HAS(run("cpuid diff", true), "only the host has:\n  pdpe1gb");
	fake_destroy(f);
}
