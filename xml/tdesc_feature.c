#include "xml/tdesc_feature.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "xml/tdesc_parser.h"

/* ---- copying to target.xml ---- */

static void put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>\"", *text))
			buf_printf(out, "&#%d;", *text);
		else
			buf_byte(out, (uint8_t)*text);
	}
}

static bool is_container(enum element_id id)
{
	return id == IN_FEATURE || (id >= IN_UNION && id <= IN_ENUM);
}

static void put_element(struct parser *p, enum element_id id, const char **v)
{
	const struct element *e = &tdesc_elements[id];
	struct buf *out = &p->t->xml;

	buf_printf(out, "<%s", e->name);
	for (unsigned int i = 0; e->attrs[i]; i++) {
		if (!v[i] || (id == IN_REG && i == 3))
			continue;
		buf_printf(out, " %s=\"", e->attrs[i]);
		put_escaped(out, v[i]);
		buf_byte(out, '"');
	}
	if (id == IN_REG)
		buf_printf(out, " regnum=\"%u\"", p->t->next - 1);
	buf_str(out, is_container(id) ? ">\n" : "/>\n");
}

/* ---- expat's callbacks ---- */

static bool sort_attrs(struct parser *p, const struct element *e,
		       const char **attrs, const char **v)
{
	for (; *attrs; attrs += 2) {
		unsigned int i = 0;

		while (e->attrs[i] && strcmp(e->attrs[i], attrs[0]))
			i++;
		if (!e->attrs[i])
			return FAIL(p, "<%s> has no attribute \"%.32s\"",
				    e->name, attrs[0]);
		v[i] = attrs[1];
	}
	for (unsigned int i = 0; i < e->required; i++)
		if (!v[i])
			return FAIL(p, "<%s> needs the attribute \"%s\"",
				    e->name, e->attrs[i]);
	return true;
}

static void on_start(void *ctx, const char *name, const char **attrs)
{
	struct parser *p = ctx;
	const char *v[TDESC_MAX_ATTRS] = {NULL};
	enum element_id id = IN_FEATURE;
	const struct element *e;

	while (id < ARRAY_SIZE(tdesc_elements) &&
	       strcmp(tdesc_elements[id].name, name))
		id++;
	if (id == ARRAY_SIZE(tdesc_elements)) {
		FAIL(p, "unknown element <%.32s>", name);
		return;
	}
	e = &tdesc_elements[id];
	if (!(e->parents & 1u << p->open[p->depth])) {
		FAIL(p, "<%s> cannot stand here", name);
		return;
	}
	if (!sort_attrs(p, e, attrs, v))
		return;
	p->depth++;
	if (e->start && !e->start(p, v))
		return;
	p->open[p->depth] = id;
	put_element(p, id, v);
}

static void on_end(void *ctx, const char *name)
{
	struct parser *p = ctx;
	enum element_id id = p->open[p->depth];
	const struct element *e = &tdesc_elements[id];

	if (p->failed || (e->end && !e->end(p)))
		return;
	if (is_container(id))
		buf_printf(&p->t->xml, "</%s>\n", e->name);
	p->depth--;
}

static void on_text(void *ctx, const char *text, int len)
{
	struct parser *p = ctx;

	for (int i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]))
			FAIL(p, "text between elements");
}

static void on_declaration(void *ctx, const char *version, const char *encoding,
			   int standalone)
{
	if (encoding && strcasecmp(encoding, "UTF-8") &&
	    strcasecmp(encoding, "US-ASCII"))
		FAIL((struct parser *)ctx,
		     "encoding \"%.32s\" is not supported; save the file as "
		     "UTF-8",
		     encoding);
}

static void on_doctype(void *ctx, const char *name, const char *sysid,
		       const char *pubid, int has_internal_subset)
{
	if (has_internal_subset)
		FAIL((struct parser *)ctx, "the DOCTYPE declares something; "
					   "entities and the like "
					   "are refused");
}

static void on_skipped(void *ctx, const char *name, int is_parameter)
{
	FAIL((struct parser *)ctx, "unknown entity &%.32s;", name);
}

/* ---- the whole document ---- */

static bool has_register(const struct parser *p, const char *name)
{
	for (unsigned int i = 0; i < p->t->count; i++)
		if (p->seen[i] && !strcmp(p->t->reg[i].name, name))
			return true;
	return false;
}

static bool check_required(struct parser *p)
{
	const struct tdesc_names *r = p->feature->required;

	for (; r && r->text; r++) {
		for (unsigned int i = r->first; i <= r->last; i++) {
			char name[32];

			if (r->suffix)
				snprintf(name, sizeof(name), "%s%u%s", r->text,
					 i, r->suffix);
			else
				snprintf(name, sizeof(name), "%s", r->text);
			if (!has_register(p, name))
				return FAIL(p,
					    "register %s is missing; gdb "
					    "refuses feature %s without it",
					    name, p->feature->name);
		}
	}
	return true;
}

static bool parse(struct parser *p, const char *text, size_t len)
{
	XML_SetUserData(p->expat, p);
	XML_SetElementHandler(p->expat, on_start, on_end);
	XML_SetCharacterDataHandler(p->expat, on_text);
	XML_SetXmlDeclHandler(p->expat, on_declaration);
	XML_SetStartDoctypeDeclHandler(p->expat, on_doctype);
	XML_SetSkippedEntityHandler(p->expat, on_skipped);
	if (memchr(text, 0, len))
		return FAIL(p, "the file is not UTF-8 text");
	if (XML_Parse(p->expat, text, (int)len, 1) != XML_STATUS_OK)
		return p->failed ? false
				 : FAIL(p, "%s",
					XML_ErrorString(
						XML_GetErrorCode(p->expat)));
	return check_required(p);
}

bool tdesc_feature_read(struct tdesc *t, const struct tdesc_feature *feature,
			const char *path, const char *text, size_t len,
			struct err *err)
{
	struct parser p = {
		.t = t,
		.feature = feature,
		.path = path,
		.err = err,
		.open = {IN_NOTHING},
	};
	bool ok;

	if (len > TDESC_MAX_FILE)
		return err_set(err, ERR_LIMIT,
			       "%s: a target description of more than %d bytes",
			       path, TDESC_MAX_FILE);
	/* A fixed encoding: no file can ask for another. */
	p.expat = XML_ParserCreate("UTF-8");
	if (!p.expat)
		return err_set(err, ERR_LIMIT, "%s: out of memory", path);
	ok = parse(&p, text, len);
	XML_ParserFree(p.expat);
	return ok;
}
