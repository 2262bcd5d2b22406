/* CPUID in words. */
#include "arch/cpuid_text.h"
#include "tests/test.h"

static struct x86_cpuid guest, kvm, host;
static struct buf out;

static void add(struct x86_cpuid *t, uint32_t leaf, int index, uint32_t eax,
		uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	t->entry[t->n++] = (struct x86_cpuid_entry){
		.leaf = leaf,
		.index = index < 0 ? 0 : (uint32_t)index,
		.has_index = index >= 0,
		.reg = {eax, ebx, ecx, edx}};
}

static void intel(struct x86_cpuid *t)
{
	t->n = 0;
	add(t, 0x80000008, -1, 0x3027, 0, 0, 0);
	add(t, 0, -1, 0xb, 0x756e6547, 0x6c65746e, 0x49656e69);
	add(t, 1, -1, 0x50654, 0x03000800, 1, 0x20);
	add(t, 4, 0, 0x4121, 0x01c0003f, 0x3f, 0);
	add(t, 0xb, 0, 1, 2, 0x100, 3);
	add(t, 0xb, 1, 2, 4, 0x201, 3);
	add(t, 0x40000000, -1, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
}

TEST(summary)
{
	intel(&guest);
	cpuid_print_summary(&guest, &out);
	CHECK_STR(buf_cstr(&out), "vendor: GenuineIntel, last leaf 0xb\n"
				  "model: family 6 (0x6), model 85 (0x55), "
				  "stepping 4\n"
				  "addresses: physical 39 bits, linear 48 "
				  "bits\n"
				  "topology: APIC id 3, x2APIC id 3; 2 threads "
				  "a core; 4 "
				  "threads a package\n"
				  "hypervisor: KVMKVMKVM\n");
}

TEST(all_leaves_in_order_then_the_flags)
{
	guest.n = 0;
	add(&guest, 7, 1, 0, 0, 0, 0);
	add(&guest, 7, 0, 1, 1, 0, 0);
	add(&guest, 2, -1, 0, 0, 0, 0);
	add(&guest, 3, -1, 0, 0, 0, 0);
	cpuid_print_all(&guest, &out);
	CHECK_STR(buf_cstr(&out), "leaf       index eax      ebx      ecx      "
				  "edx\n"
				  "0x00000002 to 0x00000003: zeros\n"
				  "0x00000007     0 00000001 00000001 00000000 "
				  "00000000\n"
				  "0x00000007       zeros\n"
				  "flags:\n  fsgsbase\n");
}

TEST(one_leaf_is_decoded)
{
	uint32_t index = 1;

	intel(&guest);
	CHECK(cpuid_print_leaf(&guest, 1, NULL, &out));
	CHECK_HAS(buf_cstr(&out), "edx:\n    msr\n");
	CHECK_HAS(buf_cstr(&out), "ecx:\n    pni\n");
	CHECK(cpuid_print_leaf(&guest, 4, NULL, &out));
	CHECK_HAS(buf_cstr(&out), "L1 data cache, 32 KiB: 8 ways, 64 sets");
	buf_clear(&out);
	CHECK(cpuid_print_leaf(&guest, 0xb, &index, &out));
	CHECK_HAS(buf_cstr(&out), "level core: 4 threads");
	CHECK(!strstr(buf_cstr(&out), "level thread"));
}

TEST(an_absent_leaf_says_what_the_processor_answers)
{
	uint32_t index = 9;

	intel(&guest);
	CHECK(!cpuid_print_leaf(&guest, 0x1f, NULL, &out));
	CHECK_HAS(buf_cstr(&out), "for its last basic leaf, 0xb, instead");
	CHECK(!cpuid_print_leaf(&guest, 6, NULL, &out));
	CHECK_HAS(buf_cstr(&out), "0x00000006: this vCPU has no such leaf; "
				  "CPUID answers zeros");
	CHECK(!cpuid_print_leaf(&guest, 4, &index, &out));
	CHECK_HAS(buf_cstr(&out), "0x00000004.9: no such subleaf");
}

/* ---- diff ---- */

static void flags(struct x86_cpuid *t, uint32_t ext_edx, uint32_t leaf1_ecx)
{
	t->n = 0;
	add(t, 1, -1, 0, 0, leaf1_ecx, 0);
	add(t, 0x80000001, -1, 0, 0, 0, ext_edx);
}

TEST(diff_says_what_a_missing_pdpe1gb_means)
{
	flags(&guest, 0, 0);
	flags(&kvm, 1 << 26, 0);
	flags(&host, 1 << 26, 0);
	cpuid_print_diff(&guest, &kvm, &host, 1, &out);
	CHECK_HAS(buf_cstr(&out), "the guest lacks, though KVM offers it:\n  "
				  "pdpe1gb\n");
	CHECK_HAS(buf_cstr(&out), "PS in a PDPTE is\n    reserved");
	CHECK_HAS(buf_cstr(&out), "Here hardware walks");
	CHECK_HAS(buf_cstr(&out), "--cpu auto,+pdpe1gb");
}

TEST(diff_tells_hidden_from_absent)
{
	flags(&guest, 0, 0);
	flags(&kvm, 0, 1 | 1 << 17);
	flags(&host, 0, 1 | 1 << 17);
	cpuid_print_diff(&guest, &kvm, &host, -1, &out);
	CHECK_HAS(buf_cstr(&out), "CR4 gives #GP):\n    pcid\n");
	CHECK_HAS(buf_cstr(&out), "can use them:\n    pni\n");
}

TEST(diff_compares_address_widths)
{
	flags(&guest, 0, 0);
	flags(&host, 0, 0);
	add(&guest, 0x80000008, -1, 40, 0, 0, 0);
	add(&host, 0x80000008, -1, 46, 0, 0, 0);
	cpuid_print_diff(&guest, NULL, &host, -1, &out);
	CHECK_HAS(buf_cstr(&out), "guest 40 bits, host 46 bits");
	CHECK_HAS(buf_cstr(&out), "Bits 40 to 45 of a page-table entry");
}

TEST(equal_tables_have_no_difference)
{
	intel(&guest);
	cpuid_print_diff(&guest, &guest, NULL, -1, &out);
	CHECK_STR(buf_cstr(&out), "no difference\n");
}
