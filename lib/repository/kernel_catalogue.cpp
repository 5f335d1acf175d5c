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

using Ids = std::unordered_set<std::string>;

// What of very many patches is kept: see most_kept_patches.
class Keeping {
public:
    Keeping(std::string_view ring, Ids const& required) : ring_(ring), required_(required) {}

    // Theirs is not the order that remains.
    void shorten(std::vector<PatchEntry>& patches) const {
        if (patches.size() <= most_kept_patches)
            return;
        auto const end = patches.begin() + most_kept_patches;
        std::nth_element(patches.begin(), end, patches.end(), [this](auto const& a, auto const& b) {
            auto const left = rank(a);
            auto const right = rank(b);
            return left != right ? left > right : comes_before(b, a);
        });
        patches.erase(end, patches.end());
    }

    bool is_for_this_host(PatchEntry const& patch) const {
        return !patch.withdrawn && (!patch.rollout || reaches_ring(*patch.rollout, ring_));
    }

private:
    int rank(PatchEntry const& patch) const {
        if (required_.contains(patch.id))
            return 2;
        return is_for_this_host(patch) ? 1 : 0;
    }

    std::string_view ring_;
    Ids const& required_;
};

// Takes in one patch after the other, until something is wrong.
class Reading {
public:
    Reading(KernelCatalogue& catalogue, Keeping const& keeping)
        : catalogue_(catalogue),
          keeping_(keeping) {}

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

    void end() {
        keeping_.shorten(catalogue_.patches);
        std::sort(catalogue_.patches.begin(), catalogue_.patches.end(), comes_before);
    }

    bool has_dropped() const { return count_ > catalogue_.patches.size(); }

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
            keeping_.shorten(catalogue_.patches);
    }

    KernelCatalogue& catalogue_;
    Keeping const& keeping_;
    Ids ids_; // with their versions
    Ids digests_;
    std::size_t count_ = 0;
    std::optional<std::string> wrong_;
};

struct Read {
    KernelCatalogue catalogue;
    bool is_whole = true; // nothing was dropped
};

base::Result<Read> read(std::string_view text, std::string_view subject, Keeping const& keeping) {
    Read read;
    Reading reading(read.catalogue, keeping);
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
    reading.end();
    read.is_whole = !reading.has_dropped();
    return read;
}

// Whether there are more of them now than before.
bool add_required(KernelCatalogue const& catalogue, Keeping const& keeping, Ids& required) {
    auto const before = required.size();
    for (auto const& patch : catalogue.patches)
        if (required.contains(patch.id) || keeping.is_for_this_host(patch))
            required.insert(patch.needs.begin(), patch.needs.end());
    return required.size() > before;
}

} // namespace

// What is required may be so old that it was dropped before anybody asked for it: then it is read
// once more. Chains of very old patches are followed as far as this goes.
base::Result<KernelCatalogue>
parse_kernel_catalogue(std::string_view text, std::string_view subject, std::string_view ring) {
    constexpr int most_readings = 8;
    Ids required;
    Keeping const keeping(ring, required);
    for (int readings = 1;; ++readings) {
        auto result = read(text, subject, keeping);
        if (!result)
            return result.error();
        bool const done = result->is_whole || readings == most_readings ||
                          !add_required(result->catalogue, keeping, required);
        if (done)
            return std::move(result->catalogue);
    }
}

base::Result<KernelCatalogue> parse_catalogue_of(
    std::string_view release, std::string_view text, std::string_view subject, std::string_view ring
) {
    auto catalogue = parse_kernel_catalogue(text, subject, ring);
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
