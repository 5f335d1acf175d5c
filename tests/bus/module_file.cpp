#include "module_file.hpp"

#include "support/livepatch_builder.hpp"
#include "support/module_signer.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace livepatch::bus_test {

namespace {

using support::SigningKey;

support::ElfBuilder builder_of(nlohmann::json const& description) {
    support::StaticPatch patch;
    patch.name = description.at("name");
    patch.release = description.value("release", "6.1.0-56-amd64");
    patch.replace = description.value("replace", false) ? 1 : 0;
    patch.objects = {{"", {}}};
    using Names = std::vector<std::string>;
    for (auto const& name : description.value("functions", Names{"cmdline_proc_show"}))
        patch.objects[0].functions.push_back({name});
    auto elf = patch.builder().elf;
    elf[".modinfo"].bytes += support::strings({"version=" + description.value("version", "1")});
    return elf;
}

} // namespace

std::string module_file(nlohmann::json const& description) {
    auto const content = builder_of(description).build();
    auto const key = description.value("key", "trusted");
    if (key == "none")
        return content;
    auto const trusted = SigningKey::fixed();
    // ECDSA knows no MD5.
    auto const stranger =
        key == "rsa" ? SigningKey::rsa(2048) : SigningKey::ec("prime256v1", "a stranger");
    std::vector<SigningKey const*> signers;
    if (key == "trusted" || key == "both")
        signers.push_back(&trusted);
    if (key != "trusted")
        signers.push_back(&stranger);
    auto const digest = description.value("digest", "SHA256");
    auto const form = support::kernel_form;
    auto file = support::append_signature(
        content,
        support::sign_pkcs7(
            content,
            signers,
            {.digest = digest.c_str(),
             .flags = description.value("attributes", false) ? form & ~unsigned{CMS_NOATTR} : form}
        )
    );
    if (description.value("tampered", false))
        ++file[file.find("cmdline_proc_show")];
    return file;
}

std::string trusted_certificate(bool expired) {
    auto const key = SigningKey::fixed();
    return expired ? key.with_validity(-7200, -3600).certificate_pem() : key.certificate_pem();
}

} // namespace livepatch::bus_test
