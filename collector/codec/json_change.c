#include "collector/codec/json_change.h"

#include "collector/codec/change_text.h"
#include "collector/codec/json_put.h"

/* From the opening brace to what kind needs no host. */
static void put_change(struct pl_text *out, const struct pl_change *change)
{
    char words[PL_CHANGE_TEXT_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_change_text_write(change, &text);
    pl_text_str(out, "{\"kind\":");
    pl_text_json(out, pl_span_of(pl_change_kind_name(change->kind)));
    pl_json_put_time(out, ",\"time\":", change->unix_ms);
    pl_text_str(out, ",\"text\":");
    pl_text_json(out, pl_text_bytes(&text));
    pl_text_str(out, ",\"subject\":");
    pl_text_json(out, pl_span_of(change->subject));
    pl_text_str(out, ",\"before\":");
    pl_text_json(out, pl_span_of(change->before));
    pl_text_str(out, ",\"after\":");
    pl_text_json(out, pl_span_of(change->after));
    pl_json_put_number(out, ",\"count\":", change->count, 1);
}

/* The newest changes that are asked for, by insertion into a short sorted list. */
struct picked {
    const struct pl_change_entry *entries[PL_JSON_CHANGES_MAX];
    uint32_t count, total;
};

static void pick(struct picked *p, const struct pl_change_entry *entry)
{
    const struct pl_change_entry **entries = p->entries;
    p->total++;
    if (p->count == PL_JSON_CHANGES_MAX &&
        entries[p->count - 1]->change.unix_ms >= entry->change.unix_ms)
        return;
    uint32_t at = p->count < PL_JSON_CHANGES_MAX ? p->count++ : p->count - 1;
    for (; at > 0 && entries[at - 1]->change.unix_ms < entry->change.unix_ms; at--)
        entries[at] = entries[at - 1];
    entries[at] = entry;
}

static void pick_of_host(struct picked *p, const struct pl_view *view,
                         const struct pl_json_changes *wish, const struct pl_host *host)
{
    const struct pl_changes *changes = pl_engine_changes(view->engine);
    const struct pl_change_entry *entry = NULL;
    if (!host->used || (wish->pool != PL_NO_INDEX && host->pool != wish->pool)) return;
    while ((entry = pl_changes_next(changes, host, entry))) {
        bool is_wanted = entry->change.unix_ms >= wish->since_unix_ms;
        if (is_wanted && pl_change_is_shown(&entry->change, view->now.unix_ms)) pick(p, entry);
    }
}

void pl_json_changes(struct pl_text *out, const struct pl_view *view,
                     const struct pl_json_changes *wish)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    struct picked picked = {.count = 0};
    if (wish->host != PL_NO_INDEX) pick_of_host(&picked, view, wish, &fleet->hosts[wish->host]);
    for (uint32_t i = 0; wish->host == PL_NO_INDEX && i < fleet->slot_count; i++)
        pick_of_host(&picked, view, wish, &fleet->hosts[i]);
    pl_json_put_time(out, "{\"now\":", view->now.unix_ms);
    pl_json_put_number(out, ",\"changes_total\":", picked.total, 1);
    struct pl_json_list list = pl_json_list_begin(out, ",\"changes\":", PL_JSON_TAIL_BYTES);
    for (uint32_t i = 0; i < picked.count; i++) {
        const struct pl_host *host = &fleet->hosts[picked.entries[i]->host];
        pl_json_item_begin(&list);
        put_change(out, &picked.entries[i]->change);
        pl_json_put_name(out, ",\"host\":", &host->name);
        pl_json_put_name(out, ",\"pool\":", &fleet->pools[host->pool].name);
        pl_text_char(out, '}');
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

void pl_json_pool_changes(struct pl_text *out, const struct pl_view *view, uint32_t pool)
{
    const struct pl_fleet *fleet = pl_engine_fleet(view->engine);
    struct pl_change_digest digest;
    pl_changes_digest(pl_engine_changes(view->engine), fleet, pool, view->now.unix_ms, &digest);
    pl_text_str(out, ",\"changes\":[");
    for (uint32_t i = 0; i < PL_MIN(digest.group_count, (uint32_t)PL_CHANGES_TOLD_MAX); i++) {
        const struct pl_change_group *group = &digest.groups[i];
        if (i > 0) pl_text_char(out, ',');
        put_change(out, &group->change);
        for (uint32_t n = 0; n < group->named_count; n++) {
            pl_json_put_name(out, n == 0 ? ",\"hosts\":[" : ",",
                             &fleet->hosts[group->hosts[n]].name);
        }
        pl_json_put_number(out, "],\"host_count\":", group->host_count, 1);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}
