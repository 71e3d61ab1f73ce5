/* The annotated samples and the manual pages in conf/ against the option tables: what they say
 * about a key is what the program does. Takes the path of conf/. */
#include "tests/check.h"

#include "agent/config.h"
#include "collector/config.h"
#include "common/base/text.h"
#include "common/sys/file.h"
#include "common/sys/yaml.h"

#include <stdlib.h>

enum { TEXT_BYTES_MAX = 1 << 16 };

static const char *conf; // the folder

struct program {
    const char *name;
    const struct pl_option_table *table;
    size_t config_bytes;
};

static const struct program programs[] = {
    {"collector", &pl_collector_options, sizeof(struct pl_collector_config)},
    {"agent", &pl_agent_options, sizeof(struct pl_agent_config)},
};

/* The file <conf>/<before><program><after>. */
static void read_conf(const char *before, const char *program, const char *after, char *text)
{
    char path[512];
    struct pl_file file;
    (void)snprintf(path, sizeof path, "%s/%s%s%s", conf, before, program, after);
    if (pl_file_read(path, TEXT_BYTES_MAX - 1, &file) < 0) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    memcpy(text, file.bytes, file.len);
    text[file.len] = '\0';
    pl_file_free(&file);
}

/* Fails with the words that are missing. */
static void check_holds(const char *text, const char *words)
{
    CHECK_TEXT(strstr(text, words) ? words : "(nothing like it)", words);
}

/* Keep the words of `text`, one blank between them, without comment and hyphen marks. */
static void squeeze(char *text)
{
    size_t len = 0;
    for (const char *p = text; *p; p++) {
        bool is_blank = *p == ' ' || *p == '\n' || *p == '#';
        if (*p == '\\' && p[1] == '-') continue;
        if (is_blank && len > 0 && text[len - 1] != ' ') text[len++] = ' ';
        if (!is_blank) text[len++] = *p;
    }
    text[len] = '\0';
}

static struct pl_option_errors errors;

/* A program's configuration after reading `yaml`; the caller frees both. */
static void *load(const struct program *p, const char *yaml, struct pl_option_loader **loader)
{
    void *config = calloc(1, p->config_bytes);
    *loader = malloc(sizeof **loader);
    if (!config || !*loader) abort();
    pl_option_init(*loader, p->table, config, &errors);
    pl_option_begin(*loader, "sample");
    pl_yaml_read(pl_span_of(yaml), *loader);
    for (uint32_t i = 0; i < errors.count; i++) CHECK_TEXT(errors.text[i], "");
    return config;
}

static void test_samples_hold_the_defaults(void)
{
    static char yaml[TEXT_BYTES_MAX];
    for (size_t i = 0; i < PL_LEN(programs); i++) {
        const struct program *p = &programs[i];
        struct pl_option_loader *loader, *empty_loader;
        read_conf("", p->name, ".yaml", yaml);
        void *config = load(p, yaml, &loader), *defaults = load(p, "", &empty_loader);
        CHECK(memcmp(config, defaults, p->config_bytes) == 0);
        free(config);
        free(defaults);
        free(loader);
        free(empty_loader);
    }
}

/* True if the key was given, `*` standing for any of the examples. */
static bool was_given(const struct pl_option_loader *loader, const char *key)
{
    static const char *const names[] = {
        "web",  "chat",     "tickets",      "oncall",     "robot",      "slack",   "slack-bot",
        "push", "telegram", "pushover",     "alex-mail",  "alex-phone", "front",   "php",
        "alex", "bosses",   "web-schedule", "web-office", "acme",       "more-web"};
    for (size_t i = 0; i < PL_LEN(names); i++) {
        char path[PL_OPTION_PATH_BYTES];
        struct pl_text t = pl_text_init(path, sizeof path);
        for (const char *c = key; *c; c++) {
            if (*c == '*') {
                pl_text_str(&t, names[i]);
            } else {
                pl_text_char(&t, *c == '.' ? '/' : *c);
            }
        }
        if (pl_option_was_given(loader, path)) return true;
    }
    return false;
}

/* True of a key that says for one item what another says for all; that one is described. */
static bool repeats_another(const struct pl_option_table *table, const struct pl_option *o)
{
    if (o->help) return false;
    const char *star = strstr(o->key, ".*.");
    if (!star) abort();
    size_t i = 0;
    while (i < table->option_count && strcmp(table->options[i].key, star + 3) != 0) i++;
    CHECK(i < table->option_count && table->options[i].type == o->type && o->fallback == NULL);
    return true;
}

/* "#pools:" and "#  web:" become lines that count, "# prose" stays a comment. */
static void uncomment(char *yaml)
{
    for (char *line = yaml; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        bool is_prose = line[0] == '#' && line[1] == ' ' && line[2] != ' ';
        if (line[0] == '#' && !is_prose) memmove(line, line + 1, strlen(line));
    }
}

static void test_samples_show_every_key(void)
{
    static char yaml[TEXT_BYTES_MAX], words[TEXT_BYTES_MAX];
    for (size_t i = 0; i < PL_LEN(programs); i++) {
        const struct program *p = &programs[i];
        struct pl_option_loader *loader;
        read_conf("", p->name, ".yaml", yaml);
        memcpy(words, yaml, sizeof words);
        squeeze(words);
        uncomment(yaml);
        void *config = load(p, yaml, &loader);
        for (size_t k = 0; k < p->table->option_count; k++) {
            const struct pl_option *o = &p->table->options[k];
            if (repeats_another(p->table, o)) continue;
            CHECK_TEXT(was_given(loader, o->key) ? o->key : "(not in the sample)", o->key);
            check_holds(words, o->help);
        }
        for (size_t k = 0; k < p->table->section_count; k++) {
            check_holds(words, p->table->sections[k].help);
        }
        free(config);
        free(loader);
    }
}

static void put_form(struct pl_text *t, const struct pl_option *o)
{
    static const char *const words[] = {
        [PL_OPTION_INTEGER] = "Whole number",
        [PL_OPTION_DURATION] = "Duration",
        [PL_OPTION_SHARE] = "Share",
        [PL_OPTION_SIZE] = "Size",
        [PL_OPTION_TEXT] = "Text",
        [PL_OPTION_PATH] = "Path",
        [PL_OPTION_NAME] = "Name",
        [PL_OPTION_NAMES] = "List of names",
        [PL_OPTION_TEXTS] = "List of texts",
        [PL_OPTION_WORD] = "One of",
        [PL_OPTION_ADDRESS] = "Address",
        [PL_OPTION_ADDRESSES] = "List of addresses",
    };
    pl_text_str(t, words[o->type]);
    const char *separator = " ";
    for (size_t i = 0; o->type == PL_OPTION_WORD && o->words[i]; i++) {
        if (o->words[i][0] == '\0') continue;
        pl_text_str(t, separator);
        pl_text_str(t, o->words[i]);
        separator = ", ";
    }
    if (o->min) {
        pl_text_str(t, ", ");
        pl_text_str(t, o->min);
        pl_text_str(t, " to ");
        pl_text_str(t, o->max);
    }
    if (o->fallback) pl_text_str(t, "; default: ");
    if (o->fallback) pl_text_str(t, o->fallback[0] ? o->fallback : "empty");
    pl_text_char(t, '.');
}

/* A key's entry in the manual: ".TP .B KEY HELP .br FORM; default: DEFAULT." */
static void test_manual_pages_say_what_the_tables_say(void)
{
    static char page[TEXT_BYTES_MAX];
    for (size_t i = 0; i < PL_LEN(programs); i++) {
        read_conf("man/plimsoll-", programs[i].name, ".yaml.5", page);
        squeeze(page);
        for (size_t k = 0; k < programs[i].table->option_count; k++) {
            const struct pl_option *o = &programs[i].table->options[k];
            if (repeats_another(programs[i].table, o)) continue;
            char entry[2048];
            struct pl_text t = pl_text_init(entry, sizeof entry);
            pl_text_str(&t, ".TP .B ");
            pl_text_str(&t, o->key);
            pl_text_char(&t, ' ');
            pl_text_str(&t, o->help);
            pl_text_str(&t, " .br ");
            put_form(&t, o);
            CHECK(!t.overflow);
            check_holds(page, entry);
        }
        for (size_t k = 0; k < programs[i].table->section_count; k++) {
            const struct pl_option_section *section = &programs[i].table->sections[k];
            char entry[1024];
            (void)snprintf(entry, sizeof entry, ".SS %s %s", section->key, section->help);
            check_holds(page, entry);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    conf = argv[1];
    RUN(test_samples_hold_the_defaults);
    RUN(test_samples_show_every_key);
    RUN(test_manual_pages_say_what_the_tables_say);
    return check_finish();
}
