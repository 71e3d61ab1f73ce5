#include "agent/join.h"

#include "agent/io/enrol.h"
#include "agent/io/identity.h"
#include "common/base/err.h"
#include "common/wire/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { OK = 0, FAILED = 1, USAGE = 2 };

PL_PRINTF(2, 3) static int complain(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("plimsoll-agent: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return status;
}

/* ---- the token ---- */

static int read_token(const char *argument, struct pl_token *out)
{
    char line[PL_TOKEN_TEXT_BYTES + 64] = "";
    bool is_piped = strcmp(argument, "-") == 0;
    if (is_piped && !fgets(line, sizeof line, stdin))
        return complain(USAGE, "no token came on standard input");
    int err = pl_token_parse(pl_span_of(is_piped ? line : argument), out);
    if (err == 0) return OK;
    if (err == PL_E_MAGIC) return complain(USAGE, "that is no join token: it begins with pl1.");
    if (err == PL_E_VERSION)
        return complain(FAILED, "that token is of a later version; update this agent");
    return complain(USAGE, "that token is damaged: copy the whole line again");
}

static void list_pools(const struct pl_token *token, struct pl_text *out)
{
    for (size_t i = 0; i < token->pool_count; i++) {
        if (i > 0) pl_text_str(out, ", ");
        pl_text_str(out, token->pools[i].text);
    }
}

/* The configuration's pool, or the token's if that is the only one and no file says it. */
static int choose_pool(const struct pl_agent_config *config, const struct pl_token *token,
                       struct pl_name *out)
{
    char pools[PL_TOKEN_POOLS_MAX * (PL_NAME_LEN_MAX + 2)];
    struct pl_text t = pl_text_init(pools, sizeof pools);
    *out = config->pool_given ? config->pool : token->pools[0];
    if (config->pool_given || token->pool_count == 1) return OK;
    list_pools(token, &t);
    return complain(USAGE, "this token is good for several pools: set agent.pool to one of %s",
                    pools);
}

/* ---- asking ---- */

/* Ask one collector after the other until one answers for or against it. */
static int ask_each(const struct pl_address *collectors, uint32_t count,
                    const struct pl_link_trust *trust, const struct pl_enrol_request *request,
                    uint16_t *refused)
{
    char error[PL_ENROL_ERROR_BYTES], address[PL_ADDRESS_TEXT_BYTES];
    int err = PL_E_NOT_FOUND;
    for (uint32_t i = 0; i < count; i++) {
        err = pl_enrol(&collectors[i], trust, request, refused, error);
        if (err == 0) return 0;
        pl_address_write(&collectors[i], address);
        (void)complain(FAILED, "%s: %s", address, error);
        if (*refused != 0) return err;
    }
    return err;
}

static int client_context(struct pl_tls_context **out)
{
    const struct pl_tls_files none = {NULL, NULL, NULL};
    char error[PL_TLS_ERROR_BYTES];
    if (pl_tls_client_context(&none, false, out, error) == 0) return OK;
    return complain(FAILED, "%s", error);
}

static int join_with(const struct pl_agent_config *config, const struct pl_token *token,
                     const struct pl_join *join, struct pl_link_trust *trust)
{
    const struct pl_enrol_request request = {.join = join};
    struct pl_key *fresh = NULL;
    uint16_t refused = 0;
    int err = ask_each(token->addresses, token->address_count, trust, &request, &refused);
    if (err == 0 || refused != PL_REFUSE_REVOKED) return err;
    (void)complain(FAILED, "this host's key was revoked: trying with a new one");
    if (pl_key_make(&fresh) < 0) return -ENOMEM;
    struct pl_key *revoked = trust->key;
    trust->key = fresh;
    err = ask_each(token->addresses, token->address_count, trust, &request, &refused);
    if (err == 0) err = pl_identity_write_key(config->state, fresh);
    pl_key_free(revoked);
    return err;
}

int pl_join_main(const struct pl_agent_config *config, const char *argument)
{
    struct pl_token token = {0};
    struct pl_join join = {.host = config->host};
    struct pl_link_trust trust = {.has_pin = true};
    bool is_new = false;
    int status = read_token(argument, &token);
    if (status == OK) status = choose_pool(config, &token, &join.pool);
    if (status == OK) status = client_context(&trust.context);
    if (status != OK) return status;
    if (pl_identity_key(config->state, &trust.key, &is_new) < 0) {
        pl_tls_context_free(trust.context);
        return FAILED; // and the log says why
    }
    memcpy(join.token_id, token.id, sizeof join.token_id);
    memcpy(join.token_secret, token.secret, sizeof join.token_secret);
    trust.pin = token.fingerprint;
    struct pl_enrolment enrolment = {.host = join.host,
                                     .pool = join.pool,
                                     .fingerprint = token.fingerprint,
                                     .collector_count = token.address_count};
    memcpy(enrolment.collectors, token.addresses, sizeof enrolment.collectors);
    int err = join_with(config, &token, &join, &trust);
    if (err == 0) err = pl_identity_write_enrolment(config->state, &enrolment);
    if (err == 0)
        (void)printf("joined: host %s in pool %s. (Re)start the agent to use it.\n", join.host.text,
                     join.pool.text);
    pl_key_free(trust.key);
    pl_tls_context_free(trust.context);
    return err == 0 ? OK : FAILED;
}

/* ---- rotate ---- */

static int rotate(const struct pl_agent_config *config, const struct pl_identity *identity,
                  struct pl_tls_context *context, struct pl_key *next)
{
    const struct pl_enrolment *e = &identity->enrolment;
    const struct pl_link_trust trust = {context, true, e->fingerprint, identity->key};
    struct pl_rotate body = {.host = e->host};
    const struct pl_enrol_request request = {.rotate = &body, .next = next};
    uint16_t refused = 0;
    const struct pl_address *collectors =
        config->collectors_given ? config->collectors.item : e->collectors;
    uint32_t count = config->collectors_given ? config->collectors.count : e->collector_count;
    int err = pl_identity_write_next(config->state, next);
    if (err == 0) err = ask_each(collectors, count, &trust, &request, &refused);
    return err == 0 ? pl_identity_promote_next(config->state) : err;
}

int pl_rotate_main(const struct pl_agent_config *config)
{
    struct pl_identity identity;
    struct pl_tls_context *context = NULL;
    struct pl_key *next = NULL;
    int err = pl_identity_read(config->state, &identity);
    if (err == -ENOENT)
        return complain(FAILED, "this host has not joined (%s/enrolment): run plimsoll-agent join",
                        config->state);
    if (err < 0) return FAILED; // and the log says why
    int status = client_context(&context);
    if (status == OK && (pl_key_make(&next) < 0 || rotate(config, &identity, context, next) < 0))
        status = FAILED;
    if (status == OK)
        (void)printf("rotated: host %s has a new key\n", identity.enrolment.host.text);
    pl_key_free(next);
    pl_tls_context_free(context);
    pl_identity_fini(&identity);
    return status;
}
