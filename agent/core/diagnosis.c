#include "agent/core/diagnosis.h"

#include "common/base/assert.h"
#include "common/base/base.h"

enum { NAME_WIDTH = 24, INDENT = 8 + NAME_WIDTH + 2, LINE_WIDTH = 100 };

/* In front of a line, in JSON, and as the verdict. */
static const struct {
    const char *mark, *word, *verdict;
} states[PL_FINDING_STATE_COUNT] = {
    [PL_FINDING_OK] = {"  ok    ", "ok", "fine"},
    [PL_FINDING_NOTE] = {"  -     ", "note", "fine"},
    [PL_FINDING_LACK] = {"  LACKS ", "lack", "degraded"},
    [PL_FINDING_REFUSED] = {"  NO    ", "refused", "not_accepted"},
};

struct pl_finding *pl_diagnosis_add(struct pl_diagnosis *d, const char *section,
                                    enum pl_finding_state state)
{
    bool is_full = d->count == PL_FINDINGS_MAX;
    d->left_out += is_full;
    d->count += !is_full;
    struct pl_finding *finding = &d->findings[d->count - 1];
    *finding = (struct pl_finding){.section = section, .state = state};
    return finding;
}

enum pl_finding_state pl_diagnosis_verdict(const struct pl_diagnosis *d)
{
    enum pl_finding_state worst = PL_FINDING_OK;
    for (uint32_t i = 0; i < d->count; i++) worst = PL_MAX(worst, d->findings[i].state);
    return worst;
}

/* ---- for people ---- */

static void put_blanks(struct pl_text *out, size_t count)
{
    while (count-- > 0) pl_text_char(out, ' ');
}

/* Words of `text`, in lines that begin at INDENT; the first one is begun already. */
static void put_words(struct pl_text *out, const char *text)
{
    size_t column = INDENT;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (column > INDENT && column + 1 + len > LINE_WIDTH) {
            pl_text_char(out, '\n');
            put_blanks(out, INDENT);
            column = INDENT;
        } else if (column > INDENT) {
            pl_text_char(out, ' ');
            column++;
        }
        pl_text_span(out, (struct pl_span){(const uint8_t *)text, len});
        column += len;
        text += len;
        while (*text == ' ') text++;
    }
    pl_text_char(out, '\n');
}

static void put_finding(struct pl_text *out, const struct pl_finding *f)
{
    size_t len = strlen(f->name);
    pl_text_str(out, states[f->state].mark);
    pl_text_str(out, f->name);
    put_blanks(out, len < NAME_WIDTH ? NAME_WIDTH - len + 2 : 2);
    put_words(out, f->text);
    if (f->advice[0] == '\0') return;
    put_blanks(out, INDENT - 4);
    pl_text_str(out, "->  ");
    put_words(out, f->advice);
}

void pl_diagnosis_write(const struct pl_diagnosis *d, struct pl_text *out)
{
    const char *section = "";
    for (uint32_t i = 0; i < d->count; i++) {
        const struct pl_finding *f = &d->findings[i];
        if (strcmp(section, f->section) != 0) {
            if (i > 0) pl_text_char(out, '\n');
            section = f->section;
            pl_text_str(out, section);
            pl_text_char(out, '\n');
        }
        put_finding(out, f);
    }
    if (d->left_out == 0) return;
    pl_text_str(out, "\n... and ");
    pl_text_u64(out, d->left_out);
    pl_text_str(out, " more\n");
}

/* ---- for programs ---- */

static void put_member(struct pl_text *out, const char *before, const char *value)
{
    pl_text_str(out, before);
    pl_text_json(out, pl_span_of(value));
}

void pl_diagnosis_write_json(const struct pl_diagnosis *d, const char *const who[2],
                             struct pl_text *out)
{
    put_member(out, "{\"host\":", who[0]);
    put_member(out, ",\"pool\":", who[1]);
    put_member(out, ",\"verdict\":", states[pl_diagnosis_verdict(d)].verdict);
    pl_text_str(out, ",\"findings\":[");
    for (uint32_t i = 0; i < d->count; i++) {
        const struct pl_finding *f = &d->findings[i];
        put_member(out, i == 0 ? "\n {\"section\":" : ",\n {\"section\":", f->section);
        put_member(out, ",\"name\":", f->name);
        put_member(out, ",\"state\":", states[f->state].word);
        put_member(out, ",\"text\":", f->text);
        put_member(out, ",\"do\":", f->advice);
        pl_text_char(out, '}');
    }
    pl_text_str(out, "]}\n");
}
