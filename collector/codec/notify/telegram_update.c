#include "collector/codec/notify/telegram_update.h"

void pl_telegram_data_write(const struct pl_alert *alert, char out[PL_TELEGRAM_DATA_BYTES])
{
    char id[PL_ALERT_ID_MAX + 1];
    struct pl_text text = pl_text_init(out, PL_TELEGRAM_DATA_BYTES);
    pl_alert_id(alert, id);
    pl_text_str(&text, "ack:");
    pl_text_hex(&text, pl_hash_bytes(pl_span_of(id)), 16);
    pl_text_char(&text, ':');
    pl_text_hex(&text, (uint64_t)alert->opened_unix_ms, 16);
}
