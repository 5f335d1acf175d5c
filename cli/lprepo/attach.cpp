// lprepo attach: brings a signature that was made elsewhere.
// --json: see Signing::tell

#include "base/file.hpp"
#include "lprepo/signing.hpp"
#include "lprepo/verbs.hpp"
#include "publish/key_chain.hpp"

#include <algorithm>

namespace livepatch::lprepo {

namespace {

// As metadata lists it, whatever it calls it there.
base::Result<publish::ListedKey> listed(
    publish::Authority const& authority, publish::ListedKey const& key, std::string const& role
) {
    auto const found =
        std::ranges::find_if(authority.keys, [&](auto const& one) { return one.is(key); });
    if (found != authority.keys.end())
        return *found;
    return base::Error{
        .code = base::Errc::not_authorized,
        .subject = key.id(),
        .cause = "this key does not speak for " + role,
        .remedy = "'lprepo payload --json' lists the ids of those that do"};
}

} // namespace

Outcome<int> attach(Context& context, RoleOptions const& options) {
    if (options.keys.size() != 1)
        return cli::usage_error(
            "attach: one --key is needed", "name the public key of the signature"
        );
    auto const key = publish::read_public_key(options.keys.front(), [](std::string const& file) {
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = file,
            .cause = "is a private key",
            .remedy = "name the public key"};
    });
    if (!key)
        return Failure(key.error());
    auto const signature = base::read_file(options.signature, 8192);
    if (!signature)
        return Failure(signature.error());
    auto with_public_key_only = options;
    with_public_key_only.keys.clear();
    auto signing = Signing::open(context, with_public_key_only, false);
    if (!signing)
        return signing.error();
    auto const named = listed(signing->authority(), *key, options.role);
    if (!named)
        return Failure(named.error());
    auto document = signing->document();
    if (auto good = document.attach(*named, *signature); !good)
        return Failure(good.error());
    if (auto good = signing->keep(std::move(document)); !good)
        return Failure(good.error());
    signing->tell(context, options);
    return exit_status::done;
}

} // namespace livepatch::lprepo
