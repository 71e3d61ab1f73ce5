#include "collector/codec/notify/gsm.h"

#include "common/base/base.h"

enum { DOTS = 3 };

/* The letters of the alphabet beyond ASCII. */
static const char letters[] = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char escaped[] = "^{}\\[~]|€";

/* What is written instead of a character that the alphabet does not have. */
static const struct {
    const char *from, *to; // one of these; is this
} folds[] = {
    {"…", "..."},     {"‘’‚‛′`´ʼ", "'"}, {"“”„‟″«»", "\""},
    {"‐‑‒–—―−", "-"}, {"•·→", "-"},      {"\u00a0\u2002\u2003\u2009\u202f", " "},
    {"×", "x"},       {"≥", ">="},       {"≤", "<="},
    {"≈", "~"},       {"°", "o"},        {"µμ", "u"},
    {"ÀÁÂÃĀĂĄ", "A"}, {"áâãāăą", "a"},   {"ĆĈČĊ", "C"},
    {"çćĉčċ", "c"},   {"ĎĐ", "D"},       {"ďđ", "d"},
    {"ÈÊËĒĖĘĚ", "E"}, {"êëēėęě", "e"},   {"ĜĞĠĢ", "G"},
    {"ĝğġģ", "g"},    {"ÌÍÎÏĪĮİ", "I"},  {"íîïīįı", "i"},
    {"ĶĹĻĽŁ", "L"},   {"ķĺļľł", "l"},    {"ŃŅŇ", "N"},
    {"ńņň", "n"},     {"ÒÓÔÕŌŐ", "O"},   {"óôõōő", "o"},
    {"ŔŘ", "R"},      {"ŕř", "r"},       {"ŚŜŞŠȘ", "S"},
    {"śŝşšș", "s"},   {"ŢŤȚ", "T"},      {"ţťț", "t"},
    {"ÙÚÛŪŮŰŲ", "U"}, {"úûūůűų", "u"},   {"ÝŸŶ", "Y"},
    {"ýÿŷ", "y"},     {"ŹŻŽ", "Z"},      {"źżž", "z"},
    {"Œ", "OE"},      {"œ", "oe"},       {"ẞ", "ß"},
};

/* True if the UTF-8 `point` is one of those in `set`. */
static bool is_in(struct pl_span point, const char *set)
{
    const struct pl_span all = pl_span_of(set);
    for (size_t at = 0, len; at < all.len; at += len) {
        len = PL_MAX(pl_utf8_len(all.ptr + at, all.len - at), 1u);
        if (pl_span_eq(point, (struct pl_span){all.ptr + at, len})) return true;
    }
    return false;
}

/* Septets of a code point, 0 if it is none of the alphabet. */
static uint32_t septets_of(struct pl_span point)
{
    if (is_in(point, escaped)) return 2;
    if (is_in(point, letters)) return 1;
    bool is_ascii = point.len == 1 && point.ptr[0] >= ' ' && point.ptr[0] < 0x7f;
    return is_ascii && point.ptr[0] != '`' ? 1 : 0;
}

/* `point` in the alphabet, as UTF-8. */
static struct pl_span fold(struct pl_span point)
{
    if (septets_of(point) > 0) return point;
    for (size_t i = 0; i < PL_LEN(folds); i++) {
        if (is_in(point, folds[i].from)) return pl_span_of(folds[i].to);
    }
    return pl_span_of("?");
}

static uint32_t septets_of_text(struct pl_span text)
{
    uint32_t septets = 0;
    for (size_t at = 0, len; at < text.len; at += len) {
        len = PL_MAX(pl_utf8_len(text.ptr + at, text.len - at), 1u);
        septets += septets_of((struct pl_span){text.ptr + at, len});
    }
    return septets;
}

static bool is_control(struct pl_span point)
{
    if (point.len == 1) return point.ptr[0] < ' ' || point.ptr[0] == 0x7f;
    return point.len == 2 && point.ptr[0] == 0xc2 && point.ptr[1] < 0xa0; // U+0080-009F
}

uint32_t pl_gsm_write(struct pl_text *out, struct pl_span in, uint32_t septets_max)
{
    uint32_t used = 0;
    struct pl_text whole = *out; // as long as all of it fits
    uint32_t room = septets_max > DOTS ? septets_max - DOTS : 0;
    struct pl_text cut = *out; // what stays in front of the dots
    uint32_t cut_used = 0;
    for (size_t at = 0, len; at < in.len; at += len) {
        len = PL_MAX(pl_utf8_len(in.ptr + at, in.len - at), 1u);
        struct pl_span point = {in.ptr + at, len};
        if (is_control(point)) continue;
        struct pl_span folded = fold(point);
        uint32_t septets = septets_of_text(folded);
        if (used + septets > septets_max) {
            *out = cut;
            out->ptr[out->len] = '\0';
            if (septets_max >= DOTS) pl_text_str(out, "...");
            return septets_max >= DOTS ? cut_used + DOTS : cut_used;
        }
        pl_text_span(&whole, folded);
        used += septets;
        if (used <= room) {
            cut = whole;
            cut_used = used;
        }
    }
    *out = whole;
    return used;
}
