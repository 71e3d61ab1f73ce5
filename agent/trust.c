#include "agent/trust.h"

#include "common/base/err.h"

#include <errno.h>

/* The collectors of a host that speaks plainly are on this machine. */
static int check_plain(const struct pl_agent_config *config)
{
    char text[PL_ADDRESS_TEXT_BYTES];
    for (uint32_t i = 0; i < config->collectors.count; i++) {
        if (pl_address_is_loopback(&config->collectors.item[i])) continue;
        pl_address_write(&config->collectors.item[i], text);
        pl_log(
            PL_LOG_ERROR, "not_joined",
            "collector=%s reason=\"it is on another machine, so it is spoken to by TLS only\" "
            "do=\"plimsoll-agent join with a token of plimsoll token new, or set agent.ca_file\"",
            text);
        return PL_E_STATE;
    }
    return 0;
}

static void fill_in(struct pl_agent_config *config, const struct pl_enrolment *e)
{
    if (!config->host_given) config->host = e->host;
    if (!config->pool_given) config->pool = e->pool;
    if (config->collectors_given) return;
    config->collectors.count = e->collector_count;
    for (uint32_t i = 0; i < e->collector_count; i++) config->collectors.item[i] = e->collectors[i];
}

static int make_context(struct pl_agent_trust *t)
{
    const struct pl_agent_config *config = t->config;
    bool has_ca = config->ca_file[0] != '\0', has_certificate = config->certificate_file[0] != '\0';
    const struct pl_tls_files files = {has_certificate ? config->certificate_file : NULL,
                                       has_certificate ? config->key_file : NULL,
                                       has_ca ? config->ca_file : NULL};
    char error[PL_TLS_ERROR_BYTES];
    int err = pl_tls_client_context(&files, true, &t->link.context, error);
    if (err < 0) pl_log(PL_LOG_ERROR, "tls_failed", "err=\"%s\"", error);
    t->link.has_pin = !has_ca;
    t->link.pin = t->identity.enrolment.fingerprint;
    t->link.key = has_certificate ? NULL : t->identity.key;
    return err;
}

int pl_agent_trust_load(struct pl_agent_trust *t, struct pl_agent_config *config)
{
    *t = (struct pl_agent_trust){.config = config};
    int err = pl_identity_read(config->state, &t->identity);
    if (err < 0 && err != -ENOENT) return err;
    pl_identity_stamp(config->state, &t->stamp);
    if (t->identity.key) fill_in(config, &t->identity.enrolment);
    if (!t->identity.key && config->ca_file[0] == '\0') return check_plain(config);
    return make_context(t);
}

void pl_agent_trust_reload(struct pl_agent_trust *t)
{
    struct pl_identity fresh;
    if (!t->identity.key || pl_identity_read(t->config->state, &fresh) < 0) return;
    pl_identity_stamp(t->config->state, &t->stamp);
    pl_identity_fini(&t->identity);
    t->identity = fresh;
    t->link.pin = fresh.enrolment.fingerprint;
    if (t->link.key) t->link.key = fresh.key;
}

void pl_agent_trust_refresh(struct pl_agent_trust *t)
{
    struct pl_identity_stamp now;
    pl_identity_stamp(t->config->state, &now);
    if (now.inode != t->stamp.inode || now.changed_ns != t->stamp.changed_ns)
        pl_agent_trust_reload(t);
}

const struct pl_key *pl_agent_trust_make_next(struct pl_agent_trust *t)
{
    pl_key_free(t->next);
    t->next = NULL;
    int err = pl_key_make(&t->next);
    if (err == 0) err = pl_identity_write_next(t->config->state, t->next);
    if (err == 0) return t->next;
    pl_log(PL_LOG_ERROR, "rekey_failed", "err=\"%s\" do=\"is agent.state writable?\"",
           pl_err_text(err));
    pl_key_free(t->next);
    t->next = NULL;
    return NULL;
}

void pl_agent_trust_take_next(struct pl_agent_trust *t)
{
    if (!t->next || pl_identity_promote_next(t->config->state) < 0) return; // and the log says why
    pl_log(PL_LOG_INFO, "key_rotated", "state=%s", t->config->state);
    pl_key_free(t->next);
    t->next = NULL;
    pl_agent_trust_reload(t);
}

void pl_agent_trust_fini(struct pl_agent_trust *t)
{
    pl_identity_fini(&t->identity);
    pl_key_free(t->next);
    pl_tls_context_free(t->link.context);
    t->link.context = NULL;
}
