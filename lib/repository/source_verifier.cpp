#include "repository/source_verifier.hpp"

namespace livepatch::repository {

trust::Verifier verifier_of(
    Source const& source, std::filesystem::path const& key_directory, std::string const& release
) {
    if (source.trust == Trust::none)
        return trust::Verifier::without_signatures(release);
    if (source.trust == Trust::tuf && !source.wants_module_signature)
        return trust::Verifier::vouched_for("repository " + source.name, release);
    return {trust::Keyring::load(key_directory, source.keys), release};
}

} // namespace livepatch::repository
