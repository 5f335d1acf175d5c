// SPDX-License-Identifier: GPL-2.0
/* Its function warns whenever it is called. */
#include "lp.h"

static int lp_warn_show(struct seq_file *m, void *v)
{
	seq_printf(m, "patched by %s\n", THIS_MODULE->name);
	WARN(1, "lp_warn was told to");
	return 0;
}

LP_OBJECT(NULL, "version_proc_show", lp_warn_show);
LP_COMPLETE();
