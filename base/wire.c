#include "base/wire.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

void wire_put_number(struct buf *out, uint64_t value, unsigned int width)
{
	uint8_t bytes[8];

	for (unsigned int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	buf_append(out, bytes, width);
}

uint64_t wire_number(const void *data, unsigned int width)
{
	const uint8_t *bytes = data;
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

/* A number in memory, whatever its type. */
static uint64_t load(const void *from, size_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		memcpy(&u8, from, 1);
		return u8;
	case 2:
		memcpy(&u16, from, 2);
		return u16;
	case 4:
		memcpy(&u32, from, 4);
		return u32;
	default:
		memcpy(&u64, from, 8);
		return u64;
	}
}

static void store(void *to, size_t size, uint64_t value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;

	switch (size) {
	case 1:
		memcpy(to, &u8, 1);
		return;
	case 2:
		memcpy(to, &u16, 2);
		return;
	case 4:
		memcpy(to, &u32, 4);
		return;
	default:
		memcpy(to, &value, 8);
	}
}

/* ---- strings ---- */

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (*text)
		h = (h ^ (uint8_t)*text++) * 16777619u;
	return h;
}

void wire_strings_deinit(struct wire_strings *s)
{
	buf_deinit(&s->text);
	free(s->offset);
	free(s->slot);
	memset(s, 0, sizeof(*s));
}

const char *wire_string(const struct wire_strings *s, uint32_t number)
{
	if (!number || number > s->count)
		return NULL;
	return s->text.data + s->offset[number - 1];
}

/* The slot where this string is, or would be. */
static uint32_t *find_slot(struct wire_strings *s, const char *text)
{
	uint32_t i = hash(text) & (s->slots - 1);

	while (s->slot[i] && strcmp(wire_string(s, s->slot[i]), text))
		i = (i + 1) & (s->slots - 1);
	return &s->slot[i];
}

/* Room for one more, and a table at most half full. */
static bool grow(struct wire_strings *s)
{
	uint32_t *offset, *slot, room = s->room ? 2 * s->room : 64;

	if (s->count < s->room)
		return true;
	offset = realloc(s->offset, room * sizeof(*offset));
	if (offset)
		s->offset = offset;
	slot = calloc((size_t)room * 2, sizeof(*slot));
	if (!offset || !slot) {
		free(slot);
		return false;
	}
	free(s->slot);
	s->slot = slot;
	s->slots = room * 2;
	s->room = room;
	for (uint32_t n = 1; n <= s->count; n++)
		*find_slot(s, wire_string(s, n)) = n;
	return true;
}

static bool add_offset(struct wire_strings *s, size_t offset)
{
	if (offset > UINT32_MAX || s->count == UINT32_MAX / 4 || !grow(s))
		return false;
	s->offset[s->count++] = (uint32_t)offset;
	return true;
}

uint32_t wire_intern(struct wire_strings *s, const char *text)
{
	size_t at = s->text.len;
	uint32_t *slot;

	if (!text || s->failed)
		return 0;
	if (s->slots) {
		slot = find_slot(s, text);
		if (*slot)
			return *slot;
	}
	if (!buf_append(&s->text, text, strlen(text) + 1) ||
	    !add_offset(s, at)) {
		s->failed = true;
		return 0;
	}
	*find_slot(s, wire_string(s, s->count)) = s->count;
	return s->count;
}

static void make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c && c != '\n' && c != '\t' && (c < ' ' || c > '~'))
			text[i] = '?';
	}
}

bool wire_strings_read(struct wire_strings *s, const void *data, size_t len,
		       struct err *err)
{
	size_t at = 0;

	if (len && ((const char *)data)[len - 1])
		return err_set(err, ERR_MALFORMED,
			       "its last string does not end");
	if (!buf_append(&s->text, data, len))
		return err_set(err, ERR_LIMIT,
			       "no memory for %zu bytes of "
			       "strings",
			       len);
	make_printable(s->text.data, len);
	while (at < len) {
		if (!add_offset(s, at))
			return err_set(err, ERR_LIMIT,
				       "no memory for its strings");
		at += strlen(s->text.data + at) + 1;
	}
	return true;
}

/* ---- writing ---- */

static void put_element(struct buf *out, const struct wire_field *f,
			const uint8_t *from, struct wire_strings *strings)
{
	static const uint8_t zeroes[64];
	const char *text;

	switch (f->kind) {
	case WIRE_NUMBER:
		wire_put_number(out, load(from, f->size), f->width);
		return;
	case WIRE_BOOL:
		buf_byte(out, *from != 0);
		return;
	case WIRE_BYTES:
	case WIRE_CHARS:
		buf_append(out, from, f->size);
		return;
	case WIRE_STRING:
		memcpy(&text, from, sizeof(text));
		wire_put_number(out, wire_intern(strings, text), f->width);
		return;
	case WIRE_STRUCT:
		wire_put(out, f->layout, from, strings);
		return;
	default:
		for (size_t n = f->width; n; n -= min_u64(n, sizeof(zeroes)))
			buf_append(out, zeroes, min_u64(n, sizeof(zeroes)));
	}
}

void wire_put(struct buf *out, const struct wire_layout *layout,
	      const void *from, struct wire_strings *strings)
{
	const uint8_t *bytes = from;

	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++)
		for (uint32_t i = 0; i < f->count; i++)
			put_element(out, f, bytes + f->offset + i * f->size,
				    strings);
}

/* ---- reading ---- */

/* Bytes of one element in a file of this version of the outer layout. */
static size_t element_width(const struct wire_field *f, uint32_t version)
{
	return f->kind == WIRE_STRUCT ? wire_size(f->layout, version)
				      : f->width;
}

uint32_t wire_version(const struct wire_layout *layout)
{
	uint32_t version = 1;

	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++) {
		uint32_t v = f->since;

		if (f->kind == WIRE_STRUCT)
			v = (uint32_t)max_u64(v, wire_version(f->layout));
		version = (uint32_t)max_u64(version, v);
	}
	return version;
}

size_t wire_size(const struct wire_layout *layout, uint32_t version)
{
	size_t size = 0;

	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++)
		if (f->since <= version)
			size += element_width(f, version) * f->count;
	return size;
}

static bool get_number(const struct wire_field *f, const uint8_t *data,
		       uint8_t *to, struct err *err)
{
	uint64_t value = wire_number(data, f->width);

	if ((f->max && value > f->max) ||
	    (f->size < f->width && value >> (8 * f->size)))
		return err_set(err, ERR_MALFORMED,
			       "%s is 0x%llx, which is "
			       "more than it can be",
			       f->name, (unsigned long long)value);
	store(to, f->size, value);
	return true;
}

static bool get_string(const struct wire_field *f, const uint8_t *data,
		       uint8_t *to, const struct wire_strings *strings,
		       struct err *err)
{
	uint32_t number = (uint32_t)wire_number(data, f->width);
	const char *text = strings ? wire_string(strings, number) : NULL;

	if (number && !text)
		return err_set(err, ERR_MALFORMED,
			       "%s is string %u, and there are only %u",
			       f->name, number, strings ? strings->count : 0);
	if (f->needed && !text)
		return err_set(err, ERR_MALFORMED, "it has no %s", f->name);
	memcpy(to, &text, sizeof(text));
	return true;
}

static bool get_element(const struct wire_field *f, uint32_t version,
			const uint8_t *data, uint8_t *to,
			const struct wire_strings *strings, struct err *err)
{
	switch (f->kind) {
	case WIRE_NUMBER:
		return get_number(f, data, to, err);
	case WIRE_BOOL:
		if (*data > 1)
			return err_set(err, ERR_MALFORMED,
				       "%s is %u, not 0 or 1", f->name, *data);
		store(to, f->size, *data);
		return true;
	case WIRE_BYTES:
		memcpy(to, data, f->size);
		return true;
	case WIRE_CHARS:
		memcpy(to, data, f->size);
		to[f->size - 1] = '\0';
		make_printable((char *)to, f->size);
		return true;
	case WIRE_STRING:
		return get_string(f, data, to, strings, err);
	case WIRE_STRUCT:
		return wire_get(f->layout, version, data, to, strings, err) ||
		       err_prefix(err, "%s", f->name);
	default:
		return true;
	}
}

bool wire_get(const struct wire_layout *layout, uint32_t version,
	      const void *data, void *to, const struct wire_strings *strings,
	      struct err *err)
{
	const uint8_t *from = data;
	uint8_t *bytes = to;

	memset(to, 0, layout->size);
	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++) {
		if (f->since > version)
			continue;
		for (uint32_t i = 0; i < f->count; i++) {
			if (!get_element(f, version, from,
					 bytes + f->offset + i * f->size,
					 strings, err))
				return false;
			from += element_width(f, version);
		}
	}
	return true;
}
