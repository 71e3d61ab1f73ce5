/* config_notify.h - the notifiers of the configuration: what each provider needs to be told, and
 * the secrets that stand in files of their own. */
#pragma once

#include "collector/config.h"

/* The rule of an address that begins with http:// or https://; see struct pl_option. */
const char *pl_config_check_url(const void *value);
/* The same, or the address of a mail server: smtp:// or smtps://. */
const char *pl_config_check_notifier_url(const void *value);
/* The rule of a mail address. */
const char *pl_config_check_address(const void *value);

/* Once all files are read: its keys fit its type, its secrets are read, its URL is known. Collects
 * what is wrong; logs a warning for a secret that others may read. */
void pl_config_notifier_finish(struct pl_option_loader *l, struct pl_config_notifier *n);

/* The same for those who write requests; borrows from `n`. */
struct pl_notify_target pl_config_notifier_target(const struct pl_config_notifier *n);
