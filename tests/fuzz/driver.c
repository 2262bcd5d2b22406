/*
 * Runs a fuzz target where libFuzzer is not at hand: mutates seeds blindly.
 *
 *   TARGET [-max_total_time=SECONDS] [-seed=N] [FILE|DIRECTORY]...
 *
 * Every file is run as it is first.  When the target dies, the input is left
 * in crash-input, as libFuzzer does.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_SIZE 65536
#define MAX_SEEDS  4096

struct seed {
	uint8_t *data;
	size_t size;
};

static struct seed seeds[MAX_SEEDS];
static size_t seed_count;
static uint64_t random_state = 1;
static uint8_t input[INPUT_SIZE];
static volatile size_t input_size;

static uint64_t next_random(void) /* xorshift64 */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t below(size_t n)
{
	return n ? (size_t)(next_random() % n) : 0;
}

static void add_seed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct seed *s = &seeds[seed_count];

	if (!f || seed_count == MAX_SEEDS) {
		if (f)
			fclose(f);
		return;
	}
	s->data = malloc(INPUT_SIZE);
	if (s->data) {
		s->size = fread(s->data, 1, INPUT_SIZE, f);
		seed_count++;
	}
	fclose(f);
}

static void add_seeds(const char *path)
{
	char name[4096];
	struct dirent *e;
	DIR *dir = opendir(path);

	if (!dir) {
		add_seed_file(path);
		return;
	}
	while ((e = readdir(dir))) {
		struct stat st;

		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (!stat(name, &st) && S_ISREG(st.st_mode))
			add_seed_file(name);
	}
	closedir(dir);
}

static void flip_bit(void)
{
	size_t at = below(input_size);

	if (input_size)
		input[at] ^= (uint8_t)(1u << below(8));
}

static void set_interesting(void)
{
	static const uint64_t values[] = {
		0,
		1,
		0x7f,
		0xff,
		0x7fff,
		0xffff,
		0x7fffffff,
		0xffffffff,
		INT64_MAX,
		UINT64_MAX,
		UINT64_MAX - 0xfff,
	};
	uint64_t v = values[below(sizeof(values) / sizeof(values[0]))];
	size_t width = (size_t)1 << below(4);
	size_t at = below(input_size);

	if (input_size >= width && at <= input_size - width)
		memcpy(input + at, &v, width);
}

static void insert_byte(void)
{
	static const char likely[] = "$#+-*}:;,.0123456789abcdefXZ<>/\"=%\x03";
	size_t at = below(input_size + 1);

	if (input_size == INPUT_SIZE)
		return;
	memmove(input + at + 1, input + at, input_size - at);
	input[at] = (uint8_t)likely[below(sizeof(likely))];
	input_size++;
}

static void remove_range(void)
{
	size_t at = below(input_size), n = below(16) + 1;

	if (n > input_size - at)
		n = input_size - at;
	memmove(input + at, input + at + n, input_size - at - n);
	input_size -= n;
}

static void splice_other(void)
{
	const struct seed *s = &seeds[below(seed_count)];
	size_t from = below(s->size), at = below(input_size);
	size_t n = below(s->size - from) + 1;

	if (!s->size)
		return;
	if (n > INPUT_SIZE - at)
		n = INPUT_SIZE - at;
	if (n > s->size - from)
		n = s->size - from;
	memcpy(input + at, s->data + from, n);
	if (at + n > input_size)
		input_size = at + n;
}

static void mutate(void)
{
	static void (*const how[])(void) = {
		flip_bit,     set_interesting, insert_byte,
		remove_range, splice_other,    flip_bit,
	};
	size_t rounds = below(8) + 1;

	while (rounds--)
		how[below(sizeof(how) / sizeof(how[0]))]();
}

/* The target reads a buffer of exactly its size, so that overruns are seen. */
static void run_once(void)
{
	uint8_t *copy = malloc(input_size ? input_size : 1);

	if (!copy)
		return;
	memcpy(copy, input, input_size);
	LLVMFuzzerTestOneInput(copy, input_size);
	free(copy);
}

static void on_death(int sig)
{
	int fd = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	static const char text[] = "\nfuzz: died; the input is in "
				   "crash-input\n";

	if (fd >= 0 && write(fd, input, input_size) >= 0)
		close(fd);
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void load(const struct seed *s)
{
	memcpy(input, s->data, s->size);
	input_size = s->size;
}

int main(int argc, char **argv)
{
	static uint8_t nothing[1];
	time_t seconds = 10, end;
	uint64_t runs = 0;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "-max_total_time=", 16))
			seconds = atol(argv[i] + 16);
		else if (!strncmp(argv[i], "-seed=", 6))
			random_state = (uint64_t)atoll(argv[i] + 6) | 1;
		else if (argv[i][0] != '-')
			add_seeds(argv[i]);
	}
	if (!seed_count)
		seeds[seed_count++] = (struct seed){nothing, 0};
	signal(SIGABRT, on_death);
	signal(SIGSEGV, on_death);
	for (size_t i = 0; i < seed_count; i++) {
		load(&seeds[i]);
		run_once();
	}
	for (end = time(NULL) + seconds; time(NULL) < end; runs++) {
		load(&seeds[below(seed_count)]);
		mutate();
		run_once();
	}
	printf("%llu runs\n", (unsigned long long)runs);
	return 0;
}
