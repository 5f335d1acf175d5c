#include "lprepo/options.hpp"

#include "base/quantity.hpp"

#include <CLI/CLI.hpp>

namespace livepatch::lprepo {

void directory_argument(CLI::App& command, CommonOptions& options) {
    command.add_option("DIR", options.directory, "The repository's directory")->required();
}

void key_options(CLI::App& command, CommonOptions& options) {
    command
        .add_option(
            "--key",
            options.keys,
            "A private key to sign with, besides those where init put them; may be repeated"
        )
        ->type_name("FILE")
        ->expected(1)
        ->take_all();
    command
        .add_option(
            "--passphrase-file",
            options.passphrase_file,
            "The passphrase of the keys is the first line of it (else: $LPREPO_PASSPHRASE, or the "
            "terminal)"
        )
        ->type_name("FILE");
}

void web_options(CLI::App& command, WebOptions& options) {
    command.add_flag("--allow-http", options.allow_http, "Speak HTTP, too, not HTTPS alone");
    command
        .add_option(
            "--proxy", options.proxy, "Ask over this proxy (default: $https_proxy, $no_proxy)"
        )
        ->type_name("URL");
    command
        .add_option(
            "--ca-file", options.ca_file, "The authorities to believe (default: the system's)"
        )
        ->type_name("FILE");
}

void kind_option(CLI::App& command, publish::PrivateKey::Kind& kind) {
    using Kind = publish::PrivateKey::Kind;
    command
        .add_option_function<std::string>(
            "--kind",
            [&kind](std::string const& text) {
                if (text == "ed25519")
                    kind = Kind::ed25519;
                else if (text == "rsa")
                    kind = Kind::rsa;
                else if (text == "ecdsa")
                    kind = Kind::ecdsa;
                else
                    throw CLI::ValidationError("--kind", "one of ed25519, rsa, ecdsa");
            },
            "Of new keys: ed25519 (default), rsa, ecdsa"
        )
        ->type_name("KIND");
}

void duration_option(
    CLI::App& command, char const* name, std::chrono::seconds& target, char const* help
) {
    command
        .add_option_function<std::string>(
            name,
            [name, &target](std::string const& text) {
                auto const duration = base::parse_duration(text);
                if (!duration || duration->count() == 0)
                    throw CLI::ValidationError(name, "a duration such as 12h or 90d");
                target = *duration;
            },
            help
        )
        ->type_name("DURATION");
}

} // namespace livepatch::lprepo
