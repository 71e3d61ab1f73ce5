#include "collector/core/trust/roster.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static uint32_t chain_count_for(uint32_t host_max)
{
    uint32_t count = 2;
    while (count < host_max) count *= 2;
    return count;
}

size_t pl_roster_bytes(uint32_t host_max)
{
    PL_ASSERT(host_max >= 1 && host_max <= PL_ROSTER_HOSTS_MAX);
    return sizeof(struct pl_roster) + host_max * sizeof(struct pl_roster_place) +
           chain_count_for(host_max) * sizeof(uint32_t);
}

struct pl_roster *pl_roster_init(void *memory, uint32_t host_max)
{
    struct pl_roster *r = memory;
    struct pl_roster_place *places = (struct pl_roster_place *)(void *)(r + 1);
    r->places = places;
    r->chains = (uint32_t *)(void *)(places + host_max);
    r->host_max = host_max;
    r->chain_count = chain_count_for(host_max);
    r->first_free = PL_ROSTER_NONE;
    for (uint32_t i = 0; i < r->chain_count; i++) r->chains[i] = PL_ROSTER_NONE;
    return r;
}

/* ---- hosts ---- */

static uint32_t *chain_of(const struct pl_roster *r, const struct pl_name *host)
{
    return &r->chains[pl_hash_bytes(pl_name_span(host)) & (r->chain_count - 1)];
}

/* The link that leads to the host, or the last one of its chain. */
static uint32_t *link_to(const struct pl_roster *r, const struct pl_name *host)
{
    uint32_t *link = chain_of(r, host);
    while (*link != PL_ROSTER_NONE && !pl_name_eq(&r->places[*link].enrolled.host, host))
        link = &r->places[*link].next;
    return link;
}

const struct pl_enrolled *pl_roster_find(const struct pl_roster *r, const struct pl_name *host)
{
    uint32_t index = *link_to(r, host);
    return index == PL_ROSTER_NONE ? NULL : &r->places[index].enrolled;
}

int pl_roster_put(struct pl_roster *r, const struct pl_enrolled *enrolled)
{
    uint32_t *link = link_to(r, &enrolled->host);
    PL_ASSERT(enrolled->host.len > 0);
    if (*link == PL_ROSTER_NONE) {
        if (r->host_count == r->host_max) return PL_E_FULL;
        uint32_t index = r->first_free;
        if (index == PL_ROSTER_NONE)
            index = r->used_max++;
        else
            r->first_free = r->places[index].next;
        r->places[index].next = PL_ROSTER_NONE;
        r->host_count++;
        *link = index;
    }
    r->places[*link].enrolled = *enrolled;
    return 0;
}

bool pl_roster_forget(struct pl_roster *r, const struct pl_name *host)
{
    uint32_t *link = link_to(r, host);
    uint32_t index = *link;
    if (index == PL_ROSTER_NONE) return false;
    *link = r->places[index].next;
    r->places[index] = (struct pl_roster_place){.next = r->first_free};
    r->first_free = index;
    r->host_count--;
    return true;
}

const struct pl_enrolled *pl_roster_next(const struct pl_roster *r, uint32_t *cursor)
{
    while (*cursor < r->used_max) {
        const struct pl_enrolled *enrolled = &r->places[(*cursor)++].enrolled;
        if (enrolled->host.len > 0) return enrolled;
    }
    return NULL;
}

/* ---- tokens ---- */

static uint32_t token_index(const struct pl_roster *r, const uint8_t *id)
{
    for (uint32_t i = 0; i < PL_ROSTER_TOKENS_MAX; i++) {
        const struct pl_join_token *token = &r->tokens[i];
        if (token->pool_count > 0 && memcmp(token->id, id, PL_TOKEN_ID_BYTES) == 0) return i;
    }
    return PL_ROSTER_NONE;
}

const struct pl_join_token *pl_roster_token(const struct pl_roster *r,
                                            const uint8_t id[PL_TOKEN_ID_BYTES])
{
    uint32_t index = token_index(r, id);
    return index == PL_ROSTER_NONE ? NULL : &r->tokens[index];
}

/* A free place, else the one that expires first. */
static uint32_t token_room(const struct pl_roster *r)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i < PL_ROSTER_TOKENS_MAX; i++) {
        if (r->tokens[i].pool_count == 0) return i;
        if (r->tokens[i].expires_unix_ms < r->tokens[best].expires_unix_ms) best = i;
    }
    return best;
}

int pl_roster_put_token(struct pl_roster *r, const struct pl_join_token *token, int64_t now_unix_ms,
                        struct pl_join_token *dropped)
{
    uint32_t index = token_index(r, token->id);
    PL_ASSERT(token->pool_count >= 1 && token->pool_count <= PL_TOKEN_POOLS_MAX);
    *dropped = (struct pl_join_token){0};
    if (index == PL_ROSTER_NONE) {
        index = token_room(r);
        if (r->tokens[index].pool_count > 0 && r->tokens[index].expires_unix_ms > now_unix_ms)
            return PL_E_FULL;
        *dropped = r->tokens[index];
    }
    r->tokens[index] = *token;
    return 0;
}

bool pl_roster_expire(struct pl_roster *r, int64_t now_unix_ms, struct pl_join_token *out)
{
    for (uint32_t i = 0; i < PL_ROSTER_TOKENS_MAX; i++) {
        struct pl_join_token *token = &r->tokens[i];
        if (token->pool_count == 0 ||
            token->expires_unix_ms > now_unix_ms - PL_ROSTER_TOKEN_KEEP_MS)
            continue;
        *out = *token;
        *token = (struct pl_join_token){0};
        return true;
    }
    return false;
}
