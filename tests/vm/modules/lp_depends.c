// SPDX-License-Identifier: GPL-2.0
/* Uses a symbol of lp_target: ENOENT while that is not loaded. */
#include "lp.h"

const char *lp_target_thread_wait(void);

static int lp_depends_show(struct seq_file *m, void *v)
{
	if (!v)
		seq_printf(m, "%s", lp_target_thread_wait()); /* never: one must refer to it */
	seq_printf(m, "patched by %s\n", THIS_MODULE->name);
	return 0;
}

LP_OBJECT(NULL, "version_proc_show", lp_depends_show);
LP_COMPLETE();
