// SPDX-License-Identifier: GPL-2.0
/* Not a livepatch: reading /proc/lp_warner makes the kernel warn of this module. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int lp_warner_show(struct seq_file *m, void *v)
{
	seq_puts(m, "warned\n");
	WARN(1, "lp_warner was told to");
	return 0;
}

static int __init lp_warner_init(void)
{
	return proc_create_single("lp_warner", 0400, NULL, lp_warner_show) ? 0 : -ENOMEM;
}
module_init(lp_warner_init)

static void __exit lp_warner_exit(void)
{
	remove_proc_entry("lp_warner", NULL);
}
module_exit(lp_warner_exit)

MODULE_LICENSE("GPL");
