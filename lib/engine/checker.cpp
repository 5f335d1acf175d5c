#include "engine/checker.hpp"

#include "repository/safe_directory.hpp"
#include "trust/candidate.hpp"
#include "trust/keyring.hpp"
#include "trust/module_signature.hpp"
#include "trust/verifier.hpp"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <iterator>
#include <utility>

namespace livepatch::engine {

namespace {

using preflight::Check;
using preflight::Checks;
using preflight::Verdict;

constexpr auto file_item = "module-file";
constexpr auto identity_item = "kernel-identity";
constexpr auto signature_item = "signature";

void append(Checks& checks, Checks more) {
    std::move(more.begin(), more.end(), std::back_inserter(checks));
}

Check fitting(module::LivepatchModule const& module, bool release_only) {
    auto const reason = "built for this kernel's release, " + module.release;
    if (!release_only)
        return preflight::passed(identity_item, reason + ", and for this very build of it");
    return preflight::warning(
        identity_item,
        reason + ", but nothing says for which build of it",
        "a sidecar or a repository would tell"
    );
}

Check signed_by(std::string const& signer) {
    if (signer.empty())
        return preflight::warning(
            signature_item, "its source wants no signatures", "use one that does"
        );
    return preflight::passed(signature_item, "signed by " + signer);
}

Check not_looked_at(char const* item) {
    return preflight::unknown(item, "not looked at: the file is not the right one anyway");
}

// Which of its items the verification did not pass.
Checks refused(base::Error const& error, bool parsed) {
    if (!parsed)
        return {preflight::failed(file_item, error)};
    Checks checks{preflight::passed(file_item, "a livepatch module")};
    switch (error.code) {
    case base::Errc::wrong_kernel:
        append(checks, {preflight::failed(identity_item, error), not_looked_at(signature_item)});
        break;
    case base::Errc::verification_failed:
        append(checks, {not_looked_at(identity_item), preflight::failed(signature_item, error)});
        break;
    default: // taken back, changed, unreadable
        checks = {preflight::failed(file_item, error)};
    }
    return checks;
}

// What is in the kernel is not loaded again: that it would fail now is worth knowing, no more.
void soften(Checks& checks) {
    for (auto& check : checks) {
        if (check.outcome != preflight::Outcome::failed)
            continue;
        check.outcome = preflight::Outcome::warning;
        check.reason = "it is enabled, but could not be loaded again: " + check.reason;
        check.error.reset();
    }
}

base::Result<void> check_readable(int file, std::string const& name) {
    auto const refuse = [&](std::string cause, std::string remedy) {
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = name,
            .cause = std::move(cause),
            .remedy = std::move(remedy)};
    };
    struct stat status = {};
    struct statfs file_system = {};
    if (::fstat(file, &status) != 0 || ::fstatfs(file, &file_system) != 0)
        return base::system_error(name, "cannot examine", errno);
    if (!S_ISREG(status.st_mode))
        return refuse("not a regular file", "give the module's own file");
    if (repository::is_remote_file_system(static_cast<std::uint32_t>(file_system.f_type)))
        return refuse("lies on a network or FUSE file system", "copy it to a local one");
    return {};
}

// Each step only if the one before it was passed: what nobody trusts does not make us read the
// kernel's own modules.
Checks examine_file(
    trust::Candidate const& candidate, trust::Keyring const& keys, repository::RunningKernel& kernel
) {
    auto const signer = trust::Verifier(keys, kernel.release()).check(candidate);
    if (!signer)
        return refused(signer.error(), true);
    auto const& module = candidate.module();
    if (auto const fits = kernel.symbols().check(module.versions, candidate.subject()); !fits)
        return refused(fits.error(), true);
    return {
        preflight::passed(file_item, "a livepatch module"),
        fitting(module, true),
        signed_by(*signer)};
}

base::Result<Verdict> verdict_on_file(
    int file,
    std::string const& name,
    preflight::Preflight const& preflight,
    repository::RunningKernel& kernel
) {
    if (auto readable = check_readable(file, name); !readable)
        return readable.error();
    auto const candidate = trust::Candidate::read(file, name);
    if (!candidate) {
        Verdict verdict{.patch = name, .checks = refused(candidate.error(), false)};
        append(verdict.checks, preflight.examine(nullptr));
        return verdict;
    }
    auto const keys = trust::Keyring::load(preflight.key_directory());
    Verdict verdict{
        .patch = candidate->module().name,
        .sha256 = candidate->sha256(),
        .checks = examine_file(*candidate, keys, kernel)};
    preflight::Subject const subject{
        .module = candidate->module(),
        .signers = trust::signers_of(candidate->file().bytes(), keys)};
    append(verdict.checks, preflight.examine(&subject));
    return verdict;
}

Verdict verdict_on_patch(
    Checker::Patch const& patch,
    base::Result<trust::VerifiedPatch> const& verified,
    preflight::Preflight const& preflight
) {
    auto const& offer = *patch.offer;
    bool const parsed = !offer.module.release.empty();
    Verdict verdict{.patch = patch.name, .sha256 = offer.sha256};
    if (verified)
        verdict.checks = {
            preflight::passed(file_item, "a livepatch module: " + offer.path.string()),
            fitting(offer.module, offer.release_only),
            signed_by(verified->signer())};
    else
        verdict.checks = refused(verified.error(), parsed);
    preflight::Subject subject{
        .module = offer.module, .enabled = patch.enabled, .leftover_goes = patch.leftover_goes};
    if (verified)
        subject.signers = trust::signers_of(
            verified->file().bytes(), trust::Keyring::load(preflight.key_directory())
        );
    append(verdict.checks, preflight.examine(parsed ? &subject : nullptr));
    if (patch.enabled)
        soften(verdict.checks);
    return verdict;
}

Verdict verdict_without_offer(
    std::optional<Checker::Patch> const& patch, preflight::Preflight const& preflight
) {
    Verdict verdict{
        .patch = patch ? patch->name : std::string(), .checks = preflight.examine(nullptr)};
    if (patch && patch->enabled)
        soften(verdict.checks);
    return verdict;
}

} // namespace

Checker::Checker(Parts parts)
    : parts_(std::move(parts)),
      kernel_(std::make_shared<repository::RunningKernel>(
          parts_.identity.release, parts_.identity.build_id, parts_.preflight.root()
      )) {}

void Checker::check_host(Policy policy, Done done) {
    ask({.policy = std::move(policy), .done = std::move(done)});
}

void Checker::check_patch(Patch patch, Policy policy, Done done) {
    ask({.patch = std::move(patch), .policy = std::move(policy), .done = std::move(done)});
}

void Checker::check_file(base::UniqueFd file, std::string name, Policy policy, Done done) {
    ask(
        {.file = std::move(file),
         .name = std::move(name),
         .policy = std::move(policy),
         .done = std::move(done)}
    );
}

void Checker::ask(Question question) {
    questions_.push_back(std::move(question));
    next();
}

void Checker::next() {
    if (busy_ || questions_.empty())
        return;
    busy_ = true;
    begin();
}

void Checker::begin() {
    auto& question = questions_.front();
    auto const answer = [this](base::Result<Verdict> verdict) { answered(std::move(verdict)); };
    if (question.file) {
        parts_.check_worker.run(
            [this, file = std::move(question.file), name = question.name] {
                return verdict_on_file(file.get(), name, parts_.preflight, *kernel_);
            },
            answer
        );
    } else if (question.patch && question.patch->offer) {
        parts_.source_worker.run(
            [this, offer = *question.patch->offer] { return parts_.sources.verify(offer); },
            [this](base::Result<trust::VerifiedPatch> verified) {
                examine_patch(std::move(verified));
            }
        );
    } else {
        parts_.check_worker.run(
            [this, patch = question.patch]() -> base::Result<Verdict> {
                return verdict_without_offer(patch, parts_.preflight);
            },
            answer
        );
    }
}

void Checker::examine_patch(base::Result<trust::VerifiedPatch> verified) {
    parts_.check_worker.run(
        [this, patch = *questions_.front().patch, verified = std::move(verified)](
        ) -> base::Result<Verdict> { return verdict_on_patch(patch, verified, parts_.preflight); },
        [this](base::Result<Verdict> verdict) { answered(std::move(verdict)); }
    );
}

void Checker::answered(base::Result<Verdict> verdict) {
    auto const question = std::move(questions_.front());
    questions_.pop_front();
    busy_ = false;
    if (verdict) {
        auto checks = question.policy(*verdict);
        append(checks, std::move(verdict->checks));
        verdict->checks = std::move(checks);
    }
    question.done(std::move(verdict));
    next();
}

} // namespace livepatch::engine
