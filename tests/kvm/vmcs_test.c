/* What `vmcs check` says against what real processors do. */
#include <sys/klog.h>

#include "arch/vmcs/import.h"
#include "stub/inspect.h"
#include "stub/mon/vmcs.h"
#include "tests/kvm/machine.h"

static struct machine m;
static struct err err;
static struct buf out = BUF_INIT;

static struct x86_state state_now(void)
{
	const struct x86_state *s =
		target_state(m.target, 0, X86_GROUP_ALL & ~X86_GROUP_FPU, &err);

	CHECK(s != NULL);
	return *s;
}

static void put(const struct x86_state *s, unsigned int groups)
{
	CHECK_OK(target_set_state(m.target, 0, groups, s, &err), &err);
}

static struct vmcs_tally check(enum vmcs_kind kind, struct vmcs_model *model)
{
	CHECK_OK(mon_vmcs_model(m.target, 0, kind, model, &err), &err);
	buf_clear(&out);
	return vmcs_check(model, &out);
}

/* KVM emulates invalid segments where the processor is the choosier one. */
static bool emulates(void)
{
	struct x86_host host;

	target_host(m.target, &host);
	return host.vendor == EXIT_VENDOR_VMX && host.unrestricted_guest == 0;
}

static enum vmcs_kind host_kind(bool *native)
{
	struct x86_host host;
	enum vmcs_kind kind;

	target_host(m.target, &host);
	*native = vmcs_native(&host, &kind);
	return kind;
}

/* ---- nothing to find where nothing is wrong ---- */

static void check_good(const char *mode)
{
	for (unsigned int kind = VMCS_VMX; kind <= VMCS_SVM; kind++) {
		struct vmcs_model model;
		struct vmcs_tally t = check(kind, &model);

		if (t.violated || (t.conditional && !emulates()))
			test_fail(__FILE__, __LINE__, "%s: %s", mode,
				  buf_cstr(&out));
	}
}

static void check_mode(enum x86_mode mode)
{
	struct x86_state s = state_now();

	CHECK_STR(x86_mode_name(x86_mode(&s)), x86_mode_name(mode));
	check_good(x86_mode_name(mode));
}

GUEST(end16, ".code16\nxor %al, %al\noutb %al, $0xf4\n1: jmp 1b\n.code64\n");
GUEST(end, "xor %al, %al\noutb %al, $0xf4\n1: jmp 1b\n");

TEST(the_modes_a_guest_starts_in)
{
	static const struct {
		unsigned int bits;
		enum x86_mode mode;
	} modes[] = {
		{16, X86_MODE_REAL},
		{32, X86_MODE_PROT32},
		{64, X86_MODE_LONG64},
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i].bits == 16)
			machine_start(&m, end16, 16, NULL);
		else
			machine_start(&m, end, modes[i].bits, NULL);
		check_mode(modes[i].mode);
		CHECK_STOP(machine_continue(&m), STOP_EXITED);
		check_mode(modes[i].mode);
		machine_end(&m);
	}
}

TEST(a_processor_as_it_is_after_power_on)
{
	const struct machine_options two = {.vcpus = 2};
	const struct x86_state *s;

	machine_start(&m, end, 64, &two);
	/* the second one has not been started */
	s = target_state(m.target, 1, X86_GROUP_ALL & ~X86_GROUP_FPU, &err);
	CHECK(s && x86_mode(s) == X86_MODE_REAL);
	put(s, X86_GROUP_GPR | X86_GROUP_SYS);
	check_mode(X86_MODE_REAL);
	machine_end(&m);
}

/* 2 MiB pages, one to one, and paging on, by the guest itself. */
GUEST(pae, ".code32\n"
	   "movl $0x201001, 0x200000\n" /* PDPTE 0: present */
	   "movl $0, 0x200004\n"
	   "movl $0x83, 0x201000\n"
	   "movl $0, 0x201004\n"
	   "mov %cr4, %eax\n"
	   "or $0x20, %eax\n"
	   "mov %eax, %cr4\n"
	   "mov $0x200000, %eax\n"
	   "mov %eax, %cr3\n"
	   "mov %cr0, %eax\n"
	   "or $0x80000000, %eax\n"
	   "mov %eax, %cr0\n"
	   "xor %al, %al\n"
	   "outb %al, $0xf4\n"
	   "1: jmp 1b\n.code64\n");

TEST(pae_paging)
{
	struct x86_state s;

	machine_start(&m, pae, 32, NULL);
	if (m.caps.paging32 == CAP_NO)
		test_skip("this KVM cannot switch on paging outside long mode");
	CHECK_STOP(machine_continue(&m), STOP_EXITED);
	s = state_now();
	CHECK((s.cr0 & X86_CR0_PG) && (s.cr4 & X86_CR4_PAE));
	check_mode(X86_MODE_PROT32);
	/* a present entry with a reserved bit is refused by the processor */
	if (s.pdptr_valid) {
		struct vmcs_model model;

		CHECK_OK(mon_vmcs_model(m.target, 0, VMCS_VMX, &model, &err),
			 &err);
		model.paging_assist = 1; /* else they lie in memory */
		model.field[VMCS_F_PDPTR0].value |= 2;
		CHECK_EQ(vmcs_check(&model, NULL).violated, 1);
	}
	machine_end(&m);
}

/* To virtual-8086 mode, and there a loop with interrupts on. */
GUEST(vm86, ".code32\n"
	    "movb $0xeb, 0x8000\n" /* 1: jmp 1b */
	    "movb $0xfe, 0x8001\n"
	    "push $0x800\n" /* gs fs ds es ss sp flags cs ip */
	    "push $0x800\n"
	    "push $0x800\n"
	    "push $0x800\n"
	    "push $0x700\n"
	    "push $0x1000\n"
	    "push $0x23202\n"
	    "push $0x800\n"
	    "push $0\n"
	    "iret\n"
	    ".code64\n");

TEST(virtual_8086_mode)
{
	struct target_stop stop;

	machine_start(&m, vm86, 32, NULL);
	stop = machine_run_for(&m, 30);
	if (stop.kind == STOP_ERROR)
		test_skip("this KVM cannot run virtual-8086 mode");
	CHECK_STOP(stop, STOP_INTERRUPT);
	check_mode(X86_MODE_VM86);
	machine_end(&m);
}

/* ---- what the processor refuses ---- */

GUEST(spin, "1: jmp 1b\n");

static void bad_ss_type(struct x86_state *s)
{
	s->seg[X86_SS].attr &= ~(uint32_t)X86_AR_TYPE;
}

static void bad_tr_unusable(struct x86_state *s)
{
	s->seg[X86_TR].attr |= X86_AR_UNUSABLE;
	s->seg[X86_TR].attr &= ~(uint32_t)X86_AR_P;
}

static void bad_tr_type(struct x86_state *s)
{
	s->seg[X86_TR].attr = 0x83;
}

static void bad_cs(struct x86_state *s)
{
	s->seg[X86_CS].attr |= X86_AR_DB;
}

static void bad_ldtr(struct x86_state *s)
{
	s->seg[X86_LDTR] = (struct x86_seg){0, 0xffff, 0x82, 0x2c};
}

static void bad_gdtr(struct x86_state *s)
{
	s->gdt.base = UINT64_C(1) << 63;
}

static void bad_gs(struct x86_state *s)
{
	s->seg[X86_GS].base = UINT64_C(1) << 63;
}

static void bad_vm(struct x86_state *s)
{
	s->rflags |= X86_FL_VM;
}

static const struct bad {
	const char *name;
	void (*make)(struct x86_state *s);
	unsigned int field;
	bool svm; /* AMD's processors refuse it too */
} bads[] = {
	{"SS type 0", bad_ss_type, VMCS_SEG(X86_SS, VMCS_ATTR), false},
	{"TR unusable", bad_tr_unusable, VMCS_SEG(X86_TR, VMCS_ATTR), false},
	{"TR type 3", bad_tr_type, VMCS_SEG(X86_TR, VMCS_ATTR), false},
	{"CS L and D", bad_cs, VMCS_SEG(X86_CS, VMCS_ATTR), true},
	{"LDTR TI", bad_ldtr, VMCS_SEG(X86_LDTR, VMCS_SEL), false},
	{"GDTR base", bad_gdtr, VMCS_SEG(VMCS_GDTR, VMCS_BASE), false},
	{"GS base", bad_gs, VMCS_SEG(X86_GS, VMCS_BASE), false},
	{"RFLAGS.VM", bad_vm, VMCS_F_RFLAGS, false},
};

/* False where KVM_SET_REGS drops what would be bad; the machine has ended. */
static bool start_bad(const struct bad *bad)
{
	struct x86_state s;

	machine_start(&m, spin, 64, NULL);
	s = state_now();
	bad->make(&s);
	put(&s, X86_GROUP_SYS | X86_GROUP_GPR);
	target_forget(m.target);
	if (state_now().rflags == s.rflags)
		return true;
	machine_end(&m);
	return false;
}

/* False when it is only named as what KVM would emulate. */
static bool check_named(const struct bad *bad, enum vmcs_kind kind,
			const char *when)
{
	struct vmcs_model model;
	struct vmcs_tally t = check(kind, &model);

	if (t.violated + t.conditional != 1 || t.first != bad->field ||
	    (t.conditional && !emulates()))
		test_fail(__FILE__, __LINE__, "%s, %s the entry: %u, %u: %s",
			  bad->name, when, t.violated, t.conditional,
			  buf_cstr(&out));
	return t.violated;
}

TEST(what_intel_processors_refuse_is_named_before_and_after)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		struct target_stop stop;
		bool native, refused;

		if (!start_bad(&bads[i]))
			continue;
		refused = check_named(&bads[i], VMCS_VMX, "before");
		if (host_kind(&native) == VMCS_VMX && native && refused) {
			stop = machine_run_for(&m, 20);
			if (stop.kind != STOP_ERROR)
				test_fail(__FILE__, __LINE__, "%s is entered",
					  bads[i].name);
			CHECK_HAS(stop.text, "KVM: entry failed, hardware "
					     "error 0x80000021");
			check_named(&bads[i], VMCS_VMX, "after");
		}
		machine_end(&m);
	}
}

TEST(what_amd_processors_refuse_is_named_before_and_after)
{
	for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
		struct target_stop stop;
		struct vmcs_model model;
		bool native;

		if (!start_bad(&bads[i]))
			continue;
		if (!bads[i].svm) {
			CHECK_EQ(check(VMCS_SVM, &model).violated, 0);
			machine_end(&m);
			continue;
		}
		check_named(&bads[i], VMCS_SVM, "before");
		if (host_kind(&native) == VMCS_SVM && native) {
			stop = machine_run_for(&m, 20);
			CHECK_STOP(stop, STOP_ERROR);
			CHECK_HAS(stop.text, "KVM: entry failed");
			check_named(&bads[i], VMCS_SVM, "after");
		}
		machine_end(&m);
	}
}

/* What is repaired runs. */
TEST(what_satisfies_the_check_satisfies_the_processor)
{
	struct vmcs_model model;
	struct x86_state s;

	CHECK(start_bad(&bads[3]));
	s = state_now();
	s.seg[X86_CS].attr &= ~(uint32_t)X86_AR_DB;
	put(&s, X86_GROUP_SYS);
	CHECK_EQ(check(VMCS_VMX, &model).violated, 0);
	CHECK_STOP(machine_run_for(&m, 20), STOP_INTERRUPT);
	machine_end(&m);
}

/* ---- the kernel's own listing ---- */

static bool read_kernel_log(struct buf *log)
{
	const int bytes = 1 << 20;
	char *room = buf_reserve(log, (size_t)bytes);
	int n = room ? klogctl(3 /* SYSLOG_ACTION_READ_ALL */, room, bytes)
		     : -1;

	if (n < 0)
		return false;
	log->len = (size_t)n;
	room[n] = '\0';
	return true;
}

/* Skips where the host logs nothing.  The machine must be in a bad state. */
static void import_refused_entry(struct vmcs_import *im)
{
	struct buf log = BUF_INIT;
	struct x86_host host;

	target_host(m.target, &host);
	if (host.dump_invalid != 1)
		test_skip("this KVM logs no VMCS or VMCB of refused entries");
	CHECK_STOP(machine_continue(&m), STOP_ERROR);
	if (!read_kernel_log(&log))
		test_skip("the kernel log cannot be read");
	CHECK_OK(vmcs_import(im, log.data, log.len, 0, &err), &err);
	buf_deinit(&log);
	CHECK_EQ(im->summary.missing, 0);
	CHECK_EQ(im->notes, 0);
}

/*
 * Every value that we print, whatever its class, is the one in the kernel's
 * listing of the same moment.  CR4.MCE is the host's, which nobody tells us.
 */
static void check_agrees(const struct vmcs_model *listing)
{
	struct vmcs_model live;
	unsigned int same = 0;

	CHECK_OK(mon_vmcs_model(m.target, 0, listing->kind, &live, &err), &err);
	for (unsigned int f = 0; f < VMCS_NR_FIELDS; f++) {
		const struct vmcs_value *a = &listing->field[f];
		const struct vmcs_value *b = &live.field[f];
		uint64_t ignored = f == VMCS_F_CR4 ? BIT(6) : 0;

		if (a->class == VMCS_NA || b->class == VMCS_NA)
			continue;
		same++;
		if ((a->value ^ b->value) & ~ignored)
			test_fail(__FILE__, __LINE__,
				  "%s is 0x%" PRIx64 " in the kernel's "
				  "listing, 0x%" PRIx64 " in ours, class %u",
				  vmcs_field_name(f), a->value, b->value,
				  b->class);
	}
	CHECK(same > 50);
}

TEST(the_kernels_own_listing_agrees)
{
	struct vmcs_import im;
	enum vmcs_kind kind;
	bool native;

	CHECK(start_bad(&bads[3]));
	kind = host_kind(&native);
	import_refused_entry(&im);
	CHECK_EQ(im.model.kind, kind);
	CHECK_EQ(im.summary.checks.violated, 1);
	CHECK_EQ(im.summary.checks.first, bads[3].field);
	check_agrees(&im.model);
	vmcs_import_deinit(&im);
	machine_end(&m);
}

/* Where the processor has no real mode, KVM fills the VMCS for another. */
TEST(it_agrees_in_real_mode)
{
	struct vmcs_import im;
	struct x86_state s;
	bool native;

	machine_start(&m, end16, 16, NULL);
	if (host_kind(&native) != VMCS_VMX || !native)
		test_skip("only kvm_intel refuses such an entry");
	s = state_now();
	bad_gdtr(&s);
	put(&s, X86_GROUP_SYS);
	import_refused_entry(&im);
	CHECK_EQ(im.summary.checks.violated, 1);
	CHECK_EQ(im.summary.checks.first, VMCS_SEG(VMCS_GDTR, VMCS_BASE));
	check_agrees(&im.model);
	vmcs_import_deinit(&im);
	machine_end(&m);
}
