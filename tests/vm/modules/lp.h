/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test livepatches have in common: one object, one function, and a replacement that says
 * whose it is, so that a test can see in /proc whether the kernel really runs it.
 */
#ifndef LP_H
#define LP_H

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

/* A replacement for the function behind a file in /proc. */
#define LP_PROC_SHOW(function)                                                 \
	static int function(struct seq_file *m, void *v)                        \
	{                                                                      \
		seq_printf(m, "patched by %s\n", THIS_MODULE->name);           \
		return 0;                                                      \
	}

/* Patch function `old` of module `object` (NULL: the kernel); more members of the klp_object follow. */
#define LP_OBJECT(object, old, new, ...)                                       \
	static struct klp_func lp_funcs[] = {                                  \
		{ .old_name = (old), .new_func = (new) }, {}                   \
	};                                                                     \
	static struct klp_object lp_objects[] = {                              \
		{ .name = (object), .funcs = lp_funcs, ##__VA_ARGS__ }, {}     \
	}

/* The patch itself, enabled when the module is loaded; more members of the klp_patch follow. */
#define LP_PATCH(...)                                                          \
	static struct klp_patch lp_patch = {                                   \
		.mod = THIS_MODULE, .objs = lp_objects, ##__VA_ARGS__          \
	};                                                                     \
	static int __init lp_init(void)                                        \
	{                                                                      \
		return klp_enable_patch(&lp_patch);                            \
	}                                                                      \
	module_init(lp_init)

/* A patch without this can never be unloaded. */
#define LP_EXIT()                                                              \
	static void __exit lp_exit(void)                                       \
	{                                                                      \
	}                                                                      \
	module_exit(lp_exit)

/* Without the mark the kernel refuses to patch. */
#define LP_MARK() MODULE_INFO(livepatch, "Y")

#define LP_COMPLETE()                                                          \
	LP_PATCH();                                                            \
	LP_EXIT();                                                             \
	LP_MARK()

MODULE_LICENSE("GPL");

#endif
