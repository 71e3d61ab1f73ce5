#include "collector/cli/client.h"

#include "collector/cli/cli.h"
#include "common/base/err.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int pl_client_init(struct pl_client *client, const char *url)
{
    size_t len = strlen(url);
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) return PL_E_SYNTAX;
    if (len >= sizeof client->base) return PL_E_TOO_BIG;
    while (url[len - 1] == '/') len--;
    memcpy(client->base, url, len);
    client->base[len] = '\0';
    client->curl = curl_easy_init();
    return client->curl ? 0 : -ENOMEM;
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

static CURLcode transfer(const struct pl_client *client, const char *url, struct pl_reply *reply,
                         long *status)
{
    CURL *curl = client->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url); // out of memory shows in the transfer
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); // whatever http_proxy says
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)PL_CLIENT_CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PL_CLIENT_TOTAL_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status); // 0 if there was none
    return code;
}

int pl_client_get(struct pl_client *client, const char *path, struct pl_reply *reply)
{
    char url[sizeof client->base + 256];
    struct pl_reply got = {0};
    long status = 0;
    (void)snprintf(url, sizeof url, "%s%s", client->base, path); // paths are ours and short
    CURLcode code = transfer(client, url, &got, &status);
    if (code == CURLE_OK && status == 200 && got.len > 0) {
        *reply = got;
        return PL_EXIT_OK;
    }
    free(got.text);
    if (code == CURLE_OK) {
        pl_cli_complain("%s answered with status %ld and %zu bytes", url, status, got.len);
        return PL_EXIT_FAILURE;
    }
    pl_cli_complain("cannot reach %s: %s; is the collector running there? (--url, PLIMSOLL_URL)",
                    client->base, curl_easy_strerror(code));
    return code == CURLE_WRITE_ERROR ? PL_EXIT_FAILURE : PL_EXIT_UNREACHABLE;
}
