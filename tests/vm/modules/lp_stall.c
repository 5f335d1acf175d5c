// SPDX-License-Identifier: GPL-2.0
/* Cannot finish while lp_target's kernel thread sleeps (or spins) in the function. */
#include <linux/delay.h>

#include "lp.h"

static const char *lp_no_wait(void)
{
	msleep(20);
	return "patched by lp_stall";
}

LP_OBJECT("lp_target", "lp_target_thread_wait", lp_no_wait);
LP_COMPLETE();
