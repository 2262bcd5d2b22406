#include "vmm/inspect/host.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

static char dir[] = "/tmp/inspect_host_XXXXXX";
static struct host_caps caps;
static struct x86_host host;

static void put(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	CHECK(file);
	fputs(text, file);
	fclose(file);
}

static void setup(const char *module)
{
	char path[200];

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%s", dir, module);
	CHECK(!mkdir(path, 0700));
	strcat(path, "/parameters");
	CHECK(!mkdir(path, 0700));
	snprintf(caps.backend, sizeof(caps.backend), "%s", module);
	strcpy(caps.kernel, "6.1.0");
}

static void describe(void)
{
	char cpuinfo[200], command[250];

	snprintf(cpuinfo, sizeof(cpuinfo), "%s/cpuinfo", dir);
	host_describe(&host, &caps, dir, cpuinfo);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CHECK(!system(command));
}

TEST(an_intel_host)
{
	setup("kvm_intel");
	put("kvm_intel/parameters/ept", "Y\n");
	put("kvm_intel/parameters/unrestricted_guest", "N\n");
	put("kvm_intel/parameters/emulate_invalid_guest_state", "N\n");
	put("kvm_intel/parameters/nested", "1\n");
	put("kvm_intel/parameters/npt", "Y\n");
	put("cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 1 GHz\n");
	caps.sse_cpl0 = CAP_YES;
	caps.shutdown = SHUTDOWN_KEEPS;
	describe();
	CHECK_EQ(host.vendor, EXIT_VENDOR_VMX);
	CHECK_STR(host.module, "kvm_intel");
	CHECK_STR(host.kernel, "6.1.0");
	CHECK_STR(host.cpu, "Some CPU @ 1 GHz");
	CHECK_EQ(host.ept, 1);
	CHECK_EQ(host.unrestricted_guest, 0);
	CHECK_EQ(host.emulate_invalid, 0);
	CHECK_EQ(host.nested, 1);
	CHECK_EQ(host.npt, -1);
	CHECK_EQ(host.apicv, -1);
	CHECK_EQ(host.runs_cpl0_natively, 1);
	CHECK_EQ(host.keeps_state_at_shutdown, 1);
}

TEST(an_amd_host)
{
	setup("kvm_amd");
	put("kvm_amd/parameters/npt", "Y\n");
	put("kvm_amd/parameters/avic", "N\n");
	put("kvm_amd/parameters/dump_invalid_vmcb", "Y\n");
	caps.shutdown = SHUTDOWN_RESETS;
	describe();
	CHECK_EQ(host.vendor, EXIT_VENDOR_SVM);
	CHECK_EQ(host.npt, 1);
	CHECK_EQ(host.apicv, 0);
	CHECK_EQ(host.dump_invalid, 1);
	CHECK_EQ(host.ept, -1);
	CHECK_STR(host.cpu, "");
	CHECK_EQ(host.runs_cpl0_natively, -1);
	CHECK_EQ(host.keeps_state_at_shutdown, 0);
}

TEST(an_emulating_host)
{
	setup("kvm_other");
	caps.cpl0.int3 = INT3_INTERNAL_ERROR;
	describe();
	CHECK_EQ(host.vendor, EXIT_VENDOR_OTHER);
	CHECK_EQ(host.runs_cpl0_natively, 0);
	CHECK_EQ(host.unrestricted_guest, -1);
}

TEST(an_unknown_host_is_not_guessed)
{
	setup("?");
	strcpy(caps.kernel, "?");
	describe();
	CHECK_STR(host.module, "");
	CHECK_STR(host.kernel, "");
}
