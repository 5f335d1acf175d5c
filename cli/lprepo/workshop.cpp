#include "lprepo/workshop.hpp"

#include "lprepo/passphrases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace livepatch::lprepo {

namespace {

constexpr int not_now = 4;

} // namespace

base::Result<std::unique_ptr<Workshop>>
Workshop::open(Context const& context, CommonOptions const& options) {
    auto tree = publish::Tree::open(options.directory);
    if (!tree)
        return tree.error();
    publish::KeyChain::Places places{
        .directory = tree->keys(), .files = {options.keys.begin(), options.keys.end()}};
    publish::KeyChain keys(
        std::move(places), Passphrases(context, options.passphrase_file).asking()
    );
    return std::make_unique<Workshop>(Workshop{*std::move(tree), std::move(keys)});
}

base::Result<publish::Publication> Workshop::publication(Context const& context) {
    return publish::Publication::begin({.tree = tree, .keys = keys, .now = context.now()});
}

Failure
lacks_signatures(std::string const& directory, publish::Publication::Waiting const& waiting) {
    auto const missing = waiting.threshold - waiting.signatures;
    Failure failure(
        base::Error{
            .code = base::Errc::failed,
            .subject = waiting.role,
            .cause = fmt::format(
                "lacks {} of {} signature{}, and no key that may sign is at hand",
                missing,
                waiting.threshold,
                waiting.threshold == 1 ? "" : "s"
            ),
            .remedy = fmt::format(
                "sign it with 'lprepo sign {0} {1} --key FILE', or elsewhere what 'lprepo payload "
                "{0} {1}' prints and bring the signature with 'lprepo attach {0} {1}'; then do "
                "this again",
                directory,
                waiting.role
            )},
        not_now,
        "SignaturesMissing"
    );
    failure.details = {
        {"role", waiting.role},
        {"signatures", waiting.signatures},
        {"threshold", waiting.threshold},
        {"keys", waiting.keys}};
    return failure;
}

} // namespace livepatch::lprepo
