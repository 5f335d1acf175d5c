#include "repository/module_target.hpp"

#include "module/unpack.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace livepatch::repository {

namespace {

base::Error refused(std::string subject, std::string cause) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::move(subject),
        .cause = std::move(cause),
        .remedy = "its publisher has to mend it"};
}

} // namespace

base::Result<trust::tuf::Target>
module_target(trust::tuf::Client& client, PatchEntry const& entry) {
    auto const& said = entry.module;
    auto target = client.find(said.path);
    if (!target && target.error().code == base::Errc::not_found)
        return refused(said.path, "is in the catalogue, but no target of the repository");
    if (!target)
        return target.error();
    if (target->hashes.sha256 != said.sha256)
        return refused(said.path, "has one SHA-256 in the catalogue and another as a target");
    bool const same_length =
        !said.length || *said.length == static_cast<std::uint64_t>(target->length);
    if (!same_length)
        return refused(said.path, "has one length in the catalogue and another as a target");
    if (static_cast<std::size_t>(target->length) > module::max_module_size)
        return refused(said.path, "too long for a module");
    return target;
}

} // namespace livepatch::repository
