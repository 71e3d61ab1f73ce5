#include "collector/cli/client.h"

#include "collector/cli/cli.h"
#include "common/base/err.h"
#include "common/sys/file.h"

#include <cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

const char *pl_client_url(void)
{
    const char *url = getenv("PLIMSOLL_URL");
    return url && url[0] != '\0' ? url : PL_CLIENT_URL_DEFAULT;
}

/* A collector that needs none of it says so itself; so nothing is said here yet. */
static void find_token(struct pl_client *client, const char *state)
{
    char path[4096];
    bool is_shared;
    const char *file = getenv("PLIMSOLL_TOKEN_FILE");
    if (!state) state = getenv("PLIMSOLL_STATE");
    if (!state || state[0] == '\0') state = PL_CLIENT_STATE_DEFAULT;
    if (file && file[0] != '\0')
        (void)snprintf(path, sizeof path, "%s", file); // one that is cut cannot be opened
    else
        (void)snprintf(path, sizeof path, "%s/token", state);
    int err = pl_file_read_secret(path, client->token, sizeof client->token, &is_shared);
    if (err < 0)
        (void)snprintf(client->problem, sizeof client->problem,
                       "no token was sent, because '%.300s' cannot be read: %s; --state DIR names "
                       "the collector's state directory",
                       path, pl_err_text(err));
}

int pl_client_init(struct pl_client *client, const char *url, const char *state)
{
    size_t len = strlen(url);
    bool is_url = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    *client = (struct pl_client){0};
    if (!is_url || len >= sizeof client->base) {
        pl_cli_complain("'%s' is not the address of a collector: %s", url,
                        pl_err_text(is_url ? PL_E_TOO_BIG : PL_E_SYNTAX));
        return PL_EXIT_USAGE;
    }
    while (url[len - 1] == '/') len--;
    memcpy(client->base, url, len);
    client->base[len] = '\0';
    find_token(client, state);
    client->curl = curl_easy_init();
    if (client->curl) return PL_EXIT_OK;
    pl_cli_complain("out of memory");
    return PL_EXIT_FAILURE;
}

void pl_client_fini(struct pl_client *client)
{
    curl_easy_cleanup(client->curl);
    client->curl = NULL;
}

/* Appends to the reply; a short count makes libcurl end the transfer with CURLE_WRITE_ERROR. */
static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct pl_reply *reply = arg;
    size_t len = size * count; // libcurl: size is always 1
    if (len > PL_CLIENT_REPLY_BYTES_MAX - reply->len) return 0;
    char *text = realloc(reply->text, reply->len + len + 1);
    if (!text) return 0;
    memcpy(text + reply->len, data, len);
    reply->text = text;
    reply->len += len;
    reply->text[reply->len] = '\0';
    return len;
}

struct question {
    const char *url, *method, *body; // body NULL: none
};

static CURLcode transfer(const struct pl_client *client, const struct question *q,
                         struct pl_reply *reply, long *status)
{
    CURL *curl = client->curl;
    char bearer[sizeof client->token + 32];
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", client->token);
    if (client->token[0] != '\0') headers = curl_slist_append(headers, bearer);
    if (client->header[0] != '\0') headers = curl_slist_append(headers, client->header);
    (void)curl_easy_setopt(curl, CURLOPT_URL, q->url); // out of memory shows in the transfer
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
    if (q->body) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body);
    } else {
        (void)curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); // whatever http_proxy says
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)PL_CLIENT_CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PL_CLIENT_TOTAL_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status); // 0 if there was none
    curl_slist_free_all(headers);
    return code;
}

/* In the collector's own words, if it found some. */
static void complain_about(const struct pl_client *client, const struct question *q,
                           const struct pl_reply *got, long status)
{
    cJSON *problem = got->text ? cJSON_ParseWithLength(got->text, got->len) : NULL;
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(problem, "detail");
    const cJSON *fault, *faults = cJSON_GetObjectItemCaseSensitive(problem, "errors");
    if (cJSON_IsString(detail))
        pl_cli_complain("%s", detail->valuestring);
    else
        pl_cli_complain("%s answered with status %ld and %zu bytes", q->url, status, got->len);
    cJSON_ArrayForEach(fault, faults)
    {
        const cJSON *field = cJSON_GetObjectItemCaseSensitive(fault, "pointer");
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(fault, "value");
        const cJSON *rule = cJSON_GetObjectItemCaseSensitive(fault, "detail");
        if (cJSON_IsString(field) && strncmp(field->valuestring, "#/", 2) == 0 &&
            cJSON_IsString(value) && cJSON_IsString(rule))
            pl_cli_complain("  %s '%s' %s", field->valuestring + 2, value->valuestring,
                            rule->valuestring);
    }
    if (status == 401 && client->problem[0] != '\0') pl_cli_complain("%s", client->problem);
    cJSON_Delete(problem);
}

static int ask(struct pl_client *client, const struct question *q, struct pl_reply *reply)
{
    struct pl_reply got = {0};
    long status = 0;
    CURLcode code = transfer(client, q, &got, &status);
    if (code == CURLE_OK && ((status == 200 && got.len > 0) || status == 201 || status == 204)) {
        *reply = got;
        return PL_EXIT_OK;
    }
    if (code == CURLE_OK)
        complain_about(client, q, &got, status);
    else
        pl_cli_complain(
            "cannot reach %s: %s; is the collector running there? (--url, PLIMSOLL_URL)",
            client->base, curl_easy_strerror(code));
    free(got.text);
    return code == CURLE_OK || code == CURLE_WRITE_ERROR ? PL_EXIT_FAILURE : PL_EXIT_UNREACHABLE;
}

int pl_client_send(struct pl_client *client, const char *method, const char *path, const char *body,
                   struct pl_reply *reply)
{
    char url[sizeof client->base + 256];
    struct question q = {url, method, body};
    (void)snprintf(url, sizeof url, "%s%s", client->base, path); // paths are ours and short
    return ask(client, &q, reply);
}

int pl_client_get(struct pl_client *client, const char *path, struct pl_reply *reply)
{
    return pl_client_send(client, "GET", path, NULL, reply);
}

int pl_client_ask(const struct pl_client_wish *wish, const char *method, const char *path,
                  const char *body, cJSON **out)
{
    struct pl_client client;
    struct pl_reply reply = {0};
    *out = NULL;
    int status = pl_client_init(&client, wish->url, wish->state);
    if (status != PL_EXIT_OK) return status;
    status = pl_client_send(&client, method, path, body, &reply);
    if (status == PL_EXIT_OK && reply.text) {
        *out = cJSON_ParseWithLength(reply.text, reply.len);
        if (!cJSON_IsObject(*out)) {
            pl_cli_complain("%s%s did not answer with a JSON object", client.base, path);
            status = PL_EXIT_FAILURE;
            cJSON_Delete(*out);
            *out = NULL;
        } else if (wish->as_json) {
            (void)fputs(reply.text, stdout);
        }
    }
    free(reply.text);
    pl_client_fini(&client);
    return status;
}

int pl_client_change(const struct pl_client_wish *wish, const char *method, const char *path,
                     const char *body)
{
    cJSON *json;
    int status = pl_client_ask(wish, method, path, body, &json);
    cJSON_Delete(json);
    return status;
}

int pl_client_show(const struct pl_client_wish *wish, const char *path)
{
    cJSON *json;
    int status = pl_client_ask(wish, "GET", path, NULL, &json);
    if (json && !wish->as_json) wish->print(json, stdout);
    cJSON_Delete(json);
    return status;
}
