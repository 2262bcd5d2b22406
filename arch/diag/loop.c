#include "arch/diag/loop.h"

#include <inttypes.h>
#include <string.h>

#include "arch/diag/loop_impl.h"

#define NODES_MAX  64  /* instructions looked at in a search */
#define LEAF_MAX   40  /* instructions of a function that calls nobody */
#define LEAF_BYTES 512 /* how far into it the processor may be */
#define SLOTS	   24  /* of the stack, where a return address may lie */
#define NO_NODE	   NODES_MAX

/* One instruction on the way; parent is the one that led here. */
struct node {
	uint64_t rip;
	struct decoded d;
	unsigned int parent;
};

struct search {
	const struct x86_view *v;
	unsigned int n;
	struct node node[NODES_MAX];
};

gva_t loop_linear(const struct x86_state *s, uint64_t rip)
{
	if (x86_mode(s) == X86_MODE_LONG64)
		return rip;
	return (uint32_t)(s->seg[X86_CS].base + rip);
}

size_t loop_fetch(const struct x86_view *v, gva_t at, uint8_t *bytes,
		  size_t len)
{
	size_t done = 0;
	struct err ignored;

	if (!paging_read(&v->paging, &v->mem, at, bytes, len, &done, &ignored))
		return done;
	return len;
}

static bool decode_at(const struct x86_view *v, uint64_t rip, struct decoded *d)
{
	uint8_t bytes[DECODE_MAX_BYTES];
	size_t len =
		loop_fetch(v, loop_linear(v->s, rip), bytes, sizeof(bytes));

	return decode_insn_at(v->s, rip, bytes, len, d) == DECODE_OK;
}

/* ---- the shortest way back ---- */

static bool is_known(const struct search *s, uint64_t rip)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->node[i].rip == rip)
			return true;
	return false;
}

/* Does the way from `from` to rip close the loop?  Else remember rip. */
static bool follow(struct search *s, unsigned int from, uint64_t rip)
{
	struct node *node;

	if (rip == s->node[0].rip)
		return true;
	if (s->n == NODES_MAX || is_known(s, rip))
		return false;
	node = &s->node[s->n];
	node->rip = rip;
	node->parent = from;
	if (decode_at(s->v, rip, &node->d))
		s->n++;
	return false;
}

static bool falls_through(const struct decoded *d)
{
	const uint32_t stop = DECODE_RET | DECODE_IRET | DECODE_INT |
			      DECODE_SYSCALL | DECODE_UD | DECODE_FAR;

	if (d->flags & stop)
		return false;
	return !(d->flags & DECODE_JUMP) || (d->flags & DECODE_CONDITIONAL);
}

/* Does it go to d->target, and always there? */
static bool is_direct(const struct decoded *d)
{
	return d->has_target && !(d->flags & (DECODE_FAR | DECODE_INDIRECT));
}

/* The ways on from an instruction; true when one closes the loop. */
static bool expand(struct search *s, unsigned int i)
{
	const struct decoded *d = &s->node[i].d;
	const uint64_t next = s->node[i].rip + d->length;

	if ((d->flags & DECODE_JUMP) && is_direct(d) && follow(s, i, d->target))
		return true;
	return falls_through(d) && follow(s, i, next);
}

/*
 * From rip back to rip, breadth first, so that the first way is the shortest;
 * returns its last node, or NO_NODE.
 */
static unsigned int search(struct search *s, const struct x86_view *v,
			   uint64_t rip)
{
	s->v = v;
	s->n = 1;
	s->node[0].rip = rip;
	s->node[0].parent = NO_NODE;
	if (!decode_at(v, rip, &s->node[0].d))
		return NO_NODE;
	for (unsigned int i = 0; i < s->n; i++)
		if (expand(s, i))
			return i;
	return NO_NODE;
}

/* ---- functions that the loop calls ---- */

static struct loop_insn *append(struct loop_path *p, uint64_t rip,
				const struct decoded *d, bool foreign)
{
	struct loop_insn *insn;

	if (p->n == LOOP_PATH_MAX)
		return NULL;
	insn = &p->insn[p->n++];
	*insn = (struct loop_insn){.rip = rip, .d = *d, .foreign = foreign};
	return insn;
}

/*
 * A function at rip that goes straight to its return: append it to *p, and say
 * whether it comes by `pc`.  Both may be NULL.
 */
static bool take_leaf(const struct x86_view *v, uint64_t rip, uint64_t pc,
		      struct loop_path *p, bool *passes)
{
	const uint32_t branches = DECODE_JUMP | DECODE_CALL;
	struct decoded d;

	for (unsigned int i = 0; i < LEAF_MAX; i++) {
		if (!decode_at(v, rip, &d))
			return false;
		if (passes)
			*passes |= rip == pc;
		if (p && !append(p, rip, &d, true))
			return false;
		if (d.flags & DECODE_RET)
			return true;
		if ((d.flags & branches) || !falls_through(&d))
			return false;
		rip += d.length;
	}
	return false;
}

static unsigned int slot_size(const struct x86_state *s)
{
	switch (x86_mode(s)) {
	case X86_MODE_LONG64:
		return 8;
	case X86_MODE_PROT32:
	case X86_MODE_COMPAT32:
		return 4;
	default:
		return 0;
	}
}

/* Is the instruction before `ret` a call of the leaf that holds the pc? */
static bool is_caller(const struct x86_view *v, uint64_t ret, uint64_t pc)
{
	uint64_t mask = slot_size(v->s) == 8 ? UINT64_MAX : UINT32_MAX;
	uint8_t bytes[5];
	int32_t offset;
	uint64_t callee;
	bool passes = false;

	if (loop_fetch(v, loop_linear(v->s, ret - 5), bytes, 5) < 5 ||
	    bytes[0] != 0xe8)
		return false;
	memcpy(&offset, bytes + 1, 4);
	callee = (ret + (uint64_t)(int64_t)offset) & mask;
	return pc - callee < LEAF_BYTES &&
	       take_leaf(v, callee, pc, NULL, &passes) && passes;
}

/* The call that led to the short function the processor is in. */
static bool find_call(const struct x86_view *v, uint64_t *call)
{
	const struct x86_state *s = v->s;
	const unsigned int size = slot_size(s);
	uint8_t stack[SLOTS * 8];
	size_t have;
	gva_t sp;

	if (!size)
		return false;
	sp = s->gpr[X86_RSP];
	if (size == 4)
		sp = (uint32_t)(s->seg[X86_SS].base + sp);
	have = loop_fetch(v, sp, stack, SLOTS * size);
	for (size_t at = 0; at + size <= have; at += size) {
		uint64_t ret = 0;

		memcpy(&ret, stack + at, size);
		if (ret >= 5 && is_caller(v, ret, s->rip)) {
			*call = ret - 5;
			return true;
		}
	}
	return false;
}

/*
 * The path begins with the call of the function the processor is in.  The
 * frame pointer is that function's, except before it has been set and after it
 * was restored: then it is still the caller's.
 */
static void adjust_frame(struct loop_path *p, uint64_t pc)
{
	unsigned int end = 1;

	while (end < p->n && p->insn[end].foreign)
		end++;
	if (end < 4 || pc == p->insn[1].rip || pc == p->insn[2].rip ||
	    pc == p->insn[end - 1].rip)
		return;
	for (unsigned int i = 0; i < p->n; i++)
		p->insn[i].foreign = !p->insn[i].foreign;
}

/*
 * The round that ends in node `last`, with the functions it calls put in where
 * they are short.
 */
static void take_path(const struct search *s, unsigned int last,
		      struct loop_path *p)
{
	unsigned int order[NODES_MAX], n = 0;

	for (unsigned int i = last; i != NO_NODE; i = s->node[i].parent)
		order[n++] = i;
	p->v = s->v;
	p->n = 0;
	while (n--) {
		const struct node *node = &s->node[order[n]];
		const unsigned int after = p->n + 1;
		struct loop_insn *insn = append(p, node->rip, &node->d, false);

		if (!insn || !(node->d.flags & DECODE_CALL) ||
		    !is_direct(&node->d))
			continue;
		insn->inlined = take_leaf(s->v, node->d.target, 0, p, NULL);
		if (!insn->inlined)
			p->n = after;
	}
	if (s->node[0].rip != s->v->s->rip)
		adjust_frame(p, s->v->s->rip);
}

static bool find_path(const struct x86_view *v, struct loop_path *p)
{
	struct search s;
	unsigned int last = search(&s, v, v->s->rip);
	uint64_t call;

	if (last != NO_NODE) {
		take_path(&s, last, p);
		return true;
	}
	if (!find_call(v, &call))
		return false;
	last = search(&s, v, call);
	if (last == NO_NODE)
		return false;
	take_path(&s, last, p);
	return true;
}

static void describe(const struct loop_path *p, struct loop *l)
{
	l->insns = p->n;
	l->start = UINT64_MAX;
	for (unsigned int i = 0; i < p->n; i++) {
		const struct loop_insn *insn = &p->insn[i];

		l->pauses |= !!(insn->d.flags & DECODE_PAUSE);
		l->halts |= !!(insn->d.flags & DECODE_HALT);
		l->start = min_u64(l->start, loop_linear(p->v->s, insn->rip));
	}
}

/* ---- without a decoder: a jump to itself, with or without PAUSE ---- */

static void find_by_bytes(const struct x86_view *v, struct loop *l)
{
	static const struct {
		uint8_t byte[4];
		uint8_t len, back; /* back: bytes of the loop before pc */
		bool pauses;
	} known[] = {
		{{0xeb, 0xfe}, 2, 0, false},
		{{0xf3, 0x90, 0xeb, 0xfc}, 4, 0, true},
		{{0xf3, 0x90, 0xeb, 0xfc}, 4, 2, true},
	};
	const gva_t pc = x86_linear_pc(v->s);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const gva_t start = pc - known[i].back;
		uint8_t bytes[4];

		if (loop_fetch(v, start, bytes, known[i].len) < known[i].len ||
		    memcmp(bytes, known[i].byte, known[i].len))
			continue;
		*l = (struct loop){.kind = LOOP_ENDLESS,
				   .start = start,
				   .insns = known[i].len / 2,
				   .pauses = known[i].pauses};
		return;
	}
}

void loop_find(const struct x86_view *v, struct loop *l)
{
	struct loop_path path;

	memset(l, 0, sizeof(*l));
	if (!decode_available()) {
		find_by_bytes(v, l);
		return;
	}
	if (!find_path(v, &path))
		return;
	describe(&path, l);
	loop_judge(&path, l);
}

/* ---- in words ---- */

static void put_read(struct buf *out, const struct loop *l,
		     const struct show_names *names)
{
	static const char *const what[] = {
		[LOOP_READS_NOTHING] = "",
		[LOOP_READS_MEMORY] = "memory",
		[LOOP_READS_PORT] = "a port",
		[LOOP_READS_MSR] = "an MSR",
	};
	const bool device = l->kind == LOOP_DEVICE;

	if (!l->has_at) {
		buf_str(out, what[l->read]);
		return;
	}
	switch (l->read) {
	case LOOP_READS_NOTHING:
		return;
	case LOOP_READS_PORT:
		buf_printf(out, "port 0x%" PRIx64, l->at);
		return;
	case LOOP_READS_MSR:
		buf_printf(out, "MSR 0x%" PRIx64, l->at);
		return;
	case LOOP_READS_MEMORY:
		buf_printf(out, "%s0x%" PRIx64,
			   device ? "device memory at " : "", l->at);
		show_name(out, names, l->at);
		if (l->has_value)
			buf_printf(out, " (%u byte%s, now 0x%" PRIx64 ")",
				   l->size, l->size > 1 ? "s" : "", l->value);
	}
}

void loop_print(struct buf *out, const struct loop *l,
		const struct show_names *names)
{
	static const char *const what[] = {
		[LOOP_NONE] = "",
		[LOOP_WORK] = ", which stores, calls or moves on",
		[LOOP_ENDLESS] = " that nothing in it leaves",
		[LOOP_MEMORY] = " that waits for a change of ",
		[LOOP_LOCK] = " that tries to get hold of ",
		[LOOP_DEVICE] = " that polls ",
		[LOOP_TIME] = " that reads the time-stamp counter",
		[LOOP_COUNT] = " in which only registers change",
	};

	buf_printf(out, "a loop of %u instruction%s", l->insns,
		   l->insns > 1 ? "s" : "");
	if (l->pauses || l->halts)
		buf_printf(out, " (with %s)", l->halts ? "HLT" : "PAUSE");
	buf_printf(out, " at 0x%" PRIx64, l->start);
	show_name(out, names, l->start);
	buf_str(out, what[l->kind]);
	put_read(out, l, names);
}
