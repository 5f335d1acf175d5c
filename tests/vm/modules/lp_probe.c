// SPDX-License-Identifier: GPL-2.0
/*
 * Not a livepatch: a kprobe with a post handler at the function behind /proc/cmdline, which has to
 * redirect it, so that no livepatch can.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static void lp_probe_post(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "cmdline_proc_show",
	.post_handler = lp_probe_post,
};

static int __init lp_probe_init(void)
{
	return register_kprobe(&probe);
}

static void __exit lp_probe_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(lp_probe_init);
module_exit(lp_probe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A kprobe with a post handler, for tests of conflicts");
