// lpctl trust add: pins a repository's root.json, and writes the repos.d file that names it.
// --json: {"schema":1,"name","url","root","fingerprint","reloaded"}

#include "base/atomic_file.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "dbus_client/daemon.hpp"
#include "lpctl/trusted_root.hpp"
#include "lpctl/verbs.hpp"
#include "report/report_json.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace livepatch::lpctl {

namespace {

namespace fs = std::filesystem;

bool is_name(std::string_view name) {
    return !name.empty() && name.front() != '.' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

// What would end the text in the file that it is written to is no part of a URL.
bool is_url(std::string_view url, bool allow_http) {
    bool const is_known = url.starts_with("https://") || url.starts_with("file:///") ||
                          (allow_http && url.starts_with("http://"));
    return is_known && std::all_of(url.begin(), url.end(), [](char c) {
               return c > ' ' && c < 0x7f && c != '"' && c != '\\';
           });
}

std::string normal(std::string fingerprint) {
    std::erase_if(fingerprint, [](char c) { return c == ':' || c == ' '; });
    std::transform(fingerprint.begin(), fingerprint.end(), fingerprint.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return fingerprint;
}

Failure not_the_fingerprint(TrustAddOptions const& options, TrustedRoot const& root) {
    return base::Error{
        .code = base::Errc::verification_failed,
        .subject = options.root,
        .cause = "its fingerprint is " + root.fingerprint + ", not " + normal(options.fingerprint),
        .remedy = "get the root.json again, and its fingerprint by another way"};
}

// Whether whoever sits there says that it is the right one.
Outcome<int> ask(Context& context, TrustAddOptions const& options, TrustedRoot const& root) {
    if (!context.can_ask || context.in == nullptr)
        return usage_error(
            "trust add: nobody can be asked whether the fingerprint is right",
            "give the one that its publisher told you: --fingerprint " + root.fingerprint
        );
    context.err << "Repository  " << options.name << " at " << options.url << "\n"
                << "Root        version " << root.version << ", " << root.threshold << " of "
                << root.keys << " keys have to sign, until " << base::escaped(root.expires) << "\n"
                << "Fingerprint " << root.fingerprint << "\n"
                << "Whoever holds these keys decides what runs in the kernel of this host.\n"
                << "Is that the fingerprint its publisher told you? [y/N] " << std::flush;
    std::string answer;
    std::getline(*context.in, answer);
    if (answer == "y" || answer == "Y" || answer == "yes")
        return exit_status::done;
    return Failure(base::Error{
        .code = base::Errc::failed, .subject = options.name, .cause = "not added", .remedy = {}});
}

Failure in_words(base::Error error) {
    bool const may_not = error.os_error == EACCES || error.os_error == EPERM;
    if (may_not)
        error.code = base::Errc::not_authorized;
    if (may_not && error.remedy.empty())
        error.remedy = "become root";
    return error;
}

std::string source_file(TrustAddOptions const& options, fs::path const& root) {
    return "# Written by lpctl trust add; see livepatchd-repos(5).\ntrust = \"tuf\"\nurl = \"" +
           options.url + "\"\nroot = \"" + root.string() + "\"\n" +
           (options.allow_http ? "allow_http = true\n" : "");
}

// The same again is well; another one would change what is believed.
base::Result<void> put(fs::path const& path, std::string const& text) {
    auto const there = base::read_file(path, text.size() + 1);
    if (there && *there == text)
        return {};
    if (there || there.error().os_error != ENOENT) {
        return base::Error{
            .code = base::Errc::conflict,
            .subject = path.string(),
            .cause = "is there already, and says something else",
            .remedy = "remove it first, if that is meant"};
    }
    return base::replace_file(path, text, 0644, base::Durability::power_cut);
}

// Whether the daemon reads it now. One that is not there reads it when it starts.
bool reload(Context& context) {
    auto daemon = dbus_client::Daemon::reach(context.bus_address, context.patience.bus);
    if (!daemon) {
        context.err << "lpctl: livepatchd does not run; it reads this when it starts\n";
        return false;
    }
    auto const told = daemon->reload(context.patience.bus);
    if (!told)
        context.err << "lpctl: " << base::describe(told.error().error)
                    << "; to have it read this: systemctl reload livepatchd\n";
    return told.has_value();
}

void print_words(
    Context& context, TrustAddOptions const& options, fs::path const& anchor, bool reloaded
) {
    bool const is_remote = !options.url.starts_with("file://");
    context.out << "The repository " << options.name << " is believed by " << anchor.string();
    if (is_remote)
        context.out
            << ".\nIt is fetched within the hour, or now: systemctl start livepatch-fetch\n";
    else
        context.out << (reloaded ? ", and read by livepatchd now.\n" : ".\n");
}

} // namespace

Outcome<int> trust_add(Context& context, TrustAddOptions const& options) {
    if (!is_name(options.name))
        return usage_error(
            "trust add: no name for a repository: " + base::escaped(options.name),
            "use letters, digits, '.', '_' and '-'"
        );
    if (!is_url(options.url, options.allow_http))
        return usage_error(
            "trust add: no URL of a repository: " + base::escaped(options.url),
            options.url.starts_with("http://") ? "use https://, or --allow-http: others on the way "
                                                 "learn which kernel this host runs"
                                               : "use https:// or file:// and an absolute path"
        );
    if (base::shown_url(options.url) != options.url)
        return usage_error(
            "trust add: a user in the URL: all who see processes see it",
            "leave it out, and write it into the source's file afterwards; chmod that 0640, "
            "root:livepatch"
        );
    auto const root = read_trusted_root(options.root);
    if (!root)
        return in_words(root.error());
    if (!options.fingerprint.empty() && normal(options.fingerprint) != root->fingerprint)
        return not_the_fingerprint(options, *root);
    if (options.fingerprint.empty())
        if (auto agreed = ask(context, options, *root); !agreed)
            return agreed;
    auto const directory = context.configuration / "trust";
    auto const anchor = directory / (options.name + ".root.json");
    std::error_code failed;
    fs::create_directories(directory, failed);
    // The source last: it needs the root.
    if (auto done = put(anchor, root->bytes); !done)
        return in_words(done.error());
    auto const source = context.configuration / "repos.d" / (options.name + ".toml");
    if (auto done = put(source, source_file(options, anchor)); !done)
        return in_words(done.error());
    bool const reloaded = reload(context);
    if (options.json)
        context.print(
            {{"schema", report::schema_version},
             {"name", options.name},
             {"url", options.url},
             {"root", anchor.string()},
             {"fingerprint", root->fingerprint},
             {"reloaded", reloaded}}
        );
    else
        print_words(context, options, anchor, reloaded);
    return exit_status::done;
}

} // namespace livepatch::lpctl
