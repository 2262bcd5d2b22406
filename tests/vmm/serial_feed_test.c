#include "vmm/dev/serial_feed.h"

#include <poll.h>
#include <unistd.h>

#include "tests/test.h"
#include "tests/vmm/device_rig.h"

static struct rig rig;
static struct serial_feed feed;
static struct console *con;
static struct err err;
static int typed; /* write end of stdin */

static void setup(void)
{
	int in[2];

	CHECK(!pipe(in));
	dup2(in[0], 0);
	typed = in[1];
	rig_init(&rig);
	CHECK_OK(console_open("stdio", &con, &err), &err);
	CHECK_OK(serial_feed_init(&feed, con, &rig.devices, &serial_feed_com1,
				  &err),
		 &err);
}

/* One turn of the server's loop; false when nothing is readable. */
static bool turn(void)
{
	struct pollfd p = {.fd = serial_feed_fd(&feed), .events = POLLIN};

	if (p.fd < 0 || poll(&p, 1, 0) != 1)
		return false;
	serial_feed_ready(&feed);
	return true;
}

TEST(typed_bytes_reach_the_port)
{
	setup();
	CHECK(!turn());
	CHECK_EQ(write(typed, "hi", 2), 2);
	CHECK(turn());
	CHECK_EQ(rig_in(&rig, 0x3f8, 1), 'h');
	CHECK_EQ(rig_in(&rig, 0x3f8, 1), 'i');
	CHECK(!turn());
	serial_feed_deinit(&feed);
	console_close(con);
}

TEST(input_waits_for_a_slow_guest)
{
	static char data[5 * UART_BACKLOG];
	size_t got = 0;

	setup();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i / 11);
	CHECK_EQ(write(typed, data, sizeof(data)), sizeof(data));
	close(typed);
	while (got < sizeof(data)) {
		for (int i = 0; turn(); i++)
			CHECK(i < 100); /* it must come to rest */
		for (int i = 0; i < 3000 && got < sizeof(data); i++)
			CHECK_EQ(rig_in(&rig, 0x3f8, 1), (uint8_t)data[got++]);
	}
	CHECK_EQ(rig.devices.com1.s.lost, 0);
	while (turn())
		;
	CHECK_EQ(serial_feed_fd(&feed), -1); /* end of stdin */
	serial_feed_deinit(&feed);
	console_close(con);
}
