/* config_notify.h - the notifiers of the configuration: what each provider needs to be told, and
 * the secrets that stand in files of their own. */
#pragma once

#include "collector/config.h"

/* The rule of an address that begins with http:// or https://; see struct pl_option. */
const char *pl_config_check_url(const void *value);
/* The same, or the address of a mail server: smtp:// or smtps://. */
const char *pl_config_check_changes(const void *value);
const char *pl_config_check_notifier_url(const void *value);

/* Where a secret goes; its NUL included. */
struct pl_config_secret {
    char *value;
    size_t bytes;
};
/* Read the secret that the key at `path` says stands in `file`. False: it cannot be had, which is
 * reported. Logs a warning for one that others may read. */
PL_MUST_CHECK bool pl_config_secret(struct pl_option_loader *l, const char *path, const char *file,
                                    const struct pl_config_secret *secret);

/* Once all files are read: its keys fit its type, its secrets are read, its URL is known. Collects
 * what is wrong; logs a warning for a secret that others may read. */
void pl_config_notifier_finish(struct pl_option_loader *l, struct pl_config_notifier *n);

/* The same for those who write requests; borrows from `n`. */
struct pl_notify_target pl_config_notifier_target(const struct pl_config_notifier *n);
