#include "arch/regs.h"

#include <string.h>

#include "arch/reg_check.h"

#define REG(name, bits, field, group)                          \
	{                                                      \
		name, bits, offsetof(struct x86_state, field), \
			X86_GROUP_##group, 0                   \
	}
#define READ_ONLY(name, bits, field, group)                    \
	{                                                      \
		name, bits, offsetof(struct x86_state, field), \
			X86_GROUP_##group, REG_READ_ONLY       \
	}

/* Upper parts of zmm16-31, which lie whole in hi16. */
#define PART(name, bits, n, byte)                                             \
	{                                                                     \
		name, bits, offsetof(struct x86_state, fpu.hi16[n]) + (byte), \
			X86_GROUP_FPU, 0                                      \
	}

#define GPR(text, id) REG(text, 64, gpr[id], GPR)
#define ST(n)	      REG("st" #n, 80, fpu.st[n], FPU)
#define XMM(n)	      REG("xmm" #n, 128, fpu.xmm[n], FPU)
#define YMMH(n)	      REG("ymm" #n "h", 128, fpu.ymmh[n], FPU)
#define ZMMH(n)	      REG("zmm" #n "h", 256, fpu.zmmh[n], FPU)
#define K(n)	      REG("k" #n, 64, fpu.k[n], FPU)
#define HI(n, i)                                                   \
	PART("xmm" #n, 128, i, 0), PART("ymm" #n "h", 128, i, 16), \
		PART("zmm" #n "h", 256, i, 32)

/* name_base, name_limit, name_attr */
#define SEG_PARTS(text, id)                                 \
	REG(text "_base", 64, seg[id].base, SYS),           \
		REG(text "_limit", 32, seg[id].limit, SYS), \
		REG(text "_attr", 32, seg[id].attr, SYS)
#define SEG(text, id) REG(text, 32, seg[id].sel, SYS), SEG_PARTS(text, id)
#define DTABLE(text, field)                     \
	REG(text "_base", 64, field.base, SYS), \
		REG(text "_limit", 32, field.limit, SYS)

#define TIMES8(m) m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7)
#define TIMES16(m) \
	TIMES8(m), m(8), m(9), m(10), m(11), m(12), m(13), m(14), m(15)

const struct reg_def reg_table[] = {
	GPR("rax", X86_RAX),
	GPR("rbx", X86_RBX),
	GPR("rcx", X86_RCX),
	GPR("rdx", X86_RDX),
	GPR("rsi", X86_RSI),
	GPR("rdi", X86_RDI),
	GPR("rbp", X86_RBP),
	GPR("rsp", X86_RSP),
	GPR("r8", X86_R8),
	GPR("r9", X86_R9),
	GPR("r10", X86_R10),
	GPR("r11", X86_R11),
	GPR("r12", X86_R12),
	GPR("r13", X86_R13),
	GPR("r14", X86_R14),
	GPR("r15", X86_R15),
	REG("rip", 64, rip, GPR),
	REG("eflags", 32, rflags, GPR),

	SEG("cs", X86_CS),
	SEG("ss", X86_SS),
	SEG("ds", X86_DS),
	SEG("es", X86_ES),
	SEG("fs", X86_FS),
	SEG("gs", X86_GS),
	SEG("ldtr", X86_LDTR),
	SEG("tr", X86_TR),
	DTABLE("gdtr", gdt),
	DTABLE("idtr", idt),

	TIMES8(ST),
	REG("fctrl", 32, fpu.fctrl, FPU),
	REG("fstat", 32, fpu.fstat, FPU),
	REG("ftag", 32, fpu.ftag, FPU),
	REG("fiseg", 32, fpu.fiseg, FPU),
	REG("fioff", 32, fpu.fioff, FPU),
	REG("foseg", 32, fpu.foseg, FPU),
	REG("fooff", 32, fpu.fooff, FPU),
	REG("fop", 32, fpu.fop, FPU),
	TIMES16(XMM),
	REG("mxcsr", 32, fpu.mxcsr, FPU),
	TIMES16(YMMH),
	TIMES8(K),
	TIMES16(ZMMH),
	HI(16, 0),
	HI(17, 1),
	HI(18, 2),
	HI(19, 3),
	HI(20, 4),
	HI(21, 5),
	HI(22, 6),
	HI(23, 7),
	HI(24, 8),
	HI(25, 9),
	HI(26, 10),
	HI(27, 11),
	HI(28, 12),
	HI(29, 13),
	HI(30, 14),
	HI(31, 15),
	REG("pkru", 32, fpu.pkru, FPU),

	REG("k_gs_base", 64, msr.k_gs_base, MSR),
	REG("cr0", 64, cr0, SYS),
	REG("cr2", 64, cr2, SYS),
	REG("cr3", 64, cr3, SYS),
	REG("cr4", 64, cr4, SYS),
	REG("cr8", 64, cr8, SYS),
	REG("efer", 64, efer, SYS),
	REG("apic_base", 64, apic_base, SYS),
	REG("dr0", 64, dr[0], DEBUG),
	REG("dr1", 64, dr[1], DEBUG),
	REG("dr2", 64, dr[2], DEBUG),
	REG("dr3", 64, dr[3], DEBUG),
	REG("dr6", 64, dr6, DEBUG),
	REG("dr7", 64, dr7, DEBUG),
	REG("xcr0", 64, xcr0, XCR),
	REG("star", 64, msr.star, MSR),
	REG("lstar", 64, msr.lstar, MSR),
	REG("cstar", 64, msr.cstar, MSR),
	REG("sfmask", 64, msr.sfmask, MSR),
	REG("sysenter_cs", 64, msr.sysenter_cs, MSR),
	REG("sysenter_esp", 64, msr.sysenter_esp, MSR),
	REG("sysenter_eip", 64, msr.sysenter_eip, MSR),
	REG("pat", 64, msr.pat, MSR),
	REG("debugctl", 64, msr.debugctl, MSR),
	/* writing an old value back would shift the guest's time */
	READ_ONLY("tsc", 64, msr.tsc, MSR),
	{NULL, 0, 0, 0, 0},
};

#define LOW(name, field) REG(name, 32, field, GPR)

/* The names of 32-bit code: a write leaves the upper half as it is. */
static const struct reg_def low_table[] = {
	LOW("eax", gpr[X86_RAX]), LOW("ecx", gpr[X86_RCX]),
	LOW("edx", gpr[X86_RDX]), LOW("ebx", gpr[X86_RBX]),
	LOW("esp", gpr[X86_RSP]), LOW("ebp", gpr[X86_RBP]),
	LOW("esi", gpr[X86_RSI]), LOW("edi", gpr[X86_RDI]),
	LOW("eip", rip),	  {NULL, 0, 0, 0, 0},
};

static const struct reg_def *find_in(const struct reg_def *reg,
				     const char *name)
{
	for (; reg->name; reg++)
		if (!strcmp(reg->name, name))
			return reg;
	return NULL;
}

const struct reg_def *reg_find(const char *name)
{
	const struct reg_def *reg = find_in(reg_table, name);

	return reg ? reg : find_in(low_table, name);
}

/* The image is little-endian because the host is: both are x86. */
void reg_read(const struct reg_def *reg, const struct x86_state *s, void *to)
{
	memcpy(to, (const char *)s + reg->offset, reg->bits / 8);
}

static uint64_t low_64(const void *bytes, unsigned int bits)
{
	uint64_t value = 0;

	memcpy(&value, bytes, bits < 64 ? bits / 8 : 8);
	return value;
}

bool reg_write(const struct reg_def *reg, struct x86_state *s,
	       const struct x86_cpu_info *info, const void *from,
	       struct err *err)
{
	char *place = (char *)s + reg->offset;

	/* A debugger that restores registers writes back what it read. */
	if (!memcmp(place, from, reg->bits / 8))
		return true;
	if (reg->flags & REG_READ_ONLY)
		return err_set(err, ERR_REFUSED,
			       "register %s is read-only here", reg->name);
	if (reg->bits <= 64 &&
	    !reg_check(reg, s, info, low_64(from, reg->bits), err))
		return false;
	memcpy(place, from, reg->bits / 8);
	return true;
}

bool reg_value(const struct x86_state *s, const char *name, uint64_t *value)
{
	const struct reg_def *reg = reg_find(name);

	if (!reg)
		return false;
	*value = low_64((const char *)s + reg->offset, reg->bits);
	return true;
}
