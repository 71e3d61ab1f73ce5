#include "collector/config_notify.h"

#include "common/base/err.h"
#include "common/sys/file.h"

#include <stdio.h>

static bool is_between(const char *from, const char *to, char c)
{
    const char *found = strchr(from, c);
    return found && found < to;
}

static const char no_web_url[] = "is not an address that begins with http:// or https://";
static const char no_mail_url[] = "is not an address that begins with smtp:// or smtps://";

static bool is_web_url(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static bool is_mail_url(const char *url)
{
    return strncmp(url, "smtp://", 7) == 0 || strncmp(url, "smtps://", 8) == 0;
}

/* What follows the scheme. */
static const char *check_place(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *end = host + strcspn(host, "/?#");
    if (is_between(host, end, '@')) return "holds a password, which has no place in a URL";
    if (host == end || strchr(url, ' ')) return "is not an address such as http://host:9099/hook";
    return NULL;
}

const char *pl_config_check_url(const void *value)
{
    return is_web_url(value) ? check_place(value) : no_web_url;
}

const char *pl_config_check_notifier_url(const void *value)
{
    return is_mail_url(value) ? check_place(value) : pl_config_check_url(value);
}

const char *pl_config_check_changes(const void *value)
{
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? NULL
                                                                     : "is neither true nor false";
}

/* Where the value of a key is, and what it is called. By enum pl_notify_key. */
static const struct place {
    const char *key;
    size_t value, bytes;
    size_t file; // of a secret: where its path is; otherwise 0, where the name is
} places[] = {
#define AT(member)                                offsetof(struct pl_config_notifier, member)
#define TEXT(id, member, bytes, key, check, help) {(key), AT(member), (bytes), 0},
#define SECRET(id, member, bytes, key, help)      {(key), AT(member), (bytes), AT(member##_file)},
#include "collector/codec/notify/key.def"
#undef TEXT
#undef SECRET
#undef AT
};

static char *value_of(struct pl_config_notifier *n, enum pl_notify_key key)
{
    return (char *)n + places[key].value;
}

/* What a file says: the value, or the path of the file where it stands. */
static const char *written(const struct pl_config_notifier *n, enum pl_notify_key key)
{
    return (const char *)n + (places[key].file ? places[key].file : places[key].value);
}

struct pl_notify_target pl_config_notifier_target(const struct pl_config_notifier *n)
{
    struct pl_notify_target target = {.type = n->type, .name = pl_name_span(&n->name)};
    for (int key = 0; key < PL_NOTIFY_KEY_COUNT; key++) {
        target.value[key] = pl_span_of((const char *)n + places[key].value);
    }
    return target;
}

static void refuse(struct pl_option_loader *l, const struct pl_config_notifier *n, const char *key,
                   const char *problem)
{
    char path[PL_OPTION_PATH_BYTES];
    (void)snprintf(path, sizeof path, "notifiers/%s/%s", n->name.text, key);
    pl_option_refuse_key(l, path, problem);
}

/* Report a key that no file gives. One that was given and refused is reported already. */
static void need(struct pl_option_loader *l, const struct pl_config_notifier *n, const char *key,
                 const char *problem)
{
    char path[PL_OPTION_PATH_BYTES];
    (void)snprintf(path, sizeof path, "notifiers/%s/%s", n->name.text, key);
    if (!pl_option_was_given(l, path)) pl_option_refuse_key(l, path, problem);
}

/* `problem` with the name of the file in front, where the value comes from one. */
static void refuse_value(struct pl_option_loader *l, const struct pl_config_notifier *n,
                         enum pl_notify_key key, const char *problem)
{
    char text[PL_OPTION_ERROR_BYTES];
    (void)snprintf(text, sizeof text, "'%.200s' %s", written(n, key), problem);
    refuse(l, n, places[key].key, text);
}

bool pl_config_secret(struct pl_option_loader *l, const char *path, const char *file,
                      const struct pl_config_secret *secret)
{
    bool is_shared = false;
    int err = pl_file_read_secret(file, secret->value, secret->bytes, &is_shared);
    if (is_shared) pl_log(PL_LOG_WARN, "secret_readable_by_others", "file=\"%s\"", file);
    if (err == 0) return true;
    char text[PL_OPTION_ERROR_BYTES];
    if (err == PL_E_TOO_BIG || err == PL_E_SYNTAX) {
        (void)snprintf(text, sizeof text,
                       "'%.200s' does not hold one line of at most %zu characters", file,
                       secret->bytes - 1);
    } else {
        (void)snprintf(text, sizeof text, "'%.200s' cannot be read: %s", file, pl_err_text(err));
    }
    pl_option_refuse_key(l, path, text);
    return false;
}

/* True if `n` has that secret now. */
static bool read_secret(struct pl_option_loader *l, struct pl_config_notifier *n,
                        enum pl_notify_key key)
{
    char path[PL_OPTION_PATH_BYTES];
    struct pl_config_secret secret = {value_of(n, key), places[key].bytes};
    (void)snprintf(path, sizeof path, "notifiers/%s/%s", n->name.text, places[key].key);
    return pl_config_secret(l, path, written(n, key), &secret);
}

/* The URL stands in one of two keys, or is the provider's own. False: what is wrong is reported. */
static bool finish_url(struct pl_option_loader *l, struct pl_config_notifier *n)
{
    const struct pl_notify_provider *provider = pl_notify_provider(n->type);
    const char *own = provider->url;
    if (n->hook[0] != '\0' && n->url[0] != '\0') {
        refuse(l, n, "url_file", "stands beside url: one of them is enough");
        return false;
    }
    if (n->hook[0] != '\0') {
        const char *problem = pl_config_check_url(n->hook);
        if (problem) {
            refuse_value(l, n, PL_NOTIFY_HOOK_KEY, "does not hold an http:// or https:// address");
            return false;
        }
        (void)snprintf(n->url, sizeof n->url, "%s", n->hook);
    }
    if (n->url[0] != '\0' && is_mail_url(n->url) != provider->is_mailbox) {
        refuse_value(l, n, PL_NOTIFY_URL_KEY, provider->is_mailbox ? no_mail_url : no_web_url);
        return false;
    }
    if (n->url[0] == '\0' && own) (void)snprintf(n->url, sizeof n->url, "%s", own);
    return true;
}

static bool finish_keys(struct pl_option_loader *l, struct pl_config_notifier *n)
{
    const struct pl_notify_provider *provider = pl_notify_provider(n->type);
    uint32_t needs = provider->needs, takes = provider->needs | provider->takes;
    bool complete = true;
    if (takes & PL_NOTIFY_BIT(URL)) takes |= PL_NOTIFY_BIT(HOOK);
    if (n->hook_file[0] != '\0') needs &= ~PL_NOTIFY_BIT(URL);
    for (int i = 0; i < PL_NOTIFY_KEY_COUNT; i++) {
        enum pl_notify_key key = (enum pl_notify_key)i;
        char problem[64];
        bool given = written(n, key)[0] != '\0';
        bool taken = (takes >> key & 1) != 0;
        if (given && !taken) {
            (void)snprintf(problem, sizeof problem, "is no key of type %s", provider->word);
            refuse(l, n, places[key].key, problem);
        }
        if (!given && (needs >> key & 1) != 0) {
            need(l, n, places[key].key, "is missing");
            complete = false;
        }
        bool is_secret = given && taken && places[key].file;
        if (is_secret && !read_secret(l, n, key)) complete = false;
    }
    return complete;
}

void pl_config_notifier_finish(struct pl_option_loader *l, struct pl_config_notifier *n)
{
    if (n->type == PL_NOTIFY_NONE) {
        need(l, n, "type", "is missing");
        return;
    }
    bool complete = finish_keys(l, n);
    if (!finish_url(l, n) || !complete) return;
    const struct pl_notify_provider *provider = pl_notify_provider(n->type);
    struct pl_notify_target target = pl_config_notifier_target(n);
    enum pl_notify_key key = PL_NOTIFY_URL_KEY;
    const char *problem = provider->check ? provider->check(target.value, &key) : NULL;
    if (problem) refuse_value(l, n, key, problem);
}
