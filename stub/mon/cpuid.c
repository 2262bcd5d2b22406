/* cpuid, cpuid diff. */
#include "arch/cpuid_text.h"
#include "stub/inspect.h"
#include "stub/mon/expr.h"
#include "stub/mon/internal.h"
#include "stub/mon/msr.h"

static bool take_u32(struct mon_ctx *ctx, const char *word, uint32_t *to)
{
	uint64_t value;

	if (!mon_value(ctx, word, &value))
		return false;
	if (value > UINT32_MAX)
		return err_set(&ctx->err, ERR_USAGE,
			       "'%s': leaves and indexes have 32 bits", word);
	*to = (uint32_t)value;
	return true;
}

enum mon_result mon_cpuid(struct mon_ctx *ctx)
{
	struct x86_cpuid table;
	uint32_t leaf = 0, index = 0;

	if (ctx->argc > 0 && !take_u32(ctx, ctx->argv[0], &leaf))
		return MON_USAGE;
	if (ctx->argc > 1 && !take_u32(ctx, ctx->argv[1], &index))
		return MON_USAGE;
	if (!target_cpuid(ctx->target, ctx->vcpu, CPUID_GUEST, &table,
			  &ctx->err))
		return MON_ERR;
	if (ctx->argc) {
		cpuid_print_leaf(&table, leaf, ctx->argc > 1 ? &index : NULL,
				 ctx->out);
		return MON_OK;
	}
	cpuid_print_summary(&table, ctx->out);
	cpuid_print_all(&table, ctx->out);
	return MON_OK;
}

/* Who walks the guest's page tables: 1 hardware, 0 KVM, -1 not known. */
static int has_tdp(struct target *t)
{
	struct x86_host host;

	target_host(t, &host);
	if (host.ept == 1 || host.npt == 1)
		return 1;
	return host.ept == 0 || host.npt == 0 || !host.runs_cpl0_natively ? 0
									  : -1;
}

enum mon_result mon_cpuid_diff(struct mon_ctx *ctx)
{
	struct x86_cpuid table[CPUID_SETS];
	const struct x86_cpuid *set[CPUID_SETS];
	unsigned int known = 0;

	for (unsigned int i = 0; i < CPUID_SETS; i++) {
		set[i] = target_cpuid(ctx->target, ctx->vcpu,
				      (enum target_cpuid)i, &table[i],
				      &ctx->err)
				 ? &table[i]
				 : NULL;
		known += set[i] != NULL;
	}
	if (known < 2)
		return MON_ERR;
	if (known < CPUID_SETS)
		buf_printf(ctx->out, "(one of the three is not known: %s)\n",
			   ctx->err.msg);
	cpuid_print_diff(set[CPUID_GUEST], set[CPUID_SUPPORTED],
			 set[CPUID_HOST], has_tdp(ctx->target), ctx->out);
	return MON_OK;
}
