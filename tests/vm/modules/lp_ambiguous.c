// SPDX-License-Identifier: GPL-2.0
/* Patches a function of which every kernel has several, and does not say which: EINVAL. */
#include "lp.h"

LP_PROC_SHOW(lp_ambiguous_show)
LP_OBJECT(NULL, "name_show", lp_ambiguous_show);
LP_COMPLETE();
