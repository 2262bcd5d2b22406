/* What kind of instruction it is, and which CPUID flag it needs. */
#include "arch/decode_impl.h"

#include "base/bits.h"

#ifdef DECODE_BY_ZYDIS

/* By ISA set where a CPUID flag stands for it. */
static const struct {
	ZydisISASet set;
	const char *cpuid;
} sets[] = {
	{ZYDIS_ISA_SET_ADOX_ADCX, "adx"},
	{ZYDIS_ISA_SET_AES, "aes"},
	{ZYDIS_ISA_SET_AVX, "avx"},
	{ZYDIS_ISA_SET_AVX2, "avx2"},
	{ZYDIS_ISA_SET_AVX2GATHER, "avx2"},
	{ZYDIS_ISA_SET_AVX512BW_128, "avx512bw"},
	{ZYDIS_ISA_SET_AVX512BW_256, "avx512bw"},
	{ZYDIS_ISA_SET_AVX512BW_512, "avx512bw"},
	{ZYDIS_ISA_SET_AVX512BW_KOP, "avx512bw"},
	{ZYDIS_ISA_SET_AVX512DQ_128, "avx512dq"},
	{ZYDIS_ISA_SET_AVX512DQ_256, "avx512dq"},
	{ZYDIS_ISA_SET_AVX512DQ_512, "avx512dq"},
	{ZYDIS_ISA_SET_AVX512DQ_KOP, "avx512dq"},
	{ZYDIS_ISA_SET_AVX512F_128, "avx512vl"},
	{ZYDIS_ISA_SET_AVX512F_128N, "avx512f"},
	{ZYDIS_ISA_SET_AVX512F_256, "avx512vl"},
	{ZYDIS_ISA_SET_AVX512F_512, "avx512f"},
	{ZYDIS_ISA_SET_AVX512F_KOP, "avx512f"},
	{ZYDIS_ISA_SET_AVX512F_SCALAR, "avx512f"},
	{ZYDIS_ISA_SET_BMI1, "bmi1"},
	{ZYDIS_ISA_SET_BMI2, "bmi2"},
	{ZYDIS_ISA_SET_CLFLUSHOPT, "clflushopt"},
	{ZYDIS_ISA_SET_CLFSH, "clflush"},
	{ZYDIS_ISA_SET_CLWB, "clwb"},
	{ZYDIS_ISA_SET_CLZERO, "clzero"},
	{ZYDIS_ISA_SET_CMOV, "cmov"},
	{ZYDIS_ISA_SET_CMPXCHG16B, "cx16"},
	{ZYDIS_ISA_SET_F16C, "f16c"},
	{ZYDIS_ISA_SET_FCMOV, "cmov"},
	{ZYDIS_ISA_SET_FMA, "fma"},
	{ZYDIS_ISA_SET_FMA4, "fma4"},
	{ZYDIS_ISA_SET_FXSAVE, "fxsr"},
	{ZYDIS_ISA_SET_FXSAVE64, "fxsr"},
	{ZYDIS_ISA_SET_GFNI, "gfni"},
	{ZYDIS_ISA_SET_INVPCID, "invpcid"},
	{ZYDIS_ISA_SET_LAHF, "lahf_lm"},
	{ZYDIS_ISA_SET_LONGMODE, "lm"},
	{ZYDIS_ISA_SET_LZCNT, "abm"},
	{ZYDIS_ISA_SET_MONITOR, "monitor"},
	{ZYDIS_ISA_SET_MONITORX, "mwaitx"},
	{ZYDIS_ISA_SET_MOVBE, "movbe"},
	{ZYDIS_ISA_SET_MPX, "mpx"},
	{ZYDIS_ISA_SET_PCLMULQDQ, "pclmulqdq"},
	{ZYDIS_ISA_SET_PENTIUMMMX, "mmx"},
	{ZYDIS_ISA_SET_PKU, "pku"},
	{ZYDIS_ISA_SET_POPCNT, "popcnt"},
	{ZYDIS_ISA_SET_RDPID, "rdpid"},
	{ZYDIS_ISA_SET_RDPRU, "rdpru"},
	{ZYDIS_ISA_SET_RDRAND, "rdrand"},
	{ZYDIS_ISA_SET_RDSEED, "rdseed"},
	{ZYDIS_ISA_SET_RDTSCP, "rdtscp"},
	{ZYDIS_ISA_SET_RDWRFSGS, "fsgsbase"},
	{ZYDIS_ISA_SET_RTM, "rtm"},
	{ZYDIS_ISA_SET_SERIALIZE, "serialize"},
	{ZYDIS_ISA_SET_SHA, "sha_ni"},
	{ZYDIS_ISA_SET_SMAP, "smap"},
	{ZYDIS_ISA_SET_SSE, "sse"},
	{ZYDIS_ISA_SET_SSE2, "sse2"},
	{ZYDIS_ISA_SET_SSE2MMX, "sse2"},
	{ZYDIS_ISA_SET_SSE3, "pni"},
	{ZYDIS_ISA_SET_SSE4, "sse4_1"},
	{ZYDIS_ISA_SET_SSE42, "sse4_2"},
	{ZYDIS_ISA_SET_SSE4A, "sse4a"},
	{ZYDIS_ISA_SET_SSEMXCSR, "sse"},
	{ZYDIS_ISA_SET_SSSE3, "ssse3"},
	{ZYDIS_ISA_SET_SSSE3MMX, "ssse3"},
	{ZYDIS_ISA_SET_SVM, "svm"},
	{ZYDIS_ISA_SET_VAES, "vaes"},
	{ZYDIS_ISA_SET_VPCLMULQDQ, "vpclmulqdq"},
	{ZYDIS_ISA_SET_VTX, "vmx"},
	{ZYDIS_ISA_SET_WAITPKG, "waitpkg"},
	{ZYDIS_ISA_SET_XOP, "xop"},
	{ZYDIS_ISA_SET_XSAVE, "xsave"},
	{ZYDIS_ISA_SET_XSAVEC, "xsavec"},
	{ZYDIS_ISA_SET_XSAVEOPT, "xsaveopt"},
	{ZYDIS_ISA_SET_XSAVES, "xsaves"},
};

const char *decode_cpuid_of(ZydisISASet set)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (sets[i].set == set)
			return sets[i].cpuid;
	return NULL;
}

/* Registers an instruction works on, from its operands. */
static uint32_t register_flags(const struct decode_work *w)
{
	uint32_t flags = 0;

	for (unsigned int i = 0; i < w->insn.operand_count; i++) {
		if (w->op[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		switch (ZydisRegisterGetClass(w->op[i].reg.value)) {
		case ZYDIS_REGCLASS_MMX:
			flags |= DECODE_MMX;
			break;
		case ZYDIS_REGCLASS_XMM:
		case ZYDIS_REGCLASS_YMM:
		case ZYDIS_REGCLASS_ZMM:
		case ZYDIS_REGCLASS_MASK:
			flags |= DECODE_SSE;
			break;
		case ZYDIS_REGCLASS_CONTROL:
			if (w->op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
				flags |= DECODE_LOADS_CR;
			break;
		case ZYDIS_REGCLASS_SEGMENT:
			if (!(w->op[i].actions &
			      ZYDIS_OPERAND_ACTION_MASK_WRITE) ||
			    w->op[i].reg.value == ZYDIS_REGISTER_CS)
				break;
			flags |= DECODE_LOADS_SEG;
			if (w->op[i].reg.value == ZYDIS_REGISTER_SS)
				flags |= DECODE_POP_SS;
			break;
		default:
			break;
		}
	}
	return flags;
}

/* Members of the aligned classes that take any address. */
static bool takes_unaligned(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVUPD:
	case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_LDDQU:
	case ZYDIS_MNEMONIC_PCMPESTRI:
	case ZYDIS_MNEMONIC_PCMPESTRM:
	case ZYDIS_MNEMONIC_PCMPISTRI:
	case ZYDIS_MNEMONIC_PCMPISTRM:
		return true;
	default:
		return false;
	}
}

/* #GP on an operand that is not aligned (SDM Vol 2A, "Exception Classes"). */
static bool needs_alignment(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.exception_class) {
	case ZYDIS_EXCEPTION_CLASS_SSE1:
	case ZYDIS_EXCEPTION_CLASS_SSE2:
	case ZYDIS_EXCEPTION_CLASS_SSE4:
	case ZYDIS_EXCEPTION_CLASS_AVX1:
	case ZYDIS_EXCEPTION_CLASS_E1:
	case ZYDIS_EXCEPTION_CLASS_E1NF:
		return !takes_unaligned(insn->mnemonic);
	default:
		return false;
	}
}

static uint32_t encoding_flags(const ZydisDecodedInstruction *insn)
{
	switch (insn->encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
	case ZYDIS_INSTRUCTION_ENCODING_XOP:
		return DECODE_VEX;
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		return DECODE_EVEX;
	default:
		return 0;
	}
}

static uint32_t category_flags(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_UNCOND_BR:
		return DECODE_JUMP;
	case ZYDIS_CATEGORY_COND_BR:
		return DECODE_JUMP | DECODE_CONDITIONAL;
	case ZYDIS_CATEGORY_CALL:
		return DECODE_CALL;
	case ZYDIS_CATEGORY_RET:
		return DECODE_RET;
	case ZYDIS_CATEGORY_IO:
		return DECODE_IO;
	case ZYDIS_CATEGORY_IOSTRINGOP:
		return DECODE_IO | DECODE_STRING;
	case ZYDIS_CATEGORY_STRINGOP:
		return DECODE_STRING;
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
		return DECODE_SYSCALL;
	case ZYDIS_CATEGORY_VTX:
		return DECODE_VIRT;
	default:
		return 0;
	}
}

static uint32_t mnemonic_flags(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		return DECODE_IRET | DECODE_FAR;
	case ZYDIS_MNEMONIC_INT:
	case ZYDIS_MNEMONIC_INT1:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_INTO:
		return DECODE_INT;
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_MWAIT:
	case ZYDIS_MNEMONIC_MWAITX:
		return DECODE_HALT;
	case ZYDIS_MNEMONIC_PAUSE:
		return DECODE_PAUSE;
	case ZYDIS_MNEMONIC_RDMSR:
		return DECODE_RDMSR;
	case ZYDIS_MNEMONIC_WRMSR:
		return DECODE_WRMSR;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		return DECODE_UD;
	case ZYDIS_MNEMONIC_DIV:
	case ZYDIS_MNEMONIC_IDIV:
	case ZYDIS_MNEMONIC_AAM:
		return DECODE_DIVIDE;
	case ZYDIS_MNEMONIC_LTR:
	case ZYDIS_MNEMONIC_LLDT:
		return DECODE_LOADS_SEG;
	case ZYDIS_MNEMONIC_LMSW:
	case ZYDIS_MNEMONIC_CLTS:
	case ZYDIS_MNEMONIC_XSETBV:
		return DECODE_LOADS_CR;
	case ZYDIS_MNEMONIC_VMCALL:
	case ZYDIS_MNEMONIC_VMMCALL:
	case ZYDIS_MNEMONIC_VMRUN:
	case ZYDIS_MNEMONIC_VMLOAD:
	case ZYDIS_MNEMONIC_VMSAVE:
	case ZYDIS_MNEMONIC_CLGI:
	case ZYDIS_MNEMONIC_STGI:
	case ZYDIS_MNEMONIC_SKINIT:
	case ZYDIS_MNEMONIC_INVLPGA:
		return DECODE_VIRT;
	default:
		return 0;
	}
}

uint32_t decode_flags_of(const struct decode_work *w)
{
	const ZydisDecodedInstruction *insn = &w->insn;
	uint32_t flags = category_flags(insn) | encoding_flags(insn) |
			 register_flags(w) | mnemonic_flags(insn->mnemonic);

	if (flags & DECODE_IRET)
		flags &= ~(uint32_t)DECODE_RET;
	if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		flags |= DECODE_FAR;
	if (insn->meta.isa_ext == ZYDIS_ISA_EXT_X87)
		flags |= DECODE_X87;
	if (insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		flags |= DECODE_PRIVILEGED;
	if (insn->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
				ZYDIS_ATTRIB_HAS_REPNE))
		flags |= DECODE_REP;
	if (insn->attributes & ZYDIS_ATTRIB_HAS_LOCK)
		flags |= DECODE_LOCK;
	if ((flags & (DECODE_VEX | DECODE_EVEX)) && (flags & DECODE_SSE))
		flags ^= DECODE_SSE | DECODE_AVX;
	if (needs_alignment(insn))
		flags |= DECODE_ALIGNED;
	return flags;
}

#endif
