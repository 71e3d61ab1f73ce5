/* Twilio: a text message in one segment, or a call that reads the alert out.
 *
 * https://www.twilio.com/docs/messaging/api/message-resource and .../docs/voice/api/call-resource:
 * forms in, JSON out, Basic authentication by account and token. A message is worth nothing after
 * ten minutes (ValidityPeriod), a newer one tells more. 201 means queued.
 *
 * What a call says comes with it (Twiml), so nothing of ours must be reachable from outside; where
 * it is, a pressed key acknowledges: Twilio posts to the address that stands in <Gather>, which is
 * good for this alert alone. A call that voice mail takes presses no key and acknowledges nothing.
 */
#include "collector/codec/alert_text.h"
#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/form.h"
#include "collector/codec/notify/gsm.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/twiml.h"
#include "collector/codec/notify/words.h"

enum {
    SID_LEN = 34, // "AC" or "MG" and 32 hexadecimal digits
    SID_BYTES = SID_LEN + 1,
    ACK_SEPTETS_MAX = 100, // of " Ack: " and an address; a longer one is left out
    CALLBACK_BYTES = 512,
    LOGIN_BYTES = 512,
};

static bool is_sid(struct pl_span text, const char *prefix)
{
    bool right = text.len == SID_LEN && memcmp(text.ptr, prefix, 2) == 0;
    for (size_t i = 2; right && i < text.len; i++) {
        uint8_t c = text.ptr[i];
        right = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    return right;
}

/* POST {base}/2010-04-01/Accounts/{sid}/{resource}, a form, with the account's login. */
static void begin(const struct pl_notify_target *target, const char *resource,
                  struct pl_notify_request *request)
{
    char login[LOGIN_BYTES];
    struct pl_text text = pl_text_init(login, sizeof login);
    struct pl_text *header = pl_notify_request_header(request);
    pl_text_span(&text, target->value[PL_NOTIFY_ACCOUNT_KEY]);
    pl_text_char(&text, ':');
    pl_text_span(&text, target->value[PL_NOTIFY_TOKEN_KEY]);
    pl_text_str(header, "Authorization: Basic ");
    pl_text_base64(header, pl_text_bytes(&text));
    request->content = PL_NOTIFY_FORM;
    pl_notify_request_path(request, target, "/2010-04-01/Accounts/");
    pl_text_span(&request->url, target->value[PL_NOTIFY_ACCOUNT_KEY]);
    pl_text_str(&request->url, resource);
    pl_form_field(&request->body, "To", target->value[PL_NOTIFY_TO_KEY]);
}

/* "PAGE web: ..." of "[PAGE] web: ...": a bracket takes the room of two letters, and nobody
 * pronounces it. */
static void plain_headline(const struct pl_notify_message *message, struct pl_text *out)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text title = pl_text_init(buf, sizeof buf);
    pl_notify_headline(message, &title);
    for (size_t i = 0; i < title.len; i++) {
        if (buf[i] != '[' && buf[i] != ']') pl_text_char(out, buf[i]);
    }
}

/* The sentence, and where to acknowledge: one segment. */
static void write_sms(const struct pl_notify_target *target,
                      const struct pl_notify_message *message, struct pl_notify_request *request)
{
    char buf[PL_ALERT_TEXT_BYTES], ack[512] = "", sms[PL_GSM_TEXT_BYTES];
    struct pl_text text = pl_text_init(buf, sizeof buf), ack_text = pl_text_init(ack, sizeof ack);
    struct pl_text out = pl_text_init(sms, sizeof sms);
    uint32_t ack_septets = 0;
    plain_headline(message, &text);
    if (message->state == PL_NOTIFY_FIRING && message->ack_url.len > 0 &&
        message->ack_url.len < ACK_SEPTETS_MAX) {
        char counted[PL_GSM_TEXT_BYTES];
        struct pl_text count = pl_text_init(counted, sizeof counted);
        pl_text_str(&ack_text, " Ack: ");
        pl_text_span(&ack_text, message->ack_url);
        ack_septets = pl_gsm_write(&count, pl_text_bytes(&ack_text), PL_GSM_SEPTETS);
        if (ack_septets > ACK_SEPTETS_MAX) ack_septets = 0;
    }
    (void)pl_gsm_write(&out, pl_text_bytes(&text), PL_GSM_SEPTETS - ack_septets);
    if (ack_septets > 0) (void)pl_gsm_write(&out, pl_text_bytes(&ack_text), ack_septets);
    struct pl_span from = target->value[PL_NOTIFY_FROM_KEY];
    begin(target, "/Messages.json", request);
    pl_form_field(&request->body, is_sid(from, "MG") ? "MessagingServiceSid" : "From", from);
    pl_form_field(&request->body, "Body", pl_text_bytes(&out));
    pl_text_str(&request->body, "&ValidityPeriod=600");
}

/* Said twice: nobody is awake for the first time. */
static void write_call(const struct pl_notify_target *target,
                       const struct pl_notify_message *message, struct pl_notify_request *request)
{
    char buf[PL_ALERT_TEXT_BYTES], twiml[PL_TWIML_BYTES], callback[CALLBACK_BYTES];
    struct pl_text text = pl_text_init(buf, sizeof buf), out = pl_text_init(twiml, sizeof twiml);
    struct pl_text action = pl_text_init(callback, sizeof callback);
    plain_headline(message, &text);
    pl_text_span(&action, message->external_url);
    pl_text_str(&action, "callbacks/twilio/");
    pl_text_span(&action, message->ack_token);
    bool can_ack = message->ack_token.len > 0 && !message->is_test && !action.overflow;
    pl_text_str(&out, "<Response>");
    for (int time = 0; time < 2; time++) {
        if (can_ack) pl_twiml_gather(&out, pl_text_bytes(&action));
        pl_twiml_say(&out, pl_text_bytes(&text), can_ack ? ". Press 1 to acknowledge." : ".");
        pl_text_str(&out, can_ack ? "</Gather>" : "<Pause/>");
    }
    pl_text_str(&out, "</Response>");
    begin(target, "/Calls.json", request);
    pl_form_field(&request->body, "From", target->value[PL_NOTIFY_FROM_KEY]);
    pl_form_field(&request->body, "Twiml", pl_text_bytes(&out));
    pl_text_str(&request->body, "&Timeout=30");
    if (out.overflow) request->body.overflow = true;
}

/* Codes of https://www.twilio.com/docs/api/errors that are about the number, not about this
 * message: nothing will ever arrive there. */
static bool is_dead_number(int64_t code)
{
    static const int16_t codes[] = {
        13223, // phone number invalid
        13224, // not callable
        21201, // no number
        21211, // To is no valid number
        21212, // From is none
        21214, // cannot be reached
        21606, // From is not yours, or cannot send
        21608, // not verified for a trial account
        21610, // the recipient said STOP
        21614, // not a mobile number
        21659, // From is no number of yours
    };
    for (size_t i = 0; i < PL_LEN(codes); i++) {
        if (codes[i] == code) return true;
    }
    return false;
}

static void read(const struct pl_notify_answer *answer, struct pl_notify_reading *out)
{
    enum { QUEUE_FULL = 21611, QUEUE_OVERFLOW = 30001 };
    char sid[SID_BYTES] = "";
    cJSON *json = pl_json_parse(answer->body);
    struct pl_json_reader r = pl_json_reader_init(json);
    if (out->result.class == PL_RESULT_SENT) {
        pl_json_text(&r, "sid", sid, sizeof sid);
        pl_text_str(&out->reference, sid);
    } else if (out->result.class == PL_RESULT_REJECT) {
        int64_t code = pl_json_i64(&r, "code", 0, INT32_MAX);
        if (r.err == 0 && is_dead_number(code)) out->result.class = PL_RESULT_BROKEN;
        if (r.err == 0 && (code == QUEUE_FULL || code == QUEUE_OVERFLOW))
            out->result.class = PL_RESULT_RETRY;
    }
    cJSON_Delete(json);
}

static const char *check_numbers(const struct pl_span *value, enum pl_notify_key *key,
                                 bool takes_service)
{
    *key = PL_NOTIFY_ACCOUNT_KEY;
    if (!is_sid(value[PL_NOTIFY_ACCOUNT_KEY], "AC"))
        return "is not an account SID: AC and 32 hexadecimal digits";
    *key = PL_NOTIFY_TO_KEY;
    if (!pl_mime_is_phone(value[PL_NOTIFY_TO_KEY])) return "is not a number such as +441632960001";
    *key = PL_NOTIFY_FROM_KEY;
    bool is_service = takes_service && is_sid(value[PL_NOTIFY_FROM_KEY], "MG");
    return is_service || pl_mime_is_phone(value[PL_NOTIFY_FROM_KEY])
               ? NULL
               : "is not a number such as +441632960001";
}

static const char *check_sms(const struct pl_span *value, enum pl_notify_key *key)
{
    return check_numbers(value, key, true);
}

static const char *check_call(const struct pl_span *value, enum pl_notify_key *key)
{
    return check_numbers(value, key, false);
}

#define TWILIO_KEYS                                                                                \
    (PL_NOTIFY_BIT(ACCOUNT) | PL_NOTIFY_BIT(TOKEN) | PL_NOTIFY_BIT(FROM) | PL_NOTIFY_BIT(TO))

const struct pl_notify_provider pl_notify_twilio_sms = {
    .word = "twilio_sms",
    .needs = TWILIO_KEYS,
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.twilio.com",
    .takes_notices = true,
    .per_minute = 60,
    .burst = 1,
    .check = check_sms,
    .write = write_sms,
    .read = read,
};

const struct pl_notify_provider pl_notify_twilio_voice = {
    .word = "twilio_voice",
    .needs = TWILIO_KEYS,
    .takes = PL_NOTIFY_BIT(URL),
    .url = "https://api.twilio.com",
    .is_call = true,
    .per_minute = 60,
    .burst = 1,
    .check = check_call,
    .write = write_call,
    .read = read,
};
