#include "common/base/option.h"

#include "common/base/assert.h"
#include "common/base/option_value.h"
#include "common/base/suggest.h"

/* ---- mistakes ---- */

/* Begin one more message with "file:line:column: "; it goes to `spare` when the list is full. */
static struct pl_text begin_error(struct pl_option_errors *errors, const struct pl_option_place *at,
                                  char *spare)
{
    char *buf = spare;
    if (errors->count < PL_OPTION_ERRORS_MAX) {
        buf = errors->text[errors->count++];
    } else {
        errors->dropped++;
    }
    struct pl_text t = pl_text_init(buf, PL_OPTION_ERROR_BYTES);
    pl_text_str(&t, at->file ? at->file : "configuration");
    if (at->line > 0) {
        pl_text_char(&t, ':');
        pl_text_u64(&t, at->line);
        pl_text_char(&t, ':');
        pl_text_u64(&t, at->column);
    }
    pl_text_str(&t, ": ");
    return t;
}

/* "pools.web.notify: problem"; without a path only the problem. */
static void refuse(struct pl_option_loader *l, const struct pl_option_place *at,
                   struct pl_span path, const char *problem)
{
    char spare[PL_OPTION_ERROR_BYTES];
    struct pl_text t = begin_error(l->errors, at, spare);
    for (size_t i = 0; i < path.len; i++) {
        pl_text_char(&t, path.ptr[i] == '/' ? '.' : (char)path.ptr[i]);
    }
    if (path.len > 0) pl_text_str(&t, ": ");
    pl_text_str(&t, problem);
}

/* About the key or value being read. */
static void refuse_here(struct pl_option_loader *l, const char *problem)
{
    refuse(l, &l->here, pl_span_of(l->path), problem);
}

/* ---- paths ---- */

static void append(char *path, struct pl_span segment, char separator)
{
    struct pl_text t = {path, PL_OPTION_PATH_BYTES, strlen(path), false};
    if (t.len > 0) pl_text_char(&t, separator);
    pl_text_span(&t, segment);
    PL_ASSERT(!t.overflow); // segments are words of the table or names, and the depth is bounded
}

static void cut(struct pl_option_loader *l, const struct pl_option_level *level)
{
    l->path[level->path_len] = '\0';
    l->pattern[level->pattern_len] = '\0';
}

static uint32_t find_seen(const struct pl_option_loader *l, struct pl_span path)
{
    uint64_t hash = pl_hash_bytes(path);
    uint32_t i = 0;
    while (i < l->seen_count && l->seen[i].path_hash != hash) i++;
    return i;
}

/* Note where `l->path` is written. False, and reported, if this file wrote it before. */
static bool remember(struct pl_option_loader *l)
{
    struct pl_span path = pl_span_of(l->path);
    uint32_t i = find_seen(l, path);
    if (i < l->seen_count && l->seen[i].file_number == l->file_number) {
        char problem[64];
        struct pl_text t = pl_text_init(problem, sizeof problem);
        pl_text_str(&t, "repeated; first written in line ");
        pl_text_u64(&t, l->seen[i].place.line);
        refuse_here(l, problem);
        return false;
    }
    if (i == PL_OPTION_KEYS_MAX) {
        refuse_here(l, "one key more than a configuration may have");
        return false;
    }
    if (i == l->seen_count) l->seen_count++;
    l->seen[i] = (struct pl_option_seen){pl_hash_bytes(path), l->file_number, l->here};
    return true;
}

/* The next word of a table key below `pattern`: "hold" of "rules.limit.hold" below "rules.limit".
 * Empty if the key is elsewhere. */
static struct pl_span next_word(const char *key, const char *pattern)
{
    size_t len = strlen(pattern);
    if (strncmp(key, pattern, len) != 0 || (len > 0 && key[len] != '.')) return (struct pl_span){0};
    const char *word = key + len + (len > 0);
    return (struct pl_span){(const uint8_t *)word, strcspn(word, ".")};
}

/* ---- defaults and sections ---- */

static void store_default(const struct pl_option *o, uint8_t *base)
{
    char buf[PL_OPTION_ERROR_BYTES];
    struct pl_text why = pl_text_init(buf, sizeof buf);
    if (!o->fallback) return;
    bool ok = pl_option_value_store(o, pl_span_of(o->fallback), base + o->offset, &why);
    PL_ASSERT(ok);
}

/* The item called `name` of the section at `l->pattern`, added with its defaults if it is new. NULL
 * when the section is full. */
static uint8_t *section_item(struct pl_option_loader *l, const struct pl_name *name)
{
    const struct pl_option_table *table = l->table;
    const struct pl_option_section *section = table->sections;
    while (section < table->sections + table->section_count &&
           strcmp(section->key, l->pattern) != 0) {
        section++;
    }
    PL_ASSERT(section < table->sections + table->section_count);
    uint32_t *count = (void *)((uint8_t *)l->out + section->count_offset);
    uint8_t *items = (uint8_t *)l->out + section->items_offset;
    for (uint32_t i = 0; i < *count; i++) {
        uint8_t *item = items + i * section->item_size;
        if (pl_name_eq((const struct pl_name *)item, name)) return item;
    }
    if (*count == section->item_max) return NULL;
    uint8_t *item = items + (*count)++ * section->item_size;
    memcpy(item, name, sizeof *name);
    for (size_t i = 0; i < table->option_count; i++) {
        if (pl_span_is(next_word(table->options[i].key, l->pattern), "*")) {
            store_default(&table->options[i], item);
        }
    }
    return item;
}

/* ---- keys ---- */

struct match {
    enum pl_option_target target; // PL_OPTION_NO_KEY: nothing is called that
    bool is_name;                 // the operator chooses this word
    const struct pl_option *option;
    struct pl_span suggestion; // for PL_OPTION_NO_KEY
};

static struct match find_match(const struct pl_option_loader *l, struct pl_span key)
{
    struct pl_suggest similar = pl_suggest_init(key);
    struct pl_span elsewhere = {0}; // a key of that name in another section
    for (size_t i = 0; i < l->table->option_count; i++) {
        const struct pl_option *o = &l->table->options[i];
        struct pl_span word = next_word(o->key, l->pattern);
        bool is_last = word.len > 0 && word.ptr[word.len] == '\0';
        bool is_name = pl_span_is(word, "*");
        if (is_name || (word.len > 0 && pl_span_eq(word, key))) {
            return (struct match){is_last ? PL_OPTION_FIELD : PL_OPTION_SECTION, is_name, o, {0}};
        }
        if (word.len > 0) pl_suggest_consider(&similar, word);
        const char *last_dot = strrchr(o->key, '.');
        if (elsewhere.len == 0 && last_dot && pl_span_is(key, last_dot + 1)) {
            elsewhere = pl_span_of(o->key);
        }
    }
    for (const char *const *f = l->table->foreign; l->pattern[0] == '\0' && *f; f++) {
        if (pl_span_is(key, *f)) return (struct match){.target = PL_OPTION_NOBODY};
        pl_suggest_consider(&similar, pl_span_of(*f));
    }
    return (struct match){.suggestion = similar.best.len > 0 ? similar.best : elsewhere};
}

static void refuse_unknown(struct pl_option_loader *l, struct pl_span key,
                           struct pl_span suggestion)
{
    char problem[PL_OPTION_ERROR_BYTES];
    struct pl_text t = pl_text_init(problem, sizeof problem);
    pl_text_str(&t, "there is no key ");
    pl_option_value_quote(&t, key);
    if (l->path[0] != '\0') pl_text_str(&t, " here");
    pl_option_value_suggest(&t, suggestion);
    refuse_here(l, problem);
}

static void on_key(struct pl_option_loader *l, struct pl_option_level *level, struct pl_span key)
{
    struct pl_name name;
    level->target = PL_OPTION_NOBODY;
    struct match match = find_match(l, key);
    if (match.target == PL_OPTION_NO_KEY) {
        refuse_unknown(l, key, match.suggestion);
        return;
    }
    if (match.is_name && pl_name_parse(key, &name) < 0) {
        char problem[PL_OPTION_ERROR_BYTES];
        struct pl_text t = pl_text_init(problem, sizeof problem);
        pl_option_value_quote(&t, key);
        pl_text_str(&t, " is not ");
        pl_text_str(&t, pl_option_value_form(PL_OPTION_NAME));
        refuse_here(l, problem);
        return;
    }
    append(l->path, key, '/');
    if (!remember(l)) return;
    l->key_base = match.is_name ? section_item(l, &name) : level->base;
    if (!l->key_base) {
        refuse_here(l, "one more than this section may have");
        return;
    }
    append(l->pattern, match.is_name ? pl_span_of("*") : key, '.');
    level->target = match.target;
    level->option = match.option;
}

/* ---- values ---- */

static bool store(struct pl_option_loader *l, const struct pl_option *o, uint8_t *base,
                  struct pl_span in)
{
    char buf[PL_OPTION_ERROR_BYTES];
    struct pl_text why = pl_text_init(buf, sizeof buf);
    bool ok = pl_option_value_store(o, in, base + o->offset, &why);
    if (!ok) refuse_here(l, buf);
    return ok;
}

static void open_level(struct pl_option_loader *l, bool is_list, const struct pl_option *option,
                       uint8_t *base)
{
    if (l->depth == PL_OPTION_DEPTH_MAX) {
        refuse_here(l, "nested too deeply");
        l->skip_depth = 1;
        return;
    }
    l->stack[l->depth++] = (struct pl_option_level){.is_list = is_list,
                                                    .option = option,
                                                    .base = base,
                                                    .path_len = strlen(l->path),
                                                    .pattern_len = strlen(l->pattern)};
}

static bool is_start(const struct pl_option_event *e)
{
    return e->type == PL_OPTION_MAP_START || e->type == PL_OPTION_LIST_START;
}

/* After a whole value, at whatever depth it stood. */
static void value_done(struct pl_option_loader *l)
{
    if (l->depth == 0) return;
    struct pl_option_level *level = &l->stack[l->depth - 1];
    cut(l, level);
    /* What was skipped where a key belongs is followed by a value that belongs to nobody. */
    bool was_key = !level->is_list && level->target == PL_OPTION_NO_KEY;
    level->target = was_key ? PL_OPTION_NOBODY : PL_OPTION_NO_KEY;
}

static void skip_value(struct pl_option_loader *l, const struct pl_option_event *e)
{
    if (is_start(e)) {
        l->skip_depth = 1;
    } else {
        value_done(l);
    }
}

static void refuse_value(struct pl_option_loader *l, const struct pl_option_event *e,
                         const char *problem)
{
    if (e->type != PL_OPTION_REFUSED) refuse_here(l, problem);
    skip_value(l, e);
}

static void on_field(struct pl_option_loader *l, const struct pl_option *o,
                     const struct pl_option_event *e)
{
    bool is_list = pl_option_value_is_list(o->type);
    if (is_list && e->type == PL_OPTION_LIST_START) {
        memset(l->key_base + o->offset, 0, o->size); // a later file's list replaces
        open_level(l, true, o, l->key_base);
    } else if (is_list) {
        refuse_value(l, e, "is a list: write [a] or [a, b]");
    } else if (e->type != PL_OPTION_SCALAR) {
        refuse_value(l, e, "takes one value, not a list or a section");
    } else {
        (void)store(l, o, l->key_base, e->text); // a refused value is reported, and that is all
        value_done(l);
    }
}

static void on_value(struct pl_option_loader *l, const struct pl_option_level *level,
                     const struct pl_option_event *e)
{
    switch (level->target) {
    case PL_OPTION_NOBODY: skip_value(l, e); return;
    case PL_OPTION_FIELD: on_field(l, level->option, e); return;
    case PL_OPTION_SECTION:
        if (e->type == PL_OPTION_MAP_START) {
            open_level(l, false, NULL, l->key_base);
        } else if (e->type == PL_OPTION_SCALAR && e->text.len == 0) {
            value_done(l); // "redis:" and nothing below it
        } else {
            refuse_value(l, e, "is a section: its keys stand below it, indented");
        }
        return;
    case PL_OPTION_NO_KEY: break;
    }
    PL_UNREACHABLE("value without a key");
}

static void on_item(struct pl_option_loader *l, struct pl_option_level *level,
                    const struct pl_option_event *e)
{
    level->item_count++;
    if (e->type != PL_OPTION_SCALAR) {
        refuse_value(l, e, "an item of this list is a single value");
        return;
    }
    if (!store(l, level->option, level->base, e->text)) return;
    append(l->path, e->text, '/');
    (void)remember(l); // an item twice is reported, and that is all
    cut(l, level);
}

static void on_end(struct pl_option_loader *l, const struct pl_option_level *level)
{
    cut(l, level);
    if (level->is_list && level->item_count == 0) refuse_here(l, "the list is empty");
    PL_ASSERT(level->is_list || level->target == PL_OPTION_NO_KEY);
    l->depth--;
    value_done(l);
}

static void on_root(struct pl_option_loader *l, const struct pl_option_event *e)
{
    if (e->type == PL_OPTION_MAP_START) {
        open_level(l, false, NULL, l->out);
    } else if (e->type != PL_OPTION_SCALAR || e->text.len > 0) {
        refuse_value(l, e, "a configuration consists of sections with keys");
    }
}

/* ---- the loader ---- */

void pl_option_init(struct pl_option_loader *l, const struct pl_option_table *table, void *out,
                    struct pl_option_errors *errors)
{
    memset(l, 0, sizeof *l);
    l->table = table;
    l->out = out;
    l->errors = errors;
    errors->count = errors->dropped = 0;
    for (size_t i = 0; i < table->option_count; i++) {
        if (!strchr(table->options[i].key, '*')) store_default(&table->options[i], out);
    }
}

void pl_option_begin(struct pl_option_loader *l, const char *file)
{
    l->here = (struct pl_option_place){.file = file};
    l->file_number++;
    l->depth = l->skip_depth = 0;
    l->path[0] = l->pattern[0] = '\0';
}

void pl_option_event(struct pl_option_loader *l, const struct pl_option_event *e)
{
    l->here.line = e->line;
    l->here.column = e->column;
    if (l->skip_depth > 0) {
        bool is_end = e->type == PL_OPTION_MAP_END || e->type == PL_OPTION_LIST_END;
        l->skip_depth += is_start(e);
        l->skip_depth -= is_end;
        if (l->skip_depth == 0) value_done(l);
        return;
    }
    if (l->depth == 0) {
        on_root(l, e);
        return;
    }
    struct pl_option_level *level = &l->stack[l->depth - 1];
    if (e->type == PL_OPTION_MAP_END || e->type == PL_OPTION_LIST_END) {
        on_end(l, level);
    } else if (level->is_list) {
        on_item(l, level, e);
    } else if (level->target != PL_OPTION_NO_KEY) {
        on_value(l, level, e);
    } else if (e->type == PL_OPTION_SCALAR) {
        on_key(l, level, e->text);
    } else {
        refuse_value(l, e, "a key is a single word");
    }
}

void pl_option_refuse_at(struct pl_option_loader *l, uint32_t line, uint32_t column,
                         const char *problem)
{
    struct pl_option_place at = {l->here.file, line, column};
    refuse(l, &at, (struct pl_span){0}, problem);
}

void pl_option_refuse_key(struct pl_option_loader *l, const char *path, const char *problem)
{
    struct pl_option_place at = {.file = l->here.file};
    struct pl_span around = pl_span_of(path);
    while (around.len > 0) {
        uint32_t i = find_seen(l, around);
        if (i < l->seen_count) {
            at = l->seen[i].place;
            break;
        }
        while (--around.len > 0 && path[around.len] != '/') continue;
    }
    refuse(l, &at, pl_span_of(path), problem);
}

bool pl_option_was_given(const struct pl_option_loader *l, const char *path)
{
    return find_seen(l, pl_span_of(path)) < l->seen_count;
}
