// Metadata of one role, TUF_ROLE, before anybody looks at its signatures.
#include "base/text.hpp"
#include "fuzzer.hpp"
#include "trust/tuf/file_name.hpp"
#include "trust/tuf/limits.hpp"
#include "trust/tuf/metadata.hpp"
#include "trust/tuf/root.hpp"
#include "trust/tuf/snapshot.hpp"
#include "trust/tuf/targets.hpp"
#include "trust/tuf/timestamp.hpp"

#include <set>
#include <string>

using namespace livepatch;
using namespace livepatch::trust;
using fuzz::must_hold;

namespace {

constexpr std::size_t limit = std::size_t{1} << 20U;

// What holds for all that is read. A class, because each program looks at one role only.
struct Invariants {
    static void check(tuf::Reference const& reference) {
        must_hold(reference.version >= 1, "versions begin with 1");
        must_hold(reference.content.length.value_or(1) >= 1, "files are not empty");
    }

    static void check(tuf::Hashes const& hashes) {
        must_hold(!hashes.sha256.empty() || !hashes.sha512.empty(), "there is a hash");
        must_hold(hashes.sha256.empty() || hashes.sha256.size() == 64, "SHA-256 has 64 digits");
        must_hold(hashes.sha512.empty() || hashes.sha512.size() == 128, "SHA-512 has 128 digits");
    }

    static void check(tuf::Root const& root, tuf::Envelope const& envelope) {
        for (auto const* quorum : {&root.root, &root.timestamp, &root.snapshot, &root.targets})
            if (quorum->check(envelope, "fuzz.json"))
                must_hold(!envelope.signatures.empty(), "nobody is no quorum");
    }

    static void check(tuf::Timestamp const& timestamp, tuf::Envelope const&) {
        check(timestamp.snapshot);
    }

    static void check(tuf::Snapshot const& snapshot, tuf::Envelope const&) {
        must_hold(snapshot.find("targets") != nullptr, "snapshot lists targets");
        for (auto const& [name, reference] : snapshot.files)
            check(reference);
    }

    static void check(tuf::Target const& target) {
        must_hold(target.length >= 0, "lengths are not negative");
        check(target.hashes);
        auto const name = tuf::target_file_name(target, true);
        if (!name)
            return;
        for (auto const component : base::split(*name, '/'))
            must_hold(
                !component.empty() && component != "." && component != "..", "paths do not lead out"
            );
    }

    static void check(tuf::Delegation const& delegation) {
        auto const name = tuf::file_name(delegation.role);
        must_hold(
            name.size() <= 250 && name.find('/') == std::string::npos, "roles are file names"
        );
        must_hold(name != "root.json" && name != "targets.json", "roles are no other roles");
        must_hold(
            delegation.paths.empty() || delegation.path_hash_prefixes.empty(), "one of the two"
        );
        (void)delegation.covers("modules/x86_64/6.1.0-56-amd64/livepatch.ko");
    }

    static void check(tuf::Targets const& targets, tuf::Envelope const&) {
        for (auto const& [path, target] : targets.targets) {
            must_hold(path == target.path, "targets are listed by path");
            check(target);
        }
        std::set<std::string> names;
        for (auto const& delegation : targets.delegations) {
            must_hold(names.insert(delegation.role).second, "no role twice");
            check(delegation);
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tuf::Document const document{
        .subject = "fuzz.json",
        .bytes = std::string(reinterpret_cast<char const*>(data), size)}; // NOLINT
    auto const envelope = tuf::read_envelope(document, limit);
    if (!envelope) {
        must_hold(envelope.error().subject == "fuzz.json", "errors name the file");
        return 0;
    }
    auto const role = tuf::interpret<tuf::TUF_ROLE>(*envelope, document.subject);
    if (!role) {
        must_hold(role.error().subject == "fuzz.json", "errors name the file");
        must_hold(role.error().cause.starts_with("signed"), "errors name the place");
        must_hold(role.error().cause.size() < 500, "errors are short");
        return 0;
    }
    must_hold(role->header.version >= 1, "versions begin with 1");
    must_hold(role->header.version <= tuf::largest_number, "versions have a next one");
    must_hold(
        tuf::parse_time(role->header.expires_text) == role->header.expires, "expiry is as it says"
    );
    Invariants::check(*role, *envelope);
    return 0;
}
