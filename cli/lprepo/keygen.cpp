// lprepo keygen: a pair of keys, FILE.pem and FILE.pub.
// --json: {"schema":1,"id","private","public","encrypted"}

#include "cli/json_output.hpp"
#include "lprepo/passphrases.hpp"
#include "lprepo/verbs.hpp"

#include <filesystem>

namespace livepatch::lprepo {

Outcome<int> keygen(Context& context, KeygenOptions const& options) {
    std::optional<std::string> passphrase;
    if (!options.no_passphrase) {
        auto chosen = Passphrases(context, options.passphrase_file).chosen();
        if (!chosen)
            return Failure(chosen.error());
        passphrase = *std::move(chosen);
    }
    auto const file = std::filesystem::absolute(options.file);
    auto const key = publish::PrivateKey::generate(options.kind);
    if (!key)
        return Failure(key.error());
    if (auto good =
            publish::write_key_pair(file.parent_path(), file.filename().string(), *key, passphrase);
        !good)
        return Failure(good.error());
    if (options.json)
        cli::print(
            context.out,
            {{"schema", 1},
             {"id", key->listed().id()},
             {"private", file.string() + ".pem"},
             {"public", file.string() + ".pub"},
             {"encrypted", passphrase.has_value()}}
        );
    else
        context.out << options.file << ".pem: the private key, "
                    << (passphrase ? "encrypted" : "NOT encrypted") << "; keep it to yourself\n"
                    << options.file
                    << ".pub: the public key, for 'lprepo init' or 'lprepo rotate'\n";
    return exit_status::done;
}

} // namespace livepatch::lprepo
