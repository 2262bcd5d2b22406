#include "stub/mon/vmcs.h"

#include "stub/inspect.h"
#include "stub/target.h"

struct source_target {
	struct target *t;
	unsigned int vcpu;
};

static int source_msr(void *priv, uint32_t index, uint64_t *value)
{
	const struct source_target *s = priv;
	struct err err;

	if (target_get_msr(s->t, s->vcpu, index, value, &err))
		return 1;
	return err.code == ERR_NOT_FOUND ? 0 : -1;
}

/* Everything a model points to while it is made. */
struct material {
	struct x86_state state;
	struct x86_host host;
	struct x86_cpuid guest, own;
	struct x86_lapic lapic;
	struct x86_clock clock;
	struct target_evidence evidence;
	struct source_target target;
};

/*
 * Where KVM has wiped the registers of a dead vCPU, the last ones from before
 * stand for them.
 */
static void gather_evidence(struct material *mat, struct vmcs_source *src)
{
	struct target_evidence *e = &mat->evidence;

	if (!target_evidence(mat->target.t, e) || e->vcpu != mat->target.vcpu)
		return;
	src->exit = &e->exit;
	if (!e->has_state || !e->from_before)
		return;
	e->state.msr = mat->state.msr;
	e->state.xcr0 = mat->state.xcr0;
	mat->state = e->state;
}

bool mon_vmcs_model(struct target *t, unsigned int vcpu, enum vmcs_kind kind,
		    struct vmcs_model *m, struct err *err)
{
	struct material mat = {.target = {t, vcpu}};
	struct vmcs_source src = {
		.state = &mat.state,
		.host = &mat.host,
		.msr = source_msr,
		.priv = &mat.target,
	};
	const struct x86_state *s;
	struct err unused;

	s = target_state(t, vcpu, X86_GROUP_ALL & ~X86_GROUP_FPU, err);
	if (!s)
		return false;
	mat.state = *s;
	target_host(t, &mat.host);
	if (target_cpuid(t, vcpu, CPUID_GUEST, &mat.guest, &unused))
		src.guest_cpuid = &mat.guest;
	if (target_cpuid(t, vcpu, CPUID_HOST, &mat.own, &unused))
		src.host_cpuid = &mat.own;
	if (target_lapic(t, vcpu, &mat.lapic, &unused))
		src.lapic = &mat.lapic;
	if (target_clock(t, vcpu, &mat.clock, &unused))
		src.clock = &mat.clock;
	gather_evidence(&mat, &src);
	vmcs_build(m, kind, &src);
	m->field[VMCS_F_VCPU] =
		(struct vmcs_value){.value = vcpu, .class = VMCS_EXACT};
	return true;
}
