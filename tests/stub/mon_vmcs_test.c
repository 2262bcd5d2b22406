#include "stub/mon/vmcs.h"

#include <unistd.h>

#include "stub/mon/monitor.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct x86_host host;
static struct buf out = BUF_INIT;

static void setup(enum exit_vendor vendor, const char *module)
{
	f = fake_create(2);
	host = (struct x86_host){.vendor = vendor};
	snprintf(host.module, sizeof(host.module), "%s", module);
	host.ept = host.npt = host.unrestricted_guest = 1;
	f->inspect.host = &host;
}

static const char *run(const char *line, bool good)
{
	buf_clear(&out);
	CHECK_EQ(monitor_run(&f->target, 0, line, &out), good);
	return buf_cstr(&out);
}

TEST(vmcs_of_an_intel_host)
{
	const char *text;

	setup(EXIT_VENDOR_VMX, "kvm_intel");
	f->cpu[0].cr3 = 0x1383cc000;
	text = run("vmcs", true);
	CHECK(!strncmp(text, "VMCS n/a, last attempted", 24));
	CHECK_HAS(text, "\nCR3 = 0x00000001383cc000[E]\n");
	CHECK_HAS(text, "\nCR0: actual=0x");
	CHECK_HAS(text, "[P], shadow=0x");
	CHECK_HAS(text, "\n*** Host State ***\nn/a  (kernel-private)\n");
	CHECK_HAS(text, "\nn/a (kernel-private): `echo 1 >/sys/module/"
			"kvm_intel/parameters/dump_invalid_vmcs`");
	text = run("vmcb", true);
	CHECK_HAS(text, "This host (kvm_intel) has no VMCB; on kvm_amd with "
			"NPT this state would appear so:\nSVM vCPU0[E] VMCB "
			"n/a");
	fake_destroy(f);
}

TEST(vmcb_of_an_amd_host)
{
	const char *text;

	setup(EXIT_VENDOR_SVM, "kvm_amd");
	text = run("vmcb -c 1", true);
	CHECK(!strncmp(text, "SVM vCPU1[E] VMCB n/a", 21));
	CHECK_HAS(text, "\nVMCB State Save Area:\nes:   s: ");
	CHECK_HAS(text, "dump_invalid_vmcb`");
	fake_destroy(f);
}

TEST(check_is_the_hosts_own)
{
	const char *text;

	setup(EXIT_VENDOR_VMX, "kvm_intel");
	text = run("vmcs check", true);
	CHECK_HAS(text, "VM-entry checks of Intel processors on vCPU 0:\nnone "
			"of 1");
	CHECK(!strstr(text, "AMD"));
	f->cpu[0].seg[X86_TR].attr |= X86_AR_UNUSABLE;
	target_forget(&f->target);
	text = run("vmcs check", true);
	CHECK_HAS(text, "\nviolated: TR.attr = 0x1008b (derived)\n");
	CHECK_HAS(text, "\n1 of 1");
	text = run("vmcs check svm", true);
	CHECK_HAS(text, "VMRUN checks of AMD processors on vCPU 0, which this "
			"host does not make:\nnone of ");
	fake_destroy(f);

	setup(EXIT_VENDOR_OTHER, "kvm_pvm");
	text = run("vmcs check", true);
	CHECK_HAS(text, "Intel");
	CHECK_HAS(text, "AMD");
	CHECK_HAS(run("vmcs check intel", false), "'intel' is neither vmx nor "
						  "svm\nusage: vmcs check "
						  "[vmx|svm]\n");
	fake_destroy(f);
}

/* ---- what an error exit adds ---- */

static struct target_evidence evidence;

static void die(uint32_t vcpu)
{
	evidence = (struct target_evidence){
		.vcpu = vcpu,
		.exit = {.reason = EXIT_FAIL_ENTRY,
			 .vendor = EXIT_VENDOR_VMX,
			 .hw_reason = 0x80000021,
			 .cpu = 5},
	};
	f->inspect.evidence = &evidence;
}

TEST(a_failed_entry_fills_reason_and_cpu)
{
	const char *text;

	setup(EXIT_VENDOR_VMX, "kvm_intel");
	die(0);
	text = run("vmcs", true);
	CHECK_HAS(text, "last attempted VM-entry on CPU 5[E]");
	CHECK_HAS(text, "        reason=80000021[E] qualification=n/a  (not "
			"told by this exit)\n");
	die(1); /* another vCPU's */
	CHECK_HAS(run("vmcs", true), "VM-entry on CPU n/a");
	fake_destroy(f);
}

TEST(wiped_registers_are_those_from_before)
{
	setup(EXIT_VENDOR_SVM, "kvm_amd");
	die(0);
	evidence.has_state = evidence.from_before = true;
	evidence.state = f->cpu[0];
	evidence.state.cr3 = 0xabc000;
	CHECK_HAS(run("vmcb", true), "cr3:            0000000000abc000[E]");
	/* else a debugger's repair shows */
	evidence.from_before = false;
	f->cpu[0].cr3 = 0xdef000;
	target_forget(&f->target);
	CHECK_HAS(run("vmcb", true), "cr3:            0000000000def000[E]");
	fake_destroy(f);
}

/* ---- import ---- */

TEST(import_names_the_cause_first)
{
	static const char bad[] = "violated: LDTR.sel = 0x2c\n";
	const char *text;

	setup(EXIT_VENDOR_VMX, "kvm_intel");
	text = run("vmcs import tests/arch/data/vmcs/vmx-6.1.txt 9", true);
	CHECK_HAS(text, "VMCS in lines 364 to 408, number 9 of 32, which are "
			"listed below\nlast exit: VMX exit 33 INVALID_STATE, "
			"failed VM entry\n");
	CHECK_HAS(text, bad);
	CHECK_HAS(text, "1 of 132 checks fails\n\nBeside vCPU 0 as it is "
			"now:\n");
	CHECK(strstr(text, bad) < strstr(text, "Beside"));
	CHECK_HAS(text, "\n*   9  lines 364-408: VMCS 000000001456b5c4 on CPU "
			"0, bad: LDTR.sel\n");
	fake_destroy(f);
}

/* No check fails, and the kernel says that the processor refused. */
TEST(import_does_not_hide_that_it_knows_no_cause)
{
	const char *text;
	char path[] = "/tmp/mon_vmcs_XXXXXX", line[80];
	FILE *file;

	CHECK(mkstemp(path) >= 0);
	file = fopen(path, "w");
	fputs("VMCS 0000000000001000, last attempted VM-entry on CPU 0\n"
	      "        reason=80000021 qualification=0000000000000000\n",
	      file);
	fclose(file);
	setup(EXIT_VENDOR_VMX, "kvm_intel");
	snprintf(line, sizeof(line), "vmcs import %s", path);
	text = run(line, true);
	unlink(path);
	CHECK_HAS(text, "missing: ");
	CHECK_HAS(text, "\nThe cause is not in what is listed: ");
	fake_destroy(f);
}

TEST(import_needs_a_listing)
{
	setup(EXIT_VENDOR_VMX, "kvm_intel");
	CHECK_HAS(run("vmcs import /nonexistent", false), "cannot open "
							  "/nonexistent");
	CHECK_HAS(run("vmcs import Makefile", false), "no VMCS or VMCB listing "
						      "in ");
	CHECK_HAS(run("vmcs import tests/arch/data/vmcs/svm-6.1.txt 0", false),
		  "'0': listings are numbered from 1\nusage: vmcs import FILE "
		  "[NUMBER]\n");
	CHECK_HAS(run("vmcs import tests/arch/data/vmcs/svm-6.1.txt x", false),
		  "'x'");
	CHECK_HAS(run("vmcs import tests/arch/data/vmcs/svm-6.1.txt 3", false),
		  "there is no listing 3: the text has 2");
	fake_destroy(f);
}
