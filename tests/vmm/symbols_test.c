#include "vmm/boot/symbols.h"

#include <elf.h>

#include "tests/test.h"

/* A file with one code section at 0xffffffff81000000, loaded at 0x1000000. */
#define TEXT 0xffffffff81000000ull

enum {
	SEC_NULL,
	SEC_TEXT,
	SEC_PERCPU,
	SEC_SYMTAB,
	SEC_STRTAB,
	SECTIONS
};

struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	Elf64_Shdr sh[SECTIONS];
	Elf64_Sym sym[16];
	char names[256];
};

static struct file file;
static size_t names_used;
static struct symbols table;
static struct err err;

static void add(const char *name, uint64_t value, uint64_t size, uint8_t info,
		uint16_t section)
{
	Elf64_Shdr *symtab = &file.sh[SEC_SYMTAB];
	Elf64_Sym *sym = &file.sym[symtab->sh_size / sizeof(*sym)];

	sym->st_name = (uint32_t)names_used;
	sym->st_value = value;
	sym->st_size = size;
	sym->st_info = info;
	sym->st_shndx = section;
	strcpy(file.names + names_used, name);
	names_used += strlen(name) + 1;
	symtab->sh_size += sizeof(*sym);
}

#define FUNC   ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)
#define LOCAL  ELF64_ST_INFO(STB_LOCAL, STT_FUNC)
#define LABEL  ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE)
#define OBJECT ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT)

static void setup(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.eh.e_ident, ELFMAG, SELFMAG);
	file.eh.e_ident[EI_CLASS] = ELFCLASS64;
	file.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	file.eh.e_type = ET_EXEC;
	file.eh.e_machine = EM_X86_64;
	file.eh.e_phoff = offsetof(struct file, ph);
	file.eh.e_phentsize = sizeof(file.ph);
	file.eh.e_phnum = 1;
	file.eh.e_shoff = offsetof(struct file, sh);
	file.eh.e_shentsize = sizeof(file.sh[0]);
	file.eh.e_shnum = SECTIONS;
	file.ph = (Elf64_Phdr){.p_type = PT_LOAD,
			       .p_vaddr = TEXT,
			       .p_paddr = 0x1000000,
			       .p_memsz = 0x1000};
	file.sh[SEC_TEXT] = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
					 .sh_flags = SHF_ALLOC,
					 .sh_addr = TEXT,
					 .sh_size = 0x1000};
	file.sh[SEC_PERCPU] = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
					   .sh_flags = SHF_ALLOC,
					   .sh_size = 0x1000};
	file.sh[SEC_SYMTAB] =
		(Elf64_Shdr){.sh_type = SHT_SYMTAB,
			     .sh_link = SEC_STRTAB,
			     .sh_entsize = sizeof(Elf64_Sym),
			     .sh_offset = offsetof(struct file, sym)};
	file.sh[SEC_STRTAB] =
		(Elf64_Shdr){.sh_type = SHT_STRTAB,
			     .sh_offset = offsetof(struct file, names),
			     .sh_size = sizeof(file.names)};
	names_used = 1;
	add("", 0, 0, 0, SHN_UNDEF);
	add("second", TEXT + 0x100, 0x40, FUNC, SEC_TEXT);
	add("first", TEXT + 0x10, 0x20, FUNC, SEC_TEXT);
}

static void load(void)
{
	CHECK_OK(symbols_load(&table, "image", &file, sizeof(file), &err),
		 &err);
}

static const char *at(uint64_t addr)
{
	uint64_t start;
	const struct symbol *s = symbols_at(&table, addr, &start);

	return s ? s->name : "none";
}

TEST(addresses_have_names)
{
	setup();
	load();
	CHECK_STR(at(TEXT + 0x10), "first");
	CHECK_STR(at(TEXT + 0x2f), "first");
	CHECK_STR(at(TEXT + 0x30), "none");
	CHECK_STR(at(TEXT + 0x13f), "second");
	CHECK_STR(at(TEXT), "none");
	CHECK_STR(at(UINT64_MAX), "none");
	symbols_deinit(&table);
}

TEST(a_label_without_size_goes_on_to_the_next)
{
	setup();
	add("label", TEXT + 0x200, 0, LABEL, SEC_TEXT);
	add("after", TEXT + 0x300, 8, FUNC, SEC_TEXT);
	load();
	CHECK_STR(at(TEXT + 0x2ff), "label");
	CHECK_STR(at(TEXT + 0x304), "after");
	CHECK_STR(at(TEXT + 0x308), "none");
	symbols_deinit(&table);
}

TEST(a_function_encloses_its_labels)
{
	setup();
	add("inner", TEXT + 0x110, 4, LABEL, SEC_TEXT);
	load();
	CHECK_STR(at(TEXT + 0x112), "inner");
	CHECK_STR(at(TEXT + 0x114), "second");
	symbols_deinit(&table);
}

TEST(the_global_function_wins)
{
	setup();
	add("alias", TEXT + 0x10, 0x20, LOCAL, SEC_TEXT);
	add("label", TEXT + 0x10, 0, LABEL, SEC_TEXT);
	load();
	CHECK_STR(at(TEXT + 0x10), "first");
	symbols_deinit(&table);
}

TEST(per_cpu_variables_name_no_address)
{
	setup();
	add("current_task", 0x40, 8, OBJECT, SEC_PERCPU);
	load();
	CHECK_STR(at(0x40), "none");
	CHECK(symbols_find(&table, "current_task"));
	symbols_deinit(&table);
}

TEST(code_at_its_physical_address)
{
	const struct symbol *s;
	uint64_t start;

	setup();
	load();
	s = symbols_at(&table, 0x1000014, &start);
	CHECK(s);
	CHECK_STR(s->name, "first");
	CHECK_EQ(start, 0x1000010);
	symbols_deinit(&table);
}

TEST(a_symbol_below_its_segment_has_no_physical_address)
{
	setup();
	file.ph.p_vaddr = TEXT + 0x20; /* inside "first" */
	file.ph.p_paddr = 0x10;
	load();
	CHECK_STR(at(0x14), "none");
	symbols_deinit(&table);
}

TEST(names_have_addresses)
{
	setup();
	add("twice", TEXT + 0x400, 4, LOCAL, SEC_TEXT);
	add("twice", TEXT + 0x500, 4, FUNC, SEC_TEXT);
	load();
	CHECK_EQ(symbols_find(&table, "first")->addr, TEXT + 0x10);
	CHECK_EQ(symbols_find(&table, "twice")->addr, TEXT + 0x500);
	CHECK(!symbols_find(&table, "third"));
	CHECK(!symbols_find(&table, ""));
	symbols_deinit(&table);
}

TEST(no_symbols_is_no_error)
{
	setup();
	file.sh[SEC_SYMTAB].sh_type = SHT_NULL;
	load();
	CHECK_STR(at(TEXT + 0x10), "none");
	CHECK(!symbols_find(&table, "first"));
	CHECK_OK(symbols_load(&table, "flat", "\xf4", 1, &err), &err);
	CHECK_EQ(table.n, 0);
}

static void refuse(const char *text)
{
	CHECK(!symbols_load(&table, "image", &file, sizeof(file), &err));
	CHECK_HAS(err.msg, text);
	CHECK(!table.symbol);
}

TEST(nonsense_is_refused)
{
	setup();
	file.sh[SEC_SYMTAB].sh_link = SECTIONS;
	refuse("names are in section 5 of 5");
	setup();
	file.sh[SEC_SYMTAB].sh_offset = UINT64_MAX - 8;
	refuse("the symbol table at offset 0xfffffffffffffff7 reaches");
	setup();
	file.sh[SEC_STRTAB].sh_size = UINT64_MAX;
	refuse("the symbol name table");
	setup();
	file.sh[SEC_SYMTAB].sh_entsize = 1;
	refuse("a symbol of 1 bytes is too small");
}

TEST(bad_symbols_are_left_out)
{
	setup();
	file.sym[1].st_name = sizeof(file.names);
	memset(file.names + 100, 'x', sizeof(file.names) - 100);
	file.sym[2].st_name = 100; /* does not end */
	load();
	CHECK_EQ(table.n, 0);
	symbols_deinit(&table);
}
