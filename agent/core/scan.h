/* scan.h - walking the text files of /proc, borrowed and bounded.
 *
 * The one rule that makes every probe safe against a cut read: only a line with its newline counts.
 * All files under /proc end their last line, so a line without one was cut, and a number at its
 * end may have lost digits. Inline, because an agent's whole parsing is these four functions. */
#pragma once

#include "common/base/span.h"

/* A counter or level this kernel does not report, or that is no unsigned 64-bit number. */
#define PL_RAW_ABSENT UINT64_MAX

/* Take the next complete line off `text`, without its newline. False when there is none. */
static inline bool pl_scan_line(struct pl_span *text, struct pl_span *line)
{
    const uint8_t *newline = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    if (!newline) return false;
    *line = (struct pl_span){text->ptr, (size_t)(newline - text->ptr)};
    text->ptr += line->len + 1;
    text->len -= line->len + 1;
    return true;
}

/* Take the next word off `line`; blanks and tabs separate. False, and an empty word, when there is
 * none. */
static inline bool pl_scan_word(struct pl_span *line, struct pl_span *word)
{
    const uint8_t *ptr = line->ptr;
    const uint8_t *end = ptr + line->len;
    while (ptr < end && (*ptr == ' ' || *ptr == '\t')) ptr++;
    const uint8_t *start = ptr;
    while (ptr < end && *ptr != ' ' && *ptr != '\t') ptr++;
    *word = (struct pl_span){start, (size_t)(ptr - start)};
    *line = (struct pl_span){ptr, (size_t)(end - ptr)};
    return word->len > 0;
}

/* The value of a word of digits; PL_RAW_ABSENT for an empty word, anything else than digits (a
 * sign too: snmp's MaxConn is -1), and what does not fit in 64 bits. */
static inline uint64_t pl_scan_number(struct pl_span word)
{
    uint64_t value = 0;
    if (word.len == 0) return PL_RAW_ABSENT;
    for (size_t i = 0; i < word.len; i++) {
        unsigned digit = (unsigned)word.ptr[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) return PL_RAW_ABSENT;
        value = value * 10 + digit;
    }
    return value;
}

/* The number in the next word of `line`. */
static inline uint64_t pl_scan_next(struct pl_span *line)
{
    struct pl_span word;
    (void)pl_scan_word(line, &word); // an empty word is no number
    return pl_scan_number(word);
}
