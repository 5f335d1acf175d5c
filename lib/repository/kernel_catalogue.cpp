#include "repository/kernel_catalogue.hpp"

#include "base/text.hpp"
#include "repository/words.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace livepatch::repository {

namespace {

constexpr std::size_t most_unfixed = 16'384;

constexpr base::FlatJsonLimits limits{
    .size = max_catalogue_size, .depth = 32, .values = std::size_t{256} * 1024, .members = 256};

// What a sidecar may leave out, and a catalogue may not.
PatchEntry read_listed_patch(EntryReader const& entry) {
    auto patch = read_patch_entry(entry);
    auto const need = [&](std::string_view key, bool there) { entry.need(key, there); };
    need("module.name", !patch.module.name.empty());
    need("module.path", !patch.module.path.empty());
    need("module.hashes.sha256", !patch.module.sha256.empty());
    return patch;
}

bool needs_reboot(EntryReader const& unfixed) {
    std::string category;
    unfixed.object("remediation", [&](EntryReader const& remediation) {
        remediation.object("restart_required", [&](EntryReader const& restart) {
            restart.text("category", category, is_text, "a text");
        });
    });
    return category == "system" || category == "machine";
}

void read_unfixed(EntryReader const& text, std::vector<Unfixed>& unfixed) {
    text.objects("unfixed", most_unfixed, [&](EntryReader const& one) {
        auto& read = unfixed.emplace_back();
        one.need("id", one.text("id", read.id, is_id, "a name such as \"CVE-2026-1234\""));
        one.text("reason", read.reason, is_text, "a text");
        read.reboot = needs_reboot(one);
    });
}

// strverscmp for each part, without making texts of all of them.
bool comes_before(PatchEntry const& left, PatchEntry const& right) {
    auto const key = [](PatchEntry const& patch) {
        return std::tuple(patch.version.value_or(0), patch.published.value_or(Time()));
    };
    return key(left) != key(right) ? key(left) < key(right)
                                   : ::strverscmp(left.id.c_str(), right.id.c_str()) < 0;
}

// The last `most` in stack order; theirs is not looked at.
void keep_newest(std::vector<PatchEntry>& patches, std::size_t most) {
    if (patches.size() <= most)
        return;
    auto const first = patches.end() - static_cast<std::ptrdiff_t>(most);
    std::nth_element(patches.begin(), first, patches.end(), comes_before);
    patches.erase(patches.begin(), first);
}

// Takes in one patch after the other, until something is wrong.
class Reading {
public:
    explicit Reading(KernelCatalogue& catalogue) : catalogue_(catalogue) {}

    bool take(base::FlatJson::Value const& value) {
        EntryReader const entry(value, "patches", count_++, wrong_);
        if (count_ > most_catalogue_patches)
            wrong_ = "patches must be a list of at most " + std::to_string(most_catalogue_patches);
        else if (!value.is_object())
            wrong_ = "patches must be a list of objects";
        else
            add(read_listed_patch(entry), entry);
        return !wrong_;
    }

    void take_rest(base::FlatJson::Value const& root) {
        EntryReader const text(root, wrong_);
        if (!root.is_object())
            text.refuse("it", "an object");
        text.need("schema", text.has("schema"));
        check_schema(text, catalogue_schema);
        text.need("kernel", text.object("kernel", [&](EntryReader const& kernel) {
            catalogue_.kernel = read_kernel_entry(kernel);
            kernel.need("release", !catalogue_.kernel.release.empty());
        }));
        read_unfixed(text, catalogue_.unfixed);
        text.need("patches", text.is_list("patches"));
    }

    std::optional<std::string> const& wrong() const { return wrong_; }

private:
    void add(PatchEntry patch, EntryReader const& entry) {
        auto const version = std::to_string(patch.version.value_or(0));
        if (!ids_.insert(patch.id + ' ' + version).second)
            entry.refuse("id", "another one than those before it, or of another version");
        if (!digests_.insert(patch.module.sha256).second)
            entry.refuse("module", "another one than those before it");
        if (patch.withdrawn)
            catalogue_.withdrawn.emplace(patch.module.sha256, *patch.withdrawn);
        catalogue_.patches.push_back(std::move(patch));
        // Not with each one: it looks at all that there are.
        if (catalogue_.patches.size() == 2 * most_kept_patches)
            keep_newest(catalogue_.patches, most_kept_patches);
    }

    KernelCatalogue& catalogue_;
    std::unordered_set<std::string> ids_;
    std::unordered_set<std::string> digests_;
    std::size_t count_ = 0;
    std::optional<std::string> wrong_;
};

} // namespace

base::Result<KernelCatalogue>
parse_kernel_catalogue(std::string_view text, std::string_view subject) {
    KernelCatalogue catalogue;
    Reading reading(catalogue);
    auto const rest = base::FlatJson::parse(
        text,
        subject,
        limits,
        {.list = "patches", .take = [&](auto const& value) { return reading.take(value); }}
    );
    if (!rest)
        return rest.error();
    reading.take_rest(rest->root());
    if (reading.wrong()) {
        return base::Error{
            .code = base::Errc::verification_failed,
            .subject = std::string(subject),
            .cause = *reading.wrong(),
            .remedy = "its publisher has to mend it"};
    }
    keep_newest(catalogue.patches, most_kept_patches);
    std::sort(catalogue.patches.begin(), catalogue.patches.end(), comes_before);
    return catalogue;
}

base::Result<KernelCatalogue>
parse_catalogue_of(std::string_view release, std::string_view text, std::string_view subject) {
    auto catalogue = parse_kernel_catalogue(text, subject);
    if (!catalogue || catalogue->kernel.release == release)
        return catalogue;
    return base::Error{
        .code = base::Errc::verification_failed,
        .subject = std::string(subject),
        .cause = "says that it is for the kernel " + catalogue->kernel.release,
        .remedy = "its publisher has to mend it"};
}

std::string catalogue_path(std::string_view arch, std::string_view release) {
    return "catalog/" + std::string(arch) + '/' + std::string(release) + ".json";
}

std::string stack_place(PatchEntry const& patch) {
    auto const published = patch.published ? base::rfc3339(*patch.published) : std::string("0");
    return std::to_string(patch.version.value_or(0)) + '_' + published + '_' + patch.id;
}

} // namespace livepatch::repository
