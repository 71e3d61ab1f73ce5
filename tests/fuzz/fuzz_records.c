/* A record from Redis: refused, or what it says can be written and read again. */
#include "collector/codec/account_records.h"
#include "collector/codec/action_text.h"
#include "collector/codec/change_records.h"
#include "collector/codec/launch_record.h"
#include "collector/codec/oncall_record.h"
#include "collector/codec/records.h"
#include "collector/codec/said_in.h"
#include "collector/codec/said_records.h"
#include "tests/fuzz/fuzz.h"

static const struct pl_name names[] = {{6, "oncall"}, {2, "pd"}};
static const struct pl_record_targets targets = {names, PL_LEN(names)};
static const struct pl_now now = {.mono_ms = 5000000, .unix_ms = 1746108193250};

static void fuzz_launch(struct pl_span in)
{
    struct pl_launch_entry entry;
    char buf[PL_LAUNCH_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    if (pl_record_launch_read(in, &entry) != 0) return;
    pl_record_launch_write(&t, &entry);
    if (!t.overflow) PL_ASSERT(pl_record_launch_read(pl_text_bytes(&t), &entry) == 0);
}

/* An action as Redis keeps it, or what somebody asks of one. */
static void fuzz_action(struct pl_span in)
{
    struct pl_action action;
    struct pl_action_request request;
    const char *member;
    char buf[PL_ACTION_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    if (pl_record_action_read(in, &action) == 0) {
        pl_record_action_write(&t, &action);
        if (!t.overflow) PL_ASSERT(pl_record_action_read(pl_text_bytes(&t), &action) == 0);
    }
    if (!pl_action_request_read(in, &request, &member))
        PL_ASSERT(request.deed < PL_ACTION_DEED_COUNT && request.hook.len > 0);
}

/* An override as Redis keeps it, or as somebody sends it. */
static void fuzz_override(struct pl_span in)
{
    static struct pl_oncall oncall = {.zone_count = 1, .person_count = 1, .schedule_count = 1};
    struct pl_override_record record;
    struct pl_override sent = {.number = 1};
    const char *culprit;
    char buf[PL_OVERRIDE_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_oncall_bind(&oncall);
    if (pl_record_override_read(in, &record) == 0) {
        oncall.schedules[0].name = record.schedule;
        oncall.people[0].name = record.person;
        record.override.schedule = record.override.person = 0;
        pl_record_override_write(&t, &oncall, &record.override);
        if (!t.overflow) PL_ASSERT(pl_record_override_read(pl_text_bytes(&t), &record) == 0);
    }
    oncall.people[0].name = names[0];
    if (!pl_override_in(in, &oncall, 0, &sent, &culprit))
        PL_ASSERT(sent.from_unix_s < sent.until_unix_s);
}

/* Of accounts: what was read can be written and read again. */
static void check_accounts(struct pl_span in)
{
    struct pl_user user;
    struct pl_session session;
    struct pl_api_token token;
    struct pl_audit_entry entry;
    char buf[PL_ACCOUNT_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    if (pl_record_user_read(in, &user) == 0) {
        pl_record_user_write(&t, &user);
        PL_ASSERT(!t.overflow && pl_record_user_read(pl_text_bytes(&t), &user) == 0);
    } else if (pl_record_session_read(in, &session) == 0) {
        pl_record_session_write(&t, &session);
        PL_ASSERT(!t.overflow && pl_record_session_read(pl_text_bytes(&t), &session) == 0);
    } else if (pl_record_api_token_read(in, &token) == 0) {
        pl_record_api_token_write(&t, &token);
        PL_ASSERT(!t.overflow && pl_record_api_token_read(pl_text_bytes(&t), &token) == 0);
    } else if (pl_record_audit_read(in, &entry) == 0) {
        pl_record_audit_write(&t, &entry);
        PL_ASSERT(!t.overflow && pl_record_audit_read(pl_text_bytes(&t), &entry) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_span in = {data, size};
    struct pl_hello hello;
    struct pl_alert alert;
    struct pl_page page;
    struct pl_change change;
    struct pl_handling_record handling;
    struct pl_silence silence;
    struct pl_delivery delivery;
    struct pl_said said;
    char buf[PL_RECORD_BYTES], error[PL_SAID_ERROR_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    check_accounts(in);
    if (pl_record_page_read(in, &targets, now, &page) == 0) {
        pl_record_page_write(&t, &page, &targets, now);
        PL_ASSERT(!t.overflow);
        PL_ASSERT(pl_record_page_read(pl_text_bytes(&t), &targets, now, &page) == 0);
    } else if (pl_record_alert_read(in, &targets, now, &alert) == 0) {
        pl_record_alert_write(&t, &alert, &targets, now);
        PL_ASSERT(!t.overflow);
        PL_ASSERT(pl_record_alert_read(pl_text_bytes(&t), &targets, now, &alert) == 0);
    } else if (pl_record_host_read(in, &hello) == 0) {
        PL_ASSERT(hello.host.len > 0 && hello.pool.len > 0 && hello.interval_ms >= 10);
    } else if (pl_record_change_read(in, &change) == 0) {
        pl_record_change_write(&t, &change);
        PL_ASSERT(!t.overflow && t.len < PL_CHANGE_RECORD_BYTES);
        PL_ASSERT(pl_record_change_read(pl_text_bytes(&t), &change) == 0);
    } else if (pl_record_handling_read(in, &handling) == 0) {
        struct pl_alert of = {.rule = handling.rule, .pool = handling.pool};
        pl_record_handling_write(&t, &of, &handling.handling);
        PL_ASSERT(!t.overflow && t.len < PL_SAID_RECORD_BYTES);
        PL_ASSERT(pl_record_handling_read(pl_text_bytes(&t), &handling) == 0);
    } else if (pl_record_silence_read(in, &silence) == 0) {
        pl_record_silence_write(&t, &silence);
        PL_ASSERT(!t.overflow && t.len < PL_SAID_RECORD_BYTES);
        PL_ASSERT(pl_record_silence_read(pl_text_bytes(&t), &silence) == 0);
    } else if (pl_record_delivery_read(in, &targets, &delivery) == 0) {
        PL_ASSERT(delivery.number > 0 && delivery.target.len > 0);
    } else if (pl_said_read(in, &said, error) == 0) {
        PL_ASSERT(said.for_ms >= 0);
    } else if (pl_silence_read(in, now.unix_ms, &silence, error) == 0) {
        PL_ASSERT(silence.ends_unix_ms > silence.begins_unix_ms);
    } else {
        fuzz_action(in);
        fuzz_launch(in);
        fuzz_override(in);
    }
    return 0;
}
