#include "repository/installed_kernels.hpp"

#include "base/directory.hpp"
#include "repository/words.hpp"

#include <algorithm>
#include <cstring>

namespace livepatch::repository {

namespace {

bool is_newer(std::string const& left, std::string const& right) {
    return ::strverscmp(left.c_str(), right.c_str()) > 0;
}

} // namespace

std::vector<std::string>
installed_kernels(std::filesystem::path const& modules, std::string const& running) {
    std::vector<std::string> kernels;
    auto const names = base::list_directory(modules);
    for (auto const& name : names ? *names : std::vector<std::string>()) {
        std::error_code ignored;
        bool const is_one = is_release(name) && name != running &&
                            std::filesystem::is_directory(modules / name, ignored);
        if (is_one)
            kernels.push_back(name);
    }
    std::sort(kernels.begin(), kernels.end(), is_newer);
    kernels.insert(kernels.begin(), running);
    return kernels;
}

} // namespace livepatch::repository
