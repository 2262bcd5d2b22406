/* The serial port's registers by name, and its state as bytes. */
#include "vmm/dev/uart_impl.h"

static uint64_t get_lsr(const struct device *dev, unsigned int i)
{
	return uart_lsr((const struct uart *)dev);
}

static uint64_t get_iir(const struct device *dev, unsigned int i)
{
	const struct uart *u = (const struct uart *)dev;

	return uart_source(u) | (u->s.fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static const struct bit_name ier_bits[] = {
	{"RDA", IER_RDA, "received data"},
	{"THRE", IER_THRE, "transmitter empty"},
	{"LINE", IER_LINE, "line status"},
	{"MODEM", IER_MODEM, "modem status"},
	{NULL, 0, NULL},
};

static const struct bit_name iir_bits[] = {
	{"NONE", IIR_NONE, "no interrupt is pending"},
	{"SOURCE", 0x0e, "which one"},
	{"FIFO", IIR_FIFO, "the FIFOs are on"},
	{NULL, 0, NULL},
};

static const struct bit_name fcr_bits[] = {
	{"ENABLE", FCR_ENABLE, "FIFOs on"},
	{"DMA", 0x08, "DMA mode"},
	{"TRIGGER", 0xc0, "receive level"},
	{NULL, 0, NULL},
};

static const struct bit_name lcr_bits[] = {
	{"WLS", 0x03, "word length - 5"},
	{"STB", 0x04, "two stop bits"},
	{"PEN", 0x08, "parity"},
	{"EPS", 0x10, "even parity"},
	{"STICK", 0x20, "stick parity"},
	{"BREAK", LCR_BREAK, "transmits a break"},
	{"DLAB", LCR_DLAB, "divisor latch access"},
	{NULL, 0, NULL},
};

static const struct bit_name mcr_bits[] = {
	{"DTR", MCR_DTR, "data terminal ready"},
	{"RTS", MCR_RTS, "request to send"},
	{"OUT1", MCR_OUT1, "auxiliary output"},
	{"OUT2", MCR_OUT2, "lets interrupts out"},
	{"LOOP", MCR_LOOP, "loopback"},
	{NULL, 0, NULL},
};

static const struct bit_name lsr_bits[] = {
	{"DR", LSR_DR, "data ready"},
	{"OE", LSR_OE, "overrun"},
	{"PE", 0x04, "parity error"},
	{"FE", 0x08, "framing error"},
	{"BI", LSR_BI, "break"},
	{"THRE", LSR_THRE, "transmit holding register empty"},
	{"TEMT", LSR_TEMT, "transmitter empty"},
	{"ERR", LSR_FIFO_ERROR, "an error in the FIFO"},
	{NULL, 0, NULL},
};

static const struct bit_name msr_bits[] = {
	{"DCTS", MSR_DCTS, "CTS has changed"},
	{"DDSR", MSR_DDSR, "DSR has changed"},
	{"TERI", MSR_TERI, "RI has ended"},
	{"DDCD", MSR_DDCD, "DCD has changed"},
	{"CTS", MSR_CTS, "clear to send"},
	{"DSR", MSR_DSR, "data set ready"},
	{"RI", MSR_RI, "ring"},
	{"DCD", MSR_DCD, "carrier"},
	{NULL, 0, NULL},
};

#define S struct uart_state
const struct device_reg uart_regs[] = {
	DEVICE_REG_AS(S, ier, "IER", .bits = ier_bits),
	{.name = "IIR", .size = 1, .get = get_iir, .bits = iir_bits},
	DEVICE_REG_AS(S, fcr, "FCR", .bits = fcr_bits),
	DEVICE_REG_AS(S, lcr, "LCR", .bits = lcr_bits),
	DEVICE_REG_AS(S, mcr, "MCR", .bits = mcr_bits),
	{.name = "LSR", .size = 1, .get = get_lsr, .bits = lsr_bits},
	DEVICE_REG_AS(S, msr, "MSR", .bits = msr_bits),
	DEVICE_REG_AS(S, scr, "SCR"),
	DEVICE_REG_AS(S, dll, "DLL"),
	DEVICE_REG_AS(S, dlm, "DLM"),
	DEVICE_REG_AS(S, thre_pending, "THRE pending"),
	DEVICE_REG_AS(S, irq_level, "interrupt line"),
	DEVICE_REG_AS(S, fifo_len, "bytes in the FIFO"),
	DEVICE_REG_AS(S, backlog_len, "bytes on their way"),
	DEVICE_REG_AS(S, lost, "bytes lost"),
	{.name = NULL},
};

const struct wire_layout uart_layout = {
	.name = "uart",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_U8(S, ier, .max = 0x0f),
		WIRE_U8(S, fcr, .max = FCR_STICKY),
		WIRE_U8(S, lcr),
		WIRE_U8(S, mcr, .max = MCR_MASK),
		WIRE_U8(S, scr),
		WIRE_U8(S, dll),
		WIRE_U8(S, dlm),
		WIRE_U8(S, lsr_error, .max = LSR_ERRORS),
		WIRE_U8(S, msr),
		WIRE_U8(S, fifo_head, .max = UART_FIFO - 1),
		WIRE_U8(S, fifo_len, .max = UART_FIFO),
		WIRE_FLAG(S, thre_pending),
		WIRE_FLAG(S, irq_level),
		WIRE_FLAG(S, wants_room),
		WIRE_RAW(S, fifo),
		WIRE_U16(S, backlog_head, .max = UART_BACKLOG - 1),
		WIRE_U16(S, backlog_len, .max = UART_BACKLOG),
		WIRE_RAW(S, backlog),
		WIRE_U16(S, break_after),
		WIRE_U64(S, lost),
		{.kind = WIRE_END}}};
#undef S

bool uart_check(const struct device *dev, const void *state, struct err *err)
{
	const struct uart_state *s = state;

	if (s->fcr & ~FCR_STICKY || (s->fcr && !(s->fcr & FCR_ENABLE)))
		return err_set(err, ERR_MALFORMED, "fcr cannot be 0x%x",
			       s->fcr);
	if (s->lsr_error & ~LSR_ERRORS)
		return err_set(err, ERR_MALFORMED, "lsr_error cannot be 0x%x",
			       s->lsr_error);
	if (s->break_after != UART_NO_BREAK && s->break_after > s->backlog_len)
		return err_set(err, ERR_MALFORMED,
			       "break_after is %u, and only %u are on their "
			       "way",
			       s->break_after, s->backlog_len);
	if (!s->fcr && s->fifo_len > 1)
		return err_set(err, ERR_MALFORMED,
			       "fifo_len is %u, and the FIFO is off",
			       s->fifo_len);
	return true;
}
