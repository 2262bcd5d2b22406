/* The image's symbols, read when somebody first asks for one. */
#include <stdlib.h>

#include "base/log.h"
#include "vmm/boot/elf.h"
#include "vmm/inspect/inspect.h"

/* --symbols FILE, else the image itself. */
static bool load(struct vm *vm, struct err *err)
{
	const struct boot_request *boot = &vm->config.boot;
	const char *path = vm->config.symbols;
	void *data;
	size_t size;
	bool ok;

	if (!path)
		return symbols_load(&vm->symbols, boot->image, boot->data,
				    boot->size, err);
	if (!boot_read_file(path, &data, &size, err))
		return false;
	ok = elf_is(data, size)
		     ? symbols_load(&vm->symbols, path, data, size, err)
		     : err_set(err, ERR_MALFORMED, "%s is no ELF file", path);
	vm->symbol_file = data;
	return ok;
}

static struct symbols *symbols_of(struct target *t)
{
	struct vm *vm = inspect_vm(t);
	struct err err;

	if (vm->symbols_loaded)
		return &vm->symbols;
	vm->symbols_loaded = true;
	if (!load(vm, &err))
		log_msg(LOG_WARN, "no symbols: %s", err.msg);
	return &vm->symbols;
}

const char *live_image(struct target *t)
{
	struct vm *vm = inspect_vm(t);
	const struct boot_request *boot = &vm->config.boot;
	const char *path = vm->config.symbols;

	if (!path && boot->from_file && elf_is(boot->data, boot->size))
		path = boot->image;
	if (path && !vm->image_path)
		vm->image_path = realpath(path, NULL);
	return vm->image_path;
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
