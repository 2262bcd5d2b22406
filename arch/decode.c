#include "arch/decode.h"

#include <stdio.h>
#include <string.h>

#include "arch/decode_impl.h"
#include "base/bits.h"

enum decode_result decode_insn(const struct x86_state *s, const uint8_t *bytes,
			       size_t len, struct decoded *d)
{
	return decode_insn_at(s, s->rip, bytes, len, d);
}

static enum decode_result fail(struct decoded *d, enum decode_result result)
{
	static const char *const text[] = {
		[DECODE_OK] = "",
		[DECODE_UNKNOWN] = "(bad)",
		[DECODE_SHORT] = "(incomplete)",
		[DECODE_ABSENT] = "(built without an instruction decoder)",
	};

	*d = (struct decoded){.result = result, .control = -1, .segment = -1};
	snprintf(d->text, sizeof(d->text), "%s", text[result]);
	return result;
}

#ifndef DECODE_BY_ZYDIS

bool decode_available(void)
{
	return false;
}

enum decode_result decode_insn_at(const struct x86_state *s, uint64_t rip,
				  const uint8_t *bytes, size_t len,
				  struct decoded *d)
{
	return fail(d, DECODE_ABSENT);
}

#else

bool decode_available(void)
{
	return true;
}

/* The order of the encoding. */
static const enum x86_gpr gpr_order[] = {X86_RAX, X86_RCX, X86_RDX, X86_RBX,
					 X86_RSP, X86_RBP, X86_RSI, X86_RDI};

/* ---- addresses ---- */

static uint64_t truncate(uint64_t value, unsigned int bits)
{
	return bits >= 64 ? value : value & (BIT(bits) - 1);
}

/* The general register of which reg is a part, or X86_NR_GPR. */
static enum x86_gpr enclosing_gpr(ZydisRegister reg)
{
	int id = ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(
		ZYDIS_MACHINE_MODE_LONG_64, reg));

	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		break;
	default:
		return X86_NR_GPR;
	}
	if (id < 0 || id >= X86_NR_GPR)
		return X86_NR_GPR;
	return id < 8 ? gpr_order[id] : (enum x86_gpr)id;
}

static uint32_t gpr_bit(ZydisRegister reg)
{
	enum x86_gpr gpr = enclosing_gpr(reg);

	return gpr < X86_NR_GPR ? (uint32_t)BIT(gpr) : 0;
}

static uint64_t gpr_value(const struct decode_work *w, ZydisRegister reg)
{
	enum x86_gpr gpr = enclosing_gpr(reg);

	if (gpr == X86_NR_GPR)
		return 0;
	if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
		return w->s->gpr[gpr] >> 8;
	return w->s->gpr[gpr];
}

/* General registers and rip; 0 for none and for all others. */
static uint64_t register_value(const struct decode_work *w, ZydisRegister reg)
{
	uint64_t value;

	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		value = gpr_value(w, reg);
		break;
	case ZYDIS_REGCLASS_IP:
		value = w->rip + w->insn.length;
		break;
	default:
		return 0;
	}
	return truncate(value,
			ZydisRegisterGetWidth(w->insn.machine_mode, reg));
}

/* Which of gpr[] an operand is, whole or in part; AH and its like are not. */
static int8_t gpr_of(const ZydisDecodedOperand *op)
{
	const ZydisRegister reg = op->reg.value;
	enum x86_gpr gpr;

	if (op->type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH))
		return -1;
	gpr = enclosing_gpr(reg);
	return gpr < X86_NR_GPR ? (int8_t)gpr : -1;
}

static enum x86_seg_index segment_of(ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_CS:
		return X86_CS;
	case ZYDIS_REGISTER_SS:
		return X86_SS;
	case ZYDIS_REGISTER_ES:
		return X86_ES;
	case ZYDIS_REGISTER_FS:
		return X86_FS;
	case ZYDIS_REGISTER_GS:
		return X86_GS;
	default:
		return X86_DS;
	}
}

static gva_t linear(const struct decode_work *w, enum x86_seg_index seg,
		    uint64_t offset)
{
	uint64_t base = w->s->seg[seg].base;

	if (w->mode != X86_MODE_LONG64)
		return (uint32_t)(base + offset);
	return offset + (seg == X86_FS || seg == X86_GS ? base : 0);
}

/* bt, bts, btr, btc with the bit in a register reach beyond the operand. */
static int64_t bit_string_offset(const struct decode_work *w, unsigned int size)
{
	const ZydisDecodedOperand *bit = &w->op[1];
	unsigned int unused = 64 - 8 * size;
	int64_t index;

	switch (w->insn.mnemonic) {
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTS:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTC:
		break;
	default:
		return 0;
	}
	if (bit->type != ZYDIS_OPERAND_TYPE_REGISTER || !size || size > 8)
		return 0;
	index = (int64_t)(register_value(w, bit->reg.value) << unused) >>
		unused;
	return (index >> (size == 8 ? 6 : size == 4 ? 5 : 4)) * (int64_t)size;
}

/*
 * Zydis gives the stack pointer as it is before the instruction: a push goes
 * below it, and POP addresses memory with the pointer it leaves behind.
 */
static int64_t stack_offset(const struct decode_work *w,
			    const ZydisDecodedOperand *op,
			    const struct decode_mem *m)
{
	if (m->hidden && m->stack && m->write)
		return -(int64_t)m->size;
	if (!m->hidden && w->insn.mnemonic == ZYDIS_MNEMONIC_POP &&
	    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
					     op->mem.base) ==
		    ZYDIS_REGISTER_RSP)
		return (int64_t)m->size;
	return 0;
}

static bool is_stack_pointer(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_SP || reg == ZYDIS_REGISTER_ESP ||
	       reg == ZYDIS_REGISTER_RSP;
}

static void put_address(const struct decode_work *w,
			const ZydisDecodedOperand *op, struct decode_mem *m)
{
	unsigned int width = w->insn.address_width;
	uint64_t ea = (uint64_t)op->mem.disp.value;

	ea += register_value(w, op->mem.base);
	ea += register_value(w, op->mem.index) * op->mem.scale;
	if (w->insn.mnemonic == ZYDIS_MNEMONIC_XLAT)
		ea += w->s->gpr[X86_RAX] & 0xff;
	ea += (uint64_t)bit_string_offset(w, m->size);
	ea += (uint64_t)stack_offset(w, op, m);
	if (m->hidden && m->stack)
		width = w->insn.stack_width;
	m->offset = truncate(ea, width);
	m->addr = linear(w, m->seg, m->offset);
}

static void add_mem(const struct decode_work *w, const ZydisDecodedOperand *op,
		    struct decoded *d)
{
	struct decode_mem *m;

	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || !op->actions ||
	    (op->mem.type != ZYDIS_MEMOP_TYPE_MEM &&
	     op->mem.type != ZYDIS_MEMOP_TYPE_VSIB) ||
	    w->insn.meta.category == ZYDIS_CATEGORY_WIDENOP ||
	    w->insn.meta.category == ZYDIS_CATEGORY_PREFETCH ||
	    d->mems == DECODE_MAX_MEM)
		return;
	m = &d->mem[d->mems++];
	*m = (struct decode_mem){
		.size = op->size / 8u,
		.seg = segment_of(op->mem.segment),
		.read = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ,
		.write = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE,
		.hidden = op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN,
		.maybe = op->actions & (ZYDIS_OPERAND_ACTION_CONDREAD |
					ZYDIS_OPERAND_ACTION_CONDWRITE),
		.unknown = op->mem.type == ZYDIS_MEMOP_TYPE_VSIB,
		.gpr = gpr_bit(op->mem.base) | gpr_bit(op->mem.index),
	};
	m->stack = m->hidden && is_stack_pointer(op->mem.base);
	if (w->insn.meta.category == ZYDIS_CATEGORY_XSAVE ||
	    w->insn.meta.category == ZYDIS_CATEGORY_XSAVEOPT)
		m->size = 0; /* XCR0 decides */
	put_address(w, op, m);
}

static void add_written(const ZydisDecodedOperand *op, struct decoded *d)
{
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
		d->gpr_written |= gpr_bit(op->reg.value);
}

/* ---- where it goes ---- */

static void put_target(const struct decode_work *w, struct decoded *d)
{
	const ZydisDecodedOperand *op = &w->op[0];
	ZyanU64 addr;

	if (d->flags & DECODE_INT)
		d->vector = w->insn.mnemonic == ZYDIS_MNEMONIC_INT
				    ? (uint8_t)op->imm.value.u
			    : w->insn.mnemonic == ZYDIS_MNEMONIC_INTO ? 4
			    : w->insn.mnemonic == ZYDIS_MNEMONIC_INT1 ? 1
								      : 3;
	if (!(d->flags & (DECODE_JUMP | DECODE_CALL)) || !w->insn.operand_count)
		return;
	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		d->has_target = ZYAN_SUCCESS(
			ZydisCalcAbsoluteAddress(&w->insn, op, w->rip, &addr));
		d->target = d->has_target ? addr : 0;
		break;
	case ZYDIS_OPERAND_TYPE_POINTER:
		d->has_target = true;
		d->target = op->ptr.offset;
		d->target_sel = op->ptr.segment;
		break;
	case ZYDIS_OPERAND_TYPE_REGISTER:
		d->flags |= DECODE_INDIRECT;
		d->has_target = true;
		d->target = register_value(w, op->reg.value);
		break;
	default:
		d->flags |= DECODE_INDIRECT;
		break;
	}
}

/* ---- what it loads ---- */

static int segment_number(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS
		       ? (int)segment_of(reg)
		       : -1;
}

/* The operand at `index` as source, when it is a register or a number. */
static void take_source(const struct decode_work *w, unsigned int index,
			struct decoded *d)
{
	const ZydisDecodedOperand *op = &w->op[index];

	if (index >= w->insn.operand_count_visible)
		return;
	d->has_source = op->type == ZYDIS_OPERAND_TYPE_REGISTER ||
			op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		d->source = register_value(w, op->reg.value);
	else if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		d->source = op->imm.value.u;
}

static void put_loads(const struct decode_work *w, struct decoded *d)
{
	const ZydisDecodedOperand *op = &w->op[0];
	bool reg = w->insn.operand_count &&
		   op->type == ZYDIS_OPERAND_TYPE_REGISTER;

	d->control = d->segment = -1;
	if (w->insn.mnemonic == ZYDIS_MNEMONIC_LTR ||
	    w->insn.mnemonic == ZYDIS_MNEMONIC_LLDT) {
		d->segment = w->insn.mnemonic == ZYDIS_MNEMONIC_LTR ? X86_TR
								    : X86_LDTR;
		take_source(w, 0, d);
	} else if (d->flags & DECODE_DIVIDE) {
		take_source(w, 0, d);
	} else if (d->flags & DECODE_LOADS_CR && reg) {
		if (op->reg.value >= ZYDIS_REGISTER_CR0 &&
		    op->reg.value <= ZYDIS_REGISTER_CR15)
			d->control = (int)(op->reg.value - ZYDIS_REGISTER_CR0);
		take_source(w, 1, d);
	} else if (d->flags & DECODE_LOADS_SEG) {
		for (unsigned int i = 0;
		     d->segment < 0 && i < w->insn.operand_count; i++)
			if (w->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
				d->segment = segment_number(w->op[i].reg.value);
		if (reg && segment_number(op->reg.value) >= 0)
			take_source(w, 1, d);
	}
}

/* ---- all of it ---- */

static ZydisMachineMode machine_mode(enum x86_mode mode)
{
	static const ZydisMachineMode modes[] = {
		[X86_MODE_REAL] = ZYDIS_MACHINE_MODE_REAL_16,
		[X86_MODE_VM86] = ZYDIS_MACHINE_MODE_REAL_16,
		[X86_MODE_PROT16] = ZYDIS_MACHINE_MODE_LEGACY_16,
		[X86_MODE_PROT32] = ZYDIS_MACHINE_MODE_LEGACY_32,
		[X86_MODE_COMPAT16] = ZYDIS_MACHINE_MODE_LONG_COMPAT_16,
		[X86_MODE_COMPAT32] = ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
		[X86_MODE_LONG64] = ZYDIS_MACHINE_MODE_LONG_64,
	};

	return modes[mode];
}

static ZydisStackWidth stack_width(const struct x86_state *s,
				   enum x86_mode mode)
{
	if (mode == X86_MODE_LONG64)
		return ZYDIS_STACK_WIDTH_64;
	return s->seg[X86_SS].attr & X86_AR_DB ? ZYDIS_STACK_WIDTH_32
					       : ZYDIS_STACK_WIDTH_16;
}

enum decode_result decode_insn_at(const struct x86_state *s, uint64_t rip,
				  const uint8_t *bytes, size_t len,
				  struct decoded *d)
{
	struct decode_work w = {.s = s, .rip = rip, .mode = x86_mode(s)};
	ZydisDecoder decoder;
	ZyanStatus status;

	status = ZydisDecoderInit(&decoder, machine_mode(w.mode),
				  stack_width(s, w.mode));
	if (ZYAN_SUCCESS(status))
		status = ZydisDecoderDecodeFull(&decoder, bytes,
						min_u64(len, DECODE_MAX_BYTES),
						&w.insn, w.op);
	if (status == ZYDIS_STATUS_NO_MORE_DATA && len < DECODE_MAX_BYTES)
		return fail(d, DECODE_SHORT);
	if (!ZYAN_SUCCESS(status))
		return fail(d, DECODE_UNKNOWN);
	memset(d, 0, sizeof(*d));
	d->length = w.insn.length;
	d->flags = decode_flags_of(&w);
	d->operand_size = w.insn.operand_width / 8u;
	d->address_size = w.insn.address_width / 8u;
	d->isa = ZydisISASetGetString(w.insn.meta.isa_set);
	d->cpuid = decode_cpuid_of(w.insn.meta.isa_set);
	d->name = ZydisMnemonicGetString(w.insn.mnemonic);
	for (unsigned int i = 0; i < DECODE_MAX_GPR; i++)
		d->gpr[i] = i < w.insn.operand_count ? gpr_of(&w.op[i]) : -1;
	for (unsigned int i = 0; i < w.insn.operand_count; i++) {
		add_mem(&w, &w.op[i], d);
		add_written(&w.op[i], d);
	}
	put_target(&w, d);
	put_loads(&w, d);
	decode_put_text(&w, d);
	return d->result = DECODE_OK;
}

#endif
