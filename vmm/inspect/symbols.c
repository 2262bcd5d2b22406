/* The image's symbols, read when somebody first asks for one. */
#include "base/log.h"
#include "vmm/inspect/inspect.h"

static struct symbols *symbols_of(struct target *t)
{
	struct vm *vm = inspect_vm(t);
	const struct boot_request *boot = &vm->config.boot;
	struct err err;

	if (vm->symbols_loaded)
		return &vm->symbols;
	vm->symbols_loaded = true;
	if (!symbols_load(&vm->symbols, boot->image, boot->data, boot->size,
			  &err))
		log_msg(LOG_WARN, "no symbols: %s", err.msg);
	return &vm->symbols;
}

bool live_symbol_at(struct target *t, gva_t addr, struct target_symbol *symbol)
{
	uint64_t start;
	const struct symbol *s = symbols_at(symbols_of(t), addr, &start);

	if (!s)
		return false;
	*symbol = (struct target_symbol){s->name, start, s->size};
	return true;
}

bool live_symbol_find(struct target *t, const char *name,
		      struct target_symbol *symbol)
{
	const struct symbol *s = symbols_find(symbols_of(t), name);

	if (!s)
		return false;
	*symbol = (struct target_symbol){s->name, s->addr, s->size};
	return true;
}
