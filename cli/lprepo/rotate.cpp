// lprepo rotate: the next root.json, with new keys for a role or for longer. It is published with
// the next 'lprepo publish', which signs anew whatever was signed by keys that count no more.
// --json: {"schema":1,"version","expires","role","keys":[ID…],"signatures","threshold"}

#include "cli/json_output.hpp"
#include "lprepo/key_making.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"
#include "publish/root_content.hpp"

#include <algorithm>
#include <filesystem>

namespace livepatch::lprepo {

namespace {

using publish::RoleKeys;

// A name that no pair of keys has: root4, targets2, online3.
std::string free_name(std::filesystem::path const& directory, std::string const& role) {
    for (int number = 2;; ++number) {
        auto name = role + std::to_string(number);
        if (!std::filesystem::exists(directory / (name + ".pub")) &&
            !std::filesystem::exists(directory / (name + ".pem")))
            return name;
    }
}

class Rotating {
public:
    Rotating(Context& context, RotateOptions const& options, Workshop& workshop)
        : options_(options),
          asking_(Passphrases(context, options.passphrase_file).asking()),
          making_(
              workshop.tree.keys(),
              options.kind,
              options.no_passphrase,
              Passphrases(context, options.passphrase_file)
          ) {}

    // As many new keys as the role had, unless they were made elsewhere.
    base::Result<RoleKeys> keys(publish::Authority const& before) {
        RoleKeys keys;
        std::vector<std::filesystem::path> files(options_.to.begin(), options_.to.end());
        while (options_.to.empty() && files.size() < before.keys.size()) {
            auto made = making_.make(free_name(making_.directory(), options_.role));
            if (!made)
                return made.error();
            files.push_back(*std::move(made));
        }
        for (auto const& file : files) {
            auto key = publish::read_public_key(file, asking_);
            if (!key)
                return key.error();
            keys.keys.push_back(*std::move(key));
        }
        keys.threshold = options_.threshold != 0 ? options_.threshold
                                                 : std::min(before.threshold, keys.keys.size());
        if (keys.threshold > keys.keys.size())
            return base::Error{
                .code = base::Errc::invalid_argument,
                .subject = options_.role,
                .cause = std::to_string(keys.threshold) + " of " + count(keys.keys.size(), "key") +
                         " cannot sign",
                .remedy = "name more keys with --to"};
        return keys;
    }

private:
    RotateOptions const& options_;
    publish::PrivateKey::AskPassphrase asking_;
    KeyMaking making_;
};

base::Result<nlohmann::json>
next_root(Context& context, RotateOptions const& options, Workshop& workshop, nlohmann::json body) {
    if (options.role.empty())
        return {boost::system::in_place_value, std::move(body)};
    auto const before = publish::Authority::in_root(body, publish::roles_of(options.role).front());
    if (!before)
        return before.error();
    auto const keys = Rotating(context, options, workshop).keys(*before);
    if (!keys)
        return keys.error();
    publish::set_keys(body, options.role, *keys);
    return {boost::system::in_place_value, std::move(body)};
}

} // namespace

Outcome<int> rotate(Context& context, RotateOptions const& options) {
    if (!options.role.empty() && options.role != "root" && options.role != "targets" &&
        options.role != "online")
        return cli::usage_error(options.role + ": no such role", "write root, targets or online");
    auto workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    auto const& tree = (*workshop)->tree;
    auto const published = publish::Published::read(tree);
    if (!published)
        return Failure(published.error());
    auto const* before = published->find("root");
    if (before == nullptr)
        return Failure(base::Error{
            .code = base::Errc::not_found,
            .subject = tree.directory().string(),
            .cause = "its first root.json waits for signatures",
            .remedy = "see 'lprepo sign " + options.directory + " root'"});
    // Several rotations before one publication are one.
    auto const pending = publish::Draft(tree).role("root");
    if (!pending)
        return Failure(pending.error());
    auto body = next_root(
        context, options, **workshop, *pending ? (*pending)->body() : before->document.body()
    );
    if (!body)
        return Failure(body.error());
    auto const document = publish::RoleDocument::make(
        *std::move(body), before->document.version() + 1, context.now() + tree.settings().root
    );
    if (auto kept = publish::Draft(tree).keep("root", document); !kept)
        return Failure(kept.error());
    auto publication = (*workshop)->publication(context);
    if (!publication)
        return Failure(publication.error());
    auto const waiting = publication->prepare(publish::Publication::Scope::everything, "root");
    if (!waiting)
        return Failure(waiting.error());
    if (auto good = publication->keep("root", publication->document("root")); !good)
        return Failure(good.error());
    if (*waiting)
        return lacks_signatures(options.directory, **waiting);
    if (options.json) {
        cli::print(
            context.out,
            {{"schema", 1},
             {"version", document.version()},
             {"expires", publish::time_text(document.expires())},
             {"role", options.role.empty() ? Json(nullptr) : Json(options.role)}}
        );
        return exit_status::done;
    }
    context.out << "root.json version " << document.version() << ", good until "
                << moment(document.expires()) << ", is signed.\nNext: lprepo publish "
                << options.directory << '\n';
    return exit_status::done;
}

} // namespace livepatch::lprepo
