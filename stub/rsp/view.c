/*
 * Which registers this client sees, and how: the description that it has read,
 * and pc and sp as offsets or as linear addresses.
 */
#include <string.h>

#include "stub/rsp/rsp.h"

/* The description for the code that the vCPU runs; 64-bit when unknown. */
static enum tdesc_code code_of(struct session *s, unsigned int vcpu)
{
	const unsigned int groups = X86_GROUP_GPR | X86_GROUP_SYS;
	const struct x86_state *state;
	struct err err;

	state = target_state(s->t, vcpu, groups, &err);
	if (!state)
		return TDESC_64;
	switch (x86_mode(state)) {
	case X86_MODE_LONG64:
		return TDESC_64;
	case X86_MODE_PROT32:
	case X86_MODE_COMPAT32:
		return TDESC_32;
	default:
		return TDESC_16;
	}
}

void rsp_take_view(struct session *s)
{
	static const char *const expedited[][SESSION_EXPEDITED] = {
		[TDESC_64] = {"rbp", "rsp", "rip", "eflags"},
		[TDESC_32] = {"ebp", "esp", "eip", "eflags"},
		[TDESC_16] = {"ebp", "esp", "eip", "eflags"},
	};
	const struct target_view *view = &s->t->view;
	enum tdesc_code code;

	code = view->arch_auto ? code_of(s, s->hg) : view->code;
	s->linear = view->linear;
	s->tdesc = tdesc_for(s->config.tdesc, code);
	for (unsigned int i = 0; i < SESSION_EXPEDITED; i++)
		s->expedited[i] = tdesc_find(s->tdesc, expedited[code][i]);
}

unsigned int rsp_reg_groups(const struct session *s, unsigned int groups)
{
	if (s->linear && (groups & X86_GROUP_GPR))
		groups |= X86_GROUP_SYS;
	return groups;
}

/* The segment whose base is in the register's value; NULL: none. */
static const struct x86_seg *added(const struct session *s,
				   const struct tdesc_reg *reg,
				   const struct x86_state *state)
{
	if (!s->linear)
		return NULL;
	if (reg->def->offset == offsetof(struct x86_state, rip))
		return x86_mode(state) == X86_MODE_LONG64 ? NULL
							  : &state->seg[X86_CS];
	if (reg->def->offset == offsetof(struct x86_state, gpr[X86_RSP]))
		return x86_mode(state) == X86_MODE_LONG64 ? NULL
							  : &state->seg[X86_SS];
	return NULL;
}

/* SS.B = 0: the stack is at SP, whatever the upper half of ESP has. */
static uint32_t offset_mask(const struct x86_state *state,
			    const struct x86_seg *seg)
{
	if (seg == &state->seg[X86_SS] && !(seg->attr & X86_AR_DB))
		return 0xffff;
	return UINT32_MAX;
}

void rsp_reg_read(const struct session *s, const struct tdesc_reg *reg,
		  const struct x86_state *state, void *to)
{
	const struct x86_seg *seg = added(s, reg, state);
	uint64_t value = 0;

	reg_read(reg->def, state, to);
	if (!seg)
		return;
	memcpy(&value, to, reg->bits / 8);
	value &= offset_mask(state, seg);
	value = (uint32_t)(seg->base + value);
	memcpy(to, &value, reg->bits / 8);
}

bool rsp_reg_write(const struct session *s, const struct tdesc_reg *reg,
		   struct x86_state *state, const struct x86_cpu_info *info,
		   const void *from, struct err *err)
{
	const struct x86_seg *seg = added(s, reg, state);
	uint64_t value = 0, old = 0;
	uint32_t mask, offset;

	if (!seg)
		return reg_write(reg->def, state, info, from, err);
	memcpy(&value, from, reg->bits / 8);
	reg_read(reg->def, state, &old);
	mask = offset_mask(state, seg);
	offset = (uint32_t)(value - seg->base);
	if (value >> 32 || (offset & ~mask) ||
	    (seg == &state->seg[X86_CS] && offset > seg->limit))
		return err_set(err, ERR_REFUSED,
			       "%s is a linear address here (`monitor arch "
			       "linear`), and 0x%llx lies outside its segment, "
			       "which begins at 0x%llx",
			       reg->name, (unsigned long long)value,
			       (unsigned long long)seg->base);
	value = (old & ~(uint64_t)mask) | offset;
	return reg_write(reg->def, state, info, &value, err);
}
