#include "tests/swarm/keys.h"

#include "agent/io/enrol.h"

#include <stdio.h>

int keys_join(const struct pl_token *token, const struct pl_address *collector,
              const struct pl_name *host, struct pl_tls_context *context, struct pl_link_trust *out)
{
    struct pl_join join = {.host = *host, .pool = token->pools[0]};
    const struct pl_enrol_request request = {.join = &join};
    char error[PL_ENROL_ERROR_BYTES];
    uint16_t refused;
    memcpy(join.token_id, token->id, sizeof join.token_id);
    memcpy(join.token_secret, token->secret, sizeof join.token_secret);
    *out = (struct pl_link_trust){
        .context = context, .has_pin = true, .pin = token->fingerprint, .key = NULL};
    int err = pl_key_make(&out->key);
    if (err < 0) return err;
    err = pl_enrol(collector, out, &request, &refused, error);
    if (err == 0) return 0;
    (void)fprintf(stderr, "plimsoll-swarm: %s cannot join: %s\n", host->text, error);
    pl_key_free(out->key);
    out->key = NULL;
    return err;
}
