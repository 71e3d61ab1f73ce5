#include "collector/codec/ics_line.h"

#include "collector/core/oncall/zone.h"

enum { LINE_OCTETS_MAX = 75 }; // without the line end

/* A line that is being folded. */
struct fold {
    struct pl_text *out;
    size_t at; // octets in it so far
};

/* One character, which is `len` octets. */
static void put_character(struct fold *f, const char *c, size_t len)
{
    if (f->at + len > LINE_OCTETS_MAX) {
        pl_text_str(f->out, "\r\n ");
        f->at = 1;
    }
    pl_text_span(f->out, (struct pl_span){(const uint8_t *)c, len});
    f->at += len;
}

/* What is not UTF-8 goes octet by octet. */
static size_t character_len(const char *c)
{
    size_t len = pl_utf8_len((const uint8_t *)c, strlen(c));
    return len > 0 ? len : 1;
}

static void put_plain(struct fold *f, const char *text)
{
    for (size_t len; *text != '\0'; text += len) {
        len = character_len(text);
        put_character(f, text, len);
    }
}

void pl_ics_line(struct pl_text *out, const char *name, const char *value, const char *more)
{
    struct fold f = {.out = out};
    put_plain(&f, name);
    put_plain(&f, value);
    put_plain(&f, more);
    pl_text_str(out, "\r\n");
}

void pl_ics_text(struct pl_text *out, const char *name, const char *text)
{
    struct fold f = {.out = out};
    put_plain(&f, name);
    for (size_t len; *text != '\0'; text += len) {
        len = character_len(text);
        if (*text == '\n') {
            put_character(&f, "\\n", 2);
        } else if (*text == '\\' || *text == ';' || *text == ',') {
            char escaped[2] = {'\\', *text};
            put_character(&f, escaped, sizeof escaped);
        } else if ((uint8_t)*text >= 0x20 && *text != 0x7f) {
            put_character(&f, text, len);
        }
    }
    pl_text_str(out, "\r\n");
}

void pl_ics_time(struct pl_text *out, const char *name, int64_t unix_s)
{
    char text[24];
    struct pl_text t = pl_text_init(text, sizeof text);
    struct pl_civil date = pl_civil_of(unix_s);
    int64_t second = unix_s - pl_civil_floor(unix_s, 86400);
    pl_text_digits(&t, (uint64_t)date.year, 4);
    pl_text_digits(&t, (uint64_t)date.month, 2);
    pl_text_digits(&t, (uint64_t)date.day, 2);
    pl_text_char(&t, 'T');
    pl_text_digits(&t, (uint64_t)(second / 3600), 2);
    pl_text_digits(&t, (uint64_t)(second / 60 % 60), 2);
    pl_text_digits(&t, (uint64_t)(second % 60), 2);
    pl_text_char(&t, 'Z');
    pl_ics_line(out, name, text, "");
}
