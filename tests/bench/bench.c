/*
 * bench SERVER IMAGE LOOP-ADDRESS: measure the server, QEMU's gdbstub and the
 * bare KVM API on one guest, in one run, and print a table with ratios.
 * Asserts nothing about time: machines differ, ratios less so.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/client.h"
#include "tests/bench/dump.h"
#include "tests/bench/maps.h"
#include "tests/bench/raw.h"
#include "tests/bench/recorder.h"

#define SECONDS	     0.4
#define RATE_ROUNDS  3
#define GUEST_MIB    128
#define START_ROUNDS 5
#define READ_ADDRESS UINT64_C(0x400000)
#define READ_SIZE    (UINT64_C(4) << 20)

enum metric {
	FIRST_REPLY_MS,
	STEPS,
	STEP_AND_G,
	G_PACKETS,
	READ_MB,
	WRITE_MB,
	BREAKPOINTS,
	DUMP_MB,
	RSS_MB,
	METRICS,
};

static const struct {
	const char *name;
	bool less_is_better;
} metric_table[METRICS] = {
	[FIRST_REPLY_MS] = {"exec to first stop reply, ms", true},
	[STEPS] = {"single steps/s", false},
	[STEP_AND_G] = {"step + g/s", false},
	[G_PACKETS] = {"g packets/s", false},
	[READ_MB] = {"memory read, MB/s", false},
	[WRITE_MB] = {"memory write, MB/s", false},
	[BREAKPOINTS] = {"breakpoint z1,s,Z1,c /s", false},
	[DUMP_MB] = {"dump (bare: write), MB/s", false},
	[RSS_MB] = {"RSS without guest RAM, MB", true},
};

/* One server under test: its command line, its process, what was measured. */
struct subject {
	const char *name;
	const char *argv[24];
	char sock[96];
	struct client *client;
	pid_t pid;
	bool up;
	double value[METRICS]; /* 0: not measured */
};

static struct client *client; /* the one that is being measured */
static char work[64];
static uint64_t loop_address;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(struct subject *s)
{
	char *argv[24], log[96];

	unlink(s->sock);
	s->up = true;
	s->pid = fork();
	if (s->pid)
		return;
	snprintf(log, sizeof(log), "%s/%s.log", work, s->name);
	if (!freopen("/dev/null", "r", stdin) || !freopen(log, "w", stdout) ||
	    dup2(1, 2) < 0)
		_exit(126);
	memcpy(argv, s->argv, sizeof(argv)); /* exec takes no const */
	execvp(argv[0], argv);
	perror(s->argv[0]);
	_exit(127);
}

static void stop(struct subject *s)
{
	client_close(s->client);
	kill(s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	unlink(s->sock);
	s->up = false;
}

static int compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Median time from fork() to the reply to "?". */
static bool measure_start(struct subject *s)
{
	double ms[START_ROUNDS];

	for (int i = 0; i < START_ROUNDS; i++) {
		double begin = now();
		bool ok;

		start(s);
		ok = client_connect(s->client, s->sock, 10) &&
		     client_ask(s->client, "?");
		ms[i] = (now() - begin) * 1e3;
		stop(s);
		if (!ok)
			return false;
	}
	qsort(ms, START_ROUNDS, sizeof(ms[0]), compare);
	s->value[FIRST_REPLY_MS] = ms[START_ROUNDS / 2];
	return true;
}

/* How often a second can this be done?  `once` says how much it did. */
static bool rate(double (*once)(void), double *per_second)
{
	double begin = now(), end = begin, n = 0;

	while (end - begin < SECONDS) {
		double did = once();

		if (did <= 0)
			return false;
		n += did;
		end = now();
	}
	*per_second = n / (end - begin);
	return true;
}

static double once_step(void)
{
	return client_ask(client, "vCont;s:1") && client->reply[0] == 'T';
}

static double once_g(void)
{
	return client_ask(client, "g") && client->reply_len > 100;
}

static double once_step_and_g(void)
{
	return once_step() > 0 && once_g() > 0;
}

static double once_breakpoint(void)
{
	char z1[64];

	snprintf(z1, sizeof(z1), "z1,%llx,1", (unsigned long long)loop_address);
	if (!client_ask(client, z1) || strcmp(client->reply, "OK") ||
	    once_step() <= 0)
		return 0;
	z1[0] = 'Z';
	return client_ask(client, z1) && !strcmp(client->reply, "OK") &&
	       client_ask(client, "vCont;c:1") && client->reply[0] == 'T';
}

/* READ_SIZE bytes with the largest m packets the server takes, in MB. */
static double once_read(void)
{
	uint64_t at = 0, chunk = client->packet_size / 2 - 8;
	char m[64];

	while (at < READ_SIZE) {
		uint64_t n = READ_SIZE - at < chunk ? READ_SIZE - at : chunk;

		snprintf(m, sizeof(m), "m%llx,%llx",
			 (unsigned long long)(READ_ADDRESS + at),
			 (unsigned long long)n);
		if (!client_ask(client, m) || client->reply_len < 2 ||
		    client->reply[0] == 'E')
			return 0;
		at += client->reply_len / 2;
	}
	return (double)READ_SIZE / 1e6;
}

static bool write_chunk(uint64_t address, size_t n, bool binary)
{
	static char body[CLIENT_BUF];
	int head = snprintf(body, 64, "%c%llx,%zx:", binary ? 'X' : 'M',
			    (unsigned long long)address, n);

	memset(body + head, '0', binary ? n : 2 * n);
	return client_send(client, body, (size_t)head + (binary ? n : 2 * n)) &&
	       client_receive(client) && !strcmp(client->reply, "OK");
}

/* As gdb: X where the server has it, else M. */
static double once_write(void)
{
	bool binary = write_chunk(READ_ADDRESS, 0, true);
	size_t chunk = (client->packet_size - 64) / (binary ? 1 : 2);

	for (uint64_t at = 0; at < READ_SIZE; at += chunk) {
		uint64_t left = READ_SIZE - at;
		size_t n = left < chunk ? (size_t)left : chunk;

		if (!write_chunk(READ_ADDRESS + at, n, binary))
			return 0;
	}
	return (double)READ_SIZE / 1e6;
}

/* Resident memory of all mappings but the guest's RAM, in MB. */
static double rss_without_ram(pid_t pid)
{
	unsigned long long size = 0, kb, total = 0;
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Size: %llu kB", &kb) == 1)
			size = kb;
		else if (sscanf(line, "Rss: %llu kB", &kb) == 1 &&
			 size != GUEST_MIB * 1024)
			total += kb;
	}
	if (f)
		fclose(f);
	return (double)total * 1024 / 1e6;
}

/* Run the guest from reset to its loop. */
static bool go_to_loop(void)
{
	char z1[64];

	snprintf(z1, sizeof(z1), "Z1,%llx,1", (unsigned long long)loop_address);
	return client_ask(client, "Hg1") && client_ask(client, z1) &&
	       !strcmp(client->reply, "OK") &&
	       client_ask(client, "vCont;c:1") && client->reply[0] == 'T';
}

static void measure_rate(struct subject *s, enum metric metric,
			 double (*once)(void))
{
	double value;

	client = s->client;
	if (!rate(once, &value))
		fprintf(stderr, "bench: %s: %s: last reply was '%.60s'\n",
			s->name, metric_table[metric].name, client->reply);
	else if (s->value[metric] < value)
		s->value[metric] = value;
}

/*
 * All rates of all subjects, in turns, and the best of some rounds: other load
 * on the machine only ever takes away, and takes from all alike.
 */
static void measure_rates(struct subject *const *subjects, size_t n)
{
	static const struct {
		enum metric metric;
		double (*once)(void);
	} rates[] = {
		{BREAKPOINTS, once_breakpoint}, {STEPS, once_step},
		{STEP_AND_G, once_step_and_g},	{G_PACKETS, once_g},
		{READ_MB, once_read},		{WRITE_MB, once_write},
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t k = 0; k < n * RATE_ROUNDS; k++)
			if (subjects[k % n]->up)
				measure_rate(subjects[k % n], rates[i].metric,
					     rates[i].once);
}

/* Start it and run the guest to its loop; false, with a word why, if not. */
static bool prepare(struct subject *s)
{
	if (!measure_start(s)) {
		fprintf(stderr, "bench: %s does not start; see %s\n", s->name,
			work);
		return false;
	}
	start(s);
	client = s->client;
	if (client_connect(client, s->sock, 10) && client_negotiate(client) &&
	    client_ask(client, "?") && go_to_loop())
		return true;
	fprintf(stderr,
		"bench: %s: the guest does not reach its loop: '%.60s'; "
		"see %s\n",
		s->name, client->reply, work);
	stop(s);
	return false;
}

static void measure_dumps(struct subject *ours, struct subject *qemu,
			  struct subject *raw)
{
	const char *folder = dump_folder(work);

	raw->value[DUMP_MB] = dump_plain_rate(folder);
	if (ours->up && dump_fill(ours->client))
		ours->value[DUMP_MB] =
			dump_rate(ours->client, "dump -f", folder);
	if (qemu->up && dump_fill(qemu->client))
		qemu->value[DUMP_MB] =
			dump_rate(qemu->client, "dump-guest-memory", folder);
}

static void finish(struct subject *s)
{
	if (!s->up)
		return;
	s->value[RSS_MB] = rss_without_ram(s->pid);
	stop(s);
}

static void print_value(double value)
{
	if (value <= 0)
		printf(" %12s", "-");
	else if (value < 1000)
		printf(" %12.1f", value);
	else
		printf(" %12.0f", value);
}

static void print_ratio(double a, double b, bool less_is_better)
{
	if (a <= 0 || b <= 0)
		printf(" %10s", "-");
	else
		printf(" %9.2fx", less_is_better ? b / a : a / b);
}

static void print_table(const struct subject *ours, const struct subject *qemu,
			const struct subject *raw)
{
	printf("%-30s %12s %12s %10s %12s %10s\n", "", "kvm-gdbserver", "QEMU",
	       "better by", "bare KVM", "of bare");
	for (int i = 0; i < METRICS; i++) {
		bool less = metric_table[i].less_is_better;

		printf("%-30s", metric_table[i].name);
		print_value(ours->value[i]);
		print_value(qemu->value[i]);
		print_ratio(ours->value[i], qemu->value[i], less);
		print_value(raw->value[i]);
		print_ratio(ours->value[i], raw->value[i], less);
		putchar('\n');
	}
}

static bool make_work_dir(void)
{
	strcpy(work, "/tmp/bench-XXXXXX");
	if (mkdtemp(work))
		return true;
	perror(work);
	return false;
}

static void remove_work_dir(void)
{
	static const char *const names[] = {"kvm-gdbserver.log", "qemu.log"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", work, names[i]);
		unlink(path);
	}
	rmdir(work);
}

static void measure_raw(const char *image, struct subject *s)
{
	struct raw_rates rates = {0, 0, 0};

	if (!raw_measure(image, loop_address, SECONDS, &rates))
		return;
	s->value[FIRST_REPLY_MS] = rates.create_ms;
	s->value[STEPS] = rates.steps;
	s->value[BREAKPOINTS] = rates.breakpoints;
}

static bool have_qemu(void)
{
	if (!access("/usr/share/qemu/qboot.rom", R_OK) && !system("command -v "
								  "qemu-system-"
								  "x86_64 "
								  ">/dev/null"))
		return true;
	printf("QEMU is not installed: no comparison "
	       "(apt-get install qemu-system-x86)\n");
	return false;
}

int main(int argc, char **argv)
{
	static struct client ours_client, qemu_client;
	static char comm[128], chardev[192];
	const char *image = argv[2];
	struct subject raw = {.name = "bare KVM"};
	struct subject ours = {
		.name = "kvm-gdbserver",
		.client = &ours_client,
		.argv = {argv[1], "-m", "128M", "--serial", "none", comm,
			 image},
	};
	struct subject qemu = {
		.name = "qemu",
		.client = &qemu_client,
		.argv = {"qemu-system-x86_64", "-enable-kvm", "-cpu", "kvm64",
			 "-nodefaults", "-nographic", "-m", "128", "-bios",
			 "/usr/share/qemu/qboot.rom", "-kernel", image, "-S",
			 "-chardev", chardev, "-gdb", "chardev:g"},
	};

	if (argc != 4) {
		fprintf(stderr, "usage: bench SERVER IMAGE LOOP-ADDRESS\n");
		return 2;
	}
	loop_address = strtoull(argv[3], NULL, 16);
	signal(SIGPIPE, SIG_IGN);
	if (!make_work_dir())
		return 1;
	snprintf(ours.sock, sizeof(ours.sock), "%s/ours", work);
	snprintf(qemu.sock, sizeof(qemu.sock), "%s/qemu", work);
	snprintf(comm, sizeof(comm), "unix:%s", ours.sock);
	snprintf(chardev, sizeof(chardev),
		 "socket,id=g,path=%s,server=on,wait=off", qemu.sock);

	measure_raw(image, &raw);
	if (!prepare(&ours))
		return 1;
	if (have_qemu())
		prepare(&qemu);
	measure_rates((struct subject *const[]){&ours, &qemu}, 2);
	measure_dumps(&ours, &qemu, &raw);
	finish(&ours);
	finish(&qemu);
	print_table(&ours, &qemu, &raw);
	recorder_bench();
	maps_bench();
	remove_work_dir();
	return 0;
}
