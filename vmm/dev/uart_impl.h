/* Between vmm/dev/uart.c and uart_state.c only. */
#ifndef VMM_DEV_UART_IMPL_H
#define VMM_DEV_UART_IMPL_H

#include "vmm/dev/uart.h"

enum {
	IER_RDA = 0x01,
	IER_THRE = 0x02,
	IER_LINE = 0x04,
	IER_MODEM = 0x08,

	IIR_MODEM = 0x00,
	IIR_NONE = 0x01,
	IIR_THRE = 0x02,
	IIR_RDA = 0x04,
	IIR_LINE = 0x06,
	IIR_TIMEOUT = 0x0c,
	IIR_FIFO = 0xc0,

	FCR_ENABLE = 0x01,
	FCR_CLEAR_RX = 0x02,
	FCR_TRIGGER_SHIFT = 6,
	FCR_STICKY = 0xc9, /* the clear bits act once and read as gone */

	LCR_BREAK = 0x40,
	LCR_DLAB = 0x80,

	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MCR_LOOP = 0x10,
	MCR_MASK = 0x1f,

	LSR_DR = 0x01,
	LSR_OE = 0x02,
	LSR_BI = 0x10,
	LSR_ERRORS = 0x1e,
	LSR_THRE = 0x20,
	LSR_TEMT = 0x40,
	LSR_FIFO_ERROR = 0x80,

	MSR_DCTS = 0x01,
	MSR_DDSR = 0x02,
	MSR_TERI = 0x04,
	MSR_DDCD = 0x08,
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
	MSR_DELTAS = 0x0f,
	/* the other end is always there and ready */
	MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD,
};

/* The interrupt source that IIR names, and LSR, without side effects. */
uint8_t uart_source(const struct uart *u);
uint8_t uart_lsr(const struct uart *u);

/* Of struct device_class. */
extern const struct wire_layout uart_layout;
extern const struct device_reg uart_regs[];
bool uart_check(const struct device *dev, const void *state, struct err *err);

#endif
