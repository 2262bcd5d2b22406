#include "tests/bench/recorder.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "stub/target.h"
#include "tests/bench/machine.h"

#define ROUNDS 41
#define EXITS  20000 /* as in the guest below */

/* Writes to the POST port, then the end. */
__asm__(".section .rodata\n"
	"bench_exits: mov $20000, %ecx\n"
	"1: out %al, $0x80\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0xf4\n"
	"2: jmp 2b\n"
	"bench_exits_end: .previous\n");
extern const uint8_t bench_exits[], bench_exits_end[];

struct cost {
	double with, without; /* exits a second, medians */
	double ratio;	      /* median of the time with / without, in pairs */
};

static bool make(struct bench_machine *m, int kvm_fd, uint32_t recorder,
		 struct err *err)
{
	m->config.memory = 4 << 20;
	m->config.boot.data = bench_exits;
	m->config.boot.size = (size_t)(bench_exits_end - bench_exits);
	m->config.recorder = recorder;
	return bench_machine_make(m, kvm_fd, err);
}

/* Seconds of one run from reset to the end; 0 when it does not get there. */
static double run(struct bench_machine *m, struct err *err)
{
	const struct target_action go = {.kind = ACTION_CONTINUE};
	struct target *t = live_target(m->live);
	struct pollfd p = {.fd = target_event_fd(t), .events = POLLIN};
	struct target_stop stop;
	double begin;

	if (!target_reset(t, err))
		return 0;
	begin = bench_now();
	if (!target_resume(t, &go, err))
		return 0;
	while (!target_next_stop(t, &stop))
		if (poll(&p, 1, 10000) <= 0) {
			err_set(err, ERR_STATE, "the guest does not end");
			return 0;
		}
	if (stop.kind == STOP_EXITED)
		return bench_now() - begin;
	err_set(err, ERR_STATE, "the guest stopped otherwise");
	return 0;
}

/* In turns, and who comes first changes: other load hits both alike. */
static bool measure(struct bench_machine *with, struct bench_machine *without,
		    struct cost *cost, struct err *err)
{
	double on[ROUNDS], off[ROUNDS], ratio[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		if (i & 1)
			on[i] = run(with, err);
		off[i] = run(without, err);
		if (!(i & 1))
			on[i] = run(with, err);
		if (on[i] <= 0 || off[i] <= 0)
			return false;
		ratio[i] = on[i] / off[i];
	}
	cost->ratio = bench_median(ratio, ROUNDS);
	cost->with = EXITS / bench_median(on, ROUNDS);
	cost->without = EXITS / bench_median(off, ROUNDS);
	return true;
}

void recorder_bench(void)
{
	static struct bench_machine with, without;
	struct cost cost;
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct err err;
	bool ok = kvm_fd >= 0;

	if (!ok)
		err_set_errno(&err, ERR_KVM, "/dev/kvm");
	ok = ok && make(&with, kvm_fd, 0, &err) &&
	     make(&without, kvm_fd, RECORDER_OFF, &err) &&
	     measure(&with, &without, &cost, &err);
	live_destroy(with.live);
	live_destroy(without.live);
	if (kvm_fd >= 0)
		close(kvm_fd);
	if (!ok)
		fprintf(stderr, "bench: recorder: %s\n", err.msg);
	else
		printf("\nflight recorder, on a guest that only exits: %.0f "
		       "exits/s with it, %.0f without,\n%.1f%% more processor "
		       "time an exit (goal: at most 3%%)\n",
		       cost.with, cost.without, 100 * (cost.ratio - 1));
}
