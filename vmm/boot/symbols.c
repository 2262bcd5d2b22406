#include "vmm/boot/symbols.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/boot/elf.h"

/* How far back a symbol may lie that encloses later ones. */
#define ENCLOSING_MAX 64
/* Longer names are left out; so nobody makes us compare megabytes. */
#define NAME_SIZE     4096

struct table {
	struct elf elf;
	const uint8_t *entry; /* of the symbol table */
	uint64_t n, entsize;
	const char *names;
	uint64_t names_size;
	struct elf_section *section;
};

static uint64_t entry_size(const struct elf *e)
{
	return e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

/* Contents of a section within the file, or an error. */
static bool contents(const struct elf *e, const struct elf_section *sec,
		     const char *what, struct err *err)
{
	if (sec->type != SHT_NOBITS &&
	    range_ok(0, e->size, sec->offset, sec->size))
		return true;
	return err_set(err, ERR_MALFORMED,
		       "%s: the %s table at offset 0x%llx reaches beyond the "
		       "end of the file (%zu bytes)",
		       e->name, what, (unsigned long long)sec->offset, e->size);
}

static bool open_table(struct table *t, const struct elf_section *sec,
		       struct err *err)
{
	const struct elf *e = &t->elf;
	const struct elf_section *names;

	if (sec->link >= e->shnum)
		return err_set(err, ERR_MALFORMED,
			       "%s: the symbol table's names are in section "
			       "%u of %u",
			       e->name, sec->link, e->shnum);
	names = &t->section[sec->link];
	if (!contents(e, sec, "symbol", err) ||
	    !contents(e, names, "symbol name", err))
		return false;
	t->entsize = sec->entsize ? sec->entsize : entry_size(e);
	if (t->entsize < entry_size(e))
		return err_set(err, ERR_MALFORMED,
			       "%s: a symbol of %llu bytes is too small",
			       e->name, (unsigned long long)t->entsize);
	t->entry = e->data + sec->offset;
	t->n = sec->size / t->entsize;
	t->names = (const char *)e->data + names->offset;
	t->names_size = names->size;
	if (t->n > SYMBOLS_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %u symbols",
			       e->name, SYMBOLS_MAX);
	return true;
}

static void take_entry(const struct table *t, uint64_t i, Elf64_Sym *sym)
{
	const uint8_t *at = t->entry + i * t->entsize;
	Elf32_Sym s;

	if (t->elf.is64) {
		memcpy(sym, at, sizeof(*sym));
		return;
	}
	memcpy(&s, at, sizeof(s));
	*sym = (Elf64_Sym){.st_name = s.st_name,
			   .st_info = s.st_info,
			   .st_shndx = s.st_shndx,
			   .st_value = s.st_value,
			   .st_size = s.st_size};
}

/* A name of at least one byte that ends inside the table, or NULL. */
static const char *name_at(const struct table *t, uint64_t offset)
{
	if (offset >= t->names_size || !t->names[offset] ||
	    !memchr(t->names + offset, '\0',
		    min_u64(t->names_size - offset, NAME_SIZE)))
		return NULL;
	return t->names + offset;
}

static uint8_t rank(const Elf64_Sym *sym)
{
	const unsigned int type = ELF64_ST_TYPE(sym->st_info);
	const unsigned int bind = ELF64_ST_BIND(sym->st_info);

	return (uint8_t)((type == STT_FUNC     ? 8
			  : type == STT_OBJECT ? 4
					       : 0) +
			 (bind == STB_GLOBAL ? 2
			  : bind == STB_WEAK ? 1
					     : 0));
}

/*
 * Where the symbol's section ends.  0 for constants, and for sections at
 * address 0: per-CPU variables, which lie elsewhere in memory.
 */
static uint64_t section_end(const struct table *t, const Elf64_Sym *sym)
{
	const struct elf_section *sec;

	if (sym->st_shndx >= t->elf.shnum)
		return 0;
	sec = &t->section[sym->st_shndx];
	if (!(sec->flags & SHF_ALLOC) || !sec->addr ||
	    !range_ok(sec->addr, sec->size, sym->st_value, 0))
		return 0;
	return sec->addr + sec->size;
}

static void take_symbols(struct symbols *s, const struct table *t)
{
	for (uint64_t i = 0; i < t->n; i++) {
		unsigned int type;
		Elf64_Sym sym;
		const char *name;

		take_entry(t, i, &sym);
		type = ELF64_ST_TYPE(sym.st_info);
		name = name_at(t, sym.st_name);
		if (!name || sym.st_shndx == SHN_UNDEF ||
		    (type != STT_NOTYPE && type != STT_OBJECT &&
		     type != STT_FUNC))
			continue;
		s->symbol[s->n++] = (struct symbol){.name = name,
						    .addr = sym.st_value,
						    .size = sym.st_size,
						    .end = section_end(t, &sym),
						    .rank = rank(&sym)};
	}
}

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(y->name, x->name);
}

static void take_moves(struct symbols *s, const struct elf *e)
{
	for (unsigned int i = 0; i < e->phnum; i++) {
		struct elf_segment seg;
		struct err ignored;

		if (s->moves == ARRAY_SIZE(s->moved) ||
		    !elf_segment(e, i, &seg, &ignored) || seg.type != PT_LOAD ||
		    seg.vaddr == seg.paddr || !seg.memsz)
			continue;
		s->moved[s->moves].vaddr = seg.vaddr;
		s->moved[s->moves].paddr = seg.paddr;
		s->moved[s->moves++].size = seg.memsz;
	}
}

static bool load_table(struct symbols *s, struct table *t,
		       const struct elf_section *sec, struct err *err)
{
	if (!open_table(t, sec, err))
		return false;
	if (!t->n)
		return true;
	s->symbol = calloc(t->n, sizeof(*s->symbol));
	if (!s->symbol)
		return err_set(err, ERR_LIMIT, "%s: no memory for %llu symbols",
			       t->elf.name, (unsigned long long)t->n);
	take_symbols(s, t);
	qsort(s->symbol, s->n, sizeof(*s->symbol), compare);
	take_moves(s, &t->elf);
	return true;
}

bool symbols_load(struct symbols *s, const char *image, const void *data,
		  size_t size, struct err *err)
{
	struct table t = {0};
	bool ok = true;

	*s = (struct symbols){0};
	if (!elf_is(data, size))
		return true;
	if (!elf_open(&t.elf, image, data, size, err))
		return false;
	if (!t.elf.shnum)
		return true;
	t.section = calloc(t.elf.shnum, sizeof(*t.section));
	if (!t.section)
		return err_set(err, ERR_LIMIT, "%s: no memory for sections",
			       image);
	for (unsigned int i = 0; ok && i < t.elf.shnum; i++)
		ok = elf_section(&t.elf, i, &t.section[i], err);
	for (unsigned int i = 0; ok && i < t.elf.shnum; i++)
		if (t.section[i].type == SHT_SYMTAB) {
			ok = load_table(s, &t, &t.section[i], err);
			break;
		}
	free(t.section);
	if (!ok)
		symbols_deinit(s);
	return ok;
}

void symbols_deinit(struct symbols *s)
{
	free(s->symbol);
	free(s->by_name);
	*s = (struct symbols){0};
}

/* ---- by address ---- */

/* How many symbols start at or before addr. */
static size_t count_before(const struct symbols *s, uint64_t addr)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->symbol[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * The nearest symbol at or below addr that covers it.  One without a size goes
 * on to the next symbol, so only the nearest may be such a one.
 */
static const struct symbol *covering(const struct symbols *s, uint64_t addr)
{
	size_t i = count_before(s, addr);
	uint64_t nearest = 0;
	bool any = false;

	for (unsigned int k = 0; i && k < ENCLOSING_MAX; k++) {
		const struct symbol *c = &s->symbol[--i];

		if (!c->end)
			continue;
		if (!any)
			nearest = c->addr;
		any = true;
		if (c->size ? addr - c->addr < c->size
			    : c->addr == nearest && addr < c->end)
			return c;
	}
	return NULL;
}

const struct symbol *symbols_at(const struct symbols *s, uint64_t addr,
				uint64_t *start)
{
	const struct symbol *found = covering(s, addr);

	if (found) {
		*start = found->addr;
		return found;
	}
	for (unsigned int i = 0; i < s->moves; i++) {
		const uint64_t paddr = s->moved[i].paddr;
		const uint64_t vaddr = s->moved[i].vaddr;

		if (!range_ok(paddr, s->moved[i].size, addr, 1))
			continue;
		found = covering(s, vaddr + (addr - paddr));
		if (!found || found->addr < vaddr ||
		    found->addr - vaddr > addr - paddr)
			continue;
		*start = paddr + (found->addr - vaddr);
		return found;
	}
	return NULL;
}

/* ---- by name ---- */

/* Equal names: the one to be found comes first. */
static int compare_names(const void *a, const void *b, void *ctx)
{
	const struct symbol *table = ctx;
	const struct symbol *x = &table[*(const uint32_t *)a];
	const struct symbol *y = &table[*(const uint32_t *)b];
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool index_names(struct symbols *s)
{
	if (s->by_name || !s->n)
		return s->n;
	s->by_name = malloc(s->n * sizeof(*s->by_name));
	if (!s->by_name)
		return false;
	for (size_t i = 0; i < s->n; i++)
		s->by_name[i] = (uint32_t)i;
	qsort_r(s->by_name, s->n, sizeof(*s->by_name), compare_names,
		s->symbol);
	return true;
}

const struct symbol *symbols_find(struct symbols *s, const char *name)
{
	size_t low = 0, high = s->n;

	if (!index_names(s))
		return NULL;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->symbol[s->by_name[mid]].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->n || strcmp(s->symbol[s->by_name[low]].name, name))
		return NULL;
	return &s->symbol[s->by_name[low]];
}
