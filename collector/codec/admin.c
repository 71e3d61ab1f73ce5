#include "collector/codec/admin.h"

#include "common/base/quantity.h"

/* The next word, which ends at a blank; empty at the end. */
static struct pl_span next_word(struct pl_span *line)
{
    size_t len = 0;
    while (line->len > 0 && line->ptr[0] == ' ')
        *line = (struct pl_span){line->ptr + 1, line->len - 1};
    while (len < line->len && line->ptr[len] != ' ') len++;
    struct pl_span word = {line->ptr, len};
    *line = (struct pl_span){line->ptr + len, line->len - len};
    return word;
}

/* True if `word` is "<key>=<value>". */
static bool has_key(struct pl_span word, const char *key, struct pl_span *value)
{
    size_t len = strlen(key);
    if (word.len <= len || memcmp(word.ptr, key, len) != 0 || word.ptr[len] != '=') return false;
    *value = (struct pl_span){word.ptr + len + 1, word.len - len - 1};
    return true;
}

static const char *take_pool(struct pl_span value, struct pl_admin_request *out)
{
    if (out->pool_count == PL_TOKEN_POOLS_MAX) return "a token is good for at most 8 pools";
    if (pl_name_parse(value, &out->pools[out->pool_count]) < 0)
        return "a pool's name has 1 to 63 letters, digits, dots, underscores and hyphens";
    out->pool_count++;
    return NULL;
}

static const char *take_address(struct pl_span value, struct pl_admin_request *out)
{
    if (out->address_count == PL_TOKEN_ADDRESSES_MAX) return "a token holds at most 4 addresses";
    struct pl_address *address = &out->addresses[out->address_count];
    if (pl_address_parse(value, address) < 0 || address->port == 0)
        return "an address is HOST:PORT with a port of 1 to 65535";
    out->address_count++;
    return NULL;
}

static const char *take_token_word(struct pl_span word, struct pl_admin_request *out)
{
    struct pl_span value;
    if (has_key(word, "pool", &value)) return take_pool(value, out);
    if (has_key(word, "address", &value)) return take_address(value, out);
    if (!has_key(word, "ttl_ms", &value)) return "token new takes ttl_ms, pool and address";
    if (pl_quantity_integer(value, &out->ttl_ms) < 0 || out->ttl_ms < PL_ADMIN_TTL_MS_MIN ||
        out->ttl_ms > PL_ADMIN_TTL_MS_MAX)
        return "a token lives for 1m to 30d";
    return NULL;
}

static const char *parse_token(struct pl_span rest, struct pl_admin_request *out)
{
    const char *problem = NULL;
    struct pl_span word = next_word(&rest);
    for (; !problem && word.len > 0; word = next_word(&rest)) problem = take_token_word(word, out);
    if (problem) return problem;
    if (out->pool_count == 0) return "a token needs a pool it is good for";
    return out->ttl_ms == 0 ? "a token needs a time to live" : NULL;
}

static const char *parse_host(struct pl_span rest, struct pl_admin_request *out)
{
    struct pl_span verb = next_word(&rest), word = next_word(&rest), value;
    int64_t after = 0;
    if (next_word(&rest).len > 0) return "there is a word too many";
    if (pl_span_is(verb, "list")) {
        out->verb = PL_ADMIN_HOST_LIST;
        if (word.len == 0) return NULL;
        if (!has_key(word, "after", &value) || pl_quantity_integer(value, &after) < 0 ||
            after < 0 || after > UINT32_MAX)
            return "host list takes after=CURSOR";
        out->after = (uint32_t)after;
        return NULL;
    }
    if (pl_span_is(verb, "revoke"))
        out->verb = PL_ADMIN_HOST_REVOKE;
    else if (pl_span_is(verb, "forget"))
        out->verb = PL_ADMIN_HOST_FORGET;
    else if (pl_span_is(verb, "rotate"))
        out->verb = PL_ADMIN_HOST_ROTATE;
    else
        return "host takes list, revoke, rotate and forget";
    if (pl_name_parse(word, &out->host) < 0) return "that is no host's name";
    return NULL;
}

static const char *parse_notifier(struct pl_span rest, struct pl_admin_request *out)
{
    struct pl_span verb = next_word(&rest), word = next_word(&rest);
    if (next_word(&rest).len > 0) return "there is a word too many";
    if (!pl_span_is(verb, "test")) return "notifier takes test";
    if (pl_name_parse(word, &out->notifier) < 0) return "that is no notifier's name";
    out->verb = PL_ADMIN_NOTIFIER_TEST;
    return NULL;
}

const char *pl_admin_parse(struct pl_span line, struct pl_admin_request *out)
{
    struct pl_admin_request request = {.verb = PL_ADMIN_TOKEN_NEW};
    struct pl_span noun = next_word(&line);
    const char *problem = "there are the nouns token, host and notifier";
    if (pl_span_is(noun, "token"))
        problem =
            pl_span_is(next_word(&line), "new") ? parse_token(line, &request) : "token takes new";
    else if (pl_span_is(noun, "host"))
        problem = parse_host(line, &request);
    else if (pl_span_is(noun, "notifier"))
        problem = parse_notifier(line, &request);
    if (!problem) *out = request;
    return problem;
}
