/* alertmanager.h - a page as Alertmanager's webhook sends it, payload version "4": what existing
 * receivers for chat, tickets and scripts already read.
 *
 * One page is one group of one alert, because plimsoll groups by rule and pool before it pages.
 * Labels are the identity and hold no value, host or time; those are annotations. `endsAt` is the
 * zero time while the alert fires. */
#pragma once

#include "collector/codec/notify/notify.h"

void pl_alertmanager_write(const struct pl_notify_target *target, const struct pl_page *page,
                           struct pl_text *out);
