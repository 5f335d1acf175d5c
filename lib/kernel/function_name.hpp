// A function of the kernel, or of a module that is loaded.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace livepatch::kernel {

struct FunctionName {
    std::string object = "vmlinux"; // or the module's name
    std::string name = {};

    bool operator==(FunctionName const&) const = default;
    auto operator<=>(FunctionName const&) const = default;
};

// Those that somebody wants to know something about: to be found again among very many.
class FunctionNames {
public:
    explicit FunctionNames(std::vector<FunctionName> names) : names_(std::move(names)) {
        std::sort(names_.begin(), names_.end(), [](auto const& left, auto const& right) {
            return std::pair(std::string_view(left.name), std::string_view(left.object)) <
                   std::pair(std::string_view(right.name), std::string_view(right.object));
        });
        names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    }

    // nullptr when nobody wants it.
    FunctionName const* find(std::string_view object, std::string_view name) const {
        auto at = std::lower_bound(
            names_.begin(),
            names_.end(),
            name,
            [](FunctionName const& entry, std::string_view wanted) { return entry.name < wanted; }
        );
        for (; at != names_.end() && at->name == name; ++at)
            if (at->object == object)
                return &*at;
        return nullptr;
    }

    std::vector<FunctionName> const& all() const { return names_; }

private:
    std::vector<FunctionName> names_; // by name
};

} // namespace livepatch::kernel
