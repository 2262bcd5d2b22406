#include "tests/bench/maps.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/view.h"
#include "stub/mon/monitor.h"
#include "tests/bench/machine.h"

#define ROUNDS 15
#define WALKS  2000
#define MEMORY (UINT64_C(64) << 20)

/* The top table, one of pointers, 4 directories, 2048 tables of 512 pages. */
#define BASE   UINT64_C(0x1000000)
#define TABLES (6 + 2048)
#define LEAVES (2048 * 512)

struct tables {
	uint64_t entry[TABLES][512];
};

static void fill_upper(struct tables *t)
{
	t->entry[0][0] = (BASE + 0x1000) | 3;
	for (uint64_t i = 0; i < 4; i++)
		t->entry[1][i] = (BASE + 0x1000 * (2 + i)) | 3;
	for (uint64_t i = 0; i < 2048; i++)
		t->entry[2 + i / 512][i % 512] = (BASE + 0x1000 * (6 + i)) | 3;
}

/* Pages that follow each other, or of any place with any A and D. */
static void fill_leaves(struct tables *t, bool scattered)
{
	srandom(1);
	for (uint64_t i = 0; i < LEAVES; i++) {
		uint64_t page = scattered ? (uint64_t)random() % 0x4000 : i;
		uint64_t flags = scattered ? (uint64_t)random() & 0x60 : 0;

		t->entry[6 + i / 512][i % 512] = page << 12 | flags | 3;
	}
}

static bool load(struct target *t, const struct tables *tables, struct err *err)
{
	const struct x86_state *now = target_state(t, 0, X86_GROUP_SYS, err);
	struct x86_state s;

	if (!now)
		return false;
	s = *now;
	s.cr3 = BASE;
	return target_write_phys(t, BASE, tables, sizeof(*tables), err) &&
	       target_set_state(t, 0, X86_GROUP_SYS, &s, err);
}

/* Seconds of `maps`, the median; 0 when the command fails. */
static double time_maps(struct target *t, struct buf *out)
{
	double times[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double begin = bench_now();

		buf_clear(out);
		if (!monitor_run(t, 0, "maps", out))
			return 0;
		times[i] = bench_now() - begin;
	}
	return bench_median(times, ROUNDS);
}

/* Seconds to copy the bytes of the tables out of the guest. */
static double time_copy(struct target *t, struct tables *to)
{
	double times[ROUNDS];
	struct err err;

	for (int i = 0; i < ROUNDS; i++) {
		double begin = bench_now();

		if (!target_read_phys(t, BASE, to, sizeof(*to), NULL, &err))
			return 0;
		times[i] = bench_now() - begin;
	}
	return bench_median(times, ROUNDS);
}

/* Seconds of one `walk`, or without text, of the walk alone. */
static double time_walk(struct target *t, bool text, struct buf *out)
{
	double times[ROUNDS];
	struct x86_view v;
	struct walk w;
	struct err err;

	if (!target_view(t, 0, &v, &err))
		return 0;
	for (int i = 0; i < ROUNDS; i++) {
		double begin = bench_now();

		for (int k = 0; k < WALKS; k++) {
			buf_clear(out);
			if (!text)
				paging_walk(&v.paging, &v.mem, 0x12345678,
					    ACCESS_READ, &w);
			else if (!monitor_run(t, 0, "walk 0x12345678", out))
				return 0;
		}
		times[i] = (bench_now() - begin) / WALKS;
	}
	return bench_median(times, ROUNDS);
}

static bool measure(struct target *t, struct tables *tables, struct err *err)
{
	struct buf out = BUF_INIT;
	double maps[2], copy, walk, alone;

	fill_upper(tables);
	for (int scattered = 0; scattered < 2; scattered++) {
		fill_leaves(tables, scattered);
		if (!load(t, tables, err))
			return false;
		maps[scattered] = time_maps(t, &out);
	}
	copy = time_copy(t, tables);
	walk = time_walk(t, true, &out);
	alone = time_walk(t, false, &out);
	buf_deinit(&out);
	if (maps[0] <= 0 || maps[1] <= 0 || copy <= 0 || walk <= 0)
		return err_set(err, ERR_INTERNAL, "a command failed");
	printf("\nmaps of a million 4-KiB pages: %.1f ms in a row, %.1f ms "
	       "scattered (goal: at most 50 ms),\n%.1f and %.1f times what "
	       "copying their tables takes\n",
	       1e3 * maps[0], 1e3 * maps[1], maps[0] / copy, maps[1] / copy);
	printf("walk: %.1f us a command, %.2f us of it the walk itself\n",
	       1e6 * walk, 1e6 * alone);
	return true;
}

void maps_bench(void)
{
	static const uint8_t halt[] = {0xf4, 0xeb, 0xfd};
	static struct bench_machine m;
	struct tables *tables = calloc(1, sizeof(*tables));
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct err err;
	bool ok = kvm_fd >= 0 && tables;

	if (!ok)
		err_set_errno(&err, ERR_KVM, "/dev/kvm");
	m.config.memory = MEMORY;
	m.config.boot.data = halt;
	m.config.boot.size = sizeof(halt);
	ok = ok && bench_machine_make(&m, kvm_fd, &err) &&
	     measure(live_target(m.live), tables, &err);
	live_destroy(m.live);
	if (kvm_fd >= 0)
		close(kvm_fd);
	free(tables);
	if (!ok)
		fprintf(stderr, "bench: maps: %s\n", err.msg);
}
