/*
 * 16550A serial port, as on the PC (National PC16550D data sheet).
 *
 * Modelled: the divisor latch, all interrupt sources in their priority, the
 * receive FIFO with its trigger levels, loopback with the modem lines looped,
 * scratch register, OUT2 gating the interrupt line as on every PC.
 * Simplified: transmission takes no time, so THRE and TEMT always read 1 and
 * the transmit FIFO is never seen filled; the receive time-out interrupt comes
 * at once rather than four characters later; baud rate and frame format are
 * stored and have no effect; there are no framing or parity errors, and a break
 * waits until all that came before it has been read, so that BI means the one
 * character it belongs to.
 */
#ifndef VMM_DEV_UART_H
#define VMM_DEV_UART_H

#include "vmm/dev/bus.h"

#define UART_FIFO    16
#define UART_BACKLOG 4096

#define UART_NO_BREAK 0xffff

struct uart_state {
	uint64_t lost; /* input bytes dropped because the backlog was full */
	uint16_t backlog_head, backlog_len;
	uint16_t break_after; /* that many of them; UART_NO_BREAK */
	uint8_t ier, fcr, lcr, mcr, scr;
	uint8_t dll, dlm;
	uint8_t lsr_error; /* sticky OE..BI until LSR is read */
	uint8_t msr;	   /* lines in bits 7-4, deltas in bits 3-0 */
	uint8_t fifo_head, fifo_len;
	bool thre_pending; /* the THRE interrupt has not been taken */
	bool irq_level;
	bool wants_room;
	uint8_t fifo[UART_FIFO];
	/* Host input that has not arrived on the line yet. */
	uint8_t backlog[UART_BACKLOG];
};

struct uart {
	struct device dev;
	struct byte_sink tx;
	struct irq_line irq;
	/* Called when a full backlog has drained to its half; may be NULL. */
	void (*on_room)(void *ctx);
	void *on_room_ctx;
	struct uart_state s;
};

extern const struct region_ops uart_region;

void uart_init(struct uart *u, const char *name, struct byte_sink tx,
	       struct irq_line irq);

/*
 * Bytes uart_input() can take now without losing one.  An answer of 0 asks for
 * on_room() once there is room again.
 */
size_t uart_input_room(struct uart *u);

/* Bytes from the host; what finds no room is dropped and counted. */
void uart_input(struct uart *u, const void *data, size_t len);

/*
 * A break after what was input before: a zero byte with BI.  False: the guest
 * has not yet seen the last one.
 */
bool uart_break(struct uart *u);

#endif
