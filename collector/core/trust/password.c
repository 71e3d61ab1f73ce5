#include "collector/core/trust/password.h"

/* What lists of leaked passwords begin with, as far as it is long enough to pass, in lower case. */
static const char *const common[] = {
    "0123456789",       "0987654321",   "1234567890",   "12345678910",      "123456789a",
    "1q2w3e4r5t",       "1qaz2wsx3edc", "abcdefghij",   "adminadmin",       "administrator",
    "changeme123",      "iloveyou12",   "iloveyou123",  "letmein123",       "passw0rd123",
    "password12",       "password123",  "password1234", "passwordpassword", "plimsoll123",
    "plimsollplimsoll", "princess123",  "q1w2e3r4t5",   "qwerty1234",       "qwerty12345",
    "qwertyuiop",       "sunshine123",  "welcome123",   "welcome1234",      "zaq12wsxcde3",
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_in_any_case(struct pl_span password, struct pl_span word)
{
    if (password.len != word.len) return false;
    for (size_t i = 0; i < word.len; i++)
        if (lower(password.ptr[i]) != lower(word.ptr[i])) return false;
    return true;
}

static size_t character_count(struct pl_span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += (text.ptr[i] & 0xc0) != 0x80; // UTF-8
    return count;
}

static bool is_one_character(struct pl_span text)
{
    size_t i = 1;
    while (i < text.len && text.ptr[i] == text.ptr[0]) i++;
    return i >= text.len;
}

const char *pl_password_fault(struct pl_span password, const struct pl_name *user)
{
    if (character_count(password) < PL_PASSWORD_LEN_MIN)
        return "the password is too short: at least 10 characters, of any kind; a few words that "
               "only you would put together are good";
    if (password.len > PL_PASSWORD_BYTES_MAX) return "the password is longer than 256 bytes";
    bool is_common = is_one_character(password) || is_in_any_case(password, pl_name_span(user));
    for (size_t i = 0; i < PL_LEN(common); i++)
        is_common |= is_in_any_case(password, pl_span_of(common[i]));
    return is_common ? "the password is one of those that are tried first; choose another" : NULL;
}
