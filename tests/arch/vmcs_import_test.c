#include "arch/vmcs/import.h"

#include <ctype.h>

#include "base/file.h"
#include "tests/arch/vmcs_rig.h"
#include "tests/test.h"

#define DATA "tests/arch/data/vmcs/"

static struct vmcs_import im;
static struct err err;
static struct buf text = BUF_INIT, out = BUF_INIT;

static void load(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DATA "%s", name);
	buf_clear(&text);
	CHECK_OK(file_read(path, 1 << 20, &text, &err), &err);
}

static void import(unsigned int which)
{
	CHECK_OK(vmcs_import(&im, text.data, text.len, which, &err), &err);
	buf_clear(&out);
	vmcs_import_print_notes(&out, &im);
}

static uint64_t field(unsigned int f)
{
	CHECK_EQ(im.model.field[f].class, VMCS_EXACT);
	return im.model.field[f].value;
}

/* Exactly the field that was made bad is named. */
static void check_names(unsigned int f, const char *satisfied)
{
	struct vmcs_tally tally;

	buf_clear(&out);
	tally = vmcs_check(&im.model, &out);
	if (tally.violated != 1 || tally.conditional || tally.skipped)
		test_fail(__FILE__, __LINE__, "%s: %u, %u, %u: %s",
			  vmcs_field_name(f), tally.violated, tally.conditional,
			  tally.skipped, buf_cstr(&out));
	CHECK_STR(vmcs_field_name(tally.first), vmcs_field_name(f));
	CHECK_HAS(buf_cstr(&out), satisfied);
}

/* What was made bad before each entry of the log: twice two entries each. */
static const struct {
	unsigned int field;
	const char *satisfied;
} made_bad[] = {
	{VMCS_SEG(X86_SS, VMCS_ATTR), "SS.attr = 0x0c093"},
	{VMCS_SEG(X86_TR, VMCS_ATTR), "TR must be usable"},
	{VMCS_SEG(X86_TR, VMCS_ATTR), "the type must be 11"},
	{VMCS_SEG(X86_CS, VMCS_ATTR), "D/B (bit 14) must be 0"},
	{VMCS_SEG(X86_LDTR, VMCS_SEL), "TI (bit 2) must be 0"},
	{VMCS_SEG(VMCS_GDTR, VMCS_BASE), "must be a canonical address"},
	{VMCS_F_RFLAGS, "VM (bit 17) must be 0 in IA-32e mode"},
	{VMCS_SEG(X86_GS, VMCS_BASE), "must be a canonical address"},
};

TEST(vmx_entries_that_failed_name_the_bad_field)
{
	load("vmx-6.1.txt");
	for (unsigned int i = 0; i < 4 * ARRAY_SIZE(made_bad); i++) {
		unsigned int bad = i % (2 * ARRAY_SIZE(made_bad)) / 2;

		import(i + 1);
		CHECK_EQ(im.count, 32);
		CHECK_STR(buf_cstr(&out), "");
		CHECK_EQ(field(VMCS_F_EXIT_REASON), 0x80000021);
		check_names(made_bad[bad].field, made_bad[bad].satisfied);
		vmcs_import_deinit(&im);
	}
}

TEST(svm_entries_that_failed_name_the_bad_field)
{
	load("svm-6.1.txt");
	for (unsigned int i = 1; i <= 2; i++) {
		import(i);
		CHECK_EQ(im.count, 2);
		CHECK_STR(buf_cstr(&out), "");
		CHECK_EQ(field(VMCS_F_EXIT_CODE), 0xffffffff);
		check_names(VMCS_SEG(X86_CS, VMCS_ATTR), "CS.attr = 0xa9b");
		vmcs_import_deinit(&im);
	}
}

/* An older layout, and pieces of pr_cont() on lines of their own. */
TEST(a_listing_with_nothing_wrong)
{
	struct vmcs_tally tally;

	load("vmx-5.19.txt");
	import(0);
	CHECK_EQ(im.count, 1);
	CHECK_EQ(im.summary.lines, 47);
	CHECK_STR(buf_cstr(&out), "");
	tally = vmcs_check(&im.model, &out);
	CHECK_STR(buf_cstr(&out), "");
	CHECK(tally.made > 120);
	CHECK_EQ(field(VMCS_F_POINTER), 0xc50fc773);
	CHECK_EQ(field(VMCS_F_CPU), 3);
	CHECK_EQ(field(VMCS_F_SECONDARY), 0x32bf2);
	CHECK_EQ(field(VMCS_F_VIRTUAL_APIC), 0x114057000);
	CHECK_EQ(field(VMCS_F_TPR_THRESHOLD), 0);
	CHECK_EQ(field(VMCS_F_HOST_PAT), 0x0407050600070106);
	CHECK_EQ(field(VMCS_F_PAT), 0x0407050600070106);
	CHECK_EQ(field(VMCS_F_HOST_SYSENTER_EIP), 0xffffffffaf0016b0);
	CHECK_EQ(field(VMCS_F_SYSENTER_EIP), 0xffffffff90a04810);
	vmcs_import_deinit(&im);
}

/* ---- what stands before and between ---- */

/* Each line with another prefix, unrelated lines in between. */
static void redress(const char *prefix, const char *between)
{
	struct buf old = text;

	buf_init(&text);
	for (const char *p = buf_cstr(&old); *p;) {
		size_t n = strcspn(p, "\n");
		const char *start = strchr(p, ']') + 2;

		buf_printf(&text, "%s%.*s\r\n%s", prefix, (int)(p + n - start),
			   start, between);
		p += n + 1;
	}
	buf_deinit(&old);
}

TEST(any_prefix_and_lines_in_between)
{
	static const char *const prefixes[] = {
		"",
		"kvm_intel: ",
		"[    9.180630][ T1234] kvm_intel: ",
		"<3>[    9.180630] ",
		"Oct  9 10:11:12 host kernel: [ 1234.567890] kvm_intel: ",
		"2025-10-09T10:11:12.123456+02:00 host kernel: kvm_intel: ",
		"> [Thu Oct  9 10:11:12 2025] kvm_intel: ",
	};
	struct vmcs_model before;

	load("vmx-6.1.txt");
	import(32);
	before = im.model;
	vmcs_import_deinit(&im);
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		load("vmx-6.1.txt");
		redress(prefixes[i], "usb 1-1: new device, RIP: 0010:foo+0x1 "
				     "CR3: 00001\n");
		import(32);
		CHECK_STR(buf_cstr(&out), "");
		CHECK_EQ(im.count, 32);
		CHECK(!memcmp(&im.model, &before, sizeof(before)));
		vmcs_import_deinit(&im);
	}
}

static void replace(const char *old, const char *new)
{
	char *at = strstr(text.data, old);
	struct buf b = BUF_INIT;

	CHECK(at);
	buf_append(&b, text.data, (size_t)(at - text.data));
	buf_printf(&b, "%s%s", new, at + strlen(old));
	buf_deinit(&text);
	text = b;
}

/* As mail programs do: "> " before, and a line break at the last blanks. */
TEST(wrapped_and_quoted_lines)
{
	struct vmcs_model before;

	load("vmx-5.19.txt");
	import(0);
	before = im.model;
	vmcs_import_deinit(&im);
	redress("> ", "");
	for (char *p = text.data; (p = strstr(p, ", base="));)
		p[1] = '\n';
	replace("CR0: actual=0x0000000080050033, shadow", "CR0: "
							  "actual="
							  "0x0000000080050033,"
							  "\r\n> > shadow");
	replace("DR7 = ", "DR7 =\n");
	import(0);
	CHECK_STR(buf_cstr(&out), "");
	CHECK(!memcmp(&im.model, &before, sizeof(before)));
	CHECK_EQ(im.summary.last_line, 47 + 12);
	vmcs_import_deinit(&im);
}

TEST(efer_and_pat_on_one_line)
{
	load("vmx-5.19.txt");
	replace("EFER= 0x0000000000000d01 (effective)", "EFER =     "
							"0x0000000000000500  "
							"PAT = "
							"0x0000000000000006");
	replace("[   73.980900] PAT = 0x0407050600070106\n", "");
	import(0);
	CHECK_STR(buf_cstr(&out), "");
	CHECK_EQ(field(VMCS_F_EFER), 0x500);
	CHECK_EQ(field(VMCS_F_PAT), 6);
	vmcs_import_deinit(&im);
}

TEST(encrypted_state_features)
{
	load("svm-6.1.txt");
	replace("cs:   s: 0008 a: 0e9b", "cs:   s: 0008 a: 0a9b");
	replace("VMCB State Save Area:", "allowed_sev_features:"
					 "8000000000000001\n"
					 "guest_sev_features: "
					 "0000000000000081\n"
					 "VMCB State Save Area:");
	import(1);
	CHECK_EQ(im.summary.checks.violated, 1);
	CHECK_EQ(im.summary.checks.first, VMCS_F_GUEST_SEV);
	vmcs_import_deinit(&im);
}

TEST(forms_of_newer_kernels)
{
	load("svm-6.1.txt");
	replace("SVM: VMCB 000000000648116b", "kvm_amd: SEV-ES vCPU3 VMCB "
					      "(____ptrval____)");
	replace("vmsa_pa:            0000000000000000",
		"vmsa_pa:            0000000000000000\n"
		"kvm_amd: allowed_sev_features:8000000000000001\n"
		"kvm_amd: guest_sev_features: 0000000000000081");
	replace("nested_ctl: ", "misc_ctl: ");
	replace("exit_code:          ffffffff", "exit_code:          "
						"ffffffffffffffff");
	replace("excp_to:      0000000000000000",
		"excp_to:      0000000000000000\n"
		"[ 3.4] kvm_amd: s_cet:          0000000000000002 "
		"ssp:          0000000000007000\n"
		"[ 3.4] kvm_amd: rax:            0000000000000000 "
		"rbx:          00000000000000b1");
	import(1);
	CHECK_STR(buf_cstr(&out), "");
	CHECK_EQ(im.model.field[VMCS_F_POINTER].class, VMCS_NA);
	CHECK_EQ(field(VMCS_F_VCPU), 3);
	CHECK_EQ(field(VMCS_F_GUEST_SEV), 0x81);
	CHECK_EQ(field(VMCS_F_NESTED_CTL), 1);
	CHECK_EQ(field(VMCS_F_EXIT_CODE), UINT64_MAX);
	CHECK_EQ(field(VMCS_F_SSP), 0x7000);
	CHECK_EQ(field(VMCS_REG(X86_RBX)), 0xb1);
	vmcs_import_deinit(&im);

	load("vmx-5.19.txt");
	replace("InterruptStatus = 0000\n", "InterruptStatus = 0000\nMSR guest "
					    "autoload:\n"
					    "   0: msr=0x00000600 "
					    "value=0x0000000000000001\n"
					    "S_CET = 0x0000000000000003, SSP = "
					    "0x0000000000008000, "
					    "SSP TABLE = 0x0000000000000000\n");
	replace("*** Control State ***", "MSR host autoload:\n"
					 "   0: msr=0x00000600 "
					 "value=0xfffffe0000010000\n"
					 "*** Control State ***");
	replace("CPU 3", "CPU -1");
	import(0);
	CHECK_EQ(im.model.field[VMCS_F_CPU].class, VMCS_NA);
	CHECK_EQ(field(VMCS_F_SSP), 0x8000);
	CHECK_STR(buf_cstr(&out), "MSR guest autoload: msr=0x00000600 "
				  "value=0x0000000000000001\n"
				  "MSR host autoload: msr=0x00000600 "
				  "value=0xfffffe0000010000\n");
	vmcs_import_deinit(&im);
}

/* ---- what is not as it should be ---- */

TEST(a_cut_listing_says_what_is_missing)
{
	load("vmx-5.19.txt");
	text.len = (size_t)(strstr(text.data, "TSC Offset") - text.data);
	text.data[text.len] = '\0';
	replace("CR3 = 0x00000001383cc000", "lost");
	import(0);
	CHECK_EQ(im.summary.missing, 2);
	CHECK_STR(buf_cstr(&out), "missing: 1 line, CR3\n"
				  "missing: 1 line, TSC Offset; the listing "
				  "ends at line 41\n");
	vmcs_import_deinit(&im);

	/* its beginning is gone: no head, no titles */
	load("vmx-5.19.txt");
	buf_consume(&text, (size_t)(strstr(text.data, "RSP = ") - text.data));
	import(0);
	CHECK_HAS(buf_cstr(&out), "missing: 4 lines, VMCS to CR3\n");
	CHECK_EQ(field(VMCS_F_RIP), 0xffffffff90070964);
	vmcs_import_deinit(&im);
}

TEST(a_torn_line_is_named_and_left_out)
{
	load("vmx-5.19.txt");
	replace("base=0xfffffe0000059000", "base=0xfffffe00000");
	replace("attr=0x0a09b", "attr=0x0aX9b");
	replace("sel=0x0018", "sel=0x00180000");
	replace("CR3 = 0x00000001383cc000", "CR3 = 0x00000001383cc0000");
	import(0);
	CHECK_STR(buf_cstr(&out), "missing: 1 line, CR3\n"
				  "missing: 1 line, CS\n"
				  "missing: 1 line, SS\n"
				  "missing: 1 line, GDTR\n"
				  "line 5: CR3: no value of 64 bits; the line "
				  "is left out\n"
				  "line 11: CS.attr: no 5 hexadecimal digits; "
				  "the line is "
				  "left out\n"
				  "line 13: SS.sel: 0x180000 does not fit its "
				  "16 bits; the "
				  "line is left out\n"
				  "line 17: GDTR.base: the line ends before 16 "
				  "hexadecimal "
				  "digits; the line is left out\n");
	vmcs_import_deinit(&im);
}

TEST(two_listings_mixed_are_noticed)
{
	load("vmx-5.19.txt");
	replace("CR3 = 0x00000001383cc000", "CR3 = 0x00000001383cc000\nCR3 = "
					    "0x0000000000001000");
	import(0);
	CHECK_STR(buf_cstr(&out), "line 6: CR3 is 0x1000 here and 0x1383cc000 "
				  "before, which is kept; two listings may be "
				  "mixed\n");
	vmcs_import_deinit(&im);
}

TEST(listings_without_heads_are_told_apart)
{
	load("vmx-6.1.txt");
	for (char *p = text.data; (p = strstr(p, "VMCS 0"));)
		*p = '-';
	import(0);
	CHECK_EQ(im.count, 32);
	CHECK_EQ(im.chosen, 32);
	vmcs_import_deinit(&im);
}

TEST(no_listing_and_no_such_listing)
{
	buf_clear(&text);
	buf_str(&text, "RIP = 0xffffffff81000000\nasid: 5\nCR3 = 0x1\n");
	CHECK(!vmcs_import(&im, text.data, text.len, 0, &err));
	CHECK_EQ(err.code, ERR_NOT_FOUND);
	CHECK_HAS(err.msg, "no VMCS or VMCB listing in 3 lines");
	CHECK(!vmcs_import(&im, "", 0, 0, &err));
	CHECK_HAS(err.msg, "in 0 lines");
	load("svm-6.1.txt");
	CHECK(!vmcs_import(&im, text.data, text.len, 3, &err));
	CHECK_EQ(err.code, ERR_RANGE);
	CHECK_HAS(err.msg, "no listing 3: the text has 2");
}

TEST(the_list_names_what_is_bad)
{
	load("vmx-6.1.txt");
	import(5);
	buf_clear(&out);
	vmcs_import_print_list(&out, &im);
	CHECK_HAS(buf_cstr(&out), "    1  lines 4-48: VMCS 000000006074dcef on "
				  "CPU 0, bad: "
				  "SS.attr\n");
	CHECK_HAS(buf_cstr(&out), "*   5  lines 184-228: VMCS");
	vmcs_import_deinit(&im);
}

/* What we print, we can read: two states of a guest can be compared. */
TEST(our_own_listing_comes_back)
{
	for (unsigned int kind = VMCS_VMX; kind <= VMCS_SVM; kind++) {
		struct x86_state s;
		struct vmcs_model m;

		vmcs_rig_long(&s, 0);
		s.gpr[X86_RSP] = 0xffffc90000003f10;
		vmcs_rig_model(&m, kind, &s);
		buf_clear(&text);
		vmcs_print(&text, &m);
		import(0);
		CHECK_EQ(im.count, 1);
		CHECK_EQ(im.notes, 0);
		for (unsigned int f = 0; f < VMCS_NR_FIELDS; f++)
			if (im.model.field[f].class != VMCS_NA &&
			    im.model.field[f].value != m.field[f].value)
				test_fail(__FILE__, __LINE__, "%s",
					  vmcs_field_name(f));
		CHECK_EQ(field(VMCS_F_CR3), s.cr3);
		CHECK_EQ(field(VMCS_SEG(X86_TR, VMCS_BASE)),
			 s.seg[X86_TR].base);
		vmcs_import_deinit(&im);
	}
}

TEST(beside_another_the_differences_have_a_star)
{
	struct x86_state s;
	struct vmcs_model live;

	load("vmx-5.19.txt");
	import(0);
	vmcs_rig_long(&s, 0);
	s.cr3 = 0x1383cc000;
	vmcs_rig_model(&live, VMCS_VMX, &s);
	buf_clear(&out);
	vmcs_print_beside(&out, &im.model, &live);
	CHECK_HAS(buf_cstr(&out), "\n  CR3                    00000001383cc000 "
				  " "
				  "00000001383cc000 [E]\n");
	CHECK_HAS(buf_cstr(&out), "\n* RIP                    ffffffff90070964 "
				  " "
				  "ffffffff81000000 [E]\n");
	CHECK_HAS(buf_cstr(&out), "\n  EPT pointer            0000000103b9205e "
				  " n/a "
				  "(kernel-private)\n");
	CHECK_HAS(buf_cstr(&out), "fields differ (*); the host's 21 are left "
				  "out, user space cannot see them\n");
	vmcs_import_deinit(&im);
}
