/* The option table fed by YAML: what is stored, what is refused, and in which words. */
#include "tests/check.h"

#include "common/base/option.h"
#include "common/base/text.h"
#include "common/sys/yaml.h"

#include <stdlib.h>

enum colour { RED, GREEN };

struct thing {
    struct pl_name name;
    struct pl_option_names friends;
    int64_t size_bytes;
};

struct sample {
    int64_t count, wait_ms, share_ppm, size_bytes;
    char text[8];
    struct pl_name name;
    enum colour colour;
    struct pl_address address;
    struct pl_option_addresses addresses;
    uint32_t thing_count;
    struct thing things[2];
};

static const char *const colours[] = {"red", "green", NULL};

static const char *check_not_evil(const void *value)
{
    return strcmp(value, "evil") == 0 ? "is evil" : NULL;
}

#define ROOT(member)  PL_OPTION_STORE(struct sample, member)
#define THING(member) PL_OPTION_STORE(struct thing, member)
static const struct pl_option options[] = {
    {"a.count", PL_OPTION_INTEGER, ROOT(count), .fallback = "3", .min = "-1", .max = "10"},
    {"a.wait", PL_OPTION_DURATION, ROOT(wait_ms), .fallback = "10s", .min = "100ms", .max = "1m"},
    {"a.share", PL_OPTION_SHARE, ROOT(share_ppm), .fallback = "75%", .max = "1"},
    {"a.deep.size", PL_OPTION_SIZE, ROOT(size_bytes), .fallback = "1KiB"},
    {"b.text", PL_OPTION_TEXT, ROOT(text), .fallback = "word", .check = check_not_evil},
    {"b.name", PL_OPTION_NAME, ROOT(name), .fallback = "nobody"},
    {"b.colour", PL_OPTION_WORD, ROOT(colour), .fallback = "green", .words = colours},
    {"b.address", PL_OPTION_ADDRESS, ROOT(address), .fallback = "127.0.0.1:1"},
    {"b.addresses", PL_OPTION_ADDRESSES, ROOT(addresses), .fallback = "127.0.0.1:2"},
    {"things.*.friends", PL_OPTION_NAMES, THING(friends)},
    {"things.*.size", PL_OPTION_SIZE, THING(size_bytes), .fallback = "7B"},
};
static const struct pl_option_section sections[] = {
    {"things", offsetof(struct sample, thing_count), offsetof(struct sample, things),
     sizeof(struct thing), 2, ""},
};
static const char *const foreign[] = {"elsewhere", NULL};
static const struct pl_option_table table = {options, PL_LEN(options), sections, PL_LEN(sections),
                                             foreign};

static struct pl_option_loader loader;
static struct pl_option_errors errors;
static struct sample out;

static void start(void)
{
    memset(&out, 0, sizeof out);
    pl_option_init(&loader, &table, &out, &errors);
}

static void read_file(const char *file, const char *yaml)
{
    pl_option_begin(&loader, file);
    pl_yaml_read(pl_span_of(yaml), &loader);
}

/* All messages about one file "f", a newline after each. */
static const char *messages_of(const char *yaml)
{
    static char all[PL_OPTION_ERRORS_MAX * PL_OPTION_ERROR_BYTES];
    struct pl_text t = pl_text_init(all, sizeof all);
    start();
    read_file("f", yaml);
    for (uint32_t i = 0; i < errors.count; i++) {
        pl_text_str(&t, errors.text[i]);
        pl_text_char(&t, '\n');
    }
    return all;
}

static void test_defaults(void)
{
    CHECK_TEXT(messages_of(""), "");
    CHECK_INT(out.count, 3);
    CHECK_INT(out.wait_ms, 10000);
    CHECK_INT(out.share_ppm, 750000);
    CHECK_INT(out.size_bytes, 1024);
    CHECK_TEXT(out.text, "word");
    CHECK_TEXT(out.name.text, "nobody");
    CHECK_INT(out.colour, GREEN);
    CHECK_INT(out.address.port, 1);
    CHECK_INT(out.addresses.count, 1);
    CHECK_INT(out.thing_count, 0);
}

static const char every_key[] = "# a comment\n"
                                "a: {count: -1, wait: 250ms, share: 0.5, deep: {size: 64 MiB}}\n"
                                "b:\n"
                                "  text: \"no\"\n"
                                "  name: no\n"
                                "  colour: red\n"
                                "  address: '[::1]:80'\n"
                                "  addresses: [127.0.0.1:3, fe2:4]\n"
                                "things:\n"
                                "  one:\n"
                                "    friends:\n"
                                "    - x\n"
                                "    - yes\n"
                                "  two.b:\n"
                                "elsewhere: {any: [thing, {at: all}]}\n";

static void test_every_type_is_stored(void)
{
    CHECK_TEXT(messages_of(every_key), "");
    CHECK_INT(out.count, -1);
    CHECK_INT(out.wait_ms, 250);
    CHECK_INT(out.share_ppm, 500000);
    CHECK_INT(out.size_bytes, 64 << 20);
    CHECK_TEXT(out.text, "no");
    CHECK_TEXT(out.name.text, "no"); // not a boolean, whatever YAML 1.1 says about Norway
    CHECK_INT(out.colour, RED);
    CHECK_TEXT(out.address.host, "::1");
    CHECK_INT(out.addresses.count, 2);
    CHECK_TEXT(out.addresses.item[1].host, "fe2");
    REQUIRE(out.thing_count == 2);
    CHECK_TEXT(out.things[0].name.text, "one");
    CHECK_INT(out.things[0].friends.count, 2);
    CHECK_TEXT(out.things[0].friends.item[1].text, "yes");
    CHECK_INT(out.things[0].size_bytes, 7);
    CHECK_TEXT(out.things[1].name.text, "two.b");
}

static void test_a_later_file_is_merged_key_by_key(void)
{
    start();
    read_file("f", every_key);
    read_file("g", "a: {count: 9}\nb: {addresses: [127.0.0.1:9]}\n"
                   "things: {one: {size: 1KiB}}\n");
    CHECK_INT(errors.count, 0);
    CHECK_INT(out.count, 9);
    CHECK_INT(out.wait_ms, 250);
    CHECK_INT(out.addresses.count, 1); // a list is replaced as a whole
    CHECK_INT(out.addresses.item[0].port, 9);
    REQUIRE(out.thing_count == 2);
    CHECK_INT(out.things[0].size_bytes, 1024);
    CHECK_INT(out.things[0].friends.count, 2);
}

static const struct {
    const char *yaml, *want;
} golden[] = {
    {"a:\n  coutn: 1\n", "f:2:3: a: there is no key 'coutn' here; did you mean 'count'?\n"},
    {"thigns: {}\n", "f:1:1: there is no key 'thigns'; did you mean 'things'?\n"},
    {"elsewhree: 1\n", "f:1:1: there is no key 'elsewhree'; did you mean 'elsewhere'?\n"},
    {"a: {elsewhere: 1}\n", "f:1:5: a: there is no key 'elsewhere' here\n"},
    {"colour: red\n", "f:1:1: there is no key 'colour'; did you mean 'b.colour'?\n"},
    {"a.count: 1\n", "f:1:1: there is no key 'a.count'\n"},
    {"things: {one: {fiends: [x]}}\n",
     "f:1:16: things.one: there is no key 'fiends' here; did you mean 'friends'?\n"},
    {"a: {count: 11}\n", "f:1:12: a.count: '11' is more than 10\n"},
    {"a: {count: -2}\n", "f:1:12: a.count: '-2' is less than -1\n"},
    {"a: {count: many}\n", "f:1:12: a.count: 'many' is not a whole number\n"},
    {"a: {count: 99999999999999999999}\n",
     "f:1:12: a.count: '99999999999999999999' is more than 10\n"},
    {"a:\n  wait: 10\n",
     "f:2:9: a.wait: '10' is not a duration such as 250ms, 10s, 5m, 2h or 7d\n"},
    {"a:\n  wait: 99ms\n", "f:2:9: a.wait: '99ms' is less than 100ms\n"},
    {"a: {share: 101%}\n", "f:1:12: a.share: '101%' is more than 1\n"},
    {"a: {share: 90}\n", "f:1:12: a.share: '90' is more than 1; did you mean '90%'?\n"},
    {"a: {share: 900}\n", "f:1:12: a.share: '900' is more than 1\n"},
    {"a: {deep: {size: 1MB}}\n", "f:1:18: a.deep.size: '1MB' is not a size such as 64MiB\n"},
    {"a: {deep: {size: 99999999999GiB}}\n",
     "f:1:18: a.deep.size: '99999999999GiB' is more than this program can count\n"},
    {"b: {text: 12345678}\n", "f:1:11: b.text: '12345678' is longer than 7 bytes\n"},
    {"b: {text: \"a\\0b\"}\n", "f:1:11: b.text: 'a?b' is not text without control characters\n"},
    {"b: {text: evil}\n", "f:1:11: b.text: 'evil' is evil\n"},
    {"b: {name: a/b}\n", "f:1:11: b.name: 'a/b' is not a name: up to 63 letters, digits, '.', '_' "
                         "and '-', a letter or digit first\n"},
    {"b: {colour: gren}\n",
     "f:1:13: b.colour: 'gren' is not one of: red, green; did you mean 'green'?\n"},
    {"b: {address: fe1}\n",
     "f:1:14: b.address: 'fe1' is not an address such as 127.0.0.1:7410 or [::1]:7410\n"},
    {"b: {address: fe1:65536}\n", "f:1:14: b.address: 'fe1:65536' has a port over 65535\n"},
    {"b: {address: redis://user:secret@fe1:1}\n",
     "f:1:14: b.address: 'redis://...' is not an address such as 127.0.0.1:7410 or [::1]:7410\n"},
    {"b: {addresses: fe1:1}\n", "f:1:16: b.addresses: is a list: write [a] or [a, b]\n"},
    {"b: {addresses: []}\n", "f:1:17: b.addresses: the list is empty\n"},
    {"b: {addresses: [[fe1:1]]}\n",
     "f:1:17: b.addresses: an item of this list is a single value\n"},
    {"things: {one: {friends: [x, y, x]}}\n",
     "f:1:32: things.one.friends.x: repeated; first written in line 1\n"},
    {"things: {a: , b: , c: }\n", "f:1:20: things.c: one more than this section may have\n"},
    {"things: {a b: }\n", "f:1:10: things: 'a b' is not a name: up to 63 letters, digits, '.', '_' "
                          "and '-', a letter or digit first\n"},
    {"a:\n  count: 1\n  count: 2\n", "f:3:3: a.count: repeated; first written in line 2\n"},
    {"a: {count: 1}\na: {count: 2}\n", "f:2:1: a: repeated; first written in line 1\n"},
    {"things: {a: {}, a: {}}\n", "f:1:17: things.a: repeated; first written in line 1\n"},
    {"a: 1\n", "f:1:4: a: is a section: its keys stand below it, indented\n"},
    {"a: [1]\n", "f:1:4: a: is a section: its keys stand below it, indented\n"},
    {"a: {count: [1]}\n", "f:1:12: a.count: takes one value, not a list or a section\n"},
    {"a: {count: {x: 1}}\n", "f:1:12: a.count: takes one value, not a list or a section\n"},
    {"? [x, y]\n: z\na: {count: 11}\n",
     "f:1:3: a key is a single word\nf:3:12: a.count: '11' is more than 10\n"},
    {"- a\n", "f:1:1: a configuration consists of sections with keys\n"},
    {"just words\n", "f:1:1: a configuration consists of sections with keys\n"},
    {"a: &x {count: 1}\nb: {text: *x}\n", "f:1:4: anchors (&name) are refused: write it out\n"
                                          "f:2:11: aliases (*name) are refused: write it out\n"},
    {"a: {count: !!int 1}\n", "f:1:12: tags (!name) are refused: leave it out\n"},
    {"*x : 1\n", "f:1:1: aliases (*name) are refused: write it out\n"},
    {"a: {count: 1}\n---\nb: {}\n", "f:2:1: a second document (---): a file holds one\n"},
    {"a:\n\tcount: 1\n",
     "f:2:1: not valid YAML: found character that cannot start any token while scanning for the "
     "next token begun in line 2\n"},
    {"a: {count: 1\n", "f:2:1: not valid YAML: did not find expected ',' or '}' while parsing a "
                       "flow mapping begun in line 1\n"},
    {"a: 1\nb: \xff\n", "f:2:4: not valid YAML: invalid leading UTF-8 octet\n"},
    {"b: {text: evil}\na: {cuont: 1}\n",
     "f:1:11: b.text: 'evil' is evil\n"
     "f:2:5: a: there is no key 'cuont' here; did you mean 'count'?\n"},
};

static void test_every_mistake_in_its_words(void)
{
    for (size_t i = 0; i < PL_LEN(golden); i++) {
        CHECK_TEXT(messages_of(golden[i].yaml), golden[i].want);
    }
}

static void test_long_values_are_cut_in_messages(void)
{
    char yaml[2000];
    struct pl_text t = pl_text_init(yaml, sizeof yaml);
    pl_text_str(&t, "b: {name: ");
    for (int i = 0; i < 1000; i++) pl_text_char(&t, 'x');
    pl_text_str(&t, "}\n");
    const char *got = messages_of(yaml);
    CHECK(strstr(got, "xxx...' is not a name") != NULL);
    CHECK(strlen(got) < PL_OPTION_ERROR_BYTES);
}

static void test_too_many_mistakes_are_counted(void)
{
    char yaml[4000];
    struct pl_text t = pl_text_init(yaml, sizeof yaml);
    for (int i = 0; i < PL_OPTION_ERRORS_MAX + 5; i++) pl_text_str(&t, "nonsense: 1\n");
    (void)messages_of(yaml);
    CHECK_INT(errors.count, PL_OPTION_ERRORS_MAX);
    CHECK_INT(errors.dropped, 5);
}

static void test_limits(void)
{
    char *yaml = malloc(PL_YAML_BYTES_MAX + 2);
    REQUIRE(yaml != NULL);
    memset(yaml, ' ', PL_YAML_BYTES_MAX + 1);
    yaml[PL_YAML_BYTES_MAX + 1] = '\0';
    CHECK_TEXT(messages_of(yaml), "f: is larger than a configuration file may be (1 MiB)\n");
    CHECK_TEXT(messages_of(yaml + 1), "");

    struct pl_text t = pl_text_init(yaml, PL_YAML_BYTES_MAX);
    pl_text_str(&t, "elsewhere: ");
    for (int i = 0; i < PL_YAML_DEPTH_MAX; i++) pl_text_char(&t, '[');
    CHECK_TEXT(messages_of(yaml), "f:1:43: nested too deeply\n");

    t = pl_text_init(yaml, PL_YAML_BYTES_MAX);
    pl_text_str(&t, "elsewhere: [");
    for (int i = 0; i < PL_YAML_EVENTS_MAX; i++) pl_text_str(&t, "1,");
    CHECK(strstr(messages_of(yaml), "more keys and values than a file may hold") != NULL);
    free(yaml);
}

static void test_every_truncation_ends_quietly(void)
{
    char cut[sizeof every_key];
    for (size_t len = 0; len < sizeof every_key; len++) {
        memcpy(cut, every_key, len);
        cut[len] = '\0';
        (void)messages_of(cut);
        for (uint32_t i = 0; i < errors.count; i++) CHECK(strncmp(errors.text[i], "f:", 2) == 0);
        CHECK(errors.dropped == 0);
    }
}

static void test_late_mistakes_point_at_the_place(void)
{
    start();
    read_file("f", "things:\n  one:\n    friends: [x,\n      y]\n");
    read_file("g", "a: {}\n");
    pl_option_refuse_key(&loader, "things/one/friends/y", "is nobody");
    pl_option_refuse_key(&loader, "things/one/size", "is missing");
    pl_option_refuse_key(&loader, "b/text", "is dull");
    REQUIRE(errors.count == 3);
    CHECK_TEXT(errors.text[0], "f:4:7: things.one.friends.y: is nobody");
    CHECK_TEXT(errors.text[1], "f:2:3: things.one.size: is missing");
    CHECK_TEXT(errors.text[2], "g: b.text: is dull");
}

int main(void)
{
    RUN(test_defaults);
    RUN(test_every_type_is_stored);
    RUN(test_a_later_file_is_merged_key_by_key);
    RUN(test_every_mistake_in_its_words);
    RUN(test_long_values_are_cut_in_messages);
    RUN(test_too_many_mistakes_are_counted);
    RUN(test_limits);
    RUN(test_every_truncation_ends_quietly);
    RUN(test_late_mistakes_point_at_the_place);
    return check_finish();
}
