/* cli.h - what the commands of `plimsoll` share: exit statuses and entry points. */
#pragma once

#include "common/base/base.h"

enum {
    PL_EXIT_OK = 0,
    PL_EXIT_FAILURE = 1,     // it was tried and did not work
    PL_EXIT_USAGE = 2,       // the command line or a configuration file is wrong
    PL_EXIT_UNREACHABLE = 3, // no collector answers
};

/* Each command gets its own name as argv[0], answers on stdout, complains on stderr, and returns an
 * exit status. */
int pl_status_main(int argc, char **argv);
int pl_top_main(int argc, char **argv);
int pl_changes_main(int argc, char **argv);
int pl_explain_main(int argc, char **argv);
int pl_oncall_main(int argc, char **argv);
int pl_schedule_main(int argc, char **argv);
int pl_replay_main(int argc, char **argv);
int pl_token_main(int argc, char **argv);
int pl_launch_main(int argc, char **argv);
int pl_host_main(int argc, char **argv);
int pl_user_main(int argc, char **argv);
int pl_login_link_main(int argc, char **argv);
int pl_apitoken_main(int argc, char **argv);
int pl_customer_main(int argc, char **argv);
int pl_audit_main(int argc, char **argv);
int pl_case_main(int argc, char **argv);
int pl_ack_main(int argc, char **argv);
int pl_silence_main(int argc, char **argv);
int pl_deliveries_main(int argc, char **argv);
int pl_notify_main(int argc, char **argv);

/* "plimsoll: <message>" on stderr. */
void pl_cli_complain(const char *format, ...) PL_PRINTF(1, 2);
