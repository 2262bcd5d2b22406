/* Is a text valid JSON (RFC 8259)?  For tests of what writes it. */
#ifndef TESTS_BASE_JSON_CHECK_H
#define TESTS_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* On failure *at is the offset of the first byte that does not fit. */
bool json_valid(const char *text, size_t len, size_t *at);

#endif
