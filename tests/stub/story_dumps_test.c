/*
 * Real deaths, told again: from the registers and the exit of a real dump the
 * story must have each line of that dump, and name the cause.
 */
#include <errno.h>

#include "arch/decode.h"
#include "tests/stub/dumps.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct target_evidence ev;
static struct x86_host host;
static const char *text;

static void put64(gpa_t gpa, uint64_t value)
{
	memcpy(fake_ram(f, gpa, 8), &value, 8);
}

static void setup(const char *dump, enum exit_vendor vendor)
{
	if (!decode_available())
		test_skip("built without an instruction decoder");
	f = fake_create(1);
	host = (struct x86_host){.vendor = vendor,
				 .module = "kvm_intel",
				 .ept = 1,
				 .unrestricted_guest = 1,
				 .npt = -1,
				 .vpid = 1,
				 .nested = 0,
				 .dump_invalid = 0,
				 .apicv = 1,
				 .emulate_invalid = 1,
				 .runs_cpl0_natively = 1,
				 .keeps_state_at_shutdown = 1};
	f->inspect.host = &host;
	memset(&ev, 0, sizeof(ev));
	ev.has_state = true;
	ev.exit.vendor = vendor;
	dump_read(dump, &ev.state);
	f->cpu[0] = ev.state;
	f->inspect.evidence = &ev;
}

/* Map the page of rip, and the one before, by tables at CR3. */
static void map_code(const char *dump)
{
	uint8_t bytes[DUMP_CODE_MAX];
	gpa_t at = ev.state.cr3 & ~UINT64_C(0xfff);
	unsigned int n = dump_code_bytes(dump, bytes);
	gva_t first = ev.state.rip - DUMP_CODE_BEFORE;
	unsigned int i;

	fake_add_region(f, at, 0x5000, false, "tables and code");
	for (i = 0; i < 4; i++)
		put64(at + 0x1000 * i +
			      8 * (ev.state.rip >> (39 - 9 * i) & 511),
		      (at + 0x1000 * (i + 1)) | 3);
	memcpy(fake_ram(f, at + 0x4000 + (first & 0xfff), n), bytes, n);
}

static void die(void)
{
	fake_push_error(f, 0, GDB_SIGNAL_ABRT, "internal-error", NULL);
	text = fake_run(f).text;
}

/* Every line of the dump is in the story. */
static void check_lines(const char *dump)
{
	char line[256];

	while (*dump) {
		size_t len = strcspn(dump, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, dump);
		CHECK_HAS(text, line);
		dump += len + 1;
	}
}

static void check_verdict(const char *expected)
{
	char line[512];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	CHECK_HAS(line, expected);
}

TEST(a_state_taken_for_invalid)
{
	static const uint64_t data[] = {1, 0x62058b65e8ae0f0f,
					0xa30f48c08961f2e5, 0x80000021};

	setup(dump_invalid_state, EXIT_VENDOR_VMX);
	map_code(dump_invalid_state);
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = SUBERROR_EMULATION;
	ev.exit.ndata = 8;
	memcpy(ev.exit.data, data, sizeof(data));
	die();
	check_lines(dump_invalid_state);
	check_verdict("the guest's state is not valid for VM entry, so KVM "
		      "had to emulate, and its emulator does not know lfence "
		      "(SSE2) at rip 0xffffffff9e0e0bd4");
	CHECK_HAS(text, "none of");
	CHECK_HAS(text, "fields user space cannot see");
	CHECK_HAS(text, "=> 0xffffffff9e0e0bd4:\tlfence\n");
	CHECK_HAS(text, "hardware exit reason 0x80000021: VMX exit 33 "
			"INVALID_STATE, failed VM entry");
	fake_destroy(f);
}

TEST(a_raw_error_on_wrmsr)
{
	setup(dump_wrmsr, EXIT_VENDOR_VMX);
	map_code(dump_wrmsr);
	ev.exit.run_errno = EPERM;
	ev.state.apic_base = f->cpu[0].apic_base = 0xfee00d00;
	die();
	check_lines(dump_wrmsr);
	check_verdict("KVM_RUN failed with EPERM: the host's kernel gave up "
		      "on wrmsr of MSR 0x838 (");
	check_verdict("value 0x10ab6d8 at rip 0xffffffffa9070964; a bug of "
		      "the host, not of the guest");
	CHECK_HAS(text, "nothing is known to be wrong with the access");
	fake_destroy(f);
}

TEST(an_entry_that_latched_no_error)
{
	setup(dump_entry, EXIT_VENDOR_VMX);
	map_code(dump_entry);
	ev.exit.reason = EXIT_FAIL_ENTRY;
	ev.exit.cpu = 3;
	die();
	check_lines(dump_entry);
	check_verdict("VM entry failed, hardware reason 0x0 (no error number "
		      "was latched");
	check_verdict(" on host CPU 3");
	CHECK_HAS(text, "checks of VM entry: none of");
	CHECK_HAS(text, "dump_invalid_vmcs");
	fake_destroy(f);
}

TEST(gigabyte_pages_that_cpuid_does_not_have)
{
	static const char code[] = "\x66\xc7\x05\x00\x80\x0b\x00\x48\x02";

	setup(dump_1gib, EXIT_VENDOR_VMX);
	f->info.gbpages = false;
	fake_add_region(f, 0xbf8000, 0x2000, false, "tables");
	put64(0xbf8000, 0xbf9023);
	put64(0xbf9000, 0xa3);
	memcpy(fake_ram(f, 0x133025, 9), code, 9);
	ev.exit.reason = EXIT_INTERNAL_ERROR;
	ev.exit.suberror = SUBERROR_EMULATION;
	die();
	check_lines(dump_1gib);
	check_verdict("the instruction at rip 0x133025 cannot be fetched: ");
	check_verdict("PDPTE at physical 0xbf9000 is 0xa3 and has reserved "
		      "bits set");
	check_verdict("guest CPUID 80000001.EDX[26]");
	CHECK_HAS(text, "addr 133025 pferr 10 F\n");
	CHECK_HAS(text, "pte bf9023 level 4");
	CHECK_HAS(text, "pte a3 level 3");
	CHECK_HAS(text, "pferr 9 P|RSVD\n");
	CHECK_HAS(text, "to do: give the guest 1-GiB pages with --cpu "
			"MODEL,+pdpe1gb");
	CHECK_HAS(text, "movw   $0x248,0xb8000\n");
	fake_destroy(f);
}
