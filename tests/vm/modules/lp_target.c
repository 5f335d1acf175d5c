// SPDX-License-Identifier: GPL-2.0
/*
 * Not a livepatch: a module with functions in which somebody waits, for patches whose transition
 * shall not come to its end.
 *
 *   parameter kthread     0 no thread; a thread "lp_target" that 1 sleeps interruptibly in
 *                         lp_target_thread_wait, 2 sleeps there as an idle thread does, 3 spins
 *                         outside of it
 *   /proc/lp_target/wait                    reading sleeps in lp_target_reader_wait, ended by signals
 *   /proc/lp_target/wait_uninterruptible    the same in state D
 *   /proc/lp_target/release                 write 1: all of them go on, and nobody waits until a 0
 *   /proc/lp_target/thread                  what the thread's last call answered
 */
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

static int kthread;
module_param(kthread, int, 0444);
MODULE_PARM_DESC(kthread, "0 none, 1 interruptible sleep, 2 idle sleep, 3 busy");

static DECLARE_WAIT_QUEUE_HEAD(waiters);
static bool released;
static struct task_struct *thread;
static const char *last_answer = "none yet";

const char *lp_target_thread_wait(void);
int lp_target_reader_wait(struct seq_file *m, bool uninterruptible);

static bool go_on(void)
{
	return READ_ONCE(released) || kthread_should_stop();
}

noinline const char *lp_target_thread_wait(void)
{
	if (kthread == 2)
		wait_event_idle(waiters, go_on());
	else
		wait_event_interruptible(waiters, go_on());
	return "original";
}
EXPORT_SYMBOL_GPL(lp_target_thread_wait);

noinline int lp_target_reader_wait(struct seq_file *m, bool uninterruptible)
{
	if (uninterruptible)
		wait_event(waiters, READ_ONCE(released));
	else if (wait_event_interruptible(waiters, READ_ONCE(released)))
		return -ERESTARTSYS;
	seq_puts(m, "original\n");
	return 0;
}
EXPORT_SYMBOL_GPL(lp_target_reader_wait);

static int thread_main(void *unused)
{
	while (!kthread_should_stop()) {
		if (kthread == 3 && !READ_ONCE(released)) {
			cpu_relax();
			continue;
		}
		WRITE_ONCE(last_answer, lp_target_thread_wait());
		schedule_timeout_interruptible(HZ / 50);
	}
	return 0;
}

static int wait_show(struct seq_file *m, void *v)
{
	return lp_target_reader_wait(m, false);
}

static int wait_uninterruptible_show(struct seq_file *m, void *v)
{
	return lp_target_reader_wait(m, true);
}

static int thread_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", READ_ONCE(last_answer));
	return 0;
}

static ssize_t release_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	bool value;
	int error = kstrtobool_from_user(from, count, &value);

	if (error)
		return error;
	WRITE_ONCE(released, value);
	wake_up_all(&waiters);
	return count;
}

static const struct proc_ops release_ops = {
	.proc_write = release_write,
};

static int __init lp_target_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("lp_target", NULL);

	if (!dir || !proc_create_single("wait", 0444, dir, wait_show) ||
	    !proc_create_single("wait_uninterruptible", 0444, dir, wait_uninterruptible_show) ||
	    !proc_create_single("thread", 0444, dir, thread_show) ||
	    !proc_create("release", 0200, dir, &release_ops)) {
		proc_remove(dir);
		return -ENOMEM;
	}
	if (kthread) {
		thread = kthread_run(thread_main, NULL, "lp_target");
		if (IS_ERR(thread)) {
			proc_remove(dir);
			return PTR_ERR(thread);
		}
	}
	return 0;
}

static void __exit lp_target_exit(void)
{
	if (thread) {
		wake_up_all(&waiters);
		kthread_stop(thread);
	}
	remove_proc_subtree("lp_target", NULL);
}

module_init(lp_target_init);
module_exit(lp_target_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Functions to wait in, for tests of livepatch transitions");
