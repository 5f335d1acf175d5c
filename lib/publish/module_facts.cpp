#include "publish/module_facts.hpp"

#include "base/unique_fd.hpp"
#include "module/appended_signature.hpp"
#include "trust/keyring.hpp"
#include "trust/module_signature.hpp"
#include "trust/signature_claim.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace livepatch::publish {

namespace {

using nlohmann::json;

// klp_enable_patch is for these alone (include/linux/license.h: license_is_gpl_compatible).
bool may_livepatch(std::string_view license) {
    constexpr std::array<std::string_view, 6> licenses{
        "GPL",
        "GPL v2",
        "GPL and additional rights",
        "Dual BSD/GPL",
        "Dual MIT/GPL",
        "Dual MPL/GPL"};
    return std::ranges::find(licenses, license) != licenses.end();
}

base::Error refused(std::string subject, std::string cause, std::string remedy) {
    return {
        .code = base::Errc::verification_failed,
        .subject = std::move(subject),
        .cause = std::move(cause),
        .remedy = std::move(remedy)};
}

base::Result<trust::Candidate> read_candidate(std::filesystem::path const& file) {
    base::UniqueFd const fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        auto error = base::system_error(file.string(), "cannot open", errno);
        if (error.os_error == ENOENT)
            error.code = base::Errc::not_found;
        return error;
    }
    return trust::Candidate::read(fd.get(), file.string());
}

// Who signed it, as far as that can be told; both empty for a module without a signature.
struct Signer {
    std::string name;
    std::string digest;
};

base::Result<Signer> signer_of(trust::Candidate const& candidate, ModuleRules const& rules) {
    auto const bytes = candidate.file().bytes();
    auto const& subject = candidate.subject();
    if (!module::has_signature_marker(bytes)) {
        if (rules.may_be_unsigned)
            return Signer();
        return refused(
            subject,
            "not signed, so that hosts refuse it",
            "sign it with the kernel's sign-file; --unsigned publishes it for hosts that take it "
            "with module_signature = \"ignore\""
        );
    }
    auto const claim = trust::read_signature_claim(bytes, subject);
    if (!claim)
        return claim.error();
    if (rules.certificates.empty())
        return Signer{.name = claim->signer, .digest = claim->digest};
    auto const verified =
        trust::verify_module_signature(bytes, trust::Keyring::load(rules.certificates), subject);
    if (!verified)
        return verified.error();
    return Signer{.name = *verified, .digest = claim->digest};
}

} // namespace

ModuleFacts::ModuleFacts(trust::Candidate candidate, std::string signer, std::string digest)
    : candidate_(std::move(candidate)),
      signer_(std::move(signer)),
      digest_(std::move(digest)) {}

base::Result<ModuleFacts>
ModuleFacts::read(std::filesystem::path const& file, ModuleRules const& rules) {
    auto candidate = read_candidate(file);
    if (!candidate)
        return candidate.error();
    if (!may_livepatch(candidate->module().license))
        return refused(
            file.string(),
            "its licence is '" + candidate->module().license +
                "', and the kernel lets only GPL modules livepatch",
            "say MODULE_LICENSE(\"GPL\") in it"
        );
    auto signer = signer_of(*candidate, rules);
    if (!signer)
        return signer.error();
    return ModuleFacts(*std::move(candidate), std::move(signer->name), std::move(signer->digest));
}

std::string_view ModuleFacts::bytes() const {
    auto const bytes = candidate_.file().bytes();
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; // NOLINT
}

json ModuleFacts::entry(std::string const& path) const {
    auto const& module = candidate_.module();
    json entry{
        {"name", module.name},
        {"path", path},
        {"length", bytes().size()},
        {"hashes", {{"sha256", candidate_.sha256()}}},
        {"vermagic", module.vermagic}};
    if (!module.srcversion.empty())
        entry["srcversion"] = module.srcversion;
    if (!module.build_id.empty())
        entry["build_id"] = module.build_id;
    if (!signer_.empty())
        entry["signer"] = {{"name", signer_}, {"digest", digest_}};
    return entry;
}

json ModuleFacts::functions() const {
    auto list = json::array();
    for (auto const& object : candidate_.module().objects)
        for (auto const& function : object.functions)
            list.push_back(
                {{"object", object.name}, {"name", function.name}, {"sympos", function.sympos}}
            );
    return list;
}

json ModuleFacts::objects() const {
    auto list = json::array();
    for (auto const& object : candidate_.module().objects)
        list.push_back(object.name);
    return list;
}

} // namespace livepatch::publish
