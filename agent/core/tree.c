#include "agent/core/tree.h"

#include "agent/core/scan.h"
#include "common/base/assert.h"

struct pl_tree_process *pl_tree_find(struct pl_tree *tree, uint32_t pid)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->item[i].pid == pid) return &tree->item[i];
    }
    return NULL;
}

static void use(struct pl_tree *tree, uint64_t us)
{
    tree->used_us += us;
    tree->used_by_looks_us += us;
}

struct pl_tree_process *pl_tree_add(struct pl_tree *tree, uint32_t pid, uint64_t clock_us,
                                    uint64_t most_us)
{
    if (tree->count == PL_TREE_PROCESSES_MAX) return NULL;
    struct pl_tree_process *process = &tree->item[tree->count++];
    *process =
        (struct pl_tree_process){.pid = pid, .clock_us = clock_us, .files_bp = PL_RAW_ABSENT};
    use(tree, PL_MIN(clock_us, most_us));
    return process;
}

void pl_tree_update(struct pl_tree *tree, struct pl_tree_process *process, uint64_t clock_us)
{
    if (clock_us > process->clock_us) use(tree, clock_us - process->clock_us);
    process->clock_us = clock_us;
}

void pl_tree_drop(struct pl_tree *tree, struct pl_tree_process *process)
{
    PL_ASSERT(tree->count > 0);
    *process = tree->item[--tree->count];
}

void pl_tree_settle(struct pl_tree *tree, int64_t elapsed_us)
{
    if (tree->owed_for_us <= 0 || elapsed_us <= 0) return;
    int64_t part_us = PL_MIN(elapsed_us, tree->owed_for_us);
    uint64_t paid_us =
        (uint64_t)((double)tree->owed_us * (double)part_us / (double)tree->owed_for_us);
    tree->owed_us -= paid_us;
    tree->owed_for_us -= part_us;
    tree->used_us += paid_us;
}

/* Children of a stranger stand behind or before it, so it is asked until nobody goes. */
static void drop_strangers(struct pl_tree *tree, uint32_t root)
{
    uint32_t before;
    do {
        before = tree->count;
        for (uint32_t i = 0; i < tree->count;) {
            struct pl_tree_process *process = &tree->item[i];
            if (process->pid == root || pl_tree_find(tree, process->parent))
                i++;
            else
                pl_tree_drop(tree, process);
        }
    } while (tree->count < before);
}

void pl_tree_survey(struct pl_tree *tree, uint32_t root, int64_t period_us)
{
    uint64_t known_us = tree->surveyed_us + tree->used_by_looks_us;
    bool has_before = tree->surveyed_us > 0;
    uint64_t total_us = 0;
    drop_strangers(tree, root);
    for (uint32_t i = 0; i < tree->count; i++) total_us += tree->item[i].surveyed_us;
    tree->owed_us = has_before && total_us > known_us ? total_us - known_us : 0;
    tree->owed_for_us = period_us;
    tree->surveyed_us = total_us;
    tree->used_by_looks_us = 0;
}

uint64_t pl_tree_files_bp(const struct pl_tree *tree)
{
    uint64_t most = PL_RAW_ABSENT;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint64_t files_bp = tree->item[i].files_bp;
        if (files_bp == PL_RAW_ABSENT) continue;
        if (most == PL_RAW_ABSENT || files_bp > most) most = files_bp;
    }
    return most;
}
