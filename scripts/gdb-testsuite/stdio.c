/*
 * printf and the like for the test programs of gdb's suite.  There is no input
 * and no file; all output goes to the debug port, a byte at a time.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEBUG_PORT 0xe9

FILE *stdin, *stdout, *stderr;

/* Where printf's text goes: a buffer, or the debug port when there is none. */
struct sink {
	char *to;
	size_t size, used;
};

static void put(struct sink *s, char c)
{
	if (!s->to)
		__asm__ volatile("outb %b0, %w1" : : "a"(c), "Nd"(DEBUG_PORT));
	else if (s->used + 1 < s->size)
		s->to[s->used] = c;
	s->used++;
}

/* Flags and widths as tests use them: "-", "0", and a number. */
struct form {
	int left, zero, width, longs;
};

static void put_text(struct sink *s, const struct form *f, const char *text,
		     size_t n)
{
	int space = f->width - (int)n;

	for (; !f->left && space > 0; space--)
		put(s, f->zero ? '0' : ' ');
	for (size_t i = 0; i < n; i++)
		put(s, text[i]);
	for (; f->left && space > 0; space--)
		put(s, ' ');
}

static void put_number(struct sink *s, const struct form *f, unsigned long n,
		       unsigned int base, int negative)
{
	char text[24];
	size_t i = sizeof(text);

	do {
		text[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	if (negative)
		text[--i] = '-';
	put_text(s, f, text + i, sizeof(text) - i);
}

static const char *read_form(const char *p, struct form *f)
{
	*f = (struct form){0};
	for (;; p++) {
		if (*p == '-')
			f->left = 1;
		else if (*p == '0' && !f->width)
			f->zero = 1;
		else if (*p >= '0' && *p <= '9')
			f->width = f->width * 10 + *p - '0';
		else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't')
			f->longs = 1;
		else if (*p != 'h' && *p != '#' && *p != '+' && *p != '.')
			return p;
	}
}

static void convert(struct sink *s, struct form *f, char kind, va_list *args)
{
	unsigned long n;
	const char *text;
	char c;

	switch (kind) {
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(s, f, &c, 1);
		break;
	case 's':
		text = va_arg(*args, const char *);
		text = text ? text : "(null)";
		put_text(s, f, text, strlen(text));
		break;
	case 'd':
	case 'i':
		n = f->longs ? va_arg(*args, unsigned long)
			     : (unsigned long)va_arg(*args, int);
		put_number(s, f, (long)n < 0 ? -n : n, 10, (long)n < 0);
		break;
	case 'p':
		put_text(s, &(struct form){0}, "0x", 2);
		f->longs = 1;
		/* fall through */
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		n = f->longs ? va_arg(*args, unsigned long)
			     : va_arg(*args, unsigned int);
		put_number(s, f, n, kind == 'u' ? 10 : kind == 'o' ? 8 : 16, 0);
		break;
	default:
		put(s, kind);
	}
}

static int format(struct sink *s, const char *p, va_list args)
{
	struct form f;
	va_list copy;

	va_copy(copy, args);
	for (; *p; p++) {
		if (*p != '%') {
			put(s, *p);
			continue;
		}
		p = read_form(p + 1, &f);
		if (!*p)
			break;
		convert(s, &f, *p, &copy);
	}
	va_end(copy);
	return (int)s->used;
}

int vsnprintf(char *restrict to, size_t size, const char *restrict p,
	      va_list args)
{
	struct sink s = {to, size, 0};
	int n = format(&s, p, args);

	if (size)
		to[s.used < size ? s.used : size - 1] = 0;
	return n;
}

int vfprintf(FILE *restrict file, const char *restrict p, va_list args)
{
	return format(&(struct sink){0}, p, args);
}

int vprintf(const char *restrict p, va_list args)
{
	return vfprintf(stdout, p, args);
}

#define FORMAT(call)       \
	va_list args;      \
	int n;             \
                           \
	va_start(args, p); \
	n = call;          \
	va_end(args);      \
	return n

int printf(const char *restrict p, ...)
{
	FORMAT(vprintf(p, args));
}

int fprintf(FILE *restrict file, const char *restrict p, ...)
{
	FORMAT(vfprintf(file, p, args));
}

int sprintf(char *restrict to, const char *restrict p, ...)
{
	FORMAT(vsnprintf(to, INT_MAX, p, args));
}

int snprintf(char *restrict to, size_t size, const char *restrict p, ...)
{
	FORMAT(vsnprintf(to, size, p, args));
}

int putchar(int c)
{
	put(&(struct sink){0}, (char)c);
	return c;
}

int fputc(int c, FILE *file)
{
	return putchar(c);
}

int fputs(const char *restrict text, FILE *restrict file)
{
	return printf("%s", text);
}

int puts(const char *text)
{
	return printf("%s\n", text);
}

ssize_t write(int fd, const void *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		putchar(((const char *)text)[i]);
	return (ssize_t)n;
}

int fflush(FILE *file)
{
	return 0;
}

int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size)
{
	return 0;
}

void perror(const char *text)
{
	printf("%s: error %d\n", text, errno);
}

int fileno(FILE *file)
{
	return file == stdin ? 0 : 1;
}

int isatty(int fd)
{
	return 0;
}

/* ---- input: none ---- */

int getchar(void)
{
	return EOF;
}

ssize_t read(int fd, void *to, size_t n)
{
	return 0;
}

char *fgets(char *restrict to, int size, FILE *restrict file)
{
	return NULL;
}
