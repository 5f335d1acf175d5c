// SPDX-License-Identifier: GPL-2.0
/* The one for people to look at: /proc/version. */
#include "lp.h"

LP_PROC_SHOW(lp_version_show)
LP_OBJECT(NULL, "version_proc_show", lp_version_show);
LP_COMPLETE();
