/*
 * Register packets: g G p P (GDB manual, "Packets"), and LLDB's two that keep
 * the registers of g on this side (LLVM, docs/resources/lldbgdbremote).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stub/rsp/rsp.h"

/* The largest register: zmm16-31, 512 bits. */
#define REG_BYTES 64

/* LLDB's ";thread:ID;" after a register packet names the vCPU. */
static bool take_suffix(struct session *s, struct cursor *c, unsigned int *vcpu,
			struct err *err)
{
	int thread = (int)s->hg;

	if (cur_accept_str(c, ";thread:")) {
		if (!session_take_thread(s, c, &thread, err))
			return false;
		cur_accept(c, ';');
	} else {
		cur_accept(c, ';');
	}
	if (!cur_done(c))
		return session_malformed(err, "nothing more, or ;thread:ID;");
	*vcpu = thread < 0 ? s->hg : (unsigned int)thread;
	return true;
}

static unsigned int g_groups(const struct tdesc *tdesc)
{
	unsigned int groups = 0;

	for (unsigned int n = 0; n < tdesc_reg_count(tdesc); n++) {
		const struct tdesc_reg *reg = tdesc_reg(tdesc, n);

		if (reg)
			groups |= reg->def->group;
	}
	return groups;
}

/* The groups of `wanted` that the target can give, one by one. */
static unsigned int available(struct session *s, unsigned int vcpu,
			      unsigned int wanted, struct err *err)
{
	unsigned int got = 0;

	if (target_state(s->t, vcpu, wanted, err))
		return wanted;
	for (unsigned int g = 1; g & X86_GROUP_ALL; g <<= 1)
		if ((wanted & g) && target_state(s->t, vcpu, g, err))
			got |= g;
	return got;
}

/* Registers that cannot be had go out as "xx": unavailable. */
bool rsp_read_registers(struct session *s, struct cursor *c, struct err *err)
{
	const struct tdesc *tdesc = s->tdesc;
	char *image = s->scratch;
	size_t size = tdesc_g_size(tdesc);
	const struct x86_state *state;
	unsigned int vcpu, got, missing;

	if (!take_suffix(s, c, &vcpu, err))
		return false;
	missing = g_groups(tdesc);
	got = available(s, vcpu, missing, err);
	missing &= ~got;
	state = got ? target_state(s->t, vcpu, got, err) : NULL;
	if (!state)
		return false;
	for (unsigned int n = 0; n < tdesc_reg_count(tdesc); n++) {
		const struct tdesc_reg *reg = tdesc_reg(tdesc, n);

		if (reg)
			rsp_reg_read(s, reg, state, image + reg->g_offset);
	}
	s->seen = s->t->generation;
	reply_hex(&s->reply, image, size);
	if (!missing || s->reply.overflow)
		return true;
	for (unsigned int n = 0; n < tdesc_reg_count(tdesc); n++) {
		const struct tdesc_reg *reg = tdesc_reg(tdesc, n);

		if (reg && (reg->def->group & missing))
			memset(s->reply.out->data + s->reply.start + 1 +
				       2 * reg->g_offset,
			       'x', reg->bits / 4);
	}
	return true;
}

/*
 * Put one value into *next.  Writing back what is there already changes
 * nothing and is fine for every register: gdb restores all of them after an
 * inferior call.
 */
static bool put_value(struct session *s, const struct tdesc_reg *reg,
		      unsigned int vcpu, const void *value,
		      struct x86_state *next, unsigned int *changed,
		      struct err *err)
{
	uint8_t old[REG_BYTES];
	struct x86_cpu_info info;

	rsp_reg_read(s, reg, next, old);
	if (!memcmp(old, value, reg->bits / 8))
		return true;
	target_cpu_info(s->t, vcpu, &info);
	if (!rsp_reg_write(s, reg, next, &info, value, err))
		return false;
	*changed |= reg->def->group;
	return true;
}

bool rsp_write_registers(struct session *s, struct cursor *c, struct err *err)
{
	const struct tdesc *tdesc = s->tdesc;
	size_t size = tdesc_g_size(tdesc);
	const struct x86_state *state;
	unsigned int vcpu, changed = 0;
	struct x86_state next;

	cur_hex_bytes(c, s->scratch, size);
	if (!cur_ok(c))
		return err_set(err, ERR_MALFORMED,
			       "G needs all registers: %zu bytes in hex digits",
			       size);
	if (!take_suffix(s, c, &vcpu, err))
		return false;
	state = target_state(s->t, vcpu, g_groups(tdesc), err);
	if (!state)
		return false;
	next = *state;
	for (unsigned int n = 0; n < tdesc_reg_count(tdesc); n++) {
		const struct tdesc_reg *reg = tdesc_reg(tdesc, n);

		if (reg && !put_value(s, reg, vcpu, s->scratch + reg->g_offset,
				      &next, &changed, err))
			return false;
	}
	if (changed && !target_set_state(s->t, vcpu, changed, &next, err))
		return false;
	return rsp_ok(s);
}

static const struct tdesc_reg *take_register(struct session *s,
					     struct cursor *c, struct err *err)
{
	const struct tdesc_reg *reg = NULL;
	uint64_t n = cur_hex(c);

	if (!cur_ok(c)) {
		session_malformed(err, "register number");
		return NULL;
	}
	if (n <= TDESC_MAX_REGNUM)
		reg = tdesc_reg(s->tdesc, (unsigned int)n);
	if (!reg)
		err_set(err, ERR_NOT_FOUND, "no register has number 0x%" PRIx64,
			n);
	return reg;
}

bool rsp_read_register(struct session *s, struct cursor *c, struct err *err)
{
	const struct tdesc_reg *reg = take_register(s, c, err);
	const struct x86_state *state;
	uint8_t value[REG_BYTES];
	unsigned int vcpu;

	if (!reg || !take_suffix(s, c, &vcpu, err))
		return false;
	state = target_state(s->t, vcpu, rsp_reg_groups(s, reg->def->group),
			     err);
	if (!state)
		return false;
	rsp_reg_read(s, reg, state, value);
	if (reg->def->offset == offsetof(struct x86_state, rip))
		s->seen = s->t->generation;
	reply_hex(&s->reply, value, reg->bits / 8);
	return true;
}

/* NUMBER=VALUE */
bool rsp_write_register(struct session *s, struct cursor *c, struct err *err)
{
	const struct tdesc_reg *reg = take_register(s, c, err);
	const struct x86_state *state;
	unsigned int vcpu, changed = 0;
	uint8_t value[REG_BYTES];
	struct x86_state next;

	if (!reg)
		return false;
	cur_expect(c, '=');
	cur_hex_bytes(c, value, reg->bits / 8);
	if (!cur_ok(c))
		return err_set(err, ERR_MALFORMED,
			       "register %s takes %u bytes in hex digits",
			       reg->name, reg->bits / 8);
	if (!take_suffix(s, c, &vcpu, err))
		return false;
	/* Whether a value is possible may depend on control registers. */
	state = target_state(s->t, vcpu, reg->def->group | X86_GROUP_SYS, err);
	if (!state)
		return false;
	next = *state;
	if (!put_value(s, reg, vcpu, value, &next, &changed, err))
		return false;
	if (changed && !target_set_state(s->t, vcpu, changed, &next, err))
		return false;
	return rsp_ok(s);
}

/* ---- registers kept for LLDB ---- */

/* A free one, else the oldest: a client may forget what it has kept. */
static struct saved_regs *saved_slot(struct session *s)
{
	struct saved_regs *slot = s->saved;

	for (unsigned int i = 1; i < SESSION_SAVED; i++)
		if (s->saved[i].id < slot->id)
			slot = &s->saved[i];
	return slot;
}

/* [;thread:ID;]: the answer is a number, not 0, for QRestoreRegisterState. */
bool rsp_save_registers(struct session *s, struct cursor *c, struct err *err)
{
	const struct x86_state *state;
	struct saved_regs *slot;
	unsigned int vcpu, got;

	if (!take_suffix(s, c, &vcpu, err))
		return false;
	if (!s->saved)
		s->saved = calloc(SESSION_SAVED, sizeof(*s->saved));
	if (!s->saved || s->saved_last == UINT32_MAX)
		return err_set(err, ERR_LIMIT, "no room to keep registers");
	got = available(s, vcpu, g_groups(s->tdesc), err);
	state = got ? target_state(s->t, vcpu, got, err) : NULL;
	if (!state)
		return false;
	slot = saved_slot(s);
	slot->id = ++s->saved_last;
	slot->vcpu = vcpu;
	slot->groups = got;
	slot->state = *state;
	reply_printf(&s->reply, "%u", slot->id);
	return true;
}

/* Those that differ, all or none of them. */
static bool put_back(struct session *s, const struct saved_regs *saved,
		     struct err *err)
{
	const struct x86_state *state;
	struct x86_state next;
	uint8_t value[REG_BYTES];
	unsigned int changed = 0;

	state = target_state(s->t, saved->vcpu, saved->groups, err);
	if (!state)
		return false;
	next = *state;
	for (unsigned int n = 0; n < tdesc_reg_count(s->tdesc); n++) {
		const struct tdesc_reg *reg = tdesc_reg(s->tdesc, n);

		if (!reg || !(reg->def->group & saved->groups))
			continue;
		rsp_reg_read(s, reg, &saved->state, value);
		if (!put_value(s, reg, saved->vcpu, value, &next, &changed,
			       err))
			return false;
	}
	return !changed ||
	       target_set_state(s->t, saved->vcpu, changed, &next, err);
}

/* :NUMBER[;thread:ID;], once. */
bool rsp_restore_registers(struct session *s, struct cursor *c, struct err *err)
{
	struct saved_regs *saved = NULL;
	unsigned int vcpu;
	uint64_t id;

	cur_expect(c, ':');
	id = cur_dec(c);
	if (!cur_ok(c))
		return session_malformed(err, ":NUMBER");
	if (!take_suffix(s, c, &vcpu, err))
		return false;
	for (unsigned int i = 0; s->saved && i < SESSION_SAVED; i++)
		if (id && s->saved[i].id == id)
			saved = &s->saved[i];
	if (!saved)
		return err_set(err, ERR_NOT_FOUND,
			       "no registers are kept as %" PRIu64, id);
	if (s->lldb && saved->vcpu != vcpu)
		return err_set(err, ERR_REFUSED,
			       "the registers kept as %" PRIu64 " are those of "
			       "thread %x",
			       id, saved->vcpu + 1);
	if (!put_back(s, saved, err))
		return false;
	saved->id = 0;
	return rsp_ok(s);
}
