#include "lprepo/command_line.hpp"

#include "cli/command_line.hpp"
#include "lprepo/verbs.hpp"

#include <tuple>

namespace livepatch::lprepo {

namespace {

class CommandLine : public cli::CommandLine<Context, Outcome<int>> {
public:
    explicit CommandLine(Context& context);

private:
    void add_making();
    void add_signing();
    void add_adding();
    void add_kernel();
    void add_publishing();
    void add_changing();
    void add_rotating();
    void add_reading();
};

// Words that may be given several times, one each.
void words(
    CLI::App& command,
    char const* name,
    std::vector<std::string>& target,
    char const* help,
    char const* type
) {
    command.add_option(name, target, help)->type_name(type)->expected(1)->take_all();
}

void lifetime_options(CLI::App& command, publish::Settings& settings) {
    duration_option(
        command, "--root-expires", settings.root, "How long root.json is good for (365d)"
    );
    duration_option(
        command, "--targets-expires", settings.targets, "How long targets.json is good for (90d)"
    );
    duration_option(
        command, "--snapshot-expires", settings.snapshot, "How long snapshot.json is good for (7d)"
    );
    duration_option(
        command,
        "--timestamp-expires",
        settings.timestamp,
        "How long timestamp.json is good for: until then it has to be refreshed (24h)"
    );
}

void CommandLine::add_making() {
    auto const [command, options] = add("init", "Make a repository, and keys for it", init);
    directory_argument(*command, *options);
    words(
        *command, "--root", options->root, "A public key for root.json, made elsewhere", "FILE.pub"
    );
    words(
        *command,
        "--targets",
        options->targets,
        "A public key for targets.json, made elsewhere",
        "FILE.pub"
    );
    words(
        *command,
        "--online",
        options->online,
        "A public key for snapshot and timestamp, made elsewhere",
        "FILE.pub"
    );
    command
        ->add_option(
            "--root-threshold",
            options->root_threshold,
            "How many of the root keys have to sign (default: more than half)"
        )
        ->type_name("N");
    command
        ->add_option(
            "--targets-threshold",
            options->targets_threshold,
            "How many of the targets keys have to sign (default: 1)"
        )
        ->type_name("N");
    command
        ->add_option(
            "--keys", options->keys_directory, "Where private keys are put (default: DIR.keys)"
        )
        ->type_name("DIR");
    key_options(*command, *options);
    kind_option(*command, options->kind);
    command->add_flag(
        "--no-passphrase", options->no_passphrase, "Leave the new private keys unencrypted"
    );
    lifetime_options(*command, options->settings);
    auto const [make, made] = add("keygen", "Make a pair of keys", keygen);
    make->add_option("FILE", made->file, "Makes FILE.pem, the private key, and FILE.pub")
        ->required();
    kind_option(*make, made->kind);
    make->add_flag("--no-passphrase", made->no_passphrase, "Leave the private key unencrypted");
    make->add_option("--passphrase-file", made->passphrase_file, "The passphrase is its first line")
        ->type_name("FILE");
}

void CommandLine::add_signing() {
    for (auto const& [name, help, verb] :
         {std::tuple("sign", "Sign what waits for signatures", &sign),
          std::tuple("payload", "Print the bytes that are to be signed elsewhere", &payload),
          std::tuple("attach", "Bring a signature that was made elsewhere", &attach)}) {
        auto const [command, options] = add(name, help, verb);
        directory_argument(*command, *options);
        command->add_option("ROLE", options->role, "root, targets, brake, snapshot or timestamp")
            ->required();
        if (verb == &attach) {
            words(*command, "--key", options->keys, "The public key", "FILE.pub");
            command->add_option("--sig", options->signature, "The signature, as it is")
                ->type_name("FILE")
                ->required();
        } else {
            key_options(*command, *options);
        }
    }
}

void CommandLine::add_adding() {
    auto const [command, options] =
        add("add", "Take a module into the next publication", add_module);
    directory_argument(*command, *options);
    command->add_option("MODULE", options->module, "The signed module: NAME.ko")->required();
    auto& patch = options->patch;
    command->add_option("--id", patch.id, "Its name: LP-2026-0007")->required()->type_name("ID");
    command->add_option("--severity", patch.severity, "low, moderate, important or critical")
        ->required()
        ->type_name("WORD");
    words(
        *command,
        "--cve",
        patch.vulnerabilities,
        "What it mends: CVE-2026-1234, or CVE-2026-1234:CVSS:3.1/AV:...",
        "CVE"
    );
    command->add_option("--type", patch.type, "security (default), bugfix or enhancement")
        ->type_name("WORD");
    command->add_option("--summary", patch.summary, "One line about it")->type_name("TEXT");
    command->add_option("--details", patch.details, "All about it")->type_name("TEXT");
    words(*command, "--reference", patch.references, "Where an advisory stands", "URL");
    words(*command, "--supersedes", patch.supersedes, "A patch that it takes the place of", "ID");
    words(
        *command, "--requires", patch.requires_ids, "A patch that has to be there before it", "ID"
    );
    words(*command, "--conflicts", patch.conflicts, "A patch that must not be there with it", "ID");
    words(
        *command,
        "--kernel-build-id",
        patch.kernel_build_ids,
        "The build of the kernel that it is for",
        "HEX"
    );
    command
        ->add_option(
            "--kernel",
            options->kernel,
            "The same, read out of a kernel: vmlinux, or /sys/kernel/notes of a host that runs it"
        )
        ->type_name("FILE");
    words(
        *command,
        "--rollout",
        patch.rings,
        "In steps: RING=0h:1,6h:10,24h:50,48h:100 (after the publication: percent of the hosts)",
        "RING=STEPS"
    );
    command
        ->add_option(
            "--version", patch.version, "Its number in the catalogue (default: the next one)"
        )
        ->type_name("N");
    command->add_flag_callback(
        "--cumulative",
        [&patch] { patch.cumulative = true; },
        "It replaces all before it, where the module does not tell"
    );
    command->add_flag_callback(
        "--not-cumulative",
        [&patch] { patch.cumulative = false; },
        "It replaces no other, where the module does not tell"
    );
    auto& behaviour = patch.behaviour;
    command
        ->add_option(
            "--stall-after",
            behaviour.stall_after,
            "After which time its transition counts as stalled (default: as the host says)"
        )
        ->type_name("TIME");
    command
        ->add_option(
            "--reverse-after",
            behaviour.reverse_after,
            "After which time a transition that stalls is turned round; 0s: never"
        )
        ->type_name("TIME");
    command->add_option("--probation", behaviour.probation, "How long it is watched; 0s: it is not")
        ->type_name("TIME");
    words(
        *command,
        "--revert-on",
        behaviour.revert_on,
        "Which harm in its code takes it out meanwhile: oops, bug, lockup or warn",
        "HARM"
    );
    words(
        *command,
        "--state",
        behaviour.states,
        "What it changes in the system, and which version of it (struct klp_state)",
        "ID:VERSION"
    );
    command->add_flag_callback(
        "--irreversible",
        [&behaviour] { behaviour.reversible = false; },
        "It cannot be taken out again without harm"
    );
    command->add_flag(
        "--force-ok", behaviour.force_ok, "Its transition may be ended by force without harm"
    );
    command->add_flag(
        "--replace", options->in_place, "Put it in the place of a patch with this id"
    );
    command->add_flag("--unsigned", options->may_be_unsigned, "Take a module without a signature");
    command
        ->add_option(
            "--module-keys",
            options->certificates,
            "Check its signature by the certificates (*.pem) in there"
        )
        ->type_name("DIR");
}

void CommandLine::add_kernel() {
    auto const [command, options] =
        add("kernel", "Say what holds for a kernel itself", describe_kernel);
    directory_argument(*command, *options);
    command->add_option("RELEASE", options->release, "Which one (uname -r)")->required();
    auto& kernel = options->kernel;
    command
        ->add_option(
            "--support",
            kernel.support,
            "supported, or another word when there are no livepatches for it any more: ended"
        )
        ->type_name("WORD");
    command
        ->add_option_function<std::string>(
            "--support-ends",
            [&kernel](std::string const& text) {
                kernel.support_ends = trust::tuf::parse_time(text);
                if (!kernel.support_ends)
                    throw CLI::ValidationError("--support-ends", "a time: 2027-05-16T00:00:00Z");
            },
            "When that will be"
        )
        ->type_name("TIME");
    command
        ->add_option("--reboot-into", kernel.reboot_into, "The kernel that is to follow; '': none")
        ->type_name("RELEASE");
    words(
        *command,
        "--unfixed",
        kernel.unfixed,
        "What no livepatch mends: CVE-2026-1234, or CVE-2026-1234=why",
        "CVE"
    );
    words(
        *command,
        "--mended-by-reboot",
        kernel.mended_by_reboot,
        "The same, where another kernel mends it",
        "CVE"
    );
    words(*command, "--fixed", kernel.fixed, "What is none of these any more", "CVE");
}

void CommandLine::add_publishing() {
    for (auto const& [name, help, verb] :
         {std::tuple("lint", "Look for mistakes in what is to be published", &lint),
          std::tuple("publish", "Sign what was changed, and show it to the hosts", &publish_all),
          std::tuple(
              "refresh", "Sign timestamp and snapshot again before they expire", &refresh
          )}) {
        auto const [command, options] = add(name, help, verb);
        directory_argument(*command, *options);
        if (verb != &lint)
            key_options(*command, *options);
    }
}

void CommandLine::add_changing() {
    for (auto const& [name, help, verb] :
         {std::tuple("rollout", "Say in which steps hosts get a patch", &rollout),
          std::tuple("pause", "Let no more hosts get a patch", &pause),
          std::tuple("withdraw", "Take a patch back", &withdraw),
          std::tuple(
              "brake", "Stop a patch everywhere, at once, with the online key alone", &brake
          )}) {
        auto const [command, options] = add(name, help, verb);
        directory_argument(*command, *options);
        command->add_option("PATCH", options->patch, "Its id")->required();
        command->add_option("--release", options->release, "Only for this kernel (uname -r)")
            ->type_name("RELEASE");
        if (verb == &rollout)
            command
                ->add_option(
                    "STEPS",
                    options->rings,
                    "RING=0h:1,6h:10,24h:50,48h:100 (from the next publication on: percent of the "
                    "hosts)"
                )
                ->required();
        if (verb == &pause || verb == &brake)
            command->add_flag("--undo", options->undo, "Let it go on");
        if (verb == &withdraw || verb == &brake)
            command->add_option("--reason", options->reason, "Why, for those who run it")
                ->type_name("TEXT");
        if (verb == &withdraw)
            command
                ->add_option(
                    "--action",
                    options->action,
                    "Where it is loaded: hold (it stays, and no other host gets it; the default) "
                    "or revert"
                )
                ->type_name("WORD");
        if (verb == &brake)
            key_options(*command, *options);
    }
}

void CommandLine::add_rotating() {
    auto const [command, options] =
        add("rotate", "Give a role new keys, or root.json a longer life", rotate);
    directory_argument(*command, *options);
    command->add_option(
        "ROLE", options->role, "root, targets or online; without it only root.json is made anew"
    );
    words(
        *command,
        "--to",
        options->to,
        "A public key to take, made elsewhere (default: new keys are made)",
        "FILE.pub"
    );
    command->add_option("--threshold", options->threshold, "How many of them have to sign")
        ->type_name("N");
    key_options(*command, *options);
    kind_option(*command, options->kind);
    command->add_flag(
        "--no-passphrase", options->no_passphrase, "Leave the new private keys unencrypted"
    );
}

void CommandLine::add_reading() {
    auto const [command, options] =
        add("verify", "Read a repository as hosts do, down to each byte", verify);
    command->add_option("PLACE", options->place, "The repository's directory, or its URL")
        ->required();
    command
        ->add_option(
            "--root", options->root, "The root.json to begin with (default: the first one in there)"
        )
        ->type_name("FILE");
    web_options(*command, options->web);
    auto const [copy, copied] =
        add("mirror", "Copy a repository, or what some kernels need", mirror);
    copy->add_option("URL", copied->url, "Where the repository is")->required();
    copy->add_option("DIR", copied->directory, "Where the copy is to be")->required();
    copy->add_option(
            "--root", copied->root, "The root.json to begin with (default: the first one in there)"
    )
        ->type_name("FILE");
    words(*copy, "--kernels", copied->kernels, "Only of these releases: 6.1.0-5*", "PATTERN");
    web_options(*copy, copied->web);
}

CommandLine::CommandLine(Context& context)
    : cli::CommandLine<Context, Outcome<int>>(
          context, "lprepo", "Makes, signs and keeps a repository of livepatches."
      ) {
    add_making();
    add_adding();
    add_kernel();
    add_publishing();
    add_changing();
    add_signing();
    add_rotating();
    add_reading();
}

} // namespace

int run(int argc, char const* const* argv, Context& context) {
    return CommandLine(context).run(argc, argv);
}

} // namespace livepatch::lprepo
