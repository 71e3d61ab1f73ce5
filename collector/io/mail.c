#include "collector/io/mail.h"

#include "common/base/err.h"
#include "common/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Seconds for each answer of the server; the whole transfer has its own limit. */
enum { ANSWER_S = 10 };

void pl_mail_job_init(struct pl_mail_job *job)
{
    for (size_t i = 0; i < PL_MAIL_SOCKETS_MAX; i++) job->sockets[i] = CURL_SOCKET_BAD;
}

void pl_mail_hang_up(struct pl_mail_job *job)
{
    for (size_t i = 0; i < PL_MAIL_SOCKETS_MAX; i++) {
        if (job->sockets[i] == CURL_SOCKET_BAD) continue;
        (void)shutdown(job->sockets[i], SHUT_RDWR); // fails where it is closed already
        job->sockets[i] = CURL_SOCKET_BAD;          // it is libcurl's to close
    }
}

bool pl_mail_is_given(const struct pl_mail_job *job)
{
    return job->body.len > 0 && job->given_len == job->body.len;
}

/* ---- what libcurl asks ---- */

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct pl_mail_job *job = user;
    size_t i = 0;
    while (i < PL_MAIL_SOCKETS_MAX && job->sockets[i] != CURL_SOCKET_BAD) i++;
    if (i == PL_MAIL_SOCKETS_MAX) return CURL_SOCKET_BAD; // addresses tried at the same time
    job->sockets[i] = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return job->sockets[i];
}

/* Comes for sockets of the slot's earlier mails as well. */
static int on_close(void *user, curl_socket_t fd)
{
    struct pl_mail_job *job = user;
    for (size_t i = 0; i < PL_MAIL_SOCKETS_MAX; i++) {
        if (job->sockets[i] == fd) job->sockets[i] = CURL_SOCKET_BAD;
    }
    return close(fd);
}

static size_t on_body_wanted(char *out, size_t size, size_t count, void *user)
{
    struct pl_mail_job *job = user;
    size_t len = PL_MIN(size * count, job->body.len - job->given_len);
    if (len > 0) memcpy(out, job->body.ptr + job->given_len, len);
    job->given_len += len;
    return len;
}

/* A refusal is the end: there is one recipient and one message. What only means that the server
 * does not know a command (50y, RFC 5321 section 4.2.2) libcurl answers with another one. */
static bool is_refusal(const char *line)
{
    return (line[0] == '4' || line[0] == '5') && strncmp(line, "50", 2) != 0;
}

/* Each line the server says. */
static size_t on_line(char *bytes, size_t size, size_t count, void *user)
{
    struct pl_mail_job *job = user;
    size_t len = size * count;
    struct pl_span line = {(const uint8_t *)bytes, len};
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    struct pl_text reply = pl_text_init(job->reply, sizeof job->reply);
    pl_text_span(&reply, line);
    if (is_refusal(job->reply)) pl_mail_hang_up(job);
    return len;
}

/* ---- setup ---- */

/* This machine by address or by its one name; another name may mean another machine tomorrow. */
static bool is_this_machine(const char *url)
{
    char *host = NULL;
    CURLU *parts = curl_url();
    bool is_here = false;
    if (parts && curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        is_here = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 ||
                  strcmp(host, "localhost") == 0;
    }
    curl_free(host);
    curl_url_cleanup(parts);
    return is_here;
}

static int put_path(char *out, struct pl_span address)
{
    if (!pl_mime_is_address(address)) return PL_E_SYNTAX;
    struct pl_text path = pl_text_init(out, PL_MAIL_PATH_BYTES);
    pl_text_char(&path, '<');
    pl_text_span(&path, address);
    pl_text_char(&path, '>');
    return 0;
}

#define SET(option, value) (code = code ? code : curl_easy_setopt(easy, (option), (value)))

int pl_mail_setup(CURL *easy, struct pl_mail_job *job, const char *url,
                  const struct pl_notify_envelope *envelope, struct pl_span body)
{
    char user[PL_NOTIFY_LOGIN_BYTES], password[PL_NOTIFY_LOGIN_BYTES];
    struct pl_text user_text = pl_text_init(user, sizeof user);
    struct pl_text password_text = pl_text_init(password, sizeof password);
    int err = put_path(job->sender_path, envelope->from);
    if (!err) err = put_path(job->recipient_path, envelope->to);
    if (err) return err;
    pl_mail_job_init(job);
    job->body = body;
    job->given_len = 0;
    job->reply[0] = '\0';
    job->recipient = (struct curl_slist){job->recipient_path, NULL};
    pl_text_span(&user_text, envelope->user);
    pl_text_span(&password_text, envelope->password);
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, (long)(is_this_machine(url) ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)ANSWER_S);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_MAIL_FROM, job->sender_path);
    SET(CURLOPT_MAIL_RCPT, &job->recipient);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, on_body_wanted);
    SET(CURLOPT_READDATA, job);
    SET(CURLOPT_HEADERFUNCTION, on_line);
    SET(CURLOPT_HEADERDATA, job);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, job);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    SET(CURLOPT_CLOSESOCKETDATA, job);
    if (user_text.len > 0) {
        SET(CURLOPT_USERNAME, user);
        SET(CURLOPT_PASSWORD, password);
    }
    explicit_bzero(password, sizeof password); // libcurl has its own copy
    return code == CURLE_OK ? 0 : -ENOMEM;
}
