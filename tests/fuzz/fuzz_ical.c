/* A calendar: refused, with a reason, or its events are of the time that was asked for. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/ical_in.h"

enum { LEN_MAX = 8192 };

static const struct pl_zone zone = {.name = "UTC"};
static const int64_t from_unix_s = 1767225600, until_unix_s = 1798761600;

static const struct pl_zone *find_zone(void *arg, const char *name)
{
    (void)arg;
    return name[0] == 'U' ? &zone : NULL;
}

static const char *on_event(void *arg, const struct pl_ical_event *e)
{
    (void)arg;
    PL_ASSERT(e->from_unix_s < e->until_unix_s && e->from_unix_s < until_unix_s);
    PL_ASSERT(e->until_unix_s > from_unix_s);
    return e->summary[0] == '!' ? "is not wanted" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t text[LEN_MAX + 1];
    char error[PL_ICAL_ERROR_BYTES] = "";
    const struct pl_ical_reader reader = {.zone = &zone,
                                          .from_unix_s = from_unix_s,
                                          .until_unix_s = until_unix_s,
                                          .find_zone = find_zone,
                                          .on_event = on_event};
    if (len > LEN_MAX) return 0;
    if (len > 0) memcpy(text, data, len);
    text[len] = '\0';
    int err = pl_ical_read((struct pl_span){text, len}, &reader, error);
    PL_ASSERT(err == 0 || error[0] != '\0');
    return 0;
}
