#include "repository/agreement.hpp"

#include <algorithm>
#include <utility>

namespace livepatch::repository {

namespace {

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

base::Result<void>
check_kernel(Sidecar const& sidecar, RunningKernel const& kernel, std::string_view subject) {
    auto const remedy = "use the patch that was built for it";
    if (!sidecar.release.empty() && sidecar.release != kernel.release())
        return error(
            base::Errc::wrong_kernel,
            subject,
            "for the kernel " + sidecar.release + ", running is " + kernel.release(),
            remedy
        );
    if (!sidecar.kernel_build_ids.empty() &&
        !contains(sidecar.kernel_build_ids, kernel.build_id())) {
        auto const running = kernel.build_id().empty()
                                 ? std::string("one that shows no build-id")
                                 : "the one with the build-id " + kernel.build_id();
        return error(
            base::Errc::wrong_kernel,
            subject,
            "for another build of the kernel " + kernel.release() + "; running is " + running,
            remedy
        );
    }
    for (auto const& target : sidecar.targets) {
        auto const loaded = kernel.build_id_of(target.object);
        if (!target.build_ids.empty() && !loaded.empty() && !contains(target.build_ids, loaded))
            return error(
                base::Errc::wrong_kernel,
                subject,
                "for another build of the module " + target.object +
                    "; loaded is the one with the build-id " + loaded,
                remedy
            );
    }
    return {};
}

// What the module says of itself, where it does.
base::Result<void>
check_module(Sidecar const& sidecar, trust::Candidate const& candidate, std::string_view subject) {
    auto const& module = candidate.module();
    auto const refused = [&](std::string const& what) {
        return error(
            base::Errc::verification_failed,
            subject,
            "describes another module than the one beside it: " + what,
            "use the sidecar that was made for it"
        );
    };
    if (!sidecar.module_name.empty() && sidecar.module_name != module.name)
        return refused("its name is " + module.name + ", not " + sidecar.module_name);
    auto const length = candidate.file().bytes().size();
    if (sidecar.length && *sidecar.length != length)
        return refused(
            "it has " + std::to_string(length) + " bytes, unpacked, not " +
            std::to_string(*sidecar.length)
        );
    if (!sidecar.sha256.empty() && sidecar.sha256 != candidate.sha256())
        return refused(
            "its SHA-256, unpacked, is " + candidate.sha256() + ", not " + sidecar.sha256
        );
    if (!sidecar.module_build_id.empty() && sidecar.module_build_id != module.build_id)
        return refused("its build-id is not " + sidecar.module_build_id);
    using module::Replace;
    if (sidecar.replace && module.replace != Replace::unknown &&
        *sidecar.replace != (module.replace == Replace::yes))
        return refused(*sidecar.replace ? "it is not cumulative" : "it is cumulative");
    return {};
}

} // namespace

base::Result<void> check_agreement(
    Sidecar const& sidecar,
    trust::Candidate const& candidate,
    RunningKernel const& kernel,
    std::string_view subject
) {
    if (auto fits = check_kernel(sidecar, kernel, subject); !fits)
        return fits;
    if (auto same = check_module(sidecar, candidate, subject); !same)
        return same;
    if (sidecar.is_withdrawn) {
        auto const why = sidecar.withdrawn.empty() ? std::string() : ": " + sidecar.withdrawn;
        return error(base::Errc::withdrawn, subject, "its publisher took it back" + why);
    }
    return {};
}

} // namespace livepatch::repository
