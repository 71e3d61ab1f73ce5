/* option.h - the option table: what a configuration file may say, in one place.
 *
 * A program describes every key once: its path, type, default, limits, help text and the field it
 * fills. The loader below walks a file as a stream of events (a YAML reader makes them, a test
 * writes them by hand) and fills the struct; the annotated sample files and the manual pages are
 * printed from the same table, so they cannot lie.
 *
 * Scalars are text until the table types them: `pool: no` is a pool called "no", never a boolean.
 * Every mistake is collected with its place and the rule it broke, and loading goes on, so that an
 * operator sees all of them at once. A later file is merged over an earlier one key by key; lists
 * are replaced as a whole. A key repeated within one file is refused, since one of the two would
 * be silently ignored.
 *
 * Keys are dotted paths: `redis.url`. `*` stands for a name the operator chooses
 * (`pools.*.notify`); such a section fills a bounded array whose items begin with their struct
 * pl_name. A `*` is never the last word of a key. */
#pragma once

#include "common/base/address.h"
#include "common/base/name.h"

enum {
    PL_OPTION_DEPTH_MAX = 6,    // deeper nesting is an error; no table is deeper than 5
    PL_OPTION_KEYS_MAX = 2048,  // keys and list items over all files, then an error
    PL_OPTION_PATH_BYTES = 512, // of a key's full path
    PL_OPTION_LIST_MAX = 16,    // items of a list of names, texts or addresses
    PL_OPTION_ITEM_BYTES = 128, // of a text in a list
    PL_OPTION_ERRORS_MAX = 64,  // kept; further ones are counted
    PL_OPTION_ERROR_BYTES = 448,
};

/* type, the field it fills, how people write it. Numbers of every kind are int64_t. */
enum pl_option_type {
    PL_OPTION_INTEGER,   // int64_t
    PL_OPTION_DURATION,  // int64_t, ms
    PL_OPTION_SHARE,     // int64_t, parts per million
    PL_OPTION_SIZE,      // int64_t, bytes
    PL_OPTION_TEXT,      // char[size], NUL-terminated, no control bytes
    PL_OPTION_TEXTS,     // struct pl_option_texts
    PL_OPTION_PATH,      // char[size], the same
    PL_OPTION_NAME,      // struct pl_name
    PL_OPTION_NAMES,     // struct pl_option_names
    PL_OPTION_WORD,      // an enum of 4 bytes: the index into `words`
    PL_OPTION_ADDRESS,   // struct pl_address
    PL_OPTION_ADDRESSES, // struct pl_option_addresses
};

struct pl_option_names {
    uint32_t count;
    struct pl_name item[PL_OPTION_LIST_MAX];
};

struct pl_option_texts {
    uint32_t count;
    char item[PL_OPTION_LIST_MAX][PL_OPTION_ITEM_BYTES];
};

struct pl_option_addresses {
    uint32_t count;
    struct pl_address item[PL_OPTION_LIST_MAX];
};

struct pl_option {
    const char *key;
    enum pl_option_type type;
    size_t offset;        // of the field, in the program's struct or in the item of its `*` section
    size_t size;          // of the field
    const char *fallback; // the default as an operator would write it; NULL: must be given
    const char *min, *max; // inclusive, written likewise; NULL: none. Numbers only
    const char *const
        *words; // PL_OPTION_WORD: NULL-terminated; "" keeps its index for a word that was not given
    /* NULL, or a further rule: what the stored value breaks ("is not ..."), or NULL if nothing. In
     * a list `value` is the item. */
    const char *(*check)(const void *value);
    const char *help; // one or more full sentences; NULL: says for one item what the key without
                      // its section (`rules.x` for `pools.*.rules.x`) says for all
};

/* Fill .offset and .size of an option from the field it stores to. */
#define PL_OPTION_STORE(type, member)                                                              \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* A section whose keys the operator chooses. */
struct pl_option_section {
    const char *key;     // "pools": its options are called "pools.*.<key>"
    size_t count_offset; // of a uint32_t in the program's struct
    size_t items_offset; // of the array; its items begin with a struct pl_name
    size_t item_size;
    uint32_t item_max;
    const char *help;
};

struct pl_option_table {
    const struct pl_option *options;
    size_t option_count;
    const struct pl_option_section *sections;
    size_t section_count;
    const char *const *foreign; // top-level keys another program owns, NULL-terminated: skipped
};

/* Where something was written: line and column count from 1, 0 means the whole file. */
struct pl_option_place {
    const char *file; // borrowed from the caller of pl_option_begin
    uint32_t line, column;
};

/* Every mistake found, ready to print: "file:line:column: key: 'value' is not ...". */
struct pl_option_errors {
    uint32_t count;
    uint32_t dropped; // mistakes beyond PL_OPTION_ERRORS_MAX
    char text[PL_OPTION_ERRORS_MAX][PL_OPTION_ERROR_BYTES];
};

enum pl_option_event_type {
    PL_OPTION_SCALAR,
    PL_OPTION_MAP_START,
    PL_OPTION_MAP_END,
    PL_OPTION_LIST_START,
    PL_OPTION_LIST_END,
    PL_OPTION_REFUSED, // a value the reader has already reported; stands in its place
};

struct pl_option_event {
    enum pl_option_event_type type;
    struct pl_span text; // PL_OPTION_SCALAR: borrowed until the call returns
    uint32_t line, column;
};

/* What the value after a key is for. */
enum pl_option_target {
    PL_OPTION_NO_KEY,  // the key comes next
    PL_OPTION_NOBODY,  // the key was refused or is another program's: skip the value
    PL_OPTION_SECTION, // a map with further keys
    PL_OPTION_FIELD,
};

/* The loader's own state; only the functions below look inside. Large: allocate it. */
struct pl_option_loader {
    const struct pl_option_table *table; // borrowed
    void *out;                           // borrowed
    struct pl_option_errors *errors;     // borrowed
    uint32_t file_number;
    struct pl_option_place here; // of the event being handled
    uint32_t depth;              // open maps and lists on `stack`
    uint32_t skip_depth;         // open maps and lists inside something skipped
    struct pl_option_level {
        bool is_list;
        enum pl_option_target target;   // of a map's key
        const struct pl_option *option; // PL_OPTION_FIELD, and in a list: what is filled
        uint8_t *base;                  // what the option's offset counts from
        size_t path_len, pattern_len;   // of the two texts below outside of the current key
        uint32_t item_count;            // of a list, refused items included
    } stack[PL_OPTION_DEPTH_MAX];
    char path[PL_OPTION_PATH_BYTES];    // as written, '/' between the keys: pools/web/notify
    char pattern[PL_OPTION_PATH_BYTES]; // as in the table: pools.*.notify
    uint8_t *key_base;                  // `base` for the value of the key just read
    uint32_t seen_count;
    struct pl_option_seen {
        uint64_t path_hash;
        uint32_t file_number;
        struct pl_option_place place;
    } seen[PL_OPTION_KEYS_MAX];
};

/* Give `out`, which is zeroed memory, the table's defaults and no section items. `out` is filled
 * while events arrive and is of use only if there are no errors at the end. All pointers are
 * borrowed. */
void pl_option_init(struct pl_option_loader *l, const struct pl_option_table *table, void *out,
                    struct pl_option_errors *errors);
/* The next events come from `file`, whose name must outlive the loader. Forgets a half-read file.
 */
void pl_option_begin(struct pl_option_loader *l, const char *file);
void pl_option_event(struct pl_option_loader *l, const struct pl_option_event *event);

/* Collect a mistake of the current file that concerns no key. */
void pl_option_refuse_at(struct pl_option_loader *l, uint32_t line, uint32_t column,
                         const char *problem);
/* Collect a mistake found after loading, at the place where `path` ("pools/web/notify/oncall") was
 * written last, or where the nearest section around it was. `problem` completes the key's name. */
void pl_option_refuse_key(struct pl_option_loader *l, const char *path, const char *problem);
/* True if a file said something about `path`, accepted or not. */
bool pl_option_was_given(const struct pl_option_loader *l, const char *path);
