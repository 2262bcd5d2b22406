/*
 * The elements a feature file may hold, what each needs, and the types they
 * define (GDB manual, "Target Description Format").
 */
#include "xml/tdesc_parser.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"

/* Put the place before a message that is set; stop.  Returns false. */
bool tdesc_fail(struct parser *p, bool unused)
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

static bool is_pointer(const char *id)
{
	return !strcmp(id, "code_ptr") || !strcmp(id, "data_ptr");
}

static const struct type *find_type(const struct parser *p, const char *id)
{
	static const struct type builtin[] = {
		{"bool", 8},	     {"int", 0},	{"float", 0},
		{"int8", 8},	     {"int16", 16},	{"int32", 32},
		{"int64", 64},	     {"int128", 128},	{"uint8", 8},
		{"uint16", 16},	     {"uint32", 32},	{"uint64", 64},
		{"uint128", 128},    {"ieee_half", 16}, {"ieee_single", 32},
		{"ieee_double", 64}, {"i387_ext", 80},	{"bfloat16", 16},
	};

	static const struct type pointer = {"code_ptr", 64};
	static const struct type low_pointer = {"code_ptr", 32};

	for (unsigned int i = 0; i < p->ntypes; i++)
		if (!strcmp(p->types[i].id, id))
			return &p->types[i];
	if (is_pointer(id))
		return p->t->code == TDESC_64 ? &pointer : &low_pointer;
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
	if (p->ntypes == TDESC_MAX_TYPES)
		return FAIL(p, "more than %d types in one file",
			    TDESC_MAX_TYPES);
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
	/* A system register is as wide in 32-bit code, where no pointer is. */
	if (p->t->code != TDESC_64 && bits == 64 && v[2] && is_pointer(v[2]))
		v[2] = "int64";
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

const struct element tdesc_elements[IN_EVALUE + 1] = {
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
