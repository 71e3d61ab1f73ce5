/* Whatever a provider answers, every provider's reader comes to an end, the line for the log fits,
 * holds no control character, and its text can be written as JSON that no reader refuses. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/notify.h"

enum { ANSWER_LEN_MAX = 16384 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char reason[PL_NOTIFY_REASON_BYTES], json[6 * ANSWER_LEN_MAX + 16];
    struct pl_span body = {data, PL_MIN(len, ANSWER_LEN_MAX)};
    struct pl_text line = pl_text_init(reason, sizeof reason);
    pl_notify_reason_write(&(struct pl_notify_answer){.http_status = 400, .body = body}, &line);
    PL_ASSERT(!line.overflow);
    for (size_t i = 0; i < line.len; i++) PL_ASSERT((uint8_t)reason[i] >= 0x20);

    static const int statuses[] = {200, 400, 404, 429};
    for (int type = PL_NOTIFY_NONE + 1; type < PL_NOTIFY_TYPE_COUNT; type++) {
        struct pl_notify_reading reading;
        const struct pl_notify_target target = {.type = (enum pl_notify_type)type};
        const struct pl_notify_answer answer = {
            .http_status = statuses[len % PL_LEN(statuses)], .retry_after_ms = -1, .body = body};
        pl_notify_read(&target, &answer, &reading);
        struct pl_notify_heard heard;
        if (pl_notify_provider(target.type)->hear)
            (void)!pl_notify_hear(&target, 0, &answer, &heard); // refused, or heard
        PL_ASSERT(!reading.reference.overflow && reading.result.wait_ms >= -1);
    }

    struct pl_text whole = pl_text_init(json, sizeof json);
    pl_text_clip_json(&whole, body, 1 + len % PL_CLIP_POINTS_MAX);
    PL_ASSERT(!whole.overflow && whole.len >= 2);
    PL_ASSERT(json[0] == '"' && json[whole.len - 1] == '"');
    size_t points = 0;
    for (size_t i = 1; i + 1 < whole.len; i++) points += ((uint8_t)json[i] & 0xc0) != 0x80;
    PL_ASSERT(points <= 6 * (1 + len % PL_CLIP_POINTS_MAX)); // an escape has up to 6 characters
    return 0;
}
