#include "agent/core/enrolment.h"

#include "common/base/err.h"
#include "common/base/hex.h"

static const char magic[] = "plimsoll-enrolment 1";

static void put_line(struct pl_text *out, const char *key, struct pl_span value)
{
    pl_text_str(out, key);
    pl_text_char(out, ' ');
    pl_text_span(out, value);
    pl_text_char(out, '\n');
}

void pl_enrolment_write(const struct pl_enrolment *enrolment, struct pl_text *out)
{
    char address[PL_ADDRESS_TEXT_BYTES];
    pl_text_str(out, magic);
    pl_text_char(out, '\n');
    put_line(out, "host", pl_name_span(&enrolment->host));
    put_line(out, "pool", pl_name_span(&enrolment->pool));
    pl_text_str(out, "fingerprint ");
    for (size_t i = 0; i < PL_FINGERPRINT_BYTES; i++)
        pl_text_hex(out, enrolment->fingerprint.bytes[i], 2);
    pl_text_char(out, '\n');
    for (size_t i = 0; i < enrolment->collector_count; i++) {
        pl_address_write(&enrolment->collectors[i], address);
        put_line(out, "collector", pl_span_of(address));
    }
}

/* The next line without its newline. False at the end, or if the newline is missing. */
static bool next_line(struct pl_span *text, struct pl_span *line)
{
    const uint8_t *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    if (!end) return false;
    *line = (struct pl_span){text->ptr, (size_t)(end - text->ptr)};
    *text = (struct pl_span){end + 1, text->len - line->len - 1};
    return true;
}

/* The next line must be "<key> <value>". */
static bool next_value(struct pl_span *text, const char *key, struct pl_span *value)
{
    struct pl_span line;
    size_t len = strlen(key);
    if (!next_line(text, &line) || line.len <= len || memcmp(line.ptr, key, len) != 0 ||
        line.ptr[len] != ' ')
        return false;
    *value = (struct pl_span){line.ptr + len + 1, line.len - len - 1};
    return true;
}

int pl_enrolment_parse(struct pl_span text, struct pl_enrolment *out)
{
    struct pl_enrolment e = {0};
    struct pl_span value;
    if (!next_line(&text, &value) || !pl_span_is(value, magic)) return PL_E_MAGIC;
    if (!next_value(&text, "host", &value) || pl_name_parse(value, &e.host) < 0) return PL_E_SYNTAX;
    if (!next_value(&text, "pool", &value) || pl_name_parse(value, &e.pool) < 0) return PL_E_SYNTAX;
    if (!next_value(&text, "fingerprint", &value) ||
        !pl_hex_read(value, e.fingerprint.bytes, PL_FINGERPRINT_BYTES))
        return PL_E_SYNTAX;
    while (text.len > 0) {
        if (e.collector_count == PL_TOKEN_ADDRESSES_MAX ||
            !next_value(&text, "collector", &value) ||
            pl_address_parse(value, &e.collectors[e.collector_count]) < 0)
            return PL_E_SYNTAX;
        e.collector_count++;
    }
    if (e.collector_count == 0) return PL_E_SYNTAX;
    *out = e;
    return 0;
}
