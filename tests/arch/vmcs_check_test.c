#include "tests/arch/vmcs_rig.h"
#include "tests/test.h"

static struct x86_state s;
static struct vmcs_model m;
static struct buf out = BUF_INIT;
static struct vmcs_tally tally;

static void check(enum vmcs_kind kind)
{
	vmcs_rig_model(&m, kind, &s);
	buf_clear(&out);
	tally = vmcs_check(&m, &out);
}

/* Nothing is wrong, on either. */
static void check_good(const char *mode)
{
	for (unsigned int kind = VMCS_VMX; kind <= VMCS_SVM; kind++) {
		check(kind);
		if (tally.violated || tally.conditional || out.len)
			test_fail(__FILE__, __LINE__, "%s: %s", mode,
				  buf_cstr(&out));
		CHECK(tally.made > 10);
	}
}

/* Exactly this is violated. */
static void check_bad(enum vmcs_kind kind, const char *field)
{
	check(kind);
	if (tally.violated != 1)
		test_fail(__FILE__, __LINE__, "%s: %u violated:\n%s", field,
			  tally.violated, buf_cstr(&out));
	CHECK_HAS(buf_cstr(&out), field);
}

TEST(good_states_of_every_mode)
{
	vmcs_rig_real(&s);
	check_good("real");
	vmcs_rig_prot32(&s);
	check_good("prot32");
	vmcs_rig_pae(&s);
	check_good("PAE");
	vmcs_rig_long(&s, 0);
	check_good("long, CPL 0");
	vmcs_rig_long(&s, 3);
	check_good("long, CPL 3");
	vmcs_rig_v8086(&s);
	check_good("vm86");
	buf_deinit(&out);
}

static void long_mode(void)
{
	vmcs_rig_long(&s, 0);
}

TEST(one_bad_field_is_named_alone)
{
	long_mode();
	s.seg[X86_SS].attr &= ~0xfu;
	check_bad(VMCS_VMX, "violated: SS.attr = 0xc090 (derived)\n"
			    "  SDM Vol 3C, Checks on Guest Segment Registers:\n"
			    "  the type must be 3 or 7\n"
			    "  satisfied by: SS.attr = 0x0c093\n");
	long_mode();
	s.seg[X86_TR].attr = 0x1000b;
	check_bad(VMCS_VMX, "violated: TR.attr = 0x1000b");
	long_mode();
	s.seg[X86_TR].attr = 0x83;
	check_bad(VMCS_VMX, "satisfied by: TR.attr = 0x0008b");
	long_mode();
	s.seg[X86_CS].attr |= X86_AR_DB;
	check_bad(VMCS_VMX, "violated: CS.attr = 0xe09b");
	check_bad(VMCS_SVM, "violated: CS.attr = 0xe9b");
	long_mode();
	s.seg[X86_LDTR] = (struct x86_seg){0, 0, 0x82, 0x2c};
	check_bad(VMCS_VMX, "satisfied by: 0x0028");
	long_mode();
	s.gdt.base = UINT64_C(1) << 63;
	check_bad(VMCS_VMX, "violated: GDTR.base = 0x8000000000000000");
	long_mode();
	s.seg[X86_GS].base = UINT64_C(1) << 63;
	check_bad(VMCS_VMX, "violated: GS.base");
	long_mode();
	s.rflags |= X86_FL_VM;
	check_bad(VMCS_VMX, "violated: RFLAGS = 0x20002");
	long_mode();
	s.rip = UINT64_C(1) << 63;
	check_bad(VMCS_VMX, "violated: RIP");
	buf_deinit(&out);
}

TEST(svm_names_what_vmrun_refuses)
{
	long_mode();
	s.cr4 &= ~X86_CR4_PAE;
	check_bad(VMCS_SVM, "violated: CR4 = 0x6c0 (predicted)\n"
			    "  APM Vol 2, VMRUN: Canonicalization and "
			    "Consistency Checks:\n");
	long_mode();
	s.dr7 |= UINT64_C(1) << 32;
	check_bad(VMCS_SVM, "satisfied by: DR7 = 0x400");
	long_mode();
	s.event.exception_injected = true;
	s.event.exception_nr = 2;
	check_bad(VMCS_SVM, "violated: event_inj = 0x80000302 (derived)");
	buf_deinit(&out);
}

TEST(an_interrupt_without_IF)
{
	long_mode();
	s.event.interrupt_injected = true;
	s.event.interrupt_nr = 0x30;
	check_bad(VMCS_VMX, "IF (bit 9) = 1, or no interrupt to inject");
	s.rflags |= X86_FL_IF;
	s.event.interrupt_shadow = 2;
	check_bad(VMCS_VMX, "violated: Interruptibility = 0x1 (derived)");
	buf_deinit(&out);
}

TEST(restricted_rules_count_only_without_unrestricted_guest)
{
	struct x86_host host;
	const struct vmcs_source src = {.state = &s, .host = &host};

	long_mode();
	s.seg[X86_SS].sel |= 3;
	check(VMCS_VMX);
	CHECK_EQ(tally.violated, 0);
	vmcs_rig_host(&host, EXIT_VENDOR_VMX);
	host.unrestricted_guest = 0;
	vmcs_build(&m, VMCS_VMX, &src);
	buf_clear(&out);
	tally = vmcs_check(&m, &out);
	CHECK_EQ(tally.violated, 0);
	CHECK_EQ(tally.conditional, 2);
	CHECK_EQ(tally.first, VMCS_SEG(X86_SS, VMCS_SEL));
	CHECK_HAS(buf_cstr(&out), "may be violated: SS.sel = 0x1b");
	CHECK_HAS(buf_cstr(&out), "else KVM emulates until the state is valid");
	/* unless that was switched off, as a parameter of kvm_intel */
	host.emulate_invalid = 0;
	vmcs_build(&m, VMCS_VMX, &src);
	CHECK_EQ(vmcs_check(&m, NULL).violated, 2);
	host.emulate_invalid = 1;
	vmcs_build(&m, VMCS_VMX, &src);
	/* a listing tells of an entry that was tried */
	m.imported = true;
	CHECK_EQ(vmcs_check(&m, NULL).violated, 2);
	host.unrestricted_guest = -1;
	vmcs_build(&m, VMCS_VMX, &src);
	buf_clear(&out);
	tally = vmcs_check(&m, &out);
	CHECK_EQ(tally.violated, 0);
	CHECK_EQ(tally.conditional, 2);
	CHECK_HAS(buf_cstr(&out), "may be violated: SS.sel");
	CHECK_HAS(buf_cstr(&out), "counts if the \"unrestricted guest\" "
				  "control is 0 (not known here)");
	buf_deinit(&out);
}

TEST(what_could_not_be_made_is_told)
{
	struct buf text = BUF_INIT;

	long_mode();
	check(VMCS_SVM);
	CHECK(tally.skipped);
	vmcs_print_skipped(&text, &m);
	CHECK_HAS(buf_cstr(&text), "  asid: must not be 0 (asid is n/a: "
				   "kernel-private)\n");
	buf_clear(&text);
	vmcs_print_tally(&text, &tally);
	CHECK_HAS(buf_cstr(&text), "checks fails; ");
	CHECK_HAS(buf_cstr(&text), "could not be made");
	buf_deinit(&text);
	buf_deinit(&out);
}
