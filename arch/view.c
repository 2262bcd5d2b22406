#include "arch/view.h"

void view_init(struct x86_view *v, const struct x86_state *s,
	       const struct x86_cpu_info *cpu, const struct phys_reader *mem)
{
	v->s = s;
	v->cpu = *cpu;
	v->mem = *mem;
	paging_init(&v->paging, s, cpu);
}

bool view_read(const struct x86_view *v, gva_t gva, void *buf, size_t len,
	       struct err *err)
{
	size_t done;

	return paging_read(&v->paging, &v->mem, gva, buf, len, &done, err);
}
