/* Any bytes as a configuration file of both programs: every mistake is text that names the file,
 * and a file without mistakes says the same when it is merged over itself. */
#include "tests/fuzz/fuzz.h"

#include "agent/config.h"
#include "collector/config.h"
#include "common/sys/yaml.h"

static struct pl_option_loader loader;
static struct pl_option_errors errors;

static void read_file(const char *file, struct pl_span yaml)
{
    pl_option_begin(&loader, file);
    pl_yaml_read(yaml, &loader);
}

/* `once` and `twice` are two structs of `size` bytes for what `table` stores. */
static void check(const struct pl_option_table *table, void *once, void *twice, size_t size,
                  struct pl_span yaml)
{
    memset(once, 0, size);
    pl_option_init(&loader, table, once, &errors);
    read_file("f", yaml);
    for (uint32_t i = 0; i < errors.count; i++) {
        PL_ASSERT(strnlen(errors.text[i], PL_OPTION_ERROR_BYTES) < PL_OPTION_ERROR_BYTES);
        PL_ASSERT(strncmp(errors.text[i], "f:", 2) == 0);
        PL_ASSERT(strpbrk(errors.text[i], "\n\r\t\033") == NULL);
    }
    if (errors.count > 0) return;
    memset(twice, 0, size);
    pl_option_init(&loader, table, twice, &errors);
    read_file("f", yaml);
    read_file("g", yaml);
    PL_ASSERT(errors.count == 0);
    PL_ASSERT(memcmp(once, twice, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct pl_collector_config collector[2];
    static struct pl_agent_config agent[2];
    struct pl_span yaml = {data, len};
    check(&pl_collector_options, &collector[0], &collector[1], sizeof collector[0], yaml);
    check(&pl_agent_options, &agent[0], &agent[1], sizeof agent[0], yaml);
    return 0;
}
