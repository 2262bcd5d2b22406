#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define PAGE UINT64_C(4096)

bool loader_put(struct loader *l, gpa_t base, const void *data, size_t filesz,
		uint64_t memsz, const char *what, struct err *err)
{
	struct boot_result *r = l->result;

	if (!memsz)
		return true;
	if (!place_claim(&l->place, base, memsz, what, err))
		return false;
	if (!guest_mem_write(l->mem, base, data, filesz, err))
		return false;
	/* Memory is fresh above the tables below 1 MiB: keep it untouched. */
	if (base < LOW_END &&
	    !guest_mem_fill(l->mem, base + filesz, 0,
			    min_u64(memsz - filesz, LOW_END), err))
		return false;
	if (r->low > base)
		r->low = base;
	if (r->high < base + (memsz - 1))
		r->high = base + (memsz - 1);
	return true;
}

bool loader_elf(struct loader *l, const struct elf *e, uint64_t bias,
		struct err *err)
{
	bool any = false;

	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment s;

		if (!elf_segment(e, i, &s, err))
			return false;
		if (s.type != PT_LOAD || !s.memsz)
			continue;
		any = true;
		if (!loader_put(l, s.paddr + bias, e->data + s.offset, s.filesz,
				s.memsz, "ELF segment", err))
			return err_prefix(err, "%s: program header %u", e->name,
					  i);
	}
	if (!any)
		return err_set(err, ERR_MALFORMED,
			       "%s: an ELF file without PT_LOAD segments: "
			       "nothing to load",
			       e->name);
	return true;
}

bool loader_file(struct loader *l, const char *path, struct place_want *want,
		 struct loaded_module *mod, struct err *err)
{
	size_t size;
	void *data;
	gpa_t at;
	bool ok;

	if (!boot_read_file(path, &data, &size, err))
		return false;
	want->size = size;
	want->align = PAGE;
	want->what = path;
	ok = place_find(&l->place, want, &at, err) &&
	     guest_mem_write(l->mem, at, data, size, err);
	free(data);
	if (!ok)
		return false;
	*mod = (struct loaded_module){path, NULL, at, size};
	return true;
}

bool loader_modules(struct loader *l, enum place_order order,
		    struct loaded_module *mod, unsigned int *count,
		    struct err *err)
{
	const struct boot_request *req = l->req;
	struct place_want want = {
		.min = LOW_END,
		.max = GUEST_HOLE_BASE,
		.order = order,
	};
	unsigned int n = 0;

	/* behind the image, where its zero-filled part ends */
	if (order == PLACE_BOTTOM_UP && l->result->high < GUEST_HOLE_BASE)
		want.min = max_u64(want.min, l->result->high + 1);
	if (req->initrd && !loader_file(l, req->initrd, &want, &mod[n++], err))
		return false;
	for (unsigned int i = 0; i < req->modules; i++, n++) {
		if (!loader_file(l, req->module[i].path, &want, &mod[n], err))
			return false;
		mod[n].args = req->module[i].args;
	}
	*count = n;
	return true;
}

bool loader_refuse_args(const struct boot_request *req, const char *protocol,
			bool cmdline, bool initrd, struct err *err)
{
	const char *option = NULL;

	if (req->modules)
		option = "--module";
	if (initrd && req->initrd)
		option = "--initrd";
	if (cmdline && req->cmdline[0])
		option = "--append";
	if (!option)
		return true;
	return err_set(err, ERR_USAGE,
		       "%s: %s has no way to pass %s to the guest; leave it "
		       "out",
		       req->image, protocol, option);
}
