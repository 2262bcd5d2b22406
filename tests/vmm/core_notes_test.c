/* Our notes when somebody has changed them, and the notes of others. */
#include "vmm/core/saved.h"

#include "stub/core/compat.h"
#include "stub/core/notes.h"
#include "tests/test.h"
#include "tests/vmm/core_rig.h"

static struct core_rig r;
static struct buf bytes;
static struct err err;

static struct core *open_rig(void)
{
	core_rig_build(&r, &bytes);
	return core_rig_open(&bytes, &err);
}

/* ---- ours ---- */

static void save_fake(void)
{
	struct fake_target *f = fake_create(2);

	buf_clear(&bytes);
	core_rig_save(&f->target, &bytes);
	fake_destroy(f);
}

/* The n-th note of ours of this kind: its header in the file. */
static char *note_at(enum core_note note, unsigned int n)
{
	char want[CORE_HEADER_BYTES];
	struct buf head = BUF_INIT;
	char *at = bytes.data, *end = bytes.data + bytes.len;

	wire_put_number(&head, CORE_TYPE + note, 4);
	buf_append(&head, CORE_OWNER, sizeof(CORE_OWNER));
	memcpy(want, head.data, sizeof(want));
	buf_deinit(&head);
	for (;;) {
		at = memmem(at, (size_t)(end - at), want, sizeof(want));
		CHECK(at);
		if (!n--)
			return at + 4 + 16;
		at++;
	}
}

static const char *refused(void)
{
	CHECK(!core_rig_open(&bytes, &err));
	return err.msg;
}

TEST(a_note_of_the_wrong_size)
{
	save_fake();
	note_at(CORE_VCPU, 1)[-24] -= 4; /* n_descsz */
	CHECK_HAS(refused(), "program header 0 (PT_NOTE): the note at 0x");
	save_fake();
	note_at(CORE_REGION, 0)[16]++; /* count */
	CHECK_HAS(refused(), " (memory map): it has 22 bytes, and 2 times 22 "
			     "are needed");
	save_fake();
	note_at(CORE_REGION, 0)[20]++; /* size of one */
	CHECK_HAS(refused(), "its entries have 23 bytes, and version 1 of them "
			     "has 22");
}

TEST(a_note_from_the_future_is_skipped)
{
	struct core *core;
	struct x86_host host;

	save_fake();
	note_at(CORE_HOST, 0)[0] = 99;
	core = core_rig_open(&bytes, &err);
	CHECK(core);
	CHECK_HAS(core_about(core), "not read: host, in version 99");
	target_host(core_target(core), &host);
	CHECK_EQ(host.ept, (uint64_t)-1);
	core_close(core);
}

TEST(a_note_of_an_unknown_kind_is_skipped)
{
	struct core *core;

	save_fake();
	note_at(CORE_HOST, 0)[-20] = 0x7f; /* n_type */
	core = core_rig_open(&bytes, &err);
	CHECK(core);
	core_close(core);
}

TEST(values_that_would_be_used_as_an_index)
{
	save_fake();
	note_at(CORE_VCPU, 1)[16] = (char)0xff; /* groups */
	CHECK_HAS(refused(), "(registers of vCPU 1): groups is 0xff");
	save_fake();
	note_at(CORE_STOP, 0)[16] = 77; /* kind */
	CHECK_HAS(refused(), "(last stop): kind is 0x4d");
	save_fake();
	note_at(CORE_STOP, 0)[20] = 2; /* vcpu */
	CHECK_HAS(refused(), "(last stop): it names vCPU 2, and there are 2");
	save_fake();
	note_at(CORE_MACHINE, 0)[16] = 3; /* vcpus */
	CHECK_HAS(refused(), "no note with the registers of vCPU 2");
	save_fake();
	note_at(CORE_MACHINE, 0)[18] = 3;
	CHECK_HAS(refused(), "it says that it has 196610 vCPUs");
	save_fake();
	note_at(CORE_REGION, 0)[24 + 18] = 99; /* name */
	CHECK_HAS(refused(), "(memory map): entry 0: name is string ");
}

TEST(memory_that_is_on_the_map_only)
{
	save_fake();
	note_at(CORE_REGION, 0)[24 + 8 + 5] = 1; /* size += 1 << 40 */
	CHECK_HAS(refused(), "(memory map): entry 0: RAM at 0x0, 0x10000400000 "
			     "bytes, is not all in the file");
}

TEST(two_notes_of_the_same)
{
	save_fake();
	note_at(CORE_VCPU, 1)[4] = 0; /* vcpu */
	CHECK_HAS(refused(), "(registers of vCPU 0): there is another at 0x");
}

/* ---- QEMU's and Linux's ---- */

static void put_prstatus(unsigned int vcpu, const struct x86_state *s)
{
	struct buf desc = BUF_INIT;
	struct prstatus p;

	prstatus_from_state(&p, s, vcpu);
	wire_put(&desc, &prstatus_layout, &p, NULL);
	core_put_note(&r.notes, "CORE", CORE_NT_PRSTATUS, desc.data, desc.len);
	buf_deinit(&desc);
}

static void put_qemu(const struct x86_state *s, size_t len)
{
	struct buf desc = BUF_INIT;
	struct qemu_cpu q;

	qemu_cpu_from_state(&q, s);
	wire_put(&desc, &qemu_cpu_layout, &q, NULL);
	core_put_note(&r.notes, "QEMU", CORE_NT_QEMU, desc.data, len);
	buf_deinit(&desc);
}

static void fake_state(struct x86_state *s)
{
	struct fake_target *f = fake_create(1);

	*s = f->cpu[0];
	s->rip = 0xffffffff81000000;
	s->seg[X86_FS].base = 0x7000;
	s->msr.k_gs_base = 0x8000;
	fake_destroy(f);
}

TEST(a_core_of_qemu)
{
	const struct x86_state *s;
	struct x86_state in;
	struct core *core;
	struct target *t;

	core_rig_init(&r);
	fake_state(&in);
	put_prstatus(0, &in);
	put_prstatus(1, &in);
	put_qemu(&in, QEMU_CPU_BYTES);
	in.rip++;
	put_qemu(&in, QEMU_CPU_OLD);
	core_rig_load(&r, 0, 0x1000, 1);
	core = open_rig();
	CHECK(core);
	t = core_target(core);
	CHECK_EQ(t->nvcpus, 2);
	s = target_state(t, 1, X86_GROUP_GPR | X86_GROUP_SYS, &err);
	CHECK(s);
	CHECK_EQ(s->rip, in.rip);
	CHECK_EQ(s->cr3, in.cr3);
	CHECK(!memcmp(s->seg, in.seg, sizeof(in.seg)));
	CHECK_EQ(s->efer & ~1u, in.efer & ~1u);
	CHECK(!target_state(t, 0, X86_GROUP_FPU, &err));
	CHECK_HAS(err.msg, "this file has no FPU");
	CHECK_HAS(core_about(core), "saved by QEMU");
	CHECK_HAS(t->last.text, "not in this file");
	core_close(core);
	core_rig_deinit(&r);
}

TEST(a_32_bit_core_of_qemu)
{
	const struct prstatus32 p = {.pid = 1,
				     .reg = {[0] = 0xb, [12] = 0x7c00}};
	struct buf desc = BUF_INIT;
	const struct x86_state *s;
	struct core *core;

	core_rig_init(&r);
	r.ehdr.ident[4] = ELF_CLASS_32;
	r.ehdr.machine = ELF_386;
	wire_put(&desc, &prstatus32_layout, &p, NULL);
	core_put_note(&r.notes, "CORE", CORE_NT_PRSTATUS, desc.data, desc.len);
	buf_deinit(&desc);
	core_rig_load(&r, 0x7000, 0x1000, 0x90);
	core = open_rig();
	if (!core)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	s = target_state(core_target(core), 0, X86_GROUP_GPR, &err);
	CHECK(s);
	CHECK_EQ(s->gpr[X86_RBX], 0xb);
	CHECK_EQ(s->rip, 0x7c00);
	core_close(core);
	core_rig_deinit(&r);
}

TEST(linux_saves_no_control_registers)
{
	static const char info[] = "OSRELEASE=6.1.0\n"
				   "SYMBOL(swapper_pg_dir)=ffffffff82a10000\n"
				   "NUMBER(phys_base)=16777216\n"
				   "NUMBER(pgtable_l5_enabled)=0\n";
	const struct x86_state *s;
	struct x86_state in;
	struct core *core;

	core_rig_init(&r);
	fake_state(&in);
	put_prstatus(0, &in);
	core_put_note(&r.notes, "VMCOREINFO", 0, info, sizeof(info) - 1);
	core = open_rig();
	CHECK(core);
	s = target_state(core_target(core), 0, X86_GROUP_SYS, &err);
	CHECK(s);
	CHECK_EQ(s->cr3, 0x2a10000 + 0x1000000);
	CHECK(x86_mode(s) == X86_MODE_LONG64);
	CHECK_HAS(core_about(core), "assumed: CR0, CR3");
	core_close(core);
	core_rig_deinit(&r);
}

TEST(without_vmcoreinfo_only_physical_memory)
{
	struct x86_state in;
	struct core *core;

	core_rig_init(&r);
	fake_state(&in);
	put_prstatus(0, &in);
	core = open_rig();
	CHECK(core);
	CHECK(target_state(core_target(core), 0, X86_GROUP_GPR, &err));
	CHECK(!target_state(core_target(core), 0, X86_GROUP_SYS, &err));
	CHECK_HAS(core_about(core), "only physical memory");
	core_close(core);
	core_rig_deinit(&r);
}

TEST(notes_of_others_that_cannot_be)
{
	struct x86_state in;

	fake_state(&in);
	core_rig_init(&r);
	CHECK(!open_rig());
	CHECK_HAS(err.msg, "no note with the registers of a vCPU");
	core_put_note(&r.notes, "CORE", CORE_NT_PRSTATUS, "abcd", 4);
	r.phdr[0].filesz = 0;
	CHECK(!open_rig());
	CHECK_HAS(err.msg, "(CORE): NT_PRSTATUS of an x86 processor has 336");
	core_rig_deinit(&r);
	core_rig_init(&r);
	put_qemu(&in, 100);
	CHECK(!open_rig());
	CHECK_HAS(err.msg, "(QEMU): a CPU of QEMU has at least 432 bytes");
	core_rig_deinit(&r);
	core_rig_init(&r);
	put_prstatus(0, &in);
	put_prstatus(1, &in);
	put_qemu(&in, QEMU_CPU_BYTES);
	CHECK(!open_rig());
	CHECK_HAS(err.msg, "2 notes of Linux's kind with registers, and 1 of "
			   "QEMU's");
	core_rig_deinit(&r);
}
