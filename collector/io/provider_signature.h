/* provider_signature.h - did the provider itself send that? How each of them signs what it posts to
 * us; no I/O. All compare in constant time. */
#pragma once

#include "collector/codec/form_in.h"

enum { PL_SLACK_WINDOW_S = 5 * 60 };

/* X-Twilio-Signature: base64 of HMAC-SHA1, by the account's token, over the URL that was called and
 * every field of the form, sorted by name, name and value (https://www.twilio.com/docs/usage/
 * security). Twilio is not consistent about the port in that URL: with and without is taken.
 * `count` fields, at most PL_FORM_FIELDS_MAX. */
bool pl_twilio_signature_is_good(struct pl_span token, struct pl_span url,
                                 const struct pl_form_field *fields, int count,
                                 struct pl_span signature);

/* X-PagerDuty-Signature: "v1=" and HMAC-SHA256 of the body in hexadecimal digits; several with
 * commas between them while a secret is changed, of which one is enough. */
bool pl_pagerduty_signature_is_good(struct pl_span secret, struct pl_span body,
                                    struct pl_span signature);

/* X-Slack-Signature: "v0=" and HMAC-SHA256 of "v0:TIMESTAMP:BODY"; the timestamp, unix seconds, is
 * refused when it is PL_SLACK_WINDOW_S away. */
struct pl_slack_proof {
    struct pl_span timestamp, signature;
};
bool pl_slack_signature_is_good(struct pl_span secret, struct pl_span body,
                                const struct pl_slack_proof *proof, int64_t now_unix_ms);
