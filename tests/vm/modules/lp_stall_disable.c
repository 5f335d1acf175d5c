// SPDX-License-Identifier: GPL-2.0
/*
 * Is applied at once, and cannot be disabled while a process is in the replacement, which sleeps
 * until somebody writes 1 to /sys/module/lp_stall_disable/parameters/release.
 */
#include <linux/sched.h>

#include "lp.h"

static bool release;
module_param(release, bool, 0644);
MODULE_PARM_DESC(release, "let the processes go that sleep in the replacement");

static int lp_wait_in_patch(struct seq_file *m, bool uninterruptible)
{
	while (!READ_ONCE(release))
		schedule_timeout_uninterruptible(HZ / 20);
	seq_printf(m, "patched by %s\n", THIS_MODULE->name);
	return 0;
}

LP_OBJECT("lp_target", "lp_target_reader_wait", lp_wait_in_patch);
LP_COMPLETE();
