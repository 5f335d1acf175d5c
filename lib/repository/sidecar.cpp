#include "repository/sidecar.hpp"

#include <string>
#include <utility>

namespace livepatch::repository {

namespace {

// What is said of vmlinux is said of the kernel.
void join_builds_of_vmlinux(Sidecar& sidecar) {
    auto& targets = sidecar.patch.targets;
    for (auto const& target : targets)
        if (target.object == "vmlinux")
            sidecar.kernel.build_ids.insert(
                sidecar.kernel.build_ids.end(), target.build_ids.begin(), target.build_ids.end()
            );
    std::erase_if(targets, [](auto const& target) { return target.object == "vmlinux"; });
}

} // namespace

base::Result<Sidecar> parse_sidecar(std::string_view text, std::string_view subject) {
    auto const document = base::FlatJson::parse(text, subject, {.size = max_sidecar_size});
    if (!document)
        return document.error();
    auto const refused = [&](std::string cause) {
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = std::string(subject),
            .cause = std::move(cause),
            .remedy = "mend it, or remove it"};
    };
    if (!document->root().is_object())
        return refused("no object, such as a catalogue's entry is");
    std::optional<std::string> wrong;
    EntryReader const entry(document->root(), wrong);
    check_schema(entry, catalogue_schema);
    Sidecar sidecar{.patch = read_patch_entry(entry), .kernel = {}};
    entry.object("kernel", [&](EntryReader const& kernel) {
        sidecar.kernel = read_kernel_entry(kernel);
    });
    if (wrong)
        return refused(std::move(*wrong));
    join_builds_of_vmlinux(sidecar);
    return sidecar;
}

} // namespace livepatch::repository
