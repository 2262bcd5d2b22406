#include "vmm/host/host_caps.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"
#include "vmm/host/probe_host.h"

static struct host_caps caps;

static const char *print(void)
{
	static struct buf out;

	buf_clear(&out);
	host_caps_print(&caps, &out);
	return buf_cstr(&out);
}

TEST(an_unmeasured_host_prints_question_marks)
{
	CHECK_HAS(print(), "planted int3 (0xcc)      ?");
	CHECK_HAS(print(), "single-step: not here");
	CHECK_HAS(print(), "hardware breakpoints: not here");
	CHECK_HAS(print(), "nothing that was tried");
}

TEST(an_ordinary_host)
{
	caps.cpl0 = (struct debug_caps){INT3_DEBUG_EXIT, INT3_TO_GUEST,
					CAP_YES,	 CAP_YES,
					CAP_YES,	 CAP_YES};
	caps.real = caps.cpl3 = caps.cpl0;
	caps.rf_resume = CAP_YES;
	caps.step_fault = CAP_NO;
	CHECK_HAS(print(), "software breakpoints: planted 0xCC, which this KVM "
			   "hands");
	CHECK_HAS(print(), "going on from one: RFLAGS.RF\n");
	CHECK_HAS(print(), "data watchpoints: debug registers");
	CHECK_HAS(print(), "taken out of what pushf saved; a fault's handler");
	CHECK(!strstr(print(), "CPL3)"));
}

TEST(an_emulating_host)
{
	caps.cpl0.int3 = INT3_INTERNAL_ERROR;
	caps.real.int3 = INT3_TO_GUEST;
	caps.real.int1 = INT3_INTERNAL_ERROR;
	caps.cpl3.int3 = INT3_TO_GUEST;
	caps.readonly_slot = CAP_YES;
	caps.sse_cpl0 = CAP_NO;
	caps.insn[CAP_INSN_CLAC] = CAP_NO;
	caps.syscall = caps.cpuid = CAP_NO;
	CHECK_HAS(print(), "(clearcpuid=) which not to use");
	CHECK_HAS(print(), "SYSCALL: ends in a page fault at LSTAR");
	CHECK_HAS(print(), "emulation error: that is the hit");
	CHECK_HAS(print(), "planted 0xCC, which this KVM reports");
	caps.cpl0.int1 = INT3_INTERNAL_ERROR;
	CHECK_HAS(print(), "planted 0xF1, which this KVM reports");
	CHECK_HAS(print(), "it gets the trap itself");
	CHECK_HAS(print(), "data watchpoints: page protection");
	CHECK_HAS(print(), "kernel mode:          SSE clac\n");
}

TEST(patch_bytes)
{
	CHECK_EQ(host_caps_patch_byte(&caps), 0);
	caps.cpl0.int3 = INT3_DEBUG_EXIT;
	CHECK_EQ(host_caps_patch_byte(&caps), 0xcc);
	caps.cpl0.int3 = caps.cpl0.int1 = INT3_INTERNAL_ERROR;
	CHECK_EQ(host_caps_patch_byte(&caps), 0xcc);
	caps.real.int1 = INT3_INTERNAL_ERROR;
	CHECK_EQ(host_caps_patch_byte(&caps), 0xf1);
	caps.real.int3 = INT3_INTERNAL_ERROR;
	CHECK_EQ(host_caps_patch_byte(&caps), 0xcc);
	caps.cpl0.int3 = INT3_TO_GUEST;
	CHECK_EQ(host_caps_patch_byte(&caps), 0);
}

TEST(a_host_where_nothing_stops)
{
	caps.cpl0.int3 = INT3_TO_GUEST;
	caps.cpl0.hw_exec = CAP_NO;
	CHECK_HAS(print(), "software breakpoints: not here");
	CHECK_HAS(print(), "hardware breakpoints: not here");
	CHECK_HAS(print(), "data watchpoints: not here");
}

TEST(trouble_is_shown)
{
	snprintf(caps.trouble, sizeof(caps.trouble), "kick: exit reason 5");
	CHECK_HAS(print(), "not everything could be measured: kick: exit");
}

static const char *backend(const char *const *modules, const char *vendor)
{
	static char name[32];
	char dir[] = "/tmp/host_caps_test.XXXXXX", path[100];

	CHECK(mkdtemp(dir));
	for (size_t i = 0; modules[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, modules[i]);
		CHECK(!mkdir(path, 0700));
	}
	probe_backend_name(dir, vendor, name, sizeof(name));
	for (size_t i = 0; modules[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, modules[i]);
		rmdir(path);
	}
	rmdir(dir);
	return name;
}

TEST(backend_names)
{
	static const char *const both[] = {"kvm", "kvm_amd", "kvm_intel", NULL};
	static const char *const pvm[] = {"kvm_pvm", "kvm", "kvm_amd", NULL};
	static const char *const none[] = {"ext4", "kvm", NULL};

	CHECK_STR(backend(both, "AuthenticAMD"), "kvm_amd");
	CHECK_STR(backend(both, "GenuineIntel"), "kvm_intel");
	CHECK_STR(backend(pvm, "AuthenticAMD"), "kvm_pvm");
	CHECK_STR(backend(none, "AuthenticAMD"), "?");
}
