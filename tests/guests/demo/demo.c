#include "demo.h"

/* A debugger may change these: set var lifetime_ticks = 100000 */
volatile uint64_t lifetime_ticks = 60;
volatile uint32_t crash_now;

static NOINLINE void touch_window(volatile uint64_t *window)
{
	*window = 0x1122334455667788;
	print_hex("window: wrote ", *window, " through a page");
	print_hex(" mapped at ", WINDOW, "\n");
}

static NOINLINE void work_until_retirement(void)
{
	while (ticks < lifetime_ticks && !crash_now) {
		count_work(1);
		sleep_until_interrupt();
	}
	print_dec("work: ", ticks, " timer interrupts");
	print_dec(", ", shared_counter, " units of work\n");
}

static NOINLINE void write_through_stale_pointer(volatile uint64_t *window)
{
	*window = 0xdead;
}

static NOINLINE void tear_down(volatile uint64_t *window)
{
	interrupts_off();
	print("tear-down: the window is gone, and the interrupt table "
	      "shrinks\n");
	unmap_window();
	load_truncated_idt();
	write_through_stale_pointer(window);
}

void demo_main(void)
{
	volatile uint64_t *window = (volatile uint64_t *)WINDOW;

	uart_init();
	print("\nkvm-gdbserver demo guest: hello from CPL0\n");
	paging_start();
	interrupts_start();
	touch_window(window);
	start_other_cpus();
	work_until_retirement();
	tear_down(window);
	print("demo: still alive?\n");
}
