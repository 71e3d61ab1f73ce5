/* Ownership: pl_webhook owns slots (one easy handle and the bytes of one post each), watches (one
 * uv_poll_t per socket that libcurl wants watched) and the multi handle with its open connections.
 * libcurl calls back into on_socket and on_curl_timer; those only note what it wants, because
 * calling libcurl from within its own callbacks is forbidden. Everything ends in drain().
 *
 *   pl_webhook_submit -> curl_multi_add_handle -> on_curl_timer -> uv_timer
 *     on_timer / on_watch_ready -> curl_multi_socket_action -> on_socket -> watch_set / watch_close
 *                               -> drain -> slot_finish -> request.on_answer
 *   pl_webhook_stop -> last answer, or on_drain_over -> shut_down -> slot_finish(UV_ECANCELED) ...
 *                   -> curl_multi_cleanup -> handles close -> on_handle_closed (last) -> free
 *                   -> on_stopped
 *
 * The memory goes in the close callback of the last handle. */
#include "collector/io/webhook.h"

#include "collector/io/mail.h"
#include "common/base/assert.h"
#include "common/base/err.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HOST_CONNECTIONS_MAX = 4, // one slow provider cannot take every connection
    TOTAL_CONNECTIONS_MAX = 64,
    IDLE_CONNECTIONS_MAX = 16,
    /* Sockets libcurl can want watched at once: per connection an IPv4 and an IPv6 attempt and the
     * resolver's wake-up pair, and as many again whose handles are still closing. */
    WATCHES_MAX = 8 * TOTAL_CONNECTIONS_MAX,
    NO_PROXY_LEN_MAX = 1023,
};

struct watch {
    uv_poll_t poll;
    struct pl_webhook *hook; // borrowed; NULL while the watch is free
    curl_socket_t fd;
};

enum slot_state { SLOT_FREE, SLOT_POSTING, SLOT_ANSWERING };

struct slot {
    CURL *easy;              // owned
    struct pl_webhook *hook; // borrowed
    enum slot_state state;
    bool body_cut; // the answer was longer than `answer`
    size_t answer_len;
    struct pl_webhook_request request;                 // its spans are not used after the submit
    struct curl_slist headers[PL_WEBHOOK_HEADERS_MAX]; // a list in place
    struct curl_slist content; // its end: the content type, which ends in hook->headers
    char header_text[PL_WEBHOOK_HEADERS_MAX][PL_WEBHOOK_HEADER_LEN_MAX + 1];
    char url[PL_WEBHOOK_URL_LEN_MAX + 1];
    struct pl_mail_job mail;
    uint8_t body[PL_WEBHOOK_BODY_LEN_MAX];
    uint8_t answer[PL_WEBHOOK_ANSWER_LEN_MAX];
};

struct pl_webhook {
    uv_loop_t *loop;            // borrowed
    uv_timer_t timer;           // libcurl's
    uv_timer_t drain_timer;     // runs after a stop while posts are under way
    CURLM *multi;               // owned
    struct curl_slist *headers; // owned: those of every request
    struct slot *slots;         // owned, slot_count items
    struct watch *watches;      // owned, WATCHES_MAX items
    struct pl_webhook_config config;
    uint32_t busy_count;    // posts under way
    uint32_t waiting_count; // of them those that wait for news
    uint32_t open_handles;  // timers and watches not yet closed
    bool stopping;          // no more posts
    bool shut;              // nothing but close callbacks comes any more
    void (*on_stopped)(void *owner);
    void *stopped_owner;     // borrowed
    const char *authorities; // file of trusted certificates; NULL: those of the system
    char no_proxy[NO_PROXY_LEN_MAX + 1];
};

static void hook_free(struct pl_webhook *hook)
{
    for (uint32_t i = 0; hook->slots && i < hook->config.slot_count; i++) {
        curl_easy_cleanup(hook->slots[i].easy);
    }
    curl_multi_cleanup(hook->multi);
    curl_slist_free_all(hook->headers);
    free(hook->slots);
    free(hook->watches);
    free(hook);
    curl_global_cleanup();
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct pl_webhook *hook = handle->data;
    if (handle->type == UV_POLL) {
        PL_CONTAINER_OF(handle, struct watch, poll)->hook = NULL; // free for the next socket
    }
    if (--hook->open_handles > 0) return;
    void (*on_stopped)(void *owner) = hook->on_stopped;
    void *owner = hook->stopped_owner;
    hook_free(hook);
    if (on_stopped) on_stopped(owner);
}

/* ---- answers ---- */

static int err_of(CURLcode code, CURL *easy)
{
    long os_errno = 0;
    switch ((int)code) { // a number: libcurl has a hundred codes and adds more
    case CURLE_OK: return 0;
    case CURLE_OPERATION_TIMEDOUT: return PL_E_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return PL_E_NO_HOST;
    case CURLE_COULDNT_CONNECT:
        (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno); // 0 if libcurl does not know
        return os_errno > 0 ? -(int)os_errno : PL_E_CLOSED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return PL_E_CERTIFICATE;
    case CURLE_USE_SSL_FAILED: return PL_E_PLAIN;
    case CURLE_LOGIN_DENIED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return PL_E_REFUSED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return PL_E_SYNTAX;
    case CURLE_WEIRD_SERVER_REPLY: return PL_E_MAGIC;
    case CURLE_OUT_OF_MEMORY: return UV_ENOMEM;
    default: return PL_E_CLOSED;
    }
}

/* `code` is meaningless when `canceled`. */
static struct pl_notify_answer answer_of(const struct slot *s, CURLcode code, bool canceled)
{
    long status = 0, sent_len = 0;
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status); // stay 0 on failure
    (void)curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent_len);
    (void)curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (status < 200 || status > 599) status = 0;   // 1xx is not an answer yet
    if (status > 0 && s->body_cut) code = CURLE_OK; // we stopped reading, not they
    bool is_mail = s->request.method == PL_NOTIFY_MAIL;
    struct pl_span body = {s->answer, s->answer_len};
    if (is_mail) body = pl_span_of(s->mail.reply);
    return (struct pl_notify_answer){
        .err = canceled ? UV_ECANCELED : err_of(code, s->easy),
        .http_status = (int)status,
        .retry_after_ms =
            retry_after_s > 0 && retry_after_s < INT32_MAX ? (int64_t)retry_after_s * 1000 : -1,
        .is_mail = is_mail,
        .body = body,
        .may_be_delivered = is_mail ? pl_mail_is_given(&s->mail) : sent_len > 0,
    };
}

static void slot_finish(struct slot *s, CURLcode code, bool canceled)
{
    struct pl_notify_answer answer = answer_of(s, code, canceled);
    pl_mail_hang_up(&s->mail); // before libcurl waits for a goodbye; nothing to do for a post
    (void)curl_multi_remove_handle(s->hook->multi, s->easy); // fails only for foreign handles
    s->state = SLOT_ANSWERING; // keeps the answer's bytes from a submit within the callback
    s->request.on_answer(s->request.owner, s->request.ticket, &answer);
    s->state = SLOT_FREE;
    s->hook->busy_count--;
    if (s->request.wait_ms > 0) s->hook->waiting_count--;
}

static void shut_down(struct pl_webhook *hook)
{
    hook->shut = true;
    for (uint32_t i = 0; i < hook->config.slot_count; i++) {
        struct slot *s = &hook->slots[i];
        if (s->state == SLOT_POSTING) slot_finish(s, CURLE_OK, true);
        curl_easy_cleanup(s->easy);
        s->easy = NULL;
    }
    (void)curl_multi_cleanup(hook->multi); // closes every watch through on_socket
    hook->multi = NULL;
    uv_close((uv_handle_t *)&hook->timer, on_handle_closed);
    uv_close((uv_handle_t *)&hook->drain_timer, on_handle_closed);
}

static void on_drain_over(uv_timer_t *timer)
{
    shut_down(timer->data);
}

static void drain(struct pl_webhook *hook)
{
    int left;
    CURLMsg *msg;
    while ((msg = curl_multi_info_read(hook->multi, &left))) {
        struct slot *s = NULL;
        PL_ASSERT(curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&s) == CURLE_OK);
        slot_finish(s, msg->data.result, false); // `msg` is gone after this
    }
    if (hook->stopping && pl_webhook_busy_count(hook) == 0) shut_down(hook);
}

static size_t on_answer_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    size_t len = size * count; // size is always 1 (CURLOPT_WRITEFUNCTION(3))
    size_t room = sizeof s->answer - s->answer_len;
    s->body_cut = len > room;
    if (s->body_cut) len = room;
    memcpy(s->answer + s->answer_len, bytes, len);
    s->answer_len += len;
    return s->body_cut ? 0 : len; // fewer than given ends the transfer
}

/* ---- what libcurl asks of the loop ---- */

static void act(struct pl_webhook *hook, curl_socket_t fd, int events)
{
    int running;
    (void)curl_multi_socket_action(hook->multi, fd, events, &running); // failures come as messages
    drain(hook);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_watch_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = PL_CONTAINER_OF(poll, struct watch, poll);
    int mask = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE) mask |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE) mask |= CURL_CSELECT_OUT;
    act(w->hook, w->fd, mask);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    (void)multi;
    struct pl_webhook *hook = user;
    if (timeout_ms < 0) return uv_timer_stop(&hook->timer);
    /* 0 means at once, but not from within this callback: 1 ms. Should the loop's cached time make
     * the timer fire early, libcurl sets it again. */
    return uv_timer_start(&hook->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
}

static void watch_close(struct watch *w)
{
    uv_handle_t *handle = (uv_handle_t *)&w->poll;
    if (!uv_is_closing(handle)) uv_close(handle, on_handle_closed);
}

static struct watch *watch_open(struct pl_webhook *hook, curl_socket_t fd)
{
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        struct watch *w = &hook->watches[i];
        if (w->hook) continue;
        if (uv_poll_init_socket(hook->loop, &w->poll, fd) < 0) return NULL;
        w->poll.data = hook;
        w->hook = hook;
        w->fd = fd;
        hook->open_handles++;
        return w;
    }
    return NULL;
}

/* 0, or -1: libcurl then fails the transfers under way (CURLMOPT_SOCKETFUNCTION(3)), and the pages
 * are tried again. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    (void)easy;
    struct pl_webhook *hook = user;
    struct watch *w = socket_user;
    if (what == CURL_POLL_REMOVE) {
        (void)curl_multi_assign(hook->multi, fd, NULL); // fails only for an unknown socket
        if (w) watch_close(w);
        return 0;
    }
    if (!w && !(w = watch_open(hook, fd))) return -1;
    if (curl_multi_assign(hook->multi, fd, w) != CURLM_OK) return -1;
    int events = 0;
    if (what & CURL_POLL_IN) events |= UV_READABLE; // CURL_POLL_INOUT is both bits
    if (what & CURL_POLL_OUT) events |= UV_WRITABLE;
    return uv_poll_start(&w->poll, events, on_watch_ready) < 0 ? -1 : 0;
}

/* ---- start ---- */

#define SET(option, value) (code = code ? code : curl_easy_setopt(s->easy, (option), (value)))

/* Every option of a post, on a clean slate: nothing of the slot's previous post is left. */
static CURLcode slot_setup(struct slot *s, struct curl_slist *headers)
{
    const struct pl_webhook *hook = s->hook;
    CURLcode code = CURLE_OK;
    curl_easy_reset(s->easy);
    SET(CURLOPT_PRIVATE, (char *)s);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)hook->config.connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)hook->config.total_ms + s->request.wait_ms);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_NOPROXY, hook->no_proxy);
    /* Without this a post that times out during its name lookup blocks the loop until the
     * resolver's thread comes home (curl issue 8515). */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_USERAGENT, "plimsoll/" PL_VERSION);
    SET(CURLOPT_WRITEFUNCTION, on_answer_bytes);
    SET(CURLOPT_WRITEDATA, s);
    SET(CURLOPT_URL, s->url);
    if (hook->authorities) SET(CURLOPT_CAINFO, hook->authorities);
    if (s->request.method == PL_NOTIFY_MAIL) return code;
    SET(CURLOPT_HTTPHEADER, headers);
    if (s->request.method == PL_NOTIFY_GET) return code;
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->request.body.len);
    SET(CURLOPT_POSTFIELDS, s->body);
    if (s->request.method == PL_NOTIFY_PUT) SET(CURLOPT_CUSTOMREQUEST, "PUT");
    if (s->request.method == PL_NOTIFY_PATCH) SET(CURLOPT_CUSTOMREQUEST, "PATCH");
    return code;
}

#define SET_MULTI(option, value) (code = code ? code : curl_multi_setopt(multi, (option), (value)))

static CURLMcode multi_init(CURLM *multi, struct pl_webhook *hook)
{
    CURLMcode code = CURLM_OK;
    SET_MULTI(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET_MULTI(CURLMOPT_SOCKETDATA, hook);
    SET_MULTI(CURLMOPT_TIMERFUNCTION, on_curl_timer);
    SET_MULTI(CURLMOPT_TIMERDATA, hook);
    SET_MULTI(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    SET_MULTI(CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS_MAX);
    SET_MULTI(CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)TOTAL_CONNECTIONS_MAX);
    SET_MULTI(CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    return code;
}

/* The environment's no_proxy with this machine's own addresses added. */
static void no_proxy_init(char *out, size_t cap)
{
    const char *environment = getenv("no_proxy");
    if (!environment) environment = getenv("NO_PROXY");
    int len = snprintf(out, cap, "127.0.0.1,::1,localhost,%s", environment ? environment : "");
    if (len >= (int)cap) *(strrchr(out, ',') + 1) = '\0'; // drop the entry that was cut
}

static bool headers_init(struct pl_webhook *hook)
{
    /* An empty "Expect:" keeps libcurl from asking for "100 Continue" before a body it finds large,
     * which costs a second where the receiver does not know it. */
    static const char *const common[] = {"Accept: application/json", "Expect:"};
    for (size_t i = 0; i < PL_LEN(common); i++) {
        struct curl_slist *longer = curl_slist_append(hook->headers, common[i]);
        if (!longer) return false;
        hook->headers = longer;
    }
    return true;
}

int pl_webhook_start(uv_loop_t *loop, const struct pl_webhook_config *config,
                     struct pl_webhook **out)
{
    if (config->slot_count < 1 || config->slot_count > PL_WEBHOOK_SLOTS_MAX ||
        config->connect_ms < 1 || config->total_ms < 1) {
        return PL_E_RANGE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return UV_ENOMEM;
    struct pl_webhook *hook = calloc(1, sizeof *hook);
    if (!hook) {
        curl_global_cleanup();
        return UV_ENOMEM;
    }
    hook->loop = loop;
    hook->config = *config;
    hook->authorities = getenv("SSL_CERT_FILE");
    no_proxy_init(hook->no_proxy, sizeof hook->no_proxy);
    hook->slots = calloc(config->slot_count, sizeof *hook->slots);
    hook->watches = calloc(WATCHES_MAX, sizeof *hook->watches);
    hook->multi = curl_multi_init();
    if (!hook->slots || !hook->watches || !hook->multi || !headers_init(hook)) goto fail;
    if (multi_init(hook->multi, hook) != CURLM_OK) goto fail;
    for (uint32_t i = 0; i < config->slot_count; i++) {
        hook->slots[i].hook = hook;
        pl_mail_job_init(&hook->slots[i].mail);
        hook->slots[i].easy = curl_easy_init();
        if (!hook->slots[i].easy) goto fail;
    }
    (void)uv_timer_init(loop, &hook->timer); // cannot fail
    (void)uv_timer_init(loop, &hook->drain_timer);
    hook->timer.data = hook->drain_timer.data = hook;
    hook->open_handles = 2;
    *out = hook;
    return 0;
fail:
    hook_free(hook);
    return UV_ENOMEM;
}

/* ---- submit ---- */

static int copy_line(char *out, size_t len_max, struct pl_span in)
{
    if (in.len > len_max) return PL_E_TOO_BIG;
    for (size_t i = 0; i < in.len; i++) {
        if (in.ptr[i] < 0x20 || in.ptr[i] == 0x7f) return PL_E_SYNTAX; // would forge a header
    }
    memcpy(out, in.ptr, in.len);
    out[in.len] = '\0';
    return 0;
}

/* The end of every list of headers. */
static struct curl_slist *content_header(struct slot *s, enum pl_notify_content content)
{
    static char json[] = "Content-Type: application/json"; // libcurl's type is not const
    static char form[] = "Content-Type: application/x-www-form-urlencoded";
    s->content = (struct curl_slist){content == PL_NOTIFY_FORM ? form : json, s->hook->headers};
    return &s->content;
}

static int slot_fill(struct slot *s, const struct pl_webhook_request *request)
{
    if (request->url.len == 0) return PL_E_SYNTAX;
    if (request->body.len > sizeof s->body) return PL_E_TOO_BIG;
    if (request->header_count > PL_WEBHOOK_HEADERS_MAX) return PL_E_TOO_BIG;
    int err = copy_line(s->url, PL_WEBHOOK_URL_LEN_MAX, request->url);
    struct curl_slist *list = content_header(s, request->content);
    if (request->method == PL_NOTIFY_GET) list = s->hook->headers;
    for (uint32_t i = 0; i < request->header_count && !err; i++) {
        err = copy_line(s->header_text[i], PL_WEBHOOK_HEADER_LEN_MAX, request->headers[i]);
        s->headers[i] = (struct curl_slist){s->header_text[i], list};
        list = &s->headers[i];
    }
    if (err) return err;
    if (request->body.len > 0) memcpy(s->body, request->body.ptr, request->body.len);
    s->request = *request;
    s->answer_len = 0;
    s->body_cut = false;
    if (slot_setup(s, list) != CURLE_OK) return UV_ENOMEM;
    if (request->method != PL_NOTIFY_MAIL) return 0;
    return pl_mail_setup(s->easy, &s->mail, s->url, &request->envelope,
                         (struct pl_span){s->body, request->body.len});
}

int pl_webhook_submit(struct pl_webhook *hook, const struct pl_webhook_request *request)
{
    PL_ASSERT(request->on_answer);
    if (hook->stopping) return UV_ECANCELED;
    struct slot *s = hook->slots, *end = hook->slots + hook->config.slot_count;
    while (s < end && s->state != SLOT_FREE) s++;
    if (s == end) return PL_E_FULL;
    int err = slot_fill(s, request);
    if (err) return err;
    if (curl_multi_add_handle(hook->multi, s->easy) != CURLM_OK) return UV_ENOMEM;
    s->state = SLOT_POSTING;
    hook->busy_count++;
    if (request->wait_ms > 0) hook->waiting_count++;
    return 0;
}

uint32_t pl_webhook_busy_count(const struct pl_webhook *hook)
{
    return hook->busy_count - hook->waiting_count;
}

void pl_webhook_stop(struct pl_webhook *hook, void (*on_stopped)(void *owner), void *owner)
{
    if (hook->stopping) return;
    hook->stopping = true;
    hook->on_stopped = on_stopped;
    hook->stopped_owner = owner;
    uint64_t wait_ms = pl_webhook_busy_count(hook) > 0 ? PL_WEBHOOK_DRAIN_MS : 0;
    (void)uv_timer_start(&hook->drain_timer, on_drain_over, wait_ms, 0); // fails only while closing
}
