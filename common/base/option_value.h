/* option_value.h - one value of the option table: from text to its typed field. */
#pragma once

#include "common/base/option.h"
#include "common/base/text.h"

/* Type `in` by the option's rules and store it; a list gets one more item. False if a rule refuses
 * it, with the reason in `why` ("'10' is not a duration such as ...") and the field of no use. */
bool pl_option_value_store(const struct pl_option *option, struct pl_span in, void *field,
                           struct pl_text *why);

bool pl_option_value_is_list(enum pl_option_type type);

/* 'text', shortened, cut before the password of a URL, and with control bytes replaced, so that no
 * value can forge a message. */
void pl_option_value_quote(struct pl_text *t, struct pl_span text);

/* "; did you mean 'text'?", or nothing for an empty suggestion. */
void pl_option_value_suggest(struct pl_text *t, struct pl_span suggestion);

/* What values of this type look like: "a duration such as 250ms, 10s or 5m". Static storage. */
const char *pl_option_value_form(enum pl_option_type type);
