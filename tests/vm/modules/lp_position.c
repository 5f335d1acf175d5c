// SPDX-License-Identifier: GPL-2.0
/* Patches the second of the functions of a name of which there is one: EINVAL. */
#include "lp.h"

LP_PROC_SHOW(lp_position_show)

static struct klp_func lp_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = lp_position_show, .old_sympos = 2 }, {}
};
static struct klp_object lp_objects[] = { { .funcs = lp_funcs }, {} };

LP_COMPLETE();
