// SPDX-License-Identifier: GPL-2.0
/* Brings the machine down 3 seconds after its transition. */
#include <linux/workqueue.h>

#include "lp.h"

static void lp_bring_down(struct work_struct *work)
{
	panic("lp_panic was told to");
}
static DECLARE_DELAYED_WORK(lp_fuse, lp_bring_down);

static void lp_light_fuse(struct klp_object *obj)
{
	schedule_delayed_work(&lp_fuse, 3 * HZ);
}

LP_PROC_SHOW(lp_panic_show)
LP_OBJECT(NULL, "meminfo_proc_show", lp_panic_show, .callbacks.post_patch = lp_light_fuse);
#ifdef LP_PANIC_REPLACES
LP_PATCH(.replace = true);
#else
LP_PATCH();
#endif
LP_MARK();

static void __exit lp_exit(void)
{
	cancel_delayed_work_sync(&lp_fuse);
}
module_exit(lp_exit)
