// SPDX-License-Identifier: GPL-2.0
/* The one of the demo: /proc/version, and a function in which lp_target's kernel thread sleeps until it is released. */
#include <linux/delay.h>

#include "lp.h"

LP_PROC_SHOW(lp_demo_show)

static const char *lp_demo_no_wait(void)
{
	msleep(20);
	return "patched by lp_demo";
}

static struct klp_func lp_kernel_funcs[] = {
	{ .old_name = "version_proc_show", .new_func = lp_demo_show }, {}
};
static struct klp_func lp_target_funcs[] = {
	{ .old_name = "lp_target_thread_wait", .new_func = lp_demo_no_wait }, {}
};
static struct klp_object lp_objects[] = {
	{ .funcs = lp_kernel_funcs }, { .name = "lp_target", .funcs = lp_target_funcs }, {}
};
LP_COMPLETE();
