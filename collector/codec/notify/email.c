/* A page as a mail to one mailbox. */
#include "collector/codec/notify/mail.h"
#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/provider.h"

#include <assert.h>

static_assert((int)PL_MAIL_BYTES_MAX < (int)PL_NOTIFY_BODY_BYTES, "every mail fits a request");

static void write(const struct pl_notify_target *target, const struct pl_notify_message *message,
                  struct pl_notify_request *request)
{
    const struct pl_mail mail = {
        .message = message,
        .target = target->name,
        .from = target->value[PL_NOTIFY_FROM_KEY],
        .to = target->value[PL_NOTIFY_TO_KEY],
    };
    request->method = PL_NOTIFY_MAIL;
    request->envelope = (struct pl_notify_envelope){
        .from = mail.from,
        .to = mail.to,
        .user = target->value[PL_NOTIFY_LOGIN_KEY],
        .password = target->value[PL_NOTIFY_PASSWORD_KEY],
    };
    pl_text_span(&request->url, target->value[PL_NOTIFY_URL_KEY]);
    pl_mail_write(&mail, &request->body);
}

static const char *check(const struct pl_span *value, enum pl_notify_key *key)
{
    static const char no_address[] = "is not an address such as ops@example.org";
    *key = PL_NOTIFY_FROM_KEY;
    if (!pl_mime_is_address(value[PL_NOTIFY_FROM_KEY])) return no_address;
    *key = PL_NOTIFY_TO_KEY;
    if (!pl_mime_is_address(value[PL_NOTIFY_TO_KEY])) return no_address;
    *key = PL_NOTIFY_LOGIN_KEY;
    bool one = value[PL_NOTIFY_LOGIN_KEY].len > 0, other = value[PL_NOTIFY_PASSWORD_KEY].len > 0;
    return one == other ? NULL : "and password_file belong together";
}

const struct pl_notify_provider pl_notify_email = {
    .word = "email",
    .needs = PL_NOTIFY_BIT(URL) | PL_NOTIFY_BIT(FROM) | PL_NOTIFY_BIT(TO),
    .takes = PL_NOTIFY_BIT(LOGIN) | PL_NOTIFY_BIT(PASSWORD),
    .hears_acknowledge = true,
    .is_mailbox = true,
    .takes_notices = true,
    .per_minute = 30,
    .burst = 10,
    .check = check,
    .write = write,
};
