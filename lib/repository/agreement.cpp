#include "repository/agreement.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr auto right_patch = "use the patch that was built for it";

base::Error
error(base::Errc code, std::string_view subject, std::string cause, std::string remedy = {}) {
    return {
        .code = code,
        .subject = std::string(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

bool contains(std::vector<std::string> const& list, std::string const& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

base::Error another_build(RunningKernel const& running, std::string_view subject) {
    auto const& build_id = running.build_id();
    auto const what = build_id.empty() ? std::string("one that shows no build-id")
                                       : "the one with the build-id " + build_id;
    return error(
        base::Errc::wrong_kernel,
        subject,
        "for another build of the kernel " + running.release() + "; running is " + what,
        right_patch
    );
}

base::Result<void>
check_targets(PatchEntry const& patch, RunningKernel const& running, std::string_view subject) {
    for (auto const& target : patch.targets) {
        if (target.build_ids.empty())
            continue;
        if (target.object == "vmlinux") {
            if (!contains(target.build_ids, running.build_id()))
                return another_build(running, subject);
            continue;
        }
        auto const loaded = running.build_id_of(target.object);
        if (!loaded.empty() && !contains(target.build_ids, loaded))
            return error(
                base::Errc::wrong_kernel,
                subject,
                "for another build of the module " + target.object +
                    "; loaded is the one with the build-id " + loaded,
                right_patch
            );
    }
    return {};
}

} // namespace

base::Result<void>
check_kernel(KernelEntry const& kernel, RunningKernel const& running, std::string_view subject) {
    if (!kernel.release.empty() && kernel.release != running.release())
        return error(
            base::Errc::wrong_kernel,
            subject,
            "for the kernel " + kernel.release + ", running is " + running.release(),
            right_patch
        );
    if (!kernel.build_ids.empty() && !contains(kernel.build_ids, running.build_id()))
        return another_build(running, subject);
    return {};
}

// What the module says of itself, where it does.
base::Result<void> check_description(
    PatchEntry const& patch, trust::Candidate const& candidate, std::string_view subject
) {
    auto const& said = patch.module;
    auto const& module = candidate.module();
    auto const refused = [&](std::string const& what) {
        return error(
            base::Errc::verification_failed,
            subject,
            "describes another module than the one beside it: " + what,
            "use the sidecar that was made for it"
        );
    };
    if (!said.name.empty() && said.name != module.name)
        return refused("its name is " + module.name + ", not " + said.name);
    auto const length = candidate.file().bytes().size();
    if (said.length && *said.length != length)
        return refused(
            "it has " + std::to_string(length) + " bytes, unpacked, not " +
            std::to_string(*said.length)
        );
    if (!said.sha256.empty() && said.sha256 != candidate.sha256())
        return refused("its SHA-256, unpacked, is " + candidate.sha256() + ", not " + said.sha256);
    if (!said.build_id.empty() && said.build_id != module.build_id)
        return refused("its build-id is not " + said.build_id);
    using module::Replace;
    if (patch.replace && module.replace != Replace::unknown &&
        *patch.replace != (module.replace == Replace::yes))
        return refused(*patch.replace ? "it is not cumulative" : "it is cumulative");
    return {};
}

base::Result<void> check_agreement(
    KernelEntry const& kernel,
    PatchEntry const& patch,
    trust::Candidate const& candidate,
    RunningKernel const& running,
    std::string_view subject
) {
    if (auto fits = check_kernel(kernel, running, subject); !fits)
        return fits;
    if (auto fits = check_targets(patch, running, subject); !fits)
        return fits;
    if (auto same = check_description(patch, candidate, subject); !same)
        return same;
    if (patch.withdrawn) {
        auto const& reason = patch.withdrawn->reason;
        auto const why = reason.empty() ? std::string() : ": " + reason;
        return error(base::Errc::withdrawn, subject, "its publisher took it back" + why);
    }
    return {};
}

} // namespace livepatch::repository
