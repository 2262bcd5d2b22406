#include "vmm/ioctl_log.h"

#include <errno.h>
#include <linux/kvm.h>

#include "tests/test.h"

static struct buf out;

/* As if this call had been made. */
static void call(const char *name, unsigned long request, int fd,
		 unsigned long arg, int result, int os_errno)
{
	struct ioctl_kind *kind = ioctl_log_kind(request, name);
	uint64_t begin = ioctl_log_begin(kind);

	errno = os_errno;
	ioctl_log_end(kind, fd, arg, result, begin);
	CHECK_EQ(errno, os_errno);
}
#define CALL(request, fd, arg, result, os_errno) \
	call(#request, request, fd, (unsigned long)(arg), result, os_errno)

static const char *log_text(void)
{
	buf_clear(&out);
	ioctl_log_print(&out);
	return buf_cstr(&out);
}

static const char *words(unsigned long request, const void *arg)
{
	buf_clear(&out);
	CHECK(ioctl_decode(request, arg, &out));
	return buf_cstr(&out);
}

TEST(calls_name_the_object_they_are_about)
{
	uint64_t identity = 0xfffbc000;
	const char *text;

	CALL(KVM_CREATE_VM, 3, 0, 7, 0);
	CALL(KVM_SET_IDENTITY_MAP_ADDR, 7, &identity, 0, 0);
	CALL(KVM_CREATE_VCPU, 7, 1, 9, 0);
	CALL(KVM_GET_VCPU_MMAP_SIZE, 3, 0, 12288, 0);
	ioctl_log_note("the guest runs");
	text = log_text();
	CHECK_HAS(text, ": kvm: KVM_CREATE_VM type 0 = fd 7 (");
	CHECK_HAS(text, ": vm: KVM_SET_IDENTITY_MAP_ADDR 0xfffbc000 = 0 (");
	CHECK_HAS(text, ": vm: KVM_CREATE_VCPU id 1 = fd 9 (");
	CHECK_HAS(text, ": kvm: KVM_GET_VCPU_MMAP_SIZE = 12288 (");
	CHECK_HAS(text, ": -- the guest runs --\n");
	CHECK(!strstr(text, "only counted"));
}

TEST(a_refused_call_has_its_errno)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP,
				     .args = {24}};

	CALL(KVM_ENABLE_CAP, 7, &cap, -1, EINVAL);
	CHECK_HAS(log_text(), "KVM_ENABLE_CAP SPLIT_IRQCHIP (121) args 0x18 = "
			      "EINVAL (");
}

TEST(calls_of_every_stop_are_counted)
{
	for (int i = 0; i < 1000; i++)
		CALL(KVM_GET_REGS, 9, 0, 0, 0);
	CALL(KVM_SET_GUEST_DEBUG, 9, 0, 0, 0);
	CALL(KVM_SET_GUEST_DEBUG, 9, 0, -1, EBUSY);
	CHECK_STR(strstr(log_text(), "only counted:\n") ? "yes" : "no", "yes");
	CHECK_HAS(buf_cstr(&out), "      1000 KVM_GET_REGS\n");
	CHECK_HAS(buf_cstr(&out), "         2 KVM_SET_GUEST_DEBUG, 1 refused "
				  "(last: EBUSY)\n");
	CHECK(!strstr(buf_cstr(&out), "KVM_GET_REGS = "));
}

TEST(the_first_and_the_last_calls_are_kept)
{
	const unsigned int n = IOCTL_LOG_FIRST + IOCTL_LOG_LAST + 100;
	const char *text;
	char line[64];

	for (unsigned int i = 0; i < n; i++)
		CALL(KVM_SET_TSS_ADDR, 7, 0x100000 + i, 0, 0);
	text = log_text();
	CHECK_HAS(text, "KVM_SET_TSS_ADDR 0x100000 = ");
	CHECK_HAS(text, "... 100 calls left out ...\n");
	snprintf(line, sizeof(line), "ADDR 0x%x =", 0x100000 + n - 1);
	CHECK_HAS(text, line);
	snprintf(line, sizeof(line), "ADDR 0x%x =", 0x100000 + IOCTL_LOG_FIRST);
	CHECK(!strstr(text, line));
	snprintf(line, sizeof(line),
		 "ADDR 0x%x =", 0x100000 + IOCTL_LOG_FIRST + 100);
	CHECK_HAS(text, line);
}

TEST(more_kinds_than_there_is_room_for)
{
	for (unsigned long i = 1; i < 1000; i++)
		call("x", i, 7, 0, 0, 0);
	CHECK(!ioctl_log_kind(5000, "y"));
	log_text();
}

TEST(memory_slots_in_words)
{
	struct kvm_userspace_memory_region r = {
		.slot = 2,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = 0x3000,
		.memory_size = 4096,
		.userspace_addr = 0x7f0000003000,
	};

	CHECK_STR(words(KVM_SET_USER_MEMORY_REGION, &r), "slot 2 gpa "
							 "0x3000-0x3fff (4 "
							 "KiB) at host "
							 "0x7f0000003000 "
							 "READONLY");
	r.memory_size = 0;
	CHECK_STR(words(KVM_SET_USER_MEMORY_REGION, &r), "slot 2 removed");
	r.memory_size = 1000;
	r.flags = 0x40;
	CHECK_HAS(words(KVM_SET_USER_MEMORY_REGION, &r), "(1000 bytes)");
	CHECK_HAS(buf_cstr(&out), "flags 0x40");
}

TEST(routes_and_filters_in_words)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[3];
	} r = {.head.nr = 3,
	       .entry = {{.type = KVM_IRQ_ROUTING_IRQCHIP},
			 {.type = KVM_IRQ_ROUTING_MSI},
			 {.type = 99}}};
	struct kvm_msr_filter f = {
		.ranges = {{.base = 0xc0000080, .nmsrs = 1}}};

	CHECK_STR(words(KVM_SET_GSI_ROUTING, &r), "3 routes (1 interrupt chip, "
						  "1 MSI)");
	r.head.nr = 0;
	CHECK_STR(words(KVM_SET_GSI_ROUTING, &r), "0 routes");
	CHECK_STR(words(KVM_X86_SET_MSR_FILTER, &f), "others allowed, "
						     "0xc0000080+1");
	CHECK(!ioctl_decode(KVM_RUN, NULL, NULL));
	CHECK(ioctl_decode(KVM_CREATE_VM, NULL, NULL));
}
