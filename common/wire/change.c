#include "common/wire/change.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/wire/frame.h"
#include "common/wire/sample.h"

static const struct {
    uint8_t id;
    bool named;
    const char *name;
} infos[] = {
#define X(id, symbol, name, named, meaning) {id, named, name},
#include "common/wire/change.def"
#undef X
};

const char *pl_change_kind_name(enum pl_change_kind kind)
{
    PL_ASSERT(kind < PL_CHANGE_KIND_COUNT);
    return infos[kind].name;
}

bool pl_change_kind_named(enum pl_change_kind kind)
{
    PL_ASSERT(kind < PL_CHANGE_KIND_COUNT);
    return infos[kind].named;
}

static enum pl_change_kind kind_by_id(uint8_t id)
{
    switch (id) { // a number used twice in change.def does not compile
#define X(number, symbol, name, named, meaning)                                                    \
    case number:                                                                                   \
        return PL_CHANGE_##symbol;
#include "common/wire/change.def"
#undef X
    }
    return PL_CHANGE_KIND_COUNT;
}

int pl_change_parse(struct pl_span body, struct pl_change *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_change change = {.kind = kind_by_id(pl_get_u8(&r))};
    if (r.err != 0) return r.err;
    if (change.kind == PL_CHANGE_KIND_COUNT) return 0;
    uint64_t unix_ms = pl_get_varint(&r), count = pl_get_varint(&r);
    pl_get_text(&r, change.subject, PL_CHANGE_SUBJECT_MAX);
    pl_get_text(&r, change.before, PL_CHANGE_VALUE_MAX);
    pl_get_text(&r, change.after, PL_CHANGE_VALUE_MAX);
    int err = pl_reader_finish(&r);
    if (err != 0) return err;
    if (unix_ms > (uint64_t)PL_UNIX_MS_MAX || count > PL_CHANGE_THINGS_MAX) return PL_E_RANGE;
    if (change.subject[0] == '\0' && infos[change.kind].named) return PL_E_SYNTAX;
    change.unix_ms = (int64_t)unix_ms;
    change.count = (uint32_t)count;
    *out = change;
    return 1;
}

void pl_change_write(const struct pl_change *change, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_CHANGE);
    pl_put_u8(out, infos[change->kind].id);
    pl_put_varint(out, (uint64_t)change->unix_ms);
    pl_put_varint(out, change->count);
    pl_put_str8(out, pl_span_of(change->subject));
    pl_put_str8(out, pl_span_of(change->before));
    pl_put_str8(out, pl_span_of(change->after));
    pl_frame_end(out, at);
}

bool pl_change_is_same(const struct pl_change *a, const struct pl_change *b)
{
    return a->kind == b->kind && a->unix_ms == b->unix_ms && strcmp(a->subject, b->subject) == 0;
}
