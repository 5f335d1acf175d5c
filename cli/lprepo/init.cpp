// lprepo init: a repository without a patch in it, and the keys for it.
// --json: {"schema":1,"directory","root":{"file","sha256","version","expires","threshold"},"keys":
//          [{"role","id","private":FILE|null}]}

#include "base/sha256.hpp"
#include "cli/json_output.hpp"
#include "lprepo/key_making.hpp"
#include "lprepo/passphrases.hpp"
#include "lprepo/verbs.hpp"
#include "lprepo/wording.hpp"
#include "lprepo/workshop.hpp"
#include "publish/root_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace livepatch::lprepo {

namespace {

using publish::PrivateKey;
using publish::RoleKeys;

struct Made {
    std::string role;
    std::string id;
    std::filesystem::path file; // "" = it was made elsewhere
};

// The keys of the roles: those that were made elsewhere, and pairs made here.
class Founding {
public:
    Founding(Context& context, InitOptions const& options)
        : options_(options),
          asking_(Passphrases(context, options.passphrase_file).asking()),
          making_(
              options.keys_directory.empty() ? publish::default_keys(options.directory)
                                             : std::filesystem::absolute(options.keys_directory),
              options.kind,
              options.no_passphrase,
              Passphrases(context, options.passphrase_file)
          ) {}

    base::Result<void> choose_keys() {
        struct Choice {
            char const* role;
            RoleKeys& keys;
            std::vector<std::string> const& given;
            std::size_t to_make;
            std::size_t threshold; // 0 = more than half
        };

        for (auto const& choice :
             {Choice{"root", root, options_.root, 3, options_.root_threshold},
              Choice{"targets", targets, options_.targets, 1, options_.targets_threshold},
              Choice{"online", online, options_.online, 1, 1}}) {
            auto good = choice.given.empty() ? take_own(choice.role, choice.to_make, choice.keys)
                                             : take(choice.role, choice.given, choice.keys);
            if (!good)
                return good;
            choice.keys.threshold =
                choice.threshold == 0 ? choice.keys.keys.size() / 2 + 1 : choice.threshold;
            if (good = check_threshold(choice.keys, choice.role); !good)
                return good;
        }
        return {};
    }

    std::filesystem::path const& keys_directory() const { return making_.directory(); }

    std::vector<Made> const& made() const { return made_; }

    bool has_made_keys() const {
        return std::ranges::any_of(made_, [](Made const& key) { return !key.file.empty(); });
    }

    RoleKeys root;
    RoleKeys targets;
    RoleKeys online;

private:
    static base::Result<void> check_threshold(RoleKeys const& keys, char const* role);

    base::Result<void>
    take_file(char const* role, std::filesystem::path const& file, bool ours, RoleKeys& keys);

    base::Result<void>
    take(char const* role, std::vector<std::string> const& files, RoleKeys& keys) {
        for (auto const& file : files)
            if (auto good = take_file(role, file, false, keys); !good)
                return good;
        return {};
    }

    base::Result<void> take_own(char const* role, std::size_t to_make, RoleKeys& keys);

    InitOptions const& options_;
    PrivateKey::AskPassphrase asking_;
    KeyMaking making_;
    std::vector<Made> made_;
};

base::Result<void> Founding::take_file(
    char const* role, std::filesystem::path const& file, bool ours, RoleKeys& keys
) {
    auto key = publish::read_public_key(file, asking_);
    if (!key)
        return key.error();
    auto secret = file;
    secret.replace_extension(".pem");
    made_.push_back({.role = role, .id = key->id(), .file = ours ? secret : std::filesystem::path()}
    );
    keys.keys.push_back(*std::move(key));
    return {};
}

// A pair that lies there already is taken: of an init that was interrupted, or of keygen.
base::Result<void> Founding::take_own(char const* role, std::size_t to_make, RoleKeys& keys) {
    for (std::size_t i = 1; i <= to_make; ++i) {
        auto const name = to_make == 1 ? role : role + std::to_string(i);
        auto const file = making_.directory() / (name + ".pub");
        if (!std::filesystem::exists(file))
            if (auto made = making_.make(name); !made)
                return made.error();
        if (auto good = take_file(role, file, true, keys); !good)
            return good;
    }
    return {};
}

base::Result<void> Founding::check_threshold(RoleKeys const& keys, char const* role) {
    if (keys.threshold >= 1 && keys.threshold <= keys.keys.size())
        return {};
    return base::Error{
        .code = base::Errc::invalid_argument,
        .subject = role,
        .cause = fmt::format(
            "{} of {} keys cannot sign", keys.threshold, count(keys.keys.size(), "key")
        ),
        .remedy = "choose a threshold from 1 to the number of keys"};
}

Json keys_json(std::vector<Made> const& made) {
    auto list = Json::array();
    for (auto const& key : made)
        list.push_back(
            {{"role", key.role},
             {"id", key.id},
             {"private", key.file.empty() ? Json(nullptr) : Json(key.file.string())}}
        );
    return list;
}

void print_words(
    Context const& context,
    InitOptions const& options,
    Founding const& founding,
    publish::Publication const& publication,
    bool is_signed,
    std::string const& root_sha256
) {
    auto& out = context.out;
    auto const& threshold = publication.authority("root").threshold;
    out << "Made a repository in " << options.directory << ".\n\n";
    if (founding.has_made_keys()) {
        out << "New private keys in " << founding.keys_directory().string() << ", "
            << (options.no_passphrase ? "NOT encrypted" : "encrypted with your passphrase")
            << ":\n";
        if (options.root.empty())
            out << fmt::format(
                "  root1, root2, root3  say which keys count; {} of them sign, about once a year\n",
                threshold
            );
        if (options.targets.empty())
            out << "  targets              says what is offered; signs each 'lprepo publish'\n";
        if (options.online.empty())
            out << "  online               says that this is the newest state; signs every few "
                   "hours, "
                   "and stays here\n";
        out << '\n';
        if (options.root.empty())
            out << "Keep off line: move root1.pem, root2.pem and root3.pem to three places that "
                   "are "
                   "not this machine.\nWho has "
                << threshold
                << " of them owns the repository, and whoever loses them cannot renew it. "
                   "targets.pem "
                   "belongs on a\nmachine that is not the web server.\n\n";
    }
    if (!is_signed) {
        out << fmt::format(
            "root.json waits for {} of its keys. Next:\n  lprepo sign {} root --key FILE\nor, with "
            "a key that stays where it is (openssl, an HSM):\n  lprepo payload {} root >root.bin\n "
            " "
            "openssl pkeyutl -sign -rawin -inkey KEY.pem -in root.bin -out root.sig\n  lprepo "
            "attach {} root --key KEY.pub --sig root.sig\n",
            count(threshold, "signature"),
            options.directory,
            options.directory,
            options.directory
        );
        return;
    }
    out << "Hosts trust it by " << options.directory << "/metadata/1.root.json\n  sha256 "
        << root_sha256 << "\nwhich has to reach them another way than the repository itself.\n\n";
    out << "Next:\n  lprepo add " << options.directory
        << " MODULE.ko --id ID --cve CVE --severity SEVERITY\n  lprepo publish "
        << options.directory << '\n';
}

Json result_json(
    publish::Tree const& tree,
    Founding const& founding,
    publish::RoleDocument const& root,
    bool is_signed
) {
    auto const file = tree.metadata("1.root.json").string();
    return {
        {"schema", 1},
        {"directory", tree.directory().string()},
        {"root",
         {{"file", is_signed ? Json(file) : Json(nullptr)},
          {"sha256", is_signed ? Json(base::sha256(root.bytes())) : Json(nullptr)},
          {"version", 1},
          {"expires", publish::time_text(root.expires())},
          {"threshold", founding.root.threshold}}},
        {"keys", keys_json(founding.made())}};
}

// Where the keys are, seen from the directory that the repository is in: both may be moved.
publish::Settings settings_for(InitOptions const& options, std::filesystem::path const& keys) {
    auto settings = options.settings;
    settings.keys =
        keys.lexically_proximate(publish::default_keys(options.directory).parent_path());
    return settings;
}

} // namespace

Outcome<int> init(Context& context, InitOptions const& options) {
    Founding founding(context, options);
    auto tree =
        publish::Tree::create(options.directory, settings_for(options, founding.keys_directory()));
    if (!tree)
        return Failure(tree.error());
    if (auto good = founding.choose_keys(); !good)
        return Failure(good.error());
    auto const document = publish::RoleDocument::make(
        publish::new_root(founding.root, founding.targets, founding.online),
        1,
        context.now() + tree->settings().root
    );
    if (auto kept = publish::Draft(*tree).keep("root", document); !kept)
        return Failure(kept.error());
    publish::KeyChain keys(
        {.directory = tree->keys(), .files = {options.keys.begin(), options.keys.end()}},
        Passphrases(context, options.passphrase_file).asking()
    );
    auto publication =
        publish::Publication::begin({.tree = *tree, .keys = keys, .now = context.now()});
    if (!publication)
        return Failure(publication.error());
    auto const waiting = publication->prepare(publish::Publication::Scope::everything, "root");
    if (!waiting)
        return Failure(waiting.error());
    bool const is_signed = !*waiting;
    if (is_signed)
        if (auto good = publication->write_root(); !good)
            return Failure(good.error());
    auto const& root = publication->document("root");
    if (options.json)
        cli::print(context.out, result_json(*tree, founding, root, is_signed));
    else
        print_words(
            context, options, founding, *publication, is_signed, base::sha256(root.bytes())
        );
    return exit_status::done;
}

} // namespace livepatch::lprepo
