/* provider.h - one row per provider: what it must be told by the configuration, how a message to it
 * is written, how its answer is read, how fast it may be spoken to.
 *
 * A new provider is a line in provider.def and a file with its row; nothing else knows providers
 * one by one. All of it is pure: the shell moves the bytes of a struct pl_notify_request and hands
 * back a struct pl_notify_answer. */
#pragma once

#include "collector/codec/contact.h"
#include "collector/codec/notify/result.h"
#include "collector/core/alert/news.h"
#include "collector/core/alert/outbox.h"
#include "common/base/text.h"

enum pl_notify_type {
    PL_NOTIFY_NONE, // never in a loaded configuration
#define X(id, word, help) PL_NOTIFY_##id,
#include "collector/codec/notify/provider.def"
#undef X
    PL_NOTIFY_TYPE_COUNT,
};

enum pl_notify_key {
#define TEXT(id, member, bytes, key, check, help) PL_NOTIFY_##id##_KEY,
#define SECRET(id, member, bytes, key, help)      PL_NOTIFY_##id##_KEY,
#include "collector/codec/notify/key.def"
#undef TEXT
#undef SECRET
    PL_NOTIFY_KEY_COUNT,
};
/* A set of keys, as in PL_NOTIFY_BIT(TOKEN) | PL_NOTIFY_BIT(CHANNEL). */
#define PL_NOTIFY_BIT(id) (1u << PL_NOTIFY_##id##_KEY)

enum {
    PL_NOTIFY_BODY_BYTES = 32768, // room for every body, its NUL included; see test_notify
    PL_NOTIFY_URL_BYTES = 2048,
    PL_NOTIFY_HEADER_BYTES = 512,
    PL_NOTIFY_HEADERS_MAX = 4,
    PL_NOTIFY_RESEND_S = 60,             // between two tellings of those who forget
    PL_NOTIFY_LOGIN_BYTES = 256,         // a name or password, and its NUL
    PL_NOTIFY_REFERENCE_BYTES = 128 + 1, // the longest reference, and its NUL
};

/* One entry of `notifiers`. */
struct pl_notify_target {
    enum pl_notify_type type;
    struct pl_span name; // borrowed, like all below
    /* By enum pl_notify_key; empty: not given. Many are secret: never to be logged. The URL is that
     * of `url`, of `url_file`, or the provider's own, without '/' at its end if it is a base. */
    struct pl_span value[PL_NOTIFY_KEY_COUNT];
};

/* What is told about an alert. */
enum pl_notify_state { PL_NOTIFY_FIRING, PL_NOTIFY_ACKNOWLEDGED, PL_NOTIFY_RESOLVED };

/* What somebody is to be told, and what is known beside it. All spans are borrowed. */
struct pl_notify_message {
    const struct pl_page *page;
    int64_t now_unix_ms; // of this attempt
    enum pl_notify_state state;
    bool is_test;                   // nothing is wrong: somebody tries the notifier
    struct pl_span notice;          // with is_test: no trial, but these words for a person
    struct pl_span acknowledged_by; // PL_NOTIFY_ACKNOWLEDGED: who has it
    struct pl_span ack_url;         // secret: a page there asks, a POST acknowledges; empty: none
    struct pl_span ack_token;       // secret: what tells that link from others; empty likewise
    struct pl_span external_url;    // where people reach this collector, "http://127.0.0.1:7411/"
    struct pl_contact contact;      // for this page's pool
    struct pl_span paged;           // "alex (primary, web)": whom, by which plan; empty: by none
    struct pl_span helps;           // "1 more host like fe2"; empty: not known
    struct pl_span changes;         // "changed in 24 h: ..." of this page's pool; empty: none
    struct pl_span picture;         // PNG: the pool's last 15 minutes; for those who show it
    /* What the provider calls its own message about this alert, as its answer told; empty: it has
     * none yet, or names none. */
    struct pl_span reference;
};

enum pl_notify_method {
    PL_NOTIFY_POST,
    PL_NOTIFY_PUT,
    PL_NOTIFY_PATCH,
    PL_NOTIFY_GET,
    PL_NOTIFY_MAIL, // no HTTP: the body is a message for an SMTP server
};
enum pl_notify_content { PL_NOTIFY_JSON, PL_NOTIFY_FORM };

/* Of PL_NOTIFY_MAIL. All spans are borrowed. */
struct pl_notify_envelope {
    struct pl_span from, to;       // addresses as pl_mime_is_address() has them
    struct pl_span user, password; // empty: the server asks for none
};

/* One request, large: allocate it. Its texts are in its own memory. */
struct pl_notify_request {
    enum pl_notify_method method;
    enum pl_notify_content content; // of the body
    struct pl_text url;             // often secret
    struct pl_notify_envelope envelope;
    uint32_t header_count;
    struct pl_text headers[PL_NOTIFY_HEADERS_MAX]; // whole lines; content type, Accept and
                                                   // User-Agent are the shell's
    struct pl_text body;
    /* Not empty: to be signed with this secret as https://www.standardwebhooks.com tells, by a
     * header each for id, time and signature. Borrowed from the target. */
    struct pl_span sign_secret;
    struct pl_span sign_id; // of the message, the same for every attempt; in this struct's memory
    char url_bytes[PL_NOTIFY_URL_BYTES];
    char header_bytes[PL_NOTIFY_HEADERS_MAX][PL_NOTIFY_HEADER_BYTES];
    char body_bytes[PL_NOTIFY_BODY_BYTES];
};

/* What an answer means. */
struct pl_notify_reading {
    struct pl_page_result result;
    struct pl_text reference; // what to remember for the next message about the alert; empty: none
    char reference_bytes[PL_NOTIFY_REFERENCE_BYTES];
    bool forget; // the reference that was used means nothing to the provider any more
};

/* Some providers tell who has acknowledged, if they are asked. */
struct pl_notify_question {
    struct pl_span reference; // of a message that says that an alert fires
    int64_t cursor;           // of the last answer; 0 at first
};

enum {
    PL_NOTIFY_WHO_BYTES = 64 + 1,
    PL_NOTIFY_QUERY_BYTES = 32 + 1,
    PL_NOTIFY_ASK_WAIT_MS = 50 * 1000, // the longest a provider is asked to wait for news
};

struct pl_notify_heard {
    bool acknowledged;
    /* Which alert, where the question was about none in particular: pl_notify_alert_hash(), and
     * when it opened. 0: the one that was asked about. */
    uint64_t alert_hash;
    int64_t opened_unix_ms;
    int64_t cursor;                    // for the next question
    char who[PL_NOTIFY_WHO_BYTES];     // as the provider calls them; empty: it does not say
    char query[PL_NOTIFY_QUERY_BYTES]; // not empty: the provider waits for `thank` about this
};

struct pl_notify_provider {
    const char *word;  // its `type` in the configuration
    uint32_t needs;    // keys without which it cannot be reached: PL_NOTIFY_BIT()s. A need for URL
                       // is met by HOOK as well
    uint32_t takes;    // further keys it understands
    const char *url;   // used when the configuration gives none; NULL: there is no such
    bool deduplicates; // the same message twice is one message to people
    bool hears_acknowledge; // PL_NOTIFY_ACKNOWLEDGED is worth a message
    bool forgets;           // what fires must be told again every PL_NOTIFY_RESEND_S
    bool is_call;           // it rings; that it is over is worth no call
    bool takes_notices;     // words for a person that are no alert, and that nothing ends
    bool is_mailbox;        // its URL is that of an SMTP server, and it shows pictures
    uint32_t per_minute;    // messages it takes from one target on average
    uint32_t burst;         // and at once
    /* NULL, or what the values break beyond the rules of their keys ("is not ..."), with the key
     * that is wrong in `*key`; NULL if nothing. Values are as in struct pl_notify_target. */
    const char *(*check)(const struct pl_span *value, enum pl_notify_key *key);
    /* Fill a request that pl_notify_request_init() has prepared. */
    void (*write)(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *out);
    /* NULL where the status decides alone. Otherwise: correct what pl_notify_classify() made of the
     * status, and take the reference out of the answer. */
    void (*read)(const struct pl_notify_answer *answer, struct pl_notify_reading *out);
    /* NULL where there is no place for news: what changed, what was launched. */
    void (*write_news)(const struct pl_notify_target *target, const struct pl_news_item *news,
                       struct pl_span external_url, struct pl_notify_request *out);
    /* NULL where acknowledgements do not come back by asking. Otherwise a question, to be asked
     * while an alert fires: `ask_ms` after the answer to the one before (0: at once, because the
     * provider waits with its answer until there is news), for each reference or, with
     * `asks_once`, once for all targets with the same token. */
    void (*ask)(const struct pl_notify_target *target, const struct pl_notify_question *question,
                struct pl_notify_request *out);
    /* 0, or PL_E_SYNTAX for an answer that is none. */
    int (*hear)(const struct pl_notify_answer *answer, struct pl_notify_heard *out);
    /* NULL, or what whoever pressed the button reads then. */
    void (*thank)(const struct pl_notify_target *target, const struct pl_notify_heard *heard,
                  const char *words, struct pl_notify_request *out);
    int32_t ask_ms;
    bool asks_once;
};

#define X(id, word, help) extern const struct pl_notify_provider pl_notify_##word;
#include "collector/codec/notify/provider.def"
#undef X

/* Of a type other than PL_NOTIFY_NONE. */
const struct pl_notify_provider *pl_notify_provider(enum pl_notify_type type);

/* What identifies an alert in a few bytes. Never 0. */
uint64_t pl_notify_alert_hash(const struct pl_alert *alert);

/* A POST of JSON without URL, headers and body. */
void pl_notify_request_init(struct pl_notify_request *r);
/* The URL: the target's as a base, which may end in '/', and `path` behind it, which begins so. */
void pl_notify_request_path(struct pl_notify_request *r, const struct pl_notify_target *target,
                            const char *path);
/* A further header, to be written by the caller: whole line, no line end. */
struct pl_text *pl_notify_request_header(struct pl_notify_request *r);
