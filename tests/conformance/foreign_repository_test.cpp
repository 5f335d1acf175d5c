// Repositories that others made.
#include "base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"
#include "trust/tuf/client.hpp"
#include "trust/tuf/tree_source.hpp"

#include <cstdlib>

using namespace livepatch;
namespace tuf = trust::tuf;

TEST_CASE("a repository made with openssl and jq alone is read") {
    support::TemporaryDirectory const directory;
    auto const root = directory.path() / "repo";
    auto const module = directory.write("livepatch-0007.ko", "module");
    auto const command = OPENSSL_REPOSITORY " '" + root.string() + "' '" + module.string() + '\'';
    REQUIRE(std::system(command.c_str()) == 0);
    tuf::TreeSource source(root);
    auto store = tuf::Store::open(
        {.metadata = directory.path() / "metadata", .memory = directory.path() / "state.json"}
    );
    REQUIRE(store);
    auto anchor = base::read_file(root / "metadata/1.root.json").value();
    auto client = tuf::Client::refreshed(
        {.subject = "1.root.json", .bytes = std::move(anchor)},
        {.store = *store,
         .source = source,
         .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
         .limits = {}}
    );
    if (!client)
        FAIL(base::describe(client.error()));
    auto const target = client->find("livepatch-0007.ko");
    REQUIRE(target);
    std::string got;
    CHECK(client->fetch(*target, [&](std::span<std::byte const> bytes) {
        got.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
        return base::Result<void>();
    }));
    CHECK(got == "module");
}
