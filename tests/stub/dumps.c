/* Register dumps of real guests, as QEMU printed them. */
#include "tests/stub/dumps.h"

/*
 * Linux 5.19 on Intel, QEMU 7.0: a state taken for invalid, so KVM emulated,
 * and met lfence.
 */
const char dump_invalid_state[] =
	"KVM internal error. Suberror: 1\n"
	"extra data[0]: 0x0000000000000001\n"
	"extra data[1]: 0x62058b65e8ae0f0f\n"
	"extra data[2]: 0xa30f48c08961f2e5\n"
	"extra data[3]: 0x0000000080000021\n"
	"extra data[4]: 0x0000000000000000\n"
	"extra data[5]: 0x0000000000000000\n"
	"extra data[6]: 0x0000000000000000\n"
	"extra data[7]: 0x0000000000000000\n"
	"emulation failure\n"
	"RAX=0000000080200000 RBX=ffff880a7a49ad00 "
	"RCX=7f00000000000000 RDX=0000000000000000\n"
	"RSI=0140000000000000 RDI=0000000000000202 "
	"RBP=ffffa5c7806a7ef8 RSP=ffffa5c7806a7ed0\n"
	"R8 =0000000096ecb3df R9 =0000000000000000 "
	"R10=0000000000000200 R11=00000000000000be\n"
	"R12=ffff880a7a49ad00 R13=ffff880a7a49ad00 "
	"R14=0000000000000000 R15=0000000000000000\n"
	"RIP=ffffffff9e0e0bd4 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 "
	"SMM=0 HLT=0\n"
	"ES =0000 0000000000000000 ffffffff 00c00000\n"
	"CS =0010 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]\n"
	"SS =0018 0000000000000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"DS =0000 0000000000000000 ffffffff 00c00000\n"
	"FS =0000 0000000000000000 ffffffff 00c00000\n"
	"GS =0000 ffff880a7fc80000 ffffffff 00c00000\n"
	"LDT=0000 0000000000000000 ffffffff 00c00000\n"
	"TR =0040 fffffe000005b000 0000206f 00008b00 DPL=0 TSS64-busy\n"
	"GDT=     fffffe0000059000 0000007f\n"
	"IDT=     fffffe0000000000 00000fff\n"
	"CR0=80050033 CR2=00007f57ea1a5140 CR3=00000001389b6000 "
	"CR4=000006e0\n"
	"DR0=0000000000000000 DR1=0000000000000000 "
	"DR2=0000000000000000 DR3=0000000000000000\n"
	"DR6=00000000fffe0ff0 DR7=0000000000000400\n"
	"EFER=0000000000000d01\n"
	"Code=dc 95 78 00 e8 77 ff ff ff 48 8b 03 a8 08 0f 85 cc 00 00 "
	"00 <0f> ae e8 65 8b 05 62 e5 f2 61 89 c0 48 0f a3 05 f8 33 56 "
	"01 0f 92 c0 84 c0 0f 84 0e 01 00\n";

/*
 * The same host: KVM_RUN failed with EPERM on a WRMSR.
 */
const char dump_wrmsr[] =
	"error: kvm run failed Operation not permitted\n"
	"RAX=00000000010ab6d8 RBX=ffff8d63bfc95fc0 "
	"RCX=0000000000000838 RDX=0000000000000000\n"
	"RSI=00000000010ab6d8 RDI=0000000000000838 "
	"RBP=ffff8d63bfc83f18 RSP=ffff8d63bfc83f10\n"
	"R8 =0000000096ecb3df R9 =0000000000000005 "
	"R10=0000000000000000 R11=0000000000000020\n"
	"R12=0000000010ab6ca6 R13=0000000000000000 "
	"R14=ffff8d63bfc9d0a8 R15=ffff8d63bfc9d0e8\n"
	"RIP=ffffffffa9070964 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 "
	"SMM=0 HLT=0\n"
	"ES =0000 0000000000000000 ffffffff 00c00000\n"
	"CS =0010 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]\n"
	"SS =0018 0000000000000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"DS =0000 0000000000000000 ffffffff 00c00000\n"
	"FS =0000 0000000000000000 ffffffff 00c00000\n"
	"GS =0000 ffff8d63bfc80000 ffffffff 00c00000\n"
	"LDT=0000 0000000000000000 ffffffff 00c00000\n"
	"TR =0040 fffffe000005b000 0000206f 00008b00 DPL=0 TSS64-busy\n"
	"GDT=     fffffe0000059000 0000007f\n"
	"IDT=     fffffe0000000000 00000fff\n"
	"CR0=80050033 CR2=00005563e1d167e0 CR3=00000001384a6000 "
	"CR4=000006e0\n"
	"DR0=0000000000000000 DR1=0000000000000000 "
	"DR2=0000000000000000 DR3=0000000000000000\n"
	"DR6=00000000fffe0ff0 DR7=0000000000000400\n"
	"EFER=0000000000000d01\n"
	"Code=c3 0f 21 f0 5d c3 0f 0b 0f 1f 84 00 00 00 00 00 89 f9 89 "
	"f0 <0f> 30 0f 1f 44 00 00 c3 55 48 c1 e2 20 89 f6 48 09 d6 31 "
	"d2 48 89 e5 e8 40 bf 39 00 5d c3\n";

/*
 * The same host: VM entry failed and latched no error number.
 */
const char dump_entry[] =
	"KVM: entry failed, hardware error 0x0\n"
	"RAX=0000000003449da5 RBX=ffff9a1f3fc95fc0 "
	"RCX=0000000000000838 RDX=0000000000000000\n"
	"RSI=0000000003449da5 RDI=0000000000000838 "
	"RBP=ffff9a1f3fc83f18 RSP=ffff9a1f3fc83f10\n"
	"R8 =0000000096ecb3df R9 =ffff9a1f3a49ad00 "
	"R10=0000000000000384 R11=000000000000b97f\n"
	"R12=000000003449d79b R13=0000000000000000 "
	"R14=ffff9a1f3fc9d0a8 R15=ffff9a1f3fc9d0e8\n"
	"RIP=ffffffff90070964 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 "
	"SMM=0 HLT=0\n"
	"ES =0000 0000000000000000 ffffffff 00c00000\n"
	"CS =0010 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]\n"
	"SS =0018 0000000000000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"DS =0000 0000000000000000 ffffffff 00c00000\n"
	"FS =0000 0000000000000000 ffffffff 00c00000\n"
	"GS =0000 ffff9a1f3fc80000 ffffffff 00c00000\n"
	"LDT=0000 0000000000000000 ffffffff 00c00000\n"
	"TR =0040 fffffe000005b000 0000206f 00008b00 DPL=0 TSS64-busy\n"
	"GDT=     fffffe0000059000 0000007f\n"
	"IDT=     fffffe0000000000 00000fff\n"
	"CR0=80050033 CR2=00007f4ae22fc5b0 CR3=00000001383cc000 "
	"CR4=000006e0\n"
	"DR0=0000000000000000 DR1=0000000000000000 "
	"DR2=0000000000000000 DR3=0000000000000000\n"
	"DR6=00000000fffe0ff0 DR7=0000000000000400\n"
	"EFER=0000000000000d01\n"
	"Code=c3 0f 21 f0 5d c3 0f 0b 0f 1f 84 00 00 00 00 00 89 f9 89 "
	"f0 <0f> 30 0f 1f 44 00 00 c3 55 48 c1 e2 20 89 f6 48 09 d6 31 "
	"d2 48 89 e5 e8 40 bf 39 00 5d c3\n";

/*
 * Linux 4.8 on Intel: a guest without pdpe1gb in CPUID uses 1-GiB pages.
 */
const char dump_1gib[] =
	"KVM internal error. Suberror: 1\n"
	"emulation failure\n"
	"EAX=80000011 EBX=00000000 ECX=c0000080 EDX=00000000\n"
	"ESI=00000000 EDI=00000000 EBP=00000000 ESP=01bfa000\n"
	"EIP=00133025 EFL=00010086 [--S--P-] CPL=0 II=0 A20=1 SMM=0 "
	"HLT=0\n"
	"ES =0018 00000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"CS =0010 00000000 ffffffff 00c09b00 DPL=0 CS32 [-RA]\n"
	"SS =0018 00000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"DS =0018 00000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"FS =0018 00000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"GS =0018 00000000 ffffffff 00c09300 DPL=0 DS   [-WA]\n"
	"LDT=0000 00000000 0000ffff 00008200 DPL=0 LDT\n"
	"TR =0000 00000000 0000ffff 00008b00 DPL=0 TSS64-busy\n"
	"GDT=     0000000000100018 0000000f\n"
	"IDT=     0000000000000000 00000000\n"
	"CR0=80000011 CR2=0000000000000000 CR3=0000000000bf8000 "
	"CR4=00000020\n"
	"DR0=0000000000000000 DR1=0000000000000000 "
	"DR2=0000000000000000 DR3=0000000000000000\n"
	"DR6=00000000ffff0ff0 DR7=0000000000000400\n"
	"EFER=0000000000000500\n";

/* ---- reading one ---- */

/* The hex number behind `key` in the text; the test fails without it. */
static uint64_t number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (!at)
		test_fail(__FILE__, __LINE__, "no \"%s\" in the dump", key);
	return strtoull(at + strlen(key), NULL, 16);
}

static void read_gprs(const char *text, struct x86_state *s)
{
	static const char *const wide[] = {
		"RAX=", "RBX=", "RCX=", "RDX=", "RSI=", "RDI=", "RBP=", "RSP=",
		"R8 =", "R9 =", "R10=", "R11=", "R12=", "R13=", "R14=", "R15="};
	static const char *const narrow[] = {
		"EAX=", "EBX=", "ECX=", "EDX=", "ESI=", "EDI=", "EBP=", "ESP="};
	bool is_wide = strstr(text, "RAX=") != NULL;

	for (unsigned int i = 0; i < (is_wide ? 16 : 8); i++)
		s->gpr[i] = number(text, is_wide ? wide[i] : narrow[i]);
	s->rip = number(text, is_wide ? "RIP=" : "EIP=");
	s->rflags = number(text, is_wide ? "RFL=" : "EFL=");
}

/* "CS =0010 0000000000000000 ffffffff 00a09b00 ..." */
static void read_segment(const char *text, const char *key, struct x86_seg *seg)
{
	const char *at = strstr(text, key);
	unsigned long long base;
	unsigned int flags;

	if (!at || sscanf(at + strlen(key), "%x %llx %x %x", &seg->sel, &base,
			  &seg->limit, &flags) != 4)
		test_fail(__FILE__, __LINE__, "no segment \"%s\"", key);
	seg->base = base;
	seg->attr = flags >> 8 & 0xf0ff;
	if (!(seg->attr & X86_AR_P))
		seg->attr |= X86_AR_UNUSABLE;
}

static void read_table(const char *text, const char *key, struct x86_dtable *t)
{
	const char *at = strstr(text, key);
	unsigned long long base;

	if (!at || sscanf(at + strlen(key), "%llx %x", &base, &t->limit) != 2)
		test_fail(__FILE__, __LINE__, "no table \"%s\"", key);
	t->base = base;
}

void dump_read(const char *text, struct x86_state *s)
{
	static const char *const segments[] = {
		"\nCS =", "\nSS =", "\nDS =", "\nES =",
		"\nFS =", "\nGS =", "\nLDT=", "\nTR ="};

	memset(s, 0, sizeof(*s));
	read_gprs(text, s);
	for (unsigned int i = 0; i < X86_NR_SEG; i++)
		read_segment(text, segments[i], &s->seg[i]);
	read_table(text, "\nGDT=", &s->gdt);
	read_table(text, "\nIDT=", &s->idt);
	s->cr0 = number(text, "\nCR0=");
	s->cr2 = number(text, " CR2=");
	s->cr3 = number(text, " CR3=");
	s->cr4 = number(text, " CR4=");
	s->efer = number(text, "\nEFER=");
	s->dr6 = number(text, "\nDR6=");
	s->dr7 = number(text, " DR7=");
}

unsigned int dump_code_bytes(const char *text, uint8_t bytes[DUMP_CODE_MAX])
{
	const char *at = strstr(text, "Code=");
	unsigned int n = 0, byte;
	int used;

	for (at = at ? at + 5 : ""; *at && n < DUMP_CODE_MAX; at += used) {
		at += strspn(at, " <>\n");
		if (sscanf(at, "%2x%n", &byte, &used) != 1)
			break;
		bytes[n++] = (uint8_t)byte;
	}
	return n;
}
