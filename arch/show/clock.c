/* The guest's clocks. */
#include <inttypes.h>
#include <time.h>

#include "arch/show/show.h"

#define NS_PER_S UINT64_C(1000000000)

static void put_seconds(struct buf *out, uint64_t ns)
{
	buf_printf(out, "%" PRIu64 ".%09" PRIu64 " s", ns / NS_PER_S,
		   ns % NS_PER_S);
}

static void put_realtime(struct buf *out, uint64_t ns)
{
	time_t t = (time_t)(ns / NS_PER_S);
	char text[40];
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm)) {
		put_seconds(out, ns);
		return;
	}
	buf_printf(out, "%s.%09" PRIu64 " UTC", text, ns % NS_PER_S);
}

/* guest TSC / frequency */
static void put_tsc_time(struct buf *out, const struct x86_clock *c)
{
	uint64_t hz = c->tsc_khz * UINT64_C(1000);

	if (!hz)
		return;
	buf_printf(out, " (%" PRIu64 ".%06" PRIu64 " s at its frequency)",
		   c->guest_tsc / hz, c->guest_tsc % hz * 1000000 / hz);
}

static void put_tsc(struct buf *out, const struct x86_clock *c)
{
	buf_printf(out, "guest TSC      0x%016" PRIx64, c->guest_tsc);
	put_tsc_time(out, c);
	buf_str(out, "\nTSC frequency  ");
	if (c->tsc_khz)
		buf_printf(out, "%u.%03u MHz\n", c->tsc_khz / 1000,
			   c->tsc_khz % 1000);
	else
		buf_str(out, "n/a (this KVM does not tell it)\n");
	buf_str(out, "TSC offset     ");
	if (c->has_tsc_offset)
		buf_printf(out,
			   "0x%016" PRIx64 " (%" PRId64 "): added to the "
			   "host's, after scaling\n",
			   c->tsc_offset, (int64_t)c->tsc_offset);
	else
		buf_str(out, "n/a (KVM tells it since Linux 5.16)\n");
}

void show_clock(struct buf *out, const struct x86_clock *c)
{
	buf_str(out, "kvmclock       ");
	if (c->has_kvmclock)
		put_seconds(out, c->kvmclock_ns);
	else
		buf_str(out, "n/a");
	buf_str(out, "\nhost time      ");
	if (c->has_realtime)
		put_realtime(out, c->realtime_ns);
	else
		buf_str(out, "n/a (needs KVM_CLOCK_REALTIME, and a host on "
			     "the TSC clock source)");
	buf_str(out, "\nhost TSC       ");
	if (c->has_host_tsc)
		buf_printf(out, "0x%016" PRIx64 " when kvmclock was read",
			   c->host_tsc);
	else
		buf_str(out, "n/a (needs KVM_CLOCK_HOST_TSC, and a host on "
			     "the TSC clock source)");
	buf_byte(out, '\n');
	put_tsc(out, c);
}
