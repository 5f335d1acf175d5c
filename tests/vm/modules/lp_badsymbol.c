// SPDX-License-Identifier: GPL-2.0
/* Patches a function that no kernel has: EINVAL. */
#include "lp.h"

LP_PROC_SHOW(lp_badsymbol_show)
LP_OBJECT(NULL, "lp_no_such_function", lp_badsymbol_show);
LP_COMPLETE();
