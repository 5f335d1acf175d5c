#include "publish/key_chain.hpp"

#include "base/directory.hpp"
#include "base/file.hpp"

#include <cerrno>
#include <utility>

namespace livepatch::publish {

KeyChain::KeyChain(Places places, PrivateKey::AskPassphrase ask)
    : places_(std::move(places)),
      ask_(std::move(ask)) {}

base::Result<PrivateKey> KeyChain::read(std::filesystem::path const& file) const {
    auto const pem = base::read_file(file);
    if (!pem)
        return pem.error();
    return PrivateKey::from_pem(*pem, file.string(), ask_);
}

base::Result<void> KeyChain::look_at_file(std::filesystem::path const& file) {
    auto key = read(file);
    if (!key)
        return key.error();
    auto listed = key->listed();
    known_.push_back({.listed = std::move(listed), .file = file, .key = *std::move(key)});
    return {};
}

// An encrypted key does not tell which one it is: that stands in the file beside it.
base::Result<void> KeyChain::look() {
    if (std::exchange(looked_, true))
        return {};
    for (auto const& file : places_.files)
        if (auto good = look_at_file(file); !good)
            return good;
    if (places_.directory.empty())
        return {};
    auto const names = base::list_directory(places_.directory);
    if (!names && names.error().os_error == ENOENT)
        return {};
    if (!names)
        return names.error();
    for (auto const& name : *names) {
        std::filesystem::path file = places_.directory / name;
        if (file.extension() != ".pub")
            continue;
        auto const pem = base::read_file(file);
        auto listed =
            pem ? ListedKey::from_pem(*pem, file.string()) : base::Result<ListedKey>(pem.error());
        if (!listed)
            return listed.error();
        if (file.replace_extension(".pem"); std::filesystem::exists(file))
            known_.push_back({.listed = *std::move(listed), .file = file, .key = {}});
    }
    return {};
}

base::Result<std::optional<PrivateKey>> KeyChain::find(ListedKey const& wanted) {
    if (auto good = look(); !good)
        return good.error();
    for (auto& known : known_) {
        if (!known.listed.is(wanted))
            continue;
        if (!known.key) {
            auto key = read(known.file);
            if (!key)
                return key.error();
            if (!key->listed().is(known.listed))
                return base::Error{
                    .code = base::Errc::conflict,
                    .subject = known.file.string(),
                    .cause = "is another key than the .pub file beside it",
                    .remedy = "put the files together that belong together"};
            known.key = *std::move(key);
        }
        return known.key;
    }
    return std::optional<PrivateKey>();
}

base::Result<void> KeyChain::sign(RoleDocument& document, Authority const& authority) {
    for (auto const& listed : authority.keys) {
        if (authority.has_signed(document))
            return {};
        if (document.is_signed_by(listed))
            continue;
        auto const key = find(listed);
        if (!key)
            return key.error();
        if (!*key)
            continue;
        auto const signature = (*key)->sign(document.payload());
        if (!signature)
            return signature.error();
        if (auto good = document.attach(listed, *signature); !good)
            return good;
    }
    return {};
}

base::Result<ListedKey>
read_public_key(std::filesystem::path const& file, PrivateKey::AskPassphrase const& ask) {
    auto const pem = base::read_file(file);
    if (!pem)
        return pem.error();
    if (pem->find("PRIVATE KEY-----") == std::string::npos)
        return ListedKey::from_pem(*pem, file.string());
    auto const key = PrivateKey::from_pem(*pem, file.string(), ask);
    if (!key)
        return key.error();
    return key->listed();
}

} // namespace livepatch::publish
