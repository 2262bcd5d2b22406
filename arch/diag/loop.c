#include "arch/diag/loop.h"

#include <inttypes.h>
#include <string.h>

#include "arch/decode.h"

#define NODES_MAX 64 /* instructions looked at */
#define NO_NODE	  NODES_MAX

/* One instruction on the way; parent is the one that led here. */
struct node {
	uint64_t rip; /* offset in the code segment */
	struct decoded d;
	unsigned int parent;
};

struct search {
	const struct x86_view *v;
	unsigned int n;
	struct node node[NODES_MAX];
	unsigned int path[NODES_MAX]; /* the loop, from its end to its start */
	unsigned int length;
};

static gva_t linear(const struct x86_state *s, uint64_t rip)
{
	if (x86_mode(s) == X86_MODE_LONG64)
		return rip;
	return (uint32_t)(s->seg[X86_CS].base + rip);
}

/* Up to len bytes at a linear address; how many there are. */
static size_t fetch(const struct x86_view *v, gva_t at, uint8_t *bytes,
		    size_t len)
{
	size_t done = 0;
	struct err ignored;

	if (!paging_read(&v->paging, &v->mem, at, bytes, len, &done, &ignored))
		return done;
	return len;
}

/* ---- searching ---- */

static unsigned int find_node(const struct search *s, uint64_t rip)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->node[i].rip == rip)
			return i;
	return NO_NODE;
}

/* Does the way from `from` to rip close the loop?  Else remember rip. */
static bool follow(struct search *s, unsigned int from, uint64_t rip)
{
	uint8_t bytes[DECODE_MAX_BYTES];
	struct node *node;
	size_t len;

	if (rip == s->node[0].rip)
		return true;
	if (s->n == NODES_MAX || find_node(s, rip) != NO_NODE)
		return false;
	len = fetch(s->v, linear(s->v->s, rip), bytes, sizeof(bytes));
	node = &s->node[s->n];
	node->rip = rip;
	node->parent = from;
	if (decode_insn_at(s->v->s, rip, bytes, len, &node->d) == DECODE_OK)
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

/* The ways on from an instruction; true when one closes the loop. */
static bool expand(struct search *s, unsigned int i)
{
	const struct decoded d = s->node[i].d;
	const uint64_t rip = s->node[i].rip;

	if ((d.flags & DECODE_JUMP) && d.has_target &&
	    !(d.flags & (DECODE_FAR | DECODE_INDIRECT)) &&
	    follow(s, i, d.target))
		return true;
	return falls_through(&d) && follow(s, i, rip + d.length);
}

/* Breadth first, so that the first way back is the shortest. */
static bool search(struct search *s, const struct x86_view *v)
{
	const uint64_t rip = v->s->rip;
	uint8_t bytes[DECODE_MAX_BYTES];
	size_t len = fetch(v, linear(v->s, rip), bytes, sizeof(bytes));

	s->v = v;
	s->length = 0;
	s->n = 1;
	s->node[0].rip = rip;
	s->node[0].parent = NO_NODE;
	if (decode_insn_at(v->s, rip, bytes, len, &s->node[0].d) != DECODE_OK)
		return false;
	for (unsigned int i = 0; i < s->n; i++) {
		if (!expand(s, i))
			continue;
		for (; i != NO_NODE; i = s->node[i].parent)
			s->path[s->length++] = i;
		return true;
	}
	return false;
}

/* ---- what the loop does ---- */

struct traits {
	bool calls, leaves; /* some instruction leads out */
	bool stores, locked, reads_tsc;
	uint32_t written; /* registers */
	unsigned int reads;
	const struct decode_mem *read; /* the first one */
	const struct node *device;     /* IN or RDMSR */
};

static void add_memory(struct traits *t, const struct decoded *d)
{
	const bool is_xchg = !strcmp(d->name, "xchg");

	for (unsigned int i = 0; i < d->mems; i++) {
		const struct decode_mem *m = &d->mem[i];

		if (m->read) {
			if (!t->reads++)
				t->read = m;
		}
		if (m->write && ((d->flags & DECODE_LOCK) || is_xchg))
			t->locked = true;
		else if (m->write)
			t->stores = true;
	}
}

static void add_insn(struct traits *t, const struct node *node)
{
	const struct decoded *d = &node->d;

	t->calls |= !!(d->flags & DECODE_CALL);
	t->leaves |= !!(d->flags & DECODE_CONDITIONAL);
	t->reads_tsc |= !strncmp(d->name, "rdtsc", 5);
	t->written |= d->gpr_written;
	if (d->flags & (DECODE_IO | DECODE_RDMSR | DECODE_WRMSR)) {
		/* out, outs and wrmsr do something; in and rdmsr ask */
		if (!strncmp(d->name, "out", 3) ||
		    (d->flags & (DECODE_WRMSR | DECODE_STRING)))
			t->stores = true;
		else
			t->device = node;
	}
	add_memory(t, d);
}

/* Does every round read at the same place? */
static bool is_fixed(const struct search *s, const struct traits *t)
{
	for (unsigned int k = 0; k < s->length; k++) {
		const struct decoded *d = &s->node[s->path[k]].d;

		for (unsigned int i = 0; i < d->mems; i++)
			if (d->mem[i].unknown || (d->mem[i].gpr & t->written))
				return false;
	}
	return true;
}

static void set_device(const struct search *s, const struct traits *t,
		       struct loop *l)
{
	const struct x86_state *state = s->v->s;
	const struct node *node = t->device;
	uint8_t bytes[DECODE_MAX_BYTES];
	size_t len = node->d.length;

	l->kind = LOOP_DEVICE;
	l->size = node->d.operand_size;
	if (node->d.flags & DECODE_RDMSR) {
		l->read = LOOP_READS_MSR;
		l->at = (uint32_t)state->gpr[X86_RCX];
		return;
	}
	l->read = LOOP_READS_PORT;
	l->at = state->gpr[X86_RDX] & 0xffff;
	/* "in imm8" ends in its opcode and the port */
	if (len >= 2 && fetch(s->v, linear(state, node->rip), bytes, len) &&
	    (bytes[len - 2] & 0xfe) == 0xe4)
		l->at = bytes[len - 1];
}

static void set_memory(const struct search *s, const struct traits *t,
		       struct loop *l)
{
	uint32_t size = t->read->size;
	struct walk w;

	l->kind = t->locked ? LOOP_LOCK : LOOP_MEMORY;
	l->read = LOOP_READS_MEMORY;
	l->at = t->read->addr;
	l->size = size;
	if (size && size <= 8)
		l->has_value = fetch(s->v, l->at, (uint8_t *)&l->value, size) ==
			       size;
	/* Mapped, but no memory: a device. */
	if (!l->has_value &&
	    paging_walk(&s->v->paging, &s->v->mem, l->at, ACCESS_DEBUG, &w))
		l->kind = LOOP_DEVICE;
}

static void classify(const struct search *s, struct loop *l)
{
	struct traits t = {0};

	for (unsigned int k = 0; k < s->length; k++)
		add_insn(&t, &s->node[s->path[k]]);
	l->kind = LOOP_WORK;
	if (t.calls)
		return;
	if (t.reads_tsc)
		l->kind = LOOP_TIME;
	else if (!t.leaves)
		l->kind = LOOP_ENDLESS;
	else if (t.stores || !is_fixed(s, &t))
		return;
	else if (t.device)
		set_device(s, &t, l);
	else if (t.reads)
		set_memory(s, &t, l);
	else
		l->kind = LOOP_COUNT;
}

static void describe(const struct search *s, struct loop *l)
{
	const struct x86_state *state = s->v->s;

	l->insns = s->length;
	l->start = UINT64_MAX;
	for (unsigned int k = 0; k < s->length; k++) {
		const struct node *node = &s->node[s->path[k]];

		l->start = min_u64(l->start, linear(state, node->rip));
		l->pauses |= !!(node->d.flags & DECODE_PAUSE);
		l->halts |= !!(node->d.flags & DECODE_HALT);
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

		if (fetch(v, start, bytes, known[i].len) < known[i].len ||
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
	struct search s;

	memset(l, 0, sizeof(*l));
	if (!decode_available()) {
		find_by_bytes(v, l);
		return;
	}
	if (!search(&s, v))
		return;
	describe(&s, l);
	classify(&s, l);
}

/* ---- in words ---- */

static void put_read(struct buf *out, const struct loop *l,
		     const struct show_names *names)
{
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
			   l->kind == LOOP_DEVICE ? "device memory at " : "",
			   l->at);
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
