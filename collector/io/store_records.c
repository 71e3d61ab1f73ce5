/* Control records on their way into their lane. A record that still waits is replaced by its newer
 * version, so the lane holds at most two of each and cannot overflow. */
#include "collector/io/store_state.h"

#include "collector/codec/change_records.h"
#include "collector/codec/launch_record.h"
#include "collector/codec/learned_record.h"
#include "collector/codec/records.h"
#include "collector/codec/traffic_record.h"
#include "collector/codec/trust_records.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

enum { DROP_LOG_MS = 30 * 1000 };

/* `value` empty: delete the field. */
static void queue_value(struct pl_store *s, const char *key, const char *field,
                        struct pl_span value, struct pl_slot_id page)
{
    struct pl_write write = {
        .kind = PL_WRITE_RECORD,
        .owner = PL_WRITE_NONE,
        .host = PL_WRITE_NONE,
        .page = page,
        .ticket = PL_STORE_NO_TICKET,
        .key = pl_span_of(key),
        .field = pl_span_of(field),
        .value = value,
    };
    int64_t now = pl_clock_mono_ms();
    s->counts.control_writes++;
    int err = pl_write_queue_replace(&s->records.queue, &write);
    if (err == PL_E_NOT_FOUND) err = pl_write_queue_push(&s->records.queue, &write, now, NULL);
    if (err < 0) {
        pl_log(PL_LOG_ERROR, "record_lost", "key=%s field=%s reason=\"%s\"", key, field,
               pl_err_text(err));
    }
    if (!pl_restorer_holds_writes(s->restorer)) pl_lane_pump(&s->records, now);
}

static void queue_record(struct pl_store *s, const char *key, const char *field,
                         const struct pl_text *record, struct pl_slot_id page)
{
    PL_ASSERT(!record || !record->overflow);
    struct pl_span nothing = {NULL, 0};
    queue_value(s, key, field, record ? pl_text_bytes(record) : nothing, page);
}

static const struct pl_slot_id no_page = {PL_WRITE_NONE, 0};

void pl_store_put_host(struct pl_store *s, const struct pl_host *host, const struct pl_name *pool)
{
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_host_write(&t, host, pool);
    queue_record(s, PL_KEY_HOSTS, host->name.text, &t, no_page);
}

void pl_store_drop_host(struct pl_store *s, uint32_t host, const struct pl_name *name)
{
    queue_record(s, PL_KEY_HOSTS, name->text, NULL, no_page);
    pl_store_unname_host(s, host);
}

static struct pl_record_targets targets_of(const struct pl_store *s)
{
    return (struct pl_record_targets){s->options.targets, s->options.target_count};
}

void pl_store_put_alert(struct pl_store *s, const struct pl_alert *alert, struct pl_now now)
{
    char buf[PL_RECORD_BYTES], id[PL_ALERT_ID_MAX + 1];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_record_targets targets = targets_of(s);
    pl_record_alert_write(&t, alert, &targets, now);
    pl_alert_id(alert, id);
    queue_record(s, PL_KEY_ALERTS, id, &t, no_page);
}

/* Through the queue for samples, which may be full. */
static void push_about_host(struct pl_store *s, const struct pl_name *host,
                            const struct pl_write *write, struct pl_now now)
{
    if (s->stopping) return;
    uint32_t held = 0;
    int err = pl_write_queue_push(&s->samples.queue, write, now.mono_ms, NULL);
    if (err < 0 && pl_log_allow(&s->drop_log, now.mono_ms, DROP_LOG_MS, &held)) {
        pl_log(PL_LOG_WARN, "not_stored", "host=%s field=%.*s reason=\"%s\" held_back=%u",
               host->text, (int)write->field.len, (const char *)write->field.ptr, pl_err_text(err),
               held);
    }
}

void pl_store_put_change(struct pl_store *s, const struct pl_name *host, uint8_t place,
                         const struct pl_change *change, struct pl_now now)
{
    char buf[PL_CHANGE_RECORD_BYTES], key[PL_KEY_BYTES], field[8];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_text field_text = pl_text_init(field, sizeof field);
    pl_record_change_write(&t, change);
    pl_key_changes(key, host);
    pl_text_u64(&field_text, place);
    PL_ASSERT(!t.overflow);
    struct pl_write write = {
        .kind = PL_WRITE_CHANGE,
        .owner = PL_WRITE_NONE,
        .host = PL_WRITE_NONE,
        .ttl_s = PL_KEY_CHANGES_TTL_S,
        .page = no_page,
        .ticket = PL_STORE_NO_TICKET,
        .key = pl_span_of(key),
        .field = pl_span_of(field),
        .value = pl_text_bytes(&t),
    };
    push_about_host(s, host, &write, now);
}

void pl_store_put_learned(struct pl_store *s, const struct pl_name *host,
                          const struct pl_capacity_learner *learned, struct pl_now now)
{
    uint8_t buf[PL_LEARNED_BYTES_MAX];
    char key[PL_KEY_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_learned_write(learned, &w);
    pl_key_learned(key, host);
    PL_ASSERT(w.err == 0);
    struct pl_write write = {
        .kind = PL_WRITE_CHANGE,
        .owner = PL_WRITE_NONE,
        .host = PL_WRITE_NONE,
        .ttl_s = PL_KEY_LEARNED_TTL_S,
        .page = no_page,
        .ticket = PL_STORE_NO_TICKET,
        .key = pl_span_of(key),
        .field = pl_span_of(PL_FIELD_LEARNED),
        .value = {w.ptr, w.len},
    };
    push_about_host(s, host, &write, now);
}

static void write_number(char field[24], uint64_t number)
{
    struct pl_text t = pl_text_init(field, 24);
    pl_text_u64(&t, number);
}

void pl_store_put_page(struct pl_store *s, const struct pl_page *page, struct pl_now now)
{
    char buf[PL_RECORD_BYTES], field[24];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_record_targets targets = targets_of(s);
    pl_record_page_write(&t, page, &targets, now);
    write_number(field, page->number);
    queue_record(s, PL_KEY_OUTBOX, field, &t, page->state == PL_PAGE_INTENT ? page->id : no_page);
}

void pl_store_drop_page(struct pl_store *s, uint64_t number)
{
    char field[24];
    write_number(field, number);
    queue_record(s, PL_KEY_OUTBOX, field, NULL, no_page);
}

void pl_store_put_reference(struct pl_store *s, const struct pl_reference *ref)
{
    char buf[PL_REFERENCE_RECORD_BYTES], field[PL_REFERENCE_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    const struct pl_name *target = &s->options.targets[ref->target];
    pl_reference_field_write(ref, target, field);
    if (ref->used) pl_reference_record_write(ref, target, &t);
    queue_record(s, PL_KEY_REFERENCES, field, ref->used ? &t : NULL, no_page);
}

void pl_store_put_traffic(struct pl_store *s, const struct pl_name *pool,
                          enum pl_traffic_source unit, const struct pl_traffic *traffic)
{
    uint8_t buf[PL_TRAFFIC_RECORD_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_record_traffic_write(&w, unit, traffic);
    queue_value(s, PL_KEY_TRAFFIC, pool->text, (struct pl_span){buf, w.len}, no_page);
}

void pl_store_put_account(struct pl_store *s, enum pl_account_key key, const char *field,
                          struct pl_span record)
{
    queue_value(s, pl_account_key(key), field, record, no_page);
}

/* ---- who may speak for a host ---- */

/* Unlike other records these do not replace one that waits: each ticket gets its answer. */
static int queue_ticket(struct pl_store *s, const char *key, const char *field,
                        struct pl_span record, uint32_t ticket)
{
    struct pl_write write = {
        .kind = PL_WRITE_RECORD,
        .owner = PL_WRITE_NONE,
        .host = PL_WRITE_NONE,
        .page = no_page,
        .ticket = ticket,
        .key = pl_span_of(key),
        .field = pl_span_of(field),
        .value = record,
    };
    int64_t now = pl_clock_mono_ms();
    int err = pl_write_queue_push(&s->records.queue, &write, now, NULL);
    if (err < 0) return err;
    s->counts.control_writes++;
    if (!pl_restorer_holds_writes(s->restorer)) pl_lane_pump(&s->records, now);
    return 0;
}

static int queue_trust(struct pl_store *s, const char *key, const char *field,
                       const struct pl_text *record, uint32_t ticket)
{
    PL_ASSERT(!record || !record->overflow);
    struct pl_span nothing = {NULL, 0};
    return queue_ticket(s, key, field, record ? pl_text_bytes(record) : nothing, ticket);
}

int pl_store_put_launch(struct pl_store *s, const struct pl_launch_entry *entry, uint32_t ticket)
{
    char buf[PL_LAUNCH_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_launch_write(&t, entry);
    return queue_trust(s, PL_KEY_LAUNCHES, entry->launch.id.text, &t, ticket);
}

void pl_store_drop_launch(struct pl_store *s, const struct pl_name *id)
{
    queue_record(s, PL_KEY_LAUNCHES, id->text, NULL, no_page);
}

void pl_store_put_override(struct pl_store *s, const struct pl_oncall *oncall,
                           const struct pl_override *override)
{
    char buf[PL_OVERRIDE_RECORD_BYTES], field[24];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_override_write(&t, oncall, override);
    write_number(field, override->number);
    queue_record(s, PL_KEY_OVERRIDES, field, &t, no_page);
}

void pl_store_drop_override(struct pl_store *s, uint64_t number)
{
    char field[24];
    write_number(field, number);
    queue_record(s, PL_KEY_OVERRIDES, field, NULL, no_page);
}

int pl_store_put_enrolled(struct pl_store *s, const struct pl_enrolled *enrolled, uint32_t ticket)
{
    char buf[PL_TRUST_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_enrolled_write(&t, enrolled);
    return queue_trust(s, PL_KEY_ENROLLED, enrolled->host.text, &t, ticket);
}

int pl_store_drop_enrolled(struct pl_store *s, const struct pl_name *host, uint32_t ticket)
{
    return queue_trust(s, PL_KEY_ENROLLED, host->text, NULL, ticket);
}

int pl_store_put_token(struct pl_store *s, const struct pl_join_token *token, uint32_t ticket)
{
    char buf[PL_TRUST_RECORD_BYTES], field[PL_TOKEN_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_token_write(&t, token);
    pl_token_field_write(token->id, field);
    return queue_trust(s, PL_KEY_TOKENS, field, &t, ticket);
}

void pl_store_drop_token(struct pl_store *s, const struct pl_join_token *token)
{
    char field[PL_TOKEN_FIELD_BYTES];
    pl_token_field_write(token->id, field);
    (void)queue_trust(s, PL_KEY_TOKENS, field, NULL, PL_STORE_NO_TICKET); // see the header
}

/* ---- what people say ---- */

int pl_store_put_said(struct pl_store *s, enum pl_said_key what, const char *field,
                      struct pl_span record, uint32_t ticket)
{
    if (ticket != PL_STORE_NO_TICKET)
        return queue_ticket(s, pl_said_key(what), field, record, ticket | PL_STORE_SAID_TICKETS);
    queue_value(s, pl_said_key(what), field, record, no_page);
    return 0;
}
