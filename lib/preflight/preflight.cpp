#include "preflight/preflight.hpp"

#include "preflight/facts.hpp"

#include <utility>

namespace livepatch::preflight {

Preflight::Preflight(
    kernel::Root root, std::filesystem::path state_directory, std::filesystem::path key_directory
)
    : root_(std::move(root)),
      state_directory_(std::move(state_directory)),
      key_directory_(std::move(key_directory)) {}

Subject Preflight::subject_of(trust::VerifiedPatch const& patch) const {
    auto const keys = trust::Keyring::load(key_directory_);
    return {.module = patch.module(), .signers = trust::signers_of(patch.file().bytes(), keys)};
}

std::optional<base::Error> Preflight::obstacle(trust::VerifiedPatch const& patch) const {
    auto const facts = read_facts(root_, state_directory_, &patch.module(), Depth::quick);
    // Who signed it costs more than all the rest, and mostly does not matter.
    auto const subject =
        facts.policy.wants_known_signer() ? subject_of(patch) : Subject{.module = patch.module()};
    auto const checks = preflight::examine(facts, &subject);
    auto const* check = decisive(checks);
    return check == nullptr ? std::nullopt : check->error;
}

Checks Preflight::examine(Subject const* subject) const {
    auto const* patch = subject == nullptr ? nullptr : &subject->module;
    return preflight::examine(read_facts(root_, state_directory_, patch, Depth::thorough), subject);
}

base::Error Preflight::explained(trust::VerifiedPatch const& patch, base::Error error) const {
    auto const subject = subject_of(patch);
    for (auto const& check : examine(&subject)) {
        if (!check.error || check.error->code != error.code ||
            check.error->os_error != error.os_error)
            continue;
        error.cause = check.error->cause;
        error.remedy = check.error->remedy;
        break;
    }
    return error;
}

} // namespace livepatch::preflight
