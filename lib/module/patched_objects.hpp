// Which functions of which objects a livepatch module patches, as far as its file tells.
#pragma once

#include "module/elf.hpp"
#include "module/livepatch_module.hpp"

#include <optional>
#include <vector>

namespace livepatch::module {

struct PatchedObjects {
    std::vector<Object> objects; // each once; empty proves nothing
    Replace replace = Replace::unknown;
};

// All that the file tells. `release` is the kernel that the module was built for.
PatchedObjects patched_objects(Elf const& elf, std::string_view release);

// Names that can be true: of an object at most 55 of [A-Za-z0-9_-], of a function at most 511 of
// what the compilers put into symbols (KSYM_NAME_LEN is 512).
bool is_object_name(std::string_view name);
bool is_function_name(std::string_view name);

// A list under construction.
class ObjectList {
public:
    Object& object(std::string_view name); // adds it when it is new

    // False when a name cannot be true, or there are more than any patch has: the list is then
    // worth nothing.
    bool add(std::string_view object, Function function);

    std::vector<Object> const& objects() const { return objects_; }

private:
    std::vector<Object> objects_;
    std::size_t functions_ = 0; // of all objects
};

// What kpatch-build leaves in a module: the array .kpatch.funcs. Nothing without it, or when it is
// not as we know it.
std::optional<ObjectList> kpatch_build_objects(Elf const& elf);

// What the kernel's own klp-build (6.19 and later) leaves: .init.klp_objects.
std::optional<ObjectList> klp_build_objects(Elf const& elf);

} // namespace livepatch::module
