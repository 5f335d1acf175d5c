// libkmod, as far as this project believes it.
#pragma once

#include <string>

namespace livepatch::loader {

// Both use a context of their own, since libkmod remembers files by name and path, and read no
// configuration: modprobe.d can run commands. Nothing is ever forced. 0, or the errno.

// finit_module(2) of the file at `path`, without parameters.
int insert_module(std::string const& path);

// delete_module(2); does not wait until the module is free.
int remove_module(std::string const& name);

} // namespace livepatch::loader
