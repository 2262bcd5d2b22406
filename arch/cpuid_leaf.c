/* One leaf of CPUID, decoded. */
#include <inttypes.h>

#include "arch/cpuid_impl.h"
#include "arch/regs.h"

static uint32_t field(uint32_t value, unsigned int hi, unsigned int lo)
{
	return (uint32_t)((value & BITS(hi, lo)) >> lo);
}

/* ---- leaves that are not only flags ---- */

static void leaf_vendor(const struct x86_cpuid_entry *e, struct buf *out)
{
	char vendor[13];

	cpuid_vendor(e, false, vendor);
	buf_printf(out, "  vendor %s, last leaf of this kind 0x%x\n", vendor,
		   e->reg[CPUID_EAX]);
}

static void leaf_model(const struct x86_cpuid_entry *e, struct buf *out)
{
	uint32_t ebx = e->reg[CPUID_EBX];

	buf_str(out, "  ");
	cpuid_print_model(e->reg[CPUID_EAX], out);
	buf_printf(out,
		   "\n  APIC id %u, %u logical processors a package, CLFLUSH "
		   "%u bytes\n",
		   field(ebx, 31, 24), field(ebx, 23, 16),
		   field(ebx, 15, 8) * 8);
}

static void leaf_cache(const struct x86_cpuid_entry *e, struct buf *out)
{
	static const char *const kind[] = {"none", "data", "instruction",
					   "unified"};
	uint32_t eax = e->reg[CPUID_EAX], ebx = e->reg[CPUID_EBX];
	uint64_t ways = field(ebx, 31, 22) + 1, parts = field(ebx, 21, 12) + 1;
	uint64_t line = field(ebx, 11, 0) + 1;
	uint64_t sets = (uint64_t)e->reg[CPUID_ECX] + 1;

	if (!field(eax, 4, 0)) {
		buf_str(out, "  no more caches\n");
		return;
	}
	buf_printf(out,
		   "  L%u %s cache, %" PRIu64 " KiB: %" PRIu64 " ways, %" PRIu64
		   " sets, lines of %" PRIu64 " bytes; %u threads share it\n",
		   field(eax, 7, 5), field(eax, 4, 0) < 4 ? kind[eax & 3] : "?",
		   ways * parts * line * sets / 1024, ways, sets, line,
		   field(eax, 25, 14) + 1);
}

static void leaf_level(const struct x86_cpuid_entry *e, struct buf *out)
{
	uint32_t type = field(e->reg[CPUID_ECX], 15, 8);

	if (!type) {
		buf_str(out, "  no more levels\n");
		return;
	}
	buf_printf(out,
		   "  level %s: %u threads up to here, x2APIC id bits %u and "
		   "up number the next; this is x2APIC id %u\n",
		   cpuid_level_name(type), field(e->reg[CPUID_EBX], 15, 0),
		   field(e->reg[CPUID_EAX], 4, 0), e->reg[CPUID_EDX]);
}

static void leaf_xsave(const struct x86_cpuid_entry *e, struct buf *out)
{
	const uint32_t *reg = e->reg;

	if (e->index == 0) {
		buf_str(out, "  XCR0 may have: ");
		bits_print(out, xcr0_bits,
			   (uint64_t)reg[CPUID_EDX] << 32 | reg[CPUID_EAX]);
		buf_printf(out,
			   "\n  XSAVE area: %u bytes for XCR0 as it is, %u at "
			   "most\n",
			   reg[CPUID_EBX], reg[CPUID_ECX]);
	} else if (e->index == 1) {
		buf_printf(out,
			   "  XSAVES area: %u bytes as it is; IA32_XSS may "
			   "have "
			   "0x%" PRIx64 "\n",
			   reg[CPUID_EBX],
			   (uint64_t)reg[CPUID_EDX] << 32 | reg[CPUID_ECX]);
	} else {
		buf_printf(out, "  component %u: %u bytes at %u%s\n", e->index,
			   reg[CPUID_EAX], reg[CPUID_EBX],
			   reg[CPUID_ECX] & 1 ? ", supervisor" : "");
	}
}

static void leaf_tsc(const struct x86_cpuid_entry *e, struct buf *out)
{
	const uint32_t *reg = e->reg;

	if (!reg[CPUID_EAX] || !reg[CPUID_EBX])
		buf_str(out, "  the ratio of TSC and crystal is not told\n");
	else
		buf_printf(out, "  TSC = crystal * %u / %u, crystal %u Hz\n",
			   reg[CPUID_EBX], reg[CPUID_EAX], reg[CPUID_ECX]);
}

static void leaf_mhz(const struct x86_cpuid_entry *e, struct buf *out)
{
	buf_printf(out, "  base %u MHz, maximum %u MHz, bus %u MHz\n",
		   e->reg[CPUID_EAX] & 0xffff, e->reg[CPUID_EBX] & 0xffff,
		   e->reg[CPUID_ECX] & 0xffff);
}

static void leaf_hypervisor(const struct x86_cpuid_entry *e, struct buf *out)
{
	char name[13];

	cpuid_vendor(e, true, name);
	buf_printf(out, "  %s, last leaf of this kind 0x%x\n", name,
		   e->reg[CPUID_EAX]);
}

/* Linux Documentation/virt/kvm/x86/cpuid.rst */
static const char *const kvm_features[32] = {
	"clocksource",	    "nop_io_delay",	 "mmu_op",
	"clocksource2",	    "async_pf",		 "steal_time",
	"pv_eoi",	    "pv_unhalt",	 [9] = "pv_tlb_flush",
	"async_pf_vmexit",  "pv_send_ipi",	 "poll_control",
	"pv_sched_yield",   "async_pf_int",	 "msi_ext_dest_id",
	"hc_map_gpa_range", "migration_control", [24] = "clocksource_stable",
};

static void leaf_kvm(const struct x86_cpuid_entry *e, struct buf *out)
{
	struct wrap w;

	buf_str(out, "  KVM features:\n");
	wrap_start(&w, out, 4);
	for (unsigned int b = 0; b < 32; b++)
		if (kvm_features[b] && (e->reg[CPUID_EAX] >> b & 1))
			wrap_word(&w, kvm_features[b]);
	wrap_end(&w);
	if (e->reg[CPUID_EDX] & 1)
		buf_str(out, "  hint: vCPUs are never preempted\n");
}

static void leaf_sizes(const struct x86_cpuid_entry *e, struct buf *out)
{
	uint32_t eax = e->reg[CPUID_EAX], ecx = e->reg[CPUID_ECX];

	buf_printf(out, "  physical addresses %u bits, linear %u bits",
		   field(eax, 7, 0), field(eax, 15, 8));
	if (field(eax, 23, 16))
		buf_printf(out, ", guest-physical %u bits", field(eax, 23, 16));
	buf_printf(out, "; %u threads a package\n", field(ecx, 7, 0) + 1);
}

static void leaf_amd_topology(const struct x86_cpuid_entry *e, struct buf *out)
{
	buf_printf(out,
		   "  extended APIC id %u, core %u, %u threads a core, node "
		   "%u\n",
		   e->reg[CPUID_EAX], field(e->reg[CPUID_EBX], 7, 0),
		   field(e->reg[CPUID_EBX], 15, 8) + 1,
		   field(e->reg[CPUID_ECX], 7, 0));
}

static void leaf_last(const struct x86_cpuid_entry *e, struct buf *out)
{
	buf_printf(out, "  last leaf of this kind 0x%x\n", e->reg[CPUID_EAX]);
}

static void leaf_brand(const struct x86_cpuid_entry *e, struct buf *out)
{
	buf_str(out, "  brand: \"");
	for (unsigned int i = 0; i < 16; i++) {
		char c = (char)(e->reg[i / 4] >> 8 * (i % 4));

		if (c)
			buf_byte(out, c < ' ' || c > '~' ? '?' : (uint8_t)c);
	}
	buf_str(out, "\"\n");
}

static const struct {
	uint32_t first, last;
	void (*print)(const struct x86_cpuid_entry *e, struct buf *out);
} leaves[] = {
	{0x0, 0x0, leaf_vendor},
	{0x1, 0x1, leaf_model},
	{0x4, 0x4, leaf_cache},
	{0xb, 0xb, leaf_level},
	{0xd, 0xd, leaf_xsave},
	{0x15, 0x15, leaf_tsc},
	{0x16, 0x16, leaf_mhz},
	{0x1f, 0x1f, leaf_level},
	{0x40000000, 0x40000000, leaf_hypervisor},
	{0x40000001, 0x40000001, leaf_kvm},
	{0x80000000, 0x80000000, leaf_last},
	{0x80000002, 0x80000004, leaf_brand},
	{0x80000008, 0x80000008, leaf_sizes},
	{0x8000001d, 0x8000001d, leaf_cache},
	{0x8000001e, 0x8000001e, leaf_amd_topology},
};

/* ---- flags ---- */

static void print_word(const struct cpuid_word *word, uint32_t value,
		       struct buf *out)
{
	struct wrap w;

	buf_printf(out, "  %s:\n", cpuid_reg_name(word->reg));
	wrap_start(&w, out, 4);
	for (unsigned int b = 0; b < 32; b++)
		if (word->name[b] && (value >> b & 1))
			wrap_word(&w, word->name[b]);
	wrap_end(&w);
}

static uint32_t named_bits(const struct cpuid_word *word)
{
	uint32_t bits = 0;

	for (unsigned int b = 0; b < 32; b++)
		if (word->name[b])
			bits |= UINT32_C(1) << b;
	return bits;
}

static void print_entry(const struct x86_cpuid_entry *e, struct buf *out)
{
	buf_printf(out, "0x%08x", e->leaf);
	if (e->has_index)
		buf_printf(out, ".%u", e->index);
	buf_printf(out, ": eax=%08x ebx=%08x ecx=%08x edx=%08x\n",
		   e->reg[CPUID_EAX], e->reg[CPUID_EBX], e->reg[CPUID_ECX],
		   e->reg[CPUID_EDX]);
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
		if (e->leaf >= leaves[i].first && e->leaf <= leaves[i].last)
			leaves[i].print(e, out);
	for (unsigned int i = 0; i < cpuid_words_count; i++) {
		const struct cpuid_word *word = &cpuid_words[i];

		if (word->leaf == e->leaf &&
		    (!e->has_index || word->index == e->index) &&
		    (e->reg[word->reg] & named_bits(word)))
			print_word(word, e->reg[word->reg], out);
	}
}

/* SDM Vol 2A, CPUID: an Intel processor answers for its last basic leaf. */
static void print_absent(const struct x86_cpuid *table, uint32_t leaf,
			 struct buf *out)
{
	const struct x86_cpuid_entry *e = x86_cpuid_find(table, 0, 0);
	const struct x86_cpuid_entry *ext =
		x86_cpuid_find(table, 0x80000000, 0);
	uint32_t last = leaf < 0x40000000	    ? e ? e->reg[CPUID_EAX] : 0
			: leaf >= 0x80000000 && ext ? ext->reg[CPUID_EAX]
						    : 0;
	char vendor[13] = "";

	if (e)
		cpuid_vendor(e, false, vendor);
	buf_printf(out, "0x%08x: this vCPU has no such leaf; CPUID answers ",
		   leaf);
	if (leaf <= last || !e || vendor[0] != 'G')
		buf_str(out, "zeros\n");
	else
		buf_printf(out, "for its last basic leaf, 0x%x, instead\n",
			   e->reg[CPUID_EAX]);
}

bool cpuid_print_leaf(const struct x86_cpuid *table, uint32_t leaf,
		      const uint32_t *index, struct buf *out)
{
	bool any = false, leaf_there = false;

	for (unsigned int i = 0; i < table->n; i++) {
		const struct x86_cpuid_entry *e = &table->entry[i];

		if (e->leaf != leaf)
			continue;
		leaf_there = true;
		if (index && e->has_index && e->index != *index)
			continue;
		print_entry(e, out);
		any = true;
	}
	if (!leaf_there)
		print_absent(table, leaf, out);
	else if (!any)
		buf_printf(out,
			   "0x%08x.%u: no such subleaf; CPUID answers "
			   "zeros\n",
			   leaf, *index);
	return any;
}
