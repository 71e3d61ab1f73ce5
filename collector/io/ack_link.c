#include "collector/io/ack_link.h"

#include "collector/io/hmac.h"
#include "collector/io/secret_file.h"
#include "common/base/err.h"

int pl_ack_key_start(struct pl_ack_key *key, const char *state)
{
    return pl_secret_file(state, "ack-key", key->bytes);
}

/* The MAC of the payload; the label keeps it apart from whatever else the key may sign one day. */
static int sign(const struct pl_ack_key *key, const uint8_t *payload,
                uint8_t mac[PL_HMAC_BYTES_MAX])
{
    const struct pl_span pieces[] = {pl_span_of("plimsoll ack 1\n"),
                                     {payload, PL_ACK_PAYLOAD_BYTES}};
    return pl_hmac(PL_HMAC_SHA256, (struct pl_span){key->bytes, sizeof key->bytes}, pieces,
                   PL_LEN(pieces), mac);
}

int pl_ack_link_write(const struct pl_ack_key *key, const struct pl_link *link, struct pl_text *out)
{
    uint8_t token[PL_ACK_TOKEN_BYTES], mac[PL_HMAC_BYTES_MAX];
    pl_ack_payload_write(link, token);
    int len = sign(key, token, mac);
    if (len < 0) return len;
    memcpy(token + PL_ACK_PAYLOAD_BYTES, mac, PL_ACK_MAC_BYTES);
    pl_ack_token_write(token, out);
    return 0;
}

int pl_ack_link_read(const struct pl_ack_key *key, struct pl_span token, struct pl_link *out)
{
    uint8_t bytes[PL_ACK_TOKEN_BYTES], mac[PL_HMAC_BYTES_MAX];
    int err = pl_ack_token_read(token, bytes);
    if (err == 0) err = sign(key, bytes, mac);
    if (err < 0) return err;
    struct pl_span said = {bytes + PL_ACK_PAYLOAD_BYTES, PL_ACK_MAC_BYTES};
    if (!pl_hmac_equal(said, (struct pl_span){mac, PL_ACK_MAC_BYTES})) return PL_E_REFUSED;
    pl_ack_payload_read(bytes, out);
    return 0;
}
