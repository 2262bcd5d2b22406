#include "tests/stub/mon_rig.h"

#include <string.h>

#include "stub/mon/monitor.h"
#include "tests/test.h"

struct fake_target *f;
struct target *t;
struct buf out;

void rig_begin(unsigned int vcpus)
{
	f = fake_create(vcpus);
	t = &f->target;
}

void rig_end(void)
{
	buf_deinit(&out);
	fake_destroy(f);
	f = NULL;
	t = NULL;
}

static const char *say(const char *line, bool ok)
{
	buf_clear(&out);
	if (monitor_run(t, 0, line, &out) != ok)
		test_fail(__FILE__, __LINE__, "%s: %s", line, buf_cstr(&out));
	return buf_cstr(&out);
}

const char *run(const char *line)
{
	return say(line, true);
}

const char *run_fails(const char *line)
{
	return say(line, false);
}

void put(gpa_t gpa, const char *bytes, size_t len)
{
	memcpy(fake_ram(f, gpa, len), bytes, len);
}
