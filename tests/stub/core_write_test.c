#include "stub/core/write.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stub/core/elf.h"
#include "stub/mon/monitor.h"
#include "tests/stub/fake_target.h"
#include "tests/test.h"

static struct fake_target *f;
static struct core_summary sum;
static struct err err;
static char folder[] = "/tmp/core_write_test.XXXXXX";
static char path[64];

static void begin(void)
{
	f = fake_create(2);
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/core", folder);
}

static unsigned int files(void)
{
	DIR *dir = opendir(folder);
	unsigned int n = 0;

	CHECK(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void end(void)
{
	unlink(path);
	CHECK(!rmdir(folder));
	fake_destroy(f);
}

static bool write_core(bool replace)
{
	const struct core_options options = {.replace = replace};

	return core_write(&f->target, path, &options, &sum, &err);
}

/* Bytes of the file. */
static void read_core(uint64_t offset, void *to, size_t len)
{
	int fd = open(path, O_RDONLY);

	CHECK(pread(fd, to, len, (off_t)offset) == (ssize_t)len);
	close(fd);
}

static void read_phdr(unsigned int i, struct elf_phdr *p)
{
	uint8_t bytes[56];

	read_core(64 + 56 * i, bytes, sizeof(bytes));
	CHECK_OK(wire_get(&elf64_phdr_layout, 1, bytes, p, NULL, &err), &err);
}

TEST(memory_lies_by_physical_address)
{
	struct elf_phdr p;
	char got[6];

	begin();
	fake_add_region(f, 0x100000000, 0x3000, false, "high");
	memcpy(fake_ram(f, 0x5ff8, 6), "hello", 6);
	memcpy(fake_ram(f, 0x100001000, 6), "there", 6);
	CHECK_OK(write_core(false), &err);
	read_phdr(0, &p);
	CHECK_EQ(p.type, ELF_PT_NOTE);
	read_phdr(1, &p);
	CHECK_EQ(p.paddr, 0);
	CHECK_EQ(p.filesz, FAKE_RAM);
	read_core(p.offset + 0x5ff8, got, 6);
	CHECK_STR(got, "hello");
	read_phdr(2, &p);
	CHECK_EQ(p.paddr, 0x100000000);
	read_core(p.offset + 0x1000, got, 6);
	CHECK_STR(got, "there");
	end();
}

TEST(zeroes_are_holes_and_the_file_is_private)
{
	struct stat st;

	begin();
	fake_add_region(f, 0x100000000, 64 << 20, false, "high");
	CHECK_OK(write_core(false), &err);
	CHECK(!stat(path, &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK(st.st_size > 64 << 20);
	CHECK((uint64_t)st.st_blocks * 512 < sum.written + 65536);
	CHECK(sum.written < FAKE_RAM && sum.memory == FAKE_RAM + (64 << 20));
	end();
}

static uint64_t reads_before;

/* The second page only, and nobody knows of the rest behind 1 MiB. */
static void know(struct target *t, gpa_t gpa, uint64_t len, uint64_t *zero,
		 uint64_t *data)
{
	*zero = gpa == 0 ? 4096 : gpa == 0x2000 ? 0xfe800 : 0;
	*data = gpa == 0 ? 1 : len;
}

TEST(what_is_known_to_be_zero_is_not_read)
{
	struct elf_phdr p;
	char got[3];

	begin();
	memcpy(fake_ram(f, 0x10, 2), "no", 2);
	memcpy(fake_ram(f, 0x1010, 2), "ye", 2);
	memcpy(fake_ram(f, 0x100010, 2), "ye", 2);
	reads_before = f->calls[FAKE_READ];
	f->ops.extent = know;
	CHECK_OK(write_core(false), &err);
	read_phdr(1, &p);
	read_core(p.offset + 0x10, got, 2);
	CHECK(!memcmp(got, "\0\0", 2));
	read_core(p.offset + 0x1010, got, 2);
	CHECK(!memcmp(got, "ye", 2));
	read_core(p.offset + 0x100010, got, 2);
	CHECK(!memcmp(got, "ye", 2));
	CHECK_EQ(f->calls[FAKE_READ] - reads_before, 1 + 3);
	end();
}

TEST(a_name_that_is_taken_needs_a_word)
{
	begin();
	CHECK_OK(write_core(false), &err);
	CHECK(!write_core(false));
	CHECK_HAS(err.msg, "is there already");
	CHECK_OK(write_core(true), &err);
	CHECK_EQ(files(), 1);
	end();
}

TEST(what_is_no_file_is_left_alone)
{
	begin();
	strcpy(path, "/dev/null");
	CHECK(!write_core(true));
	CHECK_HAS(err.msg, "no regular file");
	snprintf(path, sizeof(path), "%s/none/core", folder);
	CHECK(!write_core(true));
	CHECK_HAS(err.msg, "No such file");
	end();
}

/* A limit on the file's size fails as a full disk does. */
TEST(a_full_disk_leaves_nothing)
{
	const struct rlimit limit = {0x3000, 0x3000};

	begin();
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
	CHECK(!write_core(false));
	CHECK_HAS(err.msg, "File too large");
	CHECK_HAS(err.msg, "nothing is left");
	CHECK_EQ(files(), 0);
	end();
}

TEST(memory_that_cannot_be_read_leaves_nothing)
{
	begin();
	fake_fail_after(f, FAKE_READ, 2, 1000, ERR_FAULT, "bad memory");
	CHECK(!write_core(false));
	CHECK_HAS(err.msg, "bad memory");
	CHECK_EQ(files(), 0);
	end();
}

static unsigned int ticks;

static bool give_up(void *arg, uint64_t done, uint64_t total)
{
	CHECK_EQ(total, FAKE_RAM);
	CHECK(done <= total);
	return ++ticks < 2;
}

TEST(a_dump_can_be_given_up)
{
	const struct core_options options = {.progress = give_up};

	begin();
	CHECK(!core_write(&f->target, path, &options, &sum, &err));
	CHECK_HAS(err.msg, "given up");
	CHECK_EQ(ticks, 2);
	CHECK_EQ(files(), 0);
	end();
}

TEST(linux_describes_itself)
{
	static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n"
				   "SYMBOL(swapper_pg_dir)=ffffffff82a10000\n";
	struct elf_phdr p;
	char tail[12 + 12 + sizeof(text) - 1];

	begin();
	memcpy(fake_ram(f, 0x7000, 100), text, sizeof(text) - 1);
	CHECK_OK(write_core(false), &err);
	CHECK(sum.vmcoreinfo);
	read_phdr(0, &p);
	read_core(p.offset + p.filesz - ((sizeof(tail) + 3) & ~3ul), tail,
		  sizeof(tail));
	CHECK_STR(tail + 12, "VMCOREINFO");
	CHECK(!memcmp(tail + 24, text, sizeof(text) - 1));
	end();
}

/* The PT_LOAD with this linear address, or a zeroed one. */
static struct elf_phdr load_at(gva_t vaddr)
{
	struct elf_phdr p;
	uint8_t count[2];

	read_core(56, count, 2);
	for (unsigned int i = 1; i < wire_number(count, 2); i++) {
		read_phdr(i, &p);
		if (p.vaddr == vaddr)
			return p;
	}
	return (struct elf_phdr){0};
}

TEST(linear_addresses_of_a_vcpu)
{
	const struct core_options options = {.linear = true, .vcpu = 1};
	struct elf_phdr low, high, none, physical;
	const gva_t up = 0xffff800000000000;

	begin();
	fake_map(f, up + 0x1000, 0x5000, FAKE_PTE_P);
	fake_map(f, up + 0x2000, 0x6000, FAKE_PTE_P);
	fake_map(f, up + 0x3000, 0x9000000, FAKE_PTE_P); /* no memory there */
	fake_map(f, 0x7000, 0, 0);
	CHECK_OK(core_write(&f->target, path, &options, &sum, &err), &err);
	low = load_at(0);
	CHECK_EQ(low.filesz, 0x7000);
	high = load_at(up + 0x1000);
	CHECK_EQ(high.paddr, 0x5000);
	CHECK_EQ(high.filesz, 0x2000);
	CHECK_EQ(high.offset, low.offset + 0x5000);
	CHECK_EQ(load_at(0x8000).paddr, 0x8000);
	none = load_at(up + 0x3000);
	CHECK(!none.filesz && !sum.cut);
	/* What no linear address reaches is there all the same. */
	physical = load_at(0x8000000000007000);
	CHECK_EQ(physical.paddr, 0x7000);
	CHECK_EQ(physical.filesz, 0x1000);
	end();
}

/* ---- the command ---- */

static struct buf out;

static bool run(const char *fmt)
{
	char line[128];

	buf_clear(&out);
	snprintf(line, sizeof(line), fmt, path);
	return monitor_run(&f->target, 0, line, &out);
}

TEST(dump_tells_what_to_do_with_it)
{
	begin();
	CHECK(run("dump %s"));
	CHECK_HAS(buf_cstr(&out), "2 vCPUs, 4 MiB of memory (");
	CHECK_HAS(buf_cstr(&out), "kvm-gdbserver --core /tmp/core_write_test.");
	CHECK(!run("dump %s"));
	CHECK(run("dump -f %s"));
	CHECK(run("dump -f -p %s"));
	buf_deinit(&out);
	end();
}

TEST(dump_names_the_bad_word)
{
	begin();
	CHECK(!run("dump"));
	CHECK_HAS(buf_cstr(&out), "usage: dump [-f] [-p] FILE");
	CHECK(!run("dump -x"));
	CHECK_HAS(buf_cstr(&out), "'-x' is no option");
	CHECK(!run("dump a b"));
	CHECK_HAS(buf_cstr(&out), "'b' is one FILE too many");
	CHECK(!run("dump -f"));
	CHECK_HAS(buf_cstr(&out), "FILE is missing");
	buf_deinit(&out);
	end();
}
