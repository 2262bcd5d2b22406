/*
 * What a loop does: does it only wait, and for what?
 *
 * Registers are followed as far as plain moves go: one that is loaded in each
 * round from the same place holds the same value in each round, which is how
 * unoptimized code reads a flag through a pointer.
 */
#include <string.h>

#include "arch/diag/loop_impl.h"

/* A frame pointer lies at most so far above the stack pointer. */
#define FRAME_MAX 0x10000u
/* Enough for what an instruction does to come round to an earlier one. */
#define ROUNDS	  3u
#define ALL_GPR	  ((uint32_t)BIT(X86_NR_GPR) - 1)

struct judge {
	const struct loop_path *path;
	struct x86_state s; /* registers as moves in the loop leave them */
	uint32_t constant;  /* registers with the same value in each round */
	uint32_t fixed;	    /* ... or loaded each round from the same place */
	uint32_t sure;	    /* registers whose value in s is right */
	bool changed[2];    /* locals, by `foreign`: not so each round */
	bool calls, leaves, stores, locked, moves_on, reads_tsc;
	bool reads;
	struct decode_mem read;		/* the one it waits for */
	bool read_sure;			/* its address is right */
	const struct loop_insn *device; /* IN or RDMSR */
	uint16_t port;
	bool device_sure;
};

/* A local variable or a push: nobody else's business. */
static bool is_local(const struct judge *j, const struct decode_mem *m)
{
	const uint64_t *gpr = j->path->v->s->gpr;
	const uint64_t depth = gpr[X86_RBP] - gpr[X86_RSP];

	if (m->stack || (m->gpr & BIT(X86_RSP)))
		return true;
	return (m->gpr & BIT(X86_RBP)) && depth < FRAME_MAX;
}

/* A load, a copy or a constant; lea would hide what it adds up. */
static bool is_move(const struct decoded *d)
{
	static const char *const names[] = {"mov", "movzx", "movsx", "movsxd"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(d->name, names[i]))
			return d->gpr[0] >= 0 && d->operand_size >= 4;
	return false;
}

/* The registers that a move's result depends on. */
static uint32_t sources(const struct judge *j, const struct decoded *d)
{
	uint32_t from = d->gpr[1] >= 0 ? (uint32_t)BIT(d->gpr[1]) : 0;

	for (unsigned int i = 0; i < d->mems; i++)
		from |= is_local(j, &d->mem[i]) ? 0 : d->mem[i].gpr;
	return from;
}

/* The constant of a move: its last four or eight bytes. */
static uint64_t constant(const struct decoded *d, const uint8_t *bytes)
{
	uint64_t wide;
	int32_t value;

	if (d->length == 10 && d->operand_size == 8) {
		memcpy(&wide, bytes + 2, 8);
		return wide;
	}
	memcpy(&value, bytes + d->length - 4, 4);
	return (uint64_t)(int64_t)value;
}

/* What a move puts into its register; false when that is not known. */
static bool move_value(const struct judge *j, const struct loop_insn *insn,
		       const struct decoded *d, const uint8_t *bytes,
		       uint64_t *value)
{
	const struct decode_mem *m = &d->mem[0];

	*value = 0;
	if (sources(j, d) & ~j->sure)
		return false;
	if (d->gpr[1] >= 0) {
		*value = j->s.gpr[d->gpr[1]];
		return !strcmp(d->name, "mov");
	}
	if (!d->mems) {
		*value = d->length > 4 ? constant(d, bytes) : 0;
		return d->length > 4;
	}
	return m->size && m->size <= 8 && strncmp(d->name, "movs", 4) &&
	       !(insn->foreign && is_local(j, m)) &&
	       loop_fetch(j->path->v, m->addr, (uint8_t *)value, m->size) ==
		       m->size;
}

/* Does it put the same value into its register in each round? */
static bool is_fixed(const struct judge *j, const struct loop_insn *insn,
		     const struct decoded *d)
{
	if (!is_move(d) || (sources(j, d) & ~j->fixed))
		return false;
	return !d->mems || !is_local(j, &d->mem[0]) ||
	       !j->changed[insn->foreign];
}

/* Of a fixed move: nothing that others may change goes into it. */
static bool is_constant(const struct judge *j, const struct decoded *d)
{
	return !(sources(j, d) & ~j->constant) &&
	       (!d->mems || is_local(j, &d->mem[0]));
}

/* Keep track of the registers that an instruction changes. */
static void run(struct judge *j, const struct loop_insn *insn,
		const struct decoded *d, const uint8_t *bytes)
{
	const bool fixed = is_fixed(j, insn, d);
	const bool constant = fixed && is_constant(j, d);
	uint64_t value;
	const bool sure = is_move(d) && move_value(j, insn, d, bytes, &value);

	j->constant &= ~d->gpr_written;
	j->fixed &= ~d->gpr_written;
	j->sure &= ~d->gpr_written;
	if (constant)
		j->constant |= (uint32_t)BIT(d->gpr[0]);
	if (fixed)
		j->fixed |= (uint32_t)BIT(d->gpr[0]);
	if (!sure)
		return;
	j->sure |= (uint32_t)BIT(d->gpr[0]);
	j->s.gpr[d->gpr[0]] = d->operand_size == 4 ? (uint32_t)value : value;
}

static void note_read(struct judge *j, const struct decode_mem *m)
{
	if (m->unknown || (m->gpr & ~j->fixed))
		j->moves_on = true;
	/* The last one is what the branch out of the loop looks at. */
	j->read = *m;
	j->reads = true;
	j->read_sure = !(m->gpr & ~j->sure);
}

/* A local variable may get the same value each round, or a new one. */
static void note_local(struct judge *j, const struct loop_insn *insn,
		       const struct decoded *d, const struct decode_mem *m)
{
	const bool is_copy = !strcmp(d->name, "mov");
	const uint32_t from = d->gpr[1] >= 0 ? (uint32_t)BIT(d->gpr[1]) : 0;

	if (m->write && !m->stack && (!is_copy || (from & ~j->constant)))
		j->changed[insn->foreign] = true;
}

static void note_memory(struct judge *j, const struct loop_insn *insn,
			const struct decoded *d)
{
	const bool atomic = (d->flags & DECODE_LOCK) || !strcmp(d->name, "xch"
									 "g");

	for (unsigned int i = 0; i < d->mems; i++) {
		const struct decode_mem *m = &d->mem[i];

		if (is_local(j, m)) {
			note_local(j, insn, d, m);
			continue;
		}
		if (m->write && atomic)
			j->locked = true;
		else if (m->write)
			j->stores = true;
		if (m->read)
			note_read(j, m);
	}
}

static void note_device(struct judge *j, const struct loop_insn *insn,
			const struct decoded *d)
{
	const enum x86_gpr by = d->flags & DECODE_RDMSR ? X86_RCX : X86_RDX;

	if (!(d->flags & (DECODE_IO | DECODE_RDMSR | DECODE_WRMSR)))
		return;
	/* out, outs and wrmsr do something; in and rdmsr ask */
	if (!strncmp(d->name, "out", 3) ||
	    (d->flags & (DECODE_WRMSR | DECODE_STRING))) {
		j->stores = true;
		return;
	}
	j->device = insn;
	j->port = (uint16_t)j->s.gpr[X86_RDX];
	j->device_sure = j->sure & BIT(by);
}

static void note(struct judge *j, const struct loop_insn *insn)
{
	const struct x86_state *s = &j->s;
	uint8_t bytes[DECODE_MAX_BYTES];
	struct decoded d;

	/* Once more, with the registers that the loop has made itself. */
	if (loop_fetch(j->path->v, loop_linear(s, insn->rip), bytes,
		       insn->d.length) < insn->d.length ||
	    decode_insn_at(s, insn->rip, bytes, insn->d.length, &d) !=
		    DECODE_OK)
		return;
	j->calls |= (d.flags & DECODE_CALL) && !insn->inlined;
	j->leaves |= !!(d.flags & DECODE_CONDITIONAL);
	j->reads_tsc |= !strncmp(d.name, "rdtsc", 5);
	note_device(j, insn, &d);
	note_memory(j, insn, &d);
	run(j, insn, &d, bytes);
}

/* What one round leaves in the registers, the next one uses. */
static void look(struct judge *j)
{
	const struct loop_path *p = j->path;
	uint32_t written = 0;

	for (unsigned int i = 0; i < p->n; i++)
		written |= p->insn[i].d.gpr_written;
	j->constant = j->fixed = ALL_GPR & ~written;
	/* The path begins here, or else at a call that is over. */
	j->sure = p->insn[0].rip == p->v->s->rip ? ALL_GPR : j->fixed;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		j->moves_on = j->reads = false;
		for (unsigned int i = 0; i < p->n; i++)
			note(j, &p->insn[i]);
	}
}

/* ---- the verdict ---- */

static void set_device(const struct judge *j, struct loop *l)
{
	const struct x86_view *v = j->path->v;
	const struct loop_insn *insn = j->device;
	const size_t len = insn->d.length;
	uint8_t bytes[DECODE_MAX_BYTES];

	l->kind = LOOP_DEVICE;
	l->size = insn->d.operand_size;
	l->has_at = j->device_sure;
	if (insn->d.flags & DECODE_RDMSR) {
		l->read = LOOP_READS_MSR;
		l->at = (uint32_t)j->s.gpr[X86_RCX];
		return;
	}
	l->read = LOOP_READS_PORT;
	l->at = j->port;
	/* "in imm8" ends in its opcode and the port */
	if (len < 2 ||
	    loop_fetch(v, loop_linear(v->s, insn->rip), bytes, len) < len ||
	    (bytes[len - 2] & 0xfe) != 0xe4)
		return;
	l->at = bytes[len - 1];
	l->has_at = true;
}

static void set_memory(const struct judge *j, struct loop *l)
{
	const struct x86_view *v = j->path->v;
	struct walk w;

	l->kind = j->locked ? LOOP_LOCK : LOOP_MEMORY;
	l->read = LOOP_READS_MEMORY;
	l->has_at = j->read_sure;
	if (!l->has_at)
		return;
	l->at = j->read.addr;
	l->size = j->read.size;
	if (l->size && l->size <= 8)
		l->has_value = loop_fetch(v, l->at, (uint8_t *)&l->value,
					  l->size) == l->size;
	/* Mapped, but no memory: a device. */
	if (!l->has_value &&
	    paging_walk(&v->paging, &v->mem, l->at, ACCESS_DEBUG, &w))
		l->kind = LOOP_DEVICE;
}

void loop_judge(const struct loop_path *path, struct loop *l)
{
	struct judge j = {.path = path, .s = *path->v->s};

	look(&j);
	l->kind = LOOP_WORK;
	if (j.calls)
		return;
	if (j.reads_tsc)
		l->kind = LOOP_TIME;
	else if (!j.leaves)
		l->kind = LOOP_ENDLESS;
	else if (j.stores || j.moves_on)
		return;
	else if (j.device)
		set_device(&j, l);
	else if (j.reads)
		set_memory(&j, l);
	else
		l->kind = LOOP_COUNT;
}
