/* What the process can be told to do; each returns the exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H
#include "options.h"

int command_run(const struct options *options);
int command_pki_init(const struct options *options);

#endif
