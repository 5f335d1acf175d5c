#include "lprepo/signing.hpp"

#include "cli/json_output.hpp"
#include "lprepo/wording.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace livepatch::lprepo {

namespace {

constexpr std::array<std::string_view, 5> roles{
    "root", "targets", "brake", "snapshot", "timestamp"};

} // namespace

Signing::Signing(
    std::unique_ptr<Workshop> workshop, publish::Publication publication, std::string role
)
    : workshop_(std::move(workshop)),
      publication_(std::move(publication)),
      role_(std::move(role)) {}

Outcome<Signing> Signing::open(Context& context, RoleOptions const& options, bool with_keys) {
    if (std::ranges::find(roles, options.role) == roles.end())
        return cli::usage_error(
            options.role + ": no such role", "write root, targets, brake, snapshot or timestamp"
        );
    auto workshop = Workshop::open(context, options);
    if (!workshop)
        return Failure(workshop.error());
    if (!with_keys)
        (*workshop)->keys = publish::KeyChain({}, {});
    auto publication = (*workshop)->publication(context);
    if (!publication)
        return Failure(publication.error());
    auto const waiting =
        publication->prepare(publish::Publication::Scope::everything, options.role);
    if (!waiting)
        return Failure(waiting.error());
    if (*waiting && (**waiting).role != options.role)
        return lacks_signatures(options.directory, **waiting);
    return Signing(*std::move(workshop), *std::move(publication), options.role);
}

void Signing::tell(Context& context, RoleOptions const& options) const {
    auto const have = authority().signatures_of(document());
    auto const need = authority().threshold;
    if (options.json) {
        cli::print(
            context.out,
            {{"schema", 1},
             {"role", role_},
             {"version", document().version()},
             {"signatures", have},
             {"threshold", need}}
        );
        return;
    }
    context.out << role_ << " version " << document().version() << ": " << count(have, "signature")
                << " of " << need
                << (have < need ? "; it waits for more\n"
                                : "\nNext: lprepo publish " + options.directory + '\n');
}

} // namespace livepatch::lprepo
