// SPDX-License-Identifier: GPL-2.0
/* Cannot finish while a process reads one of lp_target's waiting files. */
#include "lp.h"

static int lp_no_wait(struct seq_file *m, bool uninterruptible)
{
	seq_printf(m, "patched by %s\n", THIS_MODULE->name);
	return 0;
}

LP_OBJECT("lp_target", "lp_target_reader_wait", lp_no_wait);
LP_COMPLETE();
