/* What would be in Redis. Writes wait while it is away and are lost with the collector. */
#include "tests/sim/sim.h"

enum { DURABLE_AFTER_MS = 2000 };

/* ---- samples ---- */

void sim_store_sample(struct sim_world *w, uint32_t m, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample)
{
    struct sim_record *r = &w->store.hosts[m];
    const struct sim_staged *last =
        &r->staged[(r->staged_first + r->staged_count - 1) % SIM_STAGED_MAX];
    uint64_t last_seq = pl_boot_id_eq(&r->boot_id, boot_id) ? r->durable_seq : 0;
    if (r->staged_count > 0 && pl_boot_id_eq(&last->boot_id, boot_id)) {
        last_seq = last->sample.seq;
    }
    if (sample->seq <= last_seq) return; // had already
    if (sample->seq != last_seq + 1 && w->machines[m].spool.dropped_count == 0) {
        sim_fail(w, "%s: sample %llu comes after %llu", w->machines[m].name.text,
                 (unsigned long long)sample->seq, (unsigned long long)last_seq);
    }
    if (r->staged_count == SIM_STAGED_MAX) {
        sim_fail(w, "the store's queue is full");
        return;
    }
    uint32_t at = (r->staged_first + r->staged_count++) % SIM_STAGED_MAX;
    r->staged[at] = (struct sim_staged){*boot_id, w->now_ms,
                                        w->machines[m].taken_ms[sample->seq % SIM_SPOOL], *sample};
}

static void acknowledge(struct sim_world *w, uint32_t m)
{
    const struct sim_record *r = &w->store.hosts[m];
    const struct sim_peer *peer = &w->peers[m];
    uint8_t buf[PL_FRAME_BYTES_MAX];
    struct pl_writer out = pl_writer_init(buf, sizeof buf);
    if (!peer->open || !peer->joined || !pl_boot_id_eq(&peer->boot_id, &r->boot_id)) return;
    pl_ack_write(r->durable_seq, &out);
    (void)sim_link_write(&w->machines[m].down_link, &out); // a reader that far behind is cut off
}

static void settle_samples(struct sim_world *w, uint32_t m)
{
    struct sim_record *r = &w->store.hosts[m];
    bool moved = false;
    while (r->staged_count > 0) {
        const struct sim_staged *s = &r->staged[r->staged_first];
        if (w->now_ms - s->stored_ms < DURABLE_AFTER_MS) break;
        uint32_t at = r->history_count++ % SIM_HISTORY;
        r->history[at] = s->sample;
        r->history_boot[at] = s->boot_id;
        r->history_taken_ms[at] = s->taken_ms;
        r->boot_id = s->boot_id;
        r->durable_seq = s->sample.seq;
        r->staged_first = (r->staged_first + 1) % SIM_STAGED_MAX;
        r->staged_count--;
        moved = true;
    }
    if (moved) acknowledge(w, m);
}

/* ---- records ---- */

void sim_store_host(struct sim_world *w, uint32_t m, const struct pl_hello *hello)
{
    w->store.hosts[m].saved = true;
    w->store.hosts[m].hello = *hello;
}

void sim_store_alert(struct sim_world *w, uint32_t alert)
{
    struct sim_alert_record *r = &w->store.alerts[alert];
    r->dirty = true;
    r->alert = *pl_engine_alert(w->engine, alert);
}

static struct sim_page_record *page_record(struct sim_world *w, uint64_t number)
{
    struct sim_page_record *free_one = NULL;
    for (size_t i = 0; i < SIM_PAGES_MAX; i++) {
        struct sim_page_record *r = &w->store.pages[i];
        if (r->used && r->number == number) return r;
        if (!r->used && !free_one) free_one = r;
    }
    if (free_one)
        *free_one = (struct sim_page_record){.used = true, .number = number};
    else
        sim_fail(w, "more than %d page records", SIM_PAGES_MAX);
    return free_one;
}

void sim_store_page(struct sim_world *w, const struct pl_effect *effect)
{
    const struct pl_page *page = pl_engine_page(w->engine, effect->page);
    if (!page) return;
    struct sim_page_record *r = page_record(w, page->number);
    if (!r) return;
    r->dirty = true;
    r->id = effect->page;
    r->alert = effect->alert;
    r->page = *page;
}

void sim_store_drop_page(struct sim_world *w, uint64_t number)
{
    struct sim_page_record *r = page_record(w, number);
    if (r) r->dirty = r->dropped = true;
}

static void settle_page(struct sim_world *w, struct sim_page_record *r)
{
    if (!r->used || !r->dirty) return;
    if (r->dropped) {
        *r = (struct sim_page_record){0};
        return;
    }
    r->dirty = false;
    r->saved = true;
    r->written = r->page;
    pl_engine_page_saved(w->engine, r->id, sim_collector_now(w));
    sim_run_effects(w);
}

void sim_store_step(struct sim_world *w)
{
    if (w->store.away || !w->running || w->now_ms < w->paused_until_ms) return;
    for (uint32_t m = 0; m < w->machine_count; m++) settle_samples(w, m);
    for (uint32_t i = 0; i < SIM_ALERTS; i++) {
        struct sim_alert_record *r = &w->store.alerts[i];
        if (!r->dirty) continue;
        r->dirty = false;
        r->saved = true;
        r->written = r->alert;
    }
    for (size_t i = 0; i < SIM_PAGES_MAX; i++) settle_page(w, &w->store.pages[i]);
}

/* ---- the collector dies and comes back ---- */

static void lose(struct sim_world *w, uint32_t alert)
{
    for (size_t t = 0; t < SIM_TARGETS; t++) w->oracle.lost[alert][t] = true;
}

void sim_store_crash(struct sim_world *w)
{
    for (uint32_t m = 0; m < w->machine_count; m++) w->store.hosts[m].staged_count = 0;
    for (uint32_t a = 0; a < SIM_ALERTS; a++) {
        if (w->store.alerts[a].dirty) lose(w, a);
        w->store.alerts[a].dirty = false;
    }
    for (size_t i = 0; i < SIM_PAGES_MAX; i++) {
        struct sim_page_record *r = &w->store.pages[i];
        if (!r->used) continue;
        if (r->dirty) lose(w, r->alert);
        if (!r->saved) *r = (struct sim_page_record){0};
        r->dirty = r->dropped = false;
    }
}

static void restore_machine(struct sim_world *w, uint32_t m)
{
    const struct sim_record *r = &w->store.hosts[m];
    uint32_t host;
    if (!r->saved) return;
    if (pl_engine_restore_host(w->engine, &r->hello, sim_collector_now(w), &host) != 0) {
        sim_fail(w, "a host does not fit");
        return;
    }
    uint32_t first = r->history_count > SIM_HISTORY ? r->history_count - SIM_HISTORY : 0;
    for (uint32_t i = first; i < r->history_count; i++) {
        uint32_t at = i % SIM_HISTORY;
        pl_engine_restore_sample(w->engine, host, &r->history_boot[at], &r->history[at]);
    }
}

static void restore_alerts(struct sim_world *w)
{
    for (size_t i = 0; i < SIM_ALERTS; i++) {
        const struct sim_alert_record *r = &w->store.alerts[i];
        if (!r->saved) continue;
        if (pl_engine_restore_alert(w->engine, &r->written, sim_collector_now(w)) != 0) {
            sim_fail(w, "an alert does not come back");
        }
        for (uint32_t t = 0; t < SIM_TARGETS; t++) { // newer records may be lost
            if ((r->written.paged >> t & 1) != 0) w->pagers[t].possible[i] = true;
        }
    }
}

static void restore_pages(struct sim_world *w)
{
    for (size_t i = 0; i < SIM_PAGES_MAX; i++) {
        struct sim_page_record *r = &w->store.pages[i];
        if (!r->used || !r->saved) continue;
        w->pagers[r->written.target].possible[r->alert] = true; // it may have been under way
        if (pl_engine_restore_page(w->engine, &r->written, sim_collector_now(w)) != 0) {
            sim_fail(w, "a page does not come back");
        }
    }
}

void sim_store_restore(struct sim_world *w)
{
    for (uint32_t m = 0; m < w->machine_count; m++) restore_machine(w, m);
    if (sim_chance(w, 2)) {
        restore_alerts(w);
        restore_pages(w);
    } else {
        restore_pages(w);
        restore_alerts(w);
    }
    w->restored = true;
    sim_run_effects(w);
}
