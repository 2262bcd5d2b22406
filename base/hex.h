/* Bytes to hex digits and back. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of one hex digit, or -1. */
int hex_digit(int c);

/* Write 2 * len lower-case digits to `to`; no NUL. */
void hex_encode(char *to, const void *data, size_t len);

/*
 * Read exactly len bytes from 2 * len digits.  False, with `to` partly
 * written, when a character is not a hex digit.
 */
bool hex_decode(void *to, const char *digits, size_t len);

#endif
