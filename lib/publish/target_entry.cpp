#include "publish/target_entry.hpp"

#include "base/sha256.hpp"

namespace livepatch::publish {

nlohmann::json describe(std::string_view bytes) {
    return {{"length", bytes.size()}, {"hashes", {{"sha256", base::sha256(bytes)}}}};
}

std::string stored_path(std::string const& path, std::string const& sha256) {
    auto const slash = path.rfind('/');
    auto const name = slash == std::string::npos ? 0 : slash + 1;
    return path.substr(0, name) + sha256 + '.' + path.substr(name);
}

} // namespace livepatch::publish
