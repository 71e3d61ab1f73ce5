#include "common/base/err.h"

#include <string.h>

const char *pl_err_text(int err)
{
    if (err >= 0) return "success";
    switch (err) {
#define PL_ERR_CASE(name, number, text)                                                            \
    case name: return text;
        PL_ERR_LIST(PL_ERR_CASE)
#undef PL_ERR_CASE
    }
    const char *text = strerrordesc_np(-err);
    return text ? text : "unexplained error number";
}
