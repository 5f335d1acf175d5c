#include "repository/source.hpp"

namespace livepatch::repository {

std::filesystem::path expand_release(std::string const& pattern, std::string const& release) {
    std::string path;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        bool const escape = pattern[i] == '%' && i + 1 < pattern.size();
        if (escape && pattern[i + 1] == 'r') {
            path += release;
            ++i;
        } else if (escape && pattern[i + 1] == '%') {
            path += '%';
            ++i;
        } else {
            path += pattern[i];
        }
    }
    return path;
}

} // namespace livepatch::repository
