#include "common/sys/yaml.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/file.h"

#include <yaml.h>

/* libyaml counts from 0, people count from 1. */
static void refuse_at_mark(struct pl_option_loader *loader, const yaml_mark_t *mark,
                           const char *problem)
{
    pl_option_refuse_at(loader, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, problem);
}

/* An invalid byte has an offset but no mark: libyaml finds it while filling its buffer. */
static void refuse_at_offset(struct pl_option_loader *loader, struct pl_span text, size_t offset,
                             const char *problem)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        mark.column++;
        if (text.ptr[i] != '\n') continue;
        mark.line++;
        mark.column = 0;
    }
    refuse_at_mark(loader, &mark, problem);
}

static void refuse_syntax(struct pl_option_loader *loader, const yaml_parser_t *parser,
                          struct pl_span text)
{
    char problem[PL_OPTION_ERROR_BYTES];
    struct pl_text t = pl_text_init(problem, sizeof problem);
    pl_text_str(&t, "not valid YAML: ");
    pl_text_str(&t, parser->problem ? parser->problem : "out of memory");
    if (parser->error == YAML_READER_ERROR) {
        refuse_at_offset(loader, text, parser->problem_offset, problem);
        return;
    }
    if (parser->context) {
        pl_text_char(&t, ' ');
        pl_text_str(&t, parser->context);
        pl_text_str(&t, " begun in line ");
        pl_text_u64(&t, parser->context_mark.line + 1);
    }
    refuse_at_mark(loader, &parser->problem_mark, problem);
}

/* Report an anchor or a tag; true if there was none. */
static bool is_bare(struct pl_option_loader *loader, const yaml_event_t *event,
                    const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor) {
        refuse_at_mark(loader, &event->start_mark, "anchors (&name) are refused: write it out");
    }
    if (tag) refuse_at_mark(loader, &event->start_mark, "tags (!name) are refused: leave it out");
    return !anchor && !tag;
}

static void pass_on(struct pl_option_loader *loader, const yaml_event_t *event,
                    enum pl_option_event_type type)
{
    struct pl_option_event e = {.type = type,
                                .line = (uint32_t)event->start_mark.line + 1,
                                .column = (uint32_t)event->start_mark.column + 1};
    if (type == PL_OPTION_SCALAR) {
        e.text = (struct pl_span){event->data.scalar.value, event->data.scalar.length};
    }
    pl_option_event(loader, &e);
}

/* How an event is passed on. `*depth` counts open maps and lists. */
static void handle(struct pl_option_loader *loader, const yaml_event_t *event, uint32_t *depth)
{
    bool ok;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        ok = is_bare(loader, event, event->data.scalar.anchor, event->data.scalar.tag);
        pass_on(loader, event, ok ? PL_OPTION_SCALAR : PL_OPTION_REFUSED);
        return;
    case YAML_ALIAS_EVENT:
        refuse_at_mark(loader, &event->start_mark, "aliases (*name) are refused: write it out");
        pass_on(loader, event, PL_OPTION_REFUSED);
        return;
    case YAML_MAPPING_START_EVENT:
        ++*depth;
        (void)is_bare(loader, event, event->data.mapping_start.anchor,
                      event->data.mapping_start.tag); // reported; what is inside is checked too
        pass_on(loader, event, PL_OPTION_MAP_START);
        return;
    case YAML_SEQUENCE_START_EVENT:
        ++*depth;
        (void)is_bare(loader, event, event->data.sequence_start.anchor,
                      event->data.sequence_start.tag); // likewise
        pass_on(loader, event, PL_OPTION_LIST_START);
        return;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        --*depth;
        pass_on(loader, event,
                event->type == YAML_MAPPING_END_EVENT ? PL_OPTION_MAP_END : PL_OPTION_LIST_END);
        return;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: return;
    }
    PL_UNREACHABLE("libyaml event");
}

/* Why reading stops at this event, or NULL. */
static const char *limit_reached(const yaml_event_t *event, uint32_t events, uint32_t depth,
                                 uint32_t documents)
{
    if (events > PL_YAML_EVENTS_MAX) return "more keys and values than a file may hold";
    if (depth == PL_YAML_DEPTH_MAX &&
        (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)) {
        return "nested too deeply";
    }
    return documents > 1 ? "a second document (---): a file holds one" : NULL;
}

static void read_events(struct pl_option_loader *loader, yaml_parser_t *parser, struct pl_span text)
{
    uint32_t depth = 0, documents = 0;
    bool go_on = true;
    for (uint32_t events = 0; go_on; events++) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            refuse_syntax(loader, parser, text);
            return;
        }
        documents += event.type == YAML_DOCUMENT_START_EVENT;
        const char *limit = limit_reached(&event, events, depth, documents);
        if (limit) {
            refuse_at_mark(loader, &event.start_mark, limit);
        } else {
            handle(loader, &event, &depth);
        }
        go_on = !limit && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

void pl_yaml_read(struct pl_span text, struct pl_option_loader *loader)
{
    yaml_parser_t parser;
    if (text.len > PL_YAML_BYTES_MAX) {
        pl_option_refuse_at(loader, 0, 0, "is larger than a configuration file may be (1 MiB)");
        return;
    }
    if (text.len == 0) return;
    if (!yaml_parser_initialize(&parser)) {
        pl_option_refuse_at(loader, 0, 0, "cannot be read: out of memory");
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.ptr, text.len);
    read_events(loader, &parser, text);
    yaml_parser_delete(&parser);
}

void pl_yaml_load(const char *const *paths, size_t n, struct pl_option_loader *loader)
{
    for (size_t i = 0; i < n; i++) {
        struct pl_file file;
        pl_option_begin(loader, paths[i]);
        int err = pl_file_read(paths[i], PL_YAML_BYTES_MAX, &file);
        if (err < 0) {
            char problem[PL_OPTION_ERROR_BYTES];
            struct pl_text t = pl_text_init(problem, sizeof problem);
            pl_text_str(&t, "cannot be read: ");
            pl_text_str(&t, pl_err_text(err));
            pl_option_refuse_at(loader, 0, 0, problem);
            continue;
        }
        pl_yaml_read((struct pl_span){file.bytes, file.len}, loader);
        pl_file_free(&file);
    }
}

void pl_yaml_print_errors(const struct pl_option_errors *errors, FILE *stream)
{
    for (uint32_t i = 0; i < errors->count; i++) (void)fprintf(stream, "%s\n", errors->text[i]);
    if (errors->dropped > 0) (void)fprintf(stream, "and %u more\n", errors->dropped);
}
