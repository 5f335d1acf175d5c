// What lprepo can do: a function a verb, each in a file of its name. They return the exit status,
// or why they failed; the command line prints failures.
#pragma once

#include "lprepo/context.hpp"
#include "lprepo/options.hpp"

namespace livepatch::lprepo {

Outcome<int> init(Context& context, InitOptions const& options);
Outcome<int> keygen(Context& context, KeygenOptions const& options);
Outcome<int> sign(Context& context, RoleOptions const& options);
Outcome<int> payload(Context& context, RoleOptions const& options);
Outcome<int> attach(Context& context, RoleOptions const& options);
Outcome<int> add_module(Context& context, AddOptions const& options);
Outcome<int> describe_kernel(Context& context, KernelOptions const& options);
Outcome<int> lint(Context& context, CommonOptions const& options);
Outcome<int> publish_all(Context& context, CommonOptions const& options);
Outcome<int> refresh(Context& context, CommonOptions const& options);
Outcome<int> rollout(Context& context, PatchOptions const& options);
Outcome<int> pause(Context& context, PatchOptions const& options);
Outcome<int> withdraw(Context& context, PatchOptions const& options);
Outcome<int> brake(Context& context, PatchOptions const& options);
Outcome<int> rotate(Context& context, RotateOptions const& options);
Outcome<int> mirror(Context& context, MirrorOptions const& options);
Outcome<int> verify(Context& context, VerifyOptions const& options);

} // namespace livepatch::lprepo
