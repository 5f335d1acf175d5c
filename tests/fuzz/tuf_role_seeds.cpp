// Good files of one role, TUF_ROLE, as a repository has them.
#include "seeds.hpp"
#include "support/tuf_repository.hpp"
#include "trust/tuf/root.hpp"
#include "trust/tuf/snapshot.hpp"
#include "trust/tuf/targets.hpp"
#include "trust/tuf/timestamp.hpp"

using namespace livepatch;
using support::TufKey;
using support::TufRepository;

void fuzz::write_seeds(Seeds const& seeds) {
    TufRepository repository;
    repository.authorise("targets", {TufKey::ed25519(), TufKey::rsa(), TufKey::ec()}, 2);
    repository.delegate({.to = "team/1", .paths = {"*/x86_64/6.1.0-*/*"}, .terminating = true});
    repository.delegate({.from = "team/1", .to = "brake"});
    auto& role = repository.content["team/1"]["delegations"]["roles"][0];
    role.erase("paths");
    role["path_hash_prefixes"] = {"00", "b94d"};
    repository.add_target("modules/x86_64/6.1.0-56-amd64/lp.ko", "module", "team/1");
    repository.publish_root();
    repository.publish();
    repository.describes = false;
    repository.publish();
    // Those of the other roles are refused at once, and cost nothing.
    auto const type = '"' + std::string(trust::tuf::TUF_ROLE::type) + '"';
    int count = 0;
    for (auto const& [name, bytes] : repository.files)
        if (bytes.find("\"_type\":" + type) != std::string::npos)
            seeds.add("good-" + std::to_string(++count), bytes);
}
