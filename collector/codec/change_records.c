#include "collector/codec/change_records.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"

#include <assert.h>

/* Every byte of its texts is one or, escaped, two bytes of JSON. */
static_assert(PL_CHANGE_RECORD_BYTES >= 2 * (PL_CHANGE_SUBJECT_MAX + 2 * PL_CHANGE_VALUE_MAX) + 160,
              "every change fits");

void pl_record_change_write(struct pl_text *t, const struct pl_change *change)
{
    pl_text_str(t, "{\"kind\":");
    pl_text_json(t, pl_span_of(pl_change_kind_name(change->kind)));
    pl_json_put_number(t, ",\"time\":", change->unix_ms, 1);
    pl_json_put_number(t, ",\"count\":", change->count, 1);
    pl_text_str(t, ",\"subject\":");
    pl_text_json(t, pl_span_of(change->subject));
    pl_text_str(t, ",\"before\":");
    pl_text_json(t, pl_span_of(change->before));
    pl_text_str(t, ",\"after\":");
    pl_text_json(t, pl_span_of(change->after));
    pl_text_char(t, '}');
}

static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~') text++;
    return *text == '\0';
}

int pl_record_change_read(struct pl_span in, struct pl_change *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_change change = {0};
    const char *words[PL_CHANGE_KIND_COUNT];
    for (enum pl_change_kind i = 0; i < PL_CHANGE_KIND_COUNT; i++)
        words[i] = pl_change_kind_name(i);
    change.kind = (enum pl_change_kind)pl_json_word(&r, "kind", words, PL_LEN(words));
    change.unix_ms = pl_json_i64(&r, "time", 0, INT64_C(253402300799999));
    change.count = (uint32_t)pl_json_i64(&r, "count", 0, PL_CHANGE_THINGS_MAX);
    pl_json_text(&r, "subject", change.subject, sizeof change.subject);
    pl_json_text(&r, "before", change.before, sizeof change.before);
    pl_json_text(&r, "after", change.after, sizeof change.after);
    cJSON_Delete(root);
    if (r.err != 0) return r.err;
    bool is_named = change.subject[0] != '\0' || !pl_change_kind_named(change.kind);
    if (!is_named || !is_printable(change.subject) || !is_printable(change.before) ||
        !is_printable(change.after))
        return PL_E_SYNTAX;
    *out = change;
    return 0;
}
