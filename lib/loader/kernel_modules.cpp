#include "loader/kernel_modules.hpp"

#include <cerrno>
#include <cstdarg>
#include <libkmod.h>
#include <memory>

namespace livepatch::loader {

namespace {

struct Unref {
    void operator()(kmod_ctx* context) const { kmod_unref(context); }

    void operator()(kmod_module* module) const { kmod_module_unref(module); }
};

using Context = std::unique_ptr<kmod_ctx, Unref>;
using Module = std::unique_ptr<kmod_module, Unref>;

// It would write to stderr what we return as an error.
void keep_silent(void*, int, char const*, int, char const*, char const*, va_list) {}

Context new_context() {
    // An empty list; no list would mean the default directories.
    static constexpr char const* no_configuration[] = {nullptr};
    Context context(kmod_new(nullptr, static_cast<char const* const*>(no_configuration)));
    if (context)
        kmod_set_log_fn(context.get(), keep_silent, nullptr);
    return context;
}

} // namespace

int insert_module(std::string const& path) {
    auto const context = new_context();
    if (!context)
        return ENOMEM;
    kmod_module* found = nullptr;
    if (int const failed = kmod_module_new_from_path(context.get(), path.c_str(), &found))
        return -failed;
    Module const module(found);
    return -kmod_module_insert_module(module.get(), 0, nullptr);
}

int remove_module(std::string const& name) {
    auto const context = new_context();
    if (!context)
        return ENOMEM;
    kmod_module* found = nullptr;
    if (int const failed = kmod_module_new_from_name(context.get(), name.c_str(), &found))
        return -failed;
    Module const module(found);
    return -kmod_module_remove_module(module.get(), KMOD_REMOVE_NOLOG);
}

} // namespace livepatch::loader
