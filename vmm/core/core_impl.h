/* Between core.c and core_inspect.c only. */
#ifndef VMM_CORE_CORE_IMPL_H
#define VMM_CORE_CORE_IMPL_H

#include "stub/inspect.h"
#include "vmm/boot/symbols.h"
#include "vmm/core/core.h"
#include "vmm/core/saved.h"

struct core {
	struct target target;
	struct target_ops ops; /* target.ops points here */
	struct saved saved;
	struct symbols symbols;
	char *name;
	char *image; /* absolute path of what gives the symbols, or NULL */
};

extern const struct target_inspect_ops core_inspect_ops,
	core_foreign_inspect_ops;

static inline struct core *core_of(struct target *t)
{
	return t->priv;
}

static inline const struct saved *core_saved(struct target *t)
{
	return &core_of(t)->saved;
}

#endif
