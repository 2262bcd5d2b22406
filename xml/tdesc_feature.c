#include "xml/tdesc_feature.h"

#include <expat.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cursor.h"

#define MAX_TYPES 64
#define MAX_ATTRS 6

struct type {
	char id[48];
	unsigned int bits; /* 0: takes the size of its register */
};

enum element_id {
	IN_NOTHING, /* outside the root element */
	IN_FEATURE,
	IN_REG,
	IN_VECTOR,
	IN_UNION,
	IN_STRUCT,
	IN_FLAGS,
	IN_ENUM,
	IN_FIELD,
	IN_EVALUE,
};

struct parser {
	XML_Parser expat;
	struct tdesc *t;
	const struct tdesc_feature *feature;
	const char *path;
	struct err *err;
	bool failed;

	enum element_id open[4]; /* elements we are inside of */
	unsigned int depth;
	struct type types[MAX_TYPES];
	unsigned int ntypes;
	struct type making;		 /* the type whose element is open */
	bool seen[TDESC_MAX_REGNUM + 1]; /* registers of this feature */
};

/* Only the first complaint counts: expat may call on for a little. */
#define FAIL(p, fmt, ...)                                            \
	((p)->failed ? false                                         \
		     : fail(p, err_set((p)->err, ERR_MALFORMED, fmt, \
				       ##__VA_ARGS__)))

/* Put the place before a message that is set; stop.  Returns false. */
static bool fail(struct parser *p, bool unused)
{
	err_prefix(p->err, "%s:%lu:%lu", p->path,
		   (unsigned long)XML_GetCurrentLineNumber(p->expat),
		   (unsigned long)XML_GetCurrentColumnNumber(p->expat) + 1);
	p->failed = true;
	XML_StopParser(p->expat, XML_FALSE);
	return false;
}

/* ---- attribute values ---- */

static bool number(struct parser *p, const char *what, const char *text,
		   uint64_t lo, uint64_t hi, unsigned int *value)
{
	struct cursor c = cur_str(text);
	uint64_t v = cur_dec(&c);

	if (!cur_done(&c))
		return FAIL(p, "%s=\"%.32s\" is not a decimal number", what,
			    text);
	if (v < lo || v > hi)
		return FAIL(p,
			    "%s=\"%.32s\" is not between %" PRIu64 " and "
			    "%" PRIu64,
			    what, text, lo, hi);
	*value = (unsigned int)v;
	return true;
}

/* ---- types ---- */

static const struct type *find_type(const struct parser *p, const char *id)
{
	static const struct type builtin[] = {
		{"bool", 8},	   {"int", 0},		{"float", 0},
		{"int8", 8},	   {"int16", 16},	{"int32", 32},
		{"int64", 64},	   {"int128", 128},	{"uint8", 8},
		{"uint16", 16},	   {"uint32", 32},	{"uint64", 64},
		{"uint128", 128},  {"code_ptr", 64},	{"data_ptr", 64},
		{"ieee_half", 16}, {"ieee_single", 32}, {"ieee_double", 64},
		{"i387_ext", 80},  {"bfloat16", 16},
	};

	for (unsigned int i = 0; i < p->ntypes; i++)
		if (!strcmp(p->types[i].id, id))
			return &p->types[i];
	for (size_t i = 0; i < ARRAY_SIZE(builtin); i++)
		if (!strcmp(builtin[i].id, id))
			return &builtin[i];
	return NULL;
}

static const struct type *need_type(struct parser *p, const char *id)
{
	const struct type *type = find_type(p, id);

	if (!type)
		FAIL(p,
		     "unknown type \"%.48s\"; a type must be defined before "
		     "it is used",
		     id);
	return type;
}

static bool make_type(struct parser *p, const char *id, unsigned int bits)
{
	if (strlen(id) >= sizeof(p->making.id) || !*id)
		return FAIL(p, "id=\"%.64s\" is empty or too long", id);
	if (find_type(p, id))
		return FAIL(p, "type \"%s\" is defined twice", id);
	snprintf(p->making.id, sizeof(p->making.id), "%s", id);
	p->making.bits = bits;
	return true;
}

static bool keep_type(struct parser *p)
{
	if (p->ntypes == MAX_TYPES)
		return FAIL(p, "more than %d types in one file", MAX_TYPES);
	p->types[p->ntypes++] = p->making;
	return true;
}

/* ---- elements ---- */

static bool start_feature(struct parser *p, const char **v)
{
	if (!strcmp(v[0], p->feature->name))
		return true;
	return FAIL(p, "feature \"%.64s\" where \"%s\" is expected", v[0],
		    p->feature->name);
}

static bool name_is_taken(const struct parser *p, const struct reg_def *def)
{
	for (unsigned int i = 0; i < p->t->count; i++)
		if (p->t->reg[i].def == def)
			return true;
	return false;
}

static bool bind(struct parser *p, const char *name, unsigned int bits,
		 const struct reg_def **def)
{
	*def = reg_find(name);
	if (!*def)
		return FAIL(p, "this program knows no register \"%.32s\"",
			    name);
	if ((*def)->bits != bits)
		return FAIL(p, "register %s has %u bits, not %u", name,
			    (*def)->bits, bits);
	if (name_is_taken(p, *def))
		return FAIL(p, "register %s appears twice", name);
	return true;
}

static bool add_reg(struct parser *p, const struct reg_def *def,
		    unsigned int regnum)
{
	struct tdesc *t = p->t;

	if (regnum > TDESC_MAX_REGNUM)
		return FAIL(p, "register %s: no number left below %d",
			    def->name, TDESC_MAX_REGNUM + 1);
	if (t->reg[regnum].name)
		return FAIL(p, "register number %u is given to %s and %s",
			    regnum, t->reg[regnum].name, def->name);
	t->reg[regnum] = (struct tdesc_reg){
		.name = def->name,
		.regnum = regnum,
		.bits = def->bits,
		.def = def,
		.g_offset = p->feature->in_g ? 0 : TDESC_NOT_IN_G,
	};
	p->seen[regnum] = true;
	t->next = regnum + 1;
	if (t->count < t->next)
		t->count = t->next;
	return true;
}

/* name bitsize type regnum */
static bool start_reg(struct parser *p, const char **v)
{
	unsigned int bits, regnum = p->t->next;
	const struct reg_def *def;
	const struct type *type;

	if (!number(p, "bitsize", v[1], 8, 512, &bits) ||
	    !bind(p, v[0], bits, &def))
		return false;
	if (v[2]) {
		type = need_type(p, v[2]);
		if (!type)
			return false;
		if (type->bits && type->bits != bits)
			return FAIL(p,
				    "register %s has %u bits, its type "
				    "\"%s\" %u",
				    v[0], bits, v[2], type->bits);
	}
	if (v[3] && !number(p, "regnum", v[3], 0, TDESC_MAX_REGNUM, &regnum))
		return false;
	return add_reg(p, def, regnum);
}

/* id type count */
static bool start_vector(struct parser *p, const char **v)
{
	const struct type *type = need_type(p, v[1]);
	unsigned int count;

	return type && number(p, "count", v[2], 1, 64, &count) &&
	       make_type(p, v[0], type->bits * count);
}

/* id */
static bool start_union(struct parser *p, const char **v)
{
	return make_type(p, v[0], 0);
}

/* id size (bytes) */
static bool start_sized(struct parser *p, const char **v)
{
	unsigned int size = 0;

	return (!v[1] || number(p, "size", v[1], 1, 8, &size)) &&
	       make_type(p, v[0], size * 8);
}

/* name type start end */
static bool start_field(struct parser *p, const char **v)
{
	enum element_id parent = p->open[p->depth - 1];
	unsigned int lo, hi, size = p->making.bits;
	const struct type *type = NULL;

	if (v[1]) {
		type = need_type(p, v[1]);
		if (!type)
			return false;
	}
	if (parent == IN_UNION || (parent == IN_STRUCT && !v[2])) {
		if (!type || v[2] || v[3])
			return FAIL(p,
				    "field \"%.32s\" needs a type and no "
				    "start or end",
				    v[0]);
		if (parent == IN_STRUCT)
			p->making.bits += type->bits;
		else if (size < type->bits)
			p->making.bits = type->bits;
		return true;
	}
	if (!v[2] || !v[3])
		return FAIL(p, "field \"%.32s\" needs start and end", v[0]);
	if (!size)
		return FAIL(p, "bit field \"%.32s\" in a type without size",
			    v[0]);
	return number(p, "end", v[3], 0, size - 1, &hi) &&
	       number(p, "start", v[2], 0, hi, &lo);
}

struct element {
	const char *name;
	unsigned int parents;  /* mask of enum element_id */
	unsigned int required; /* how many of attrs, from the front */
	const char *attrs[MAX_ATTRS + 1];
	bool (*start)(struct parser *p, const char **values);
	bool (*end)(struct parser *p);
};

static const struct element elements[] = {
	[IN_FEATURE] =
		{"feature", 1 << IN_NOTHING, 1, {"name"}, start_feature, NULL},
	[IN_REG] = {"reg",
		    1 << IN_FEATURE,
		    2,
		    {"name", "bitsize", "type", "regnum", "group",
		     "save-restore"},
		    start_reg,
		    NULL},
	[IN_VECTOR] = {"vector",
		       1 << IN_FEATURE,
		       3,
		       {"id", "type", "count"},
		       start_vector,
		       keep_type},
	[IN_UNION] =
		{"union", 1 << IN_FEATURE, 1, {"id"}, start_union, keep_type},
	[IN_STRUCT] = {"struct",
		       1 << IN_FEATURE,
		       1,
		       {"id", "size"},
		       start_sized,
		       keep_type},
	[IN_FLAGS] = {"flags",
		      1 << IN_FEATURE,
		      2,
		      {"id", "size"},
		      start_sized,
		      keep_type},
	[IN_ENUM] = {"enum",
		     1 << IN_FEATURE,
		     2,
		     {"id", "size"},
		     start_sized,
		     keep_type},
	[IN_FIELD] = {"field",
		      1 << IN_UNION | 1 << IN_STRUCT | 1 << IN_FLAGS,
		      1,
		      {"name", "type", "start", "end"},
		      start_field,
		      NULL},
	[IN_EVALUE] = {"evalue", 1 << IN_ENUM, 2, {"name", "value"}, NULL, NULL},
};

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
	const struct element *e = &elements[id];
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
	const char *v[MAX_ATTRS] = {NULL};
	enum element_id id = IN_FEATURE;
	const struct element *e;

	while (id < ARRAY_SIZE(elements) && strcmp(elements[id].name, name))
		id++;
	if (id == ARRAY_SIZE(elements)) {
		FAIL(p, "unknown element <%.32s>", name);
		return;
	}
	e = &elements[id];
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
	const struct element *e = &elements[id];

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
