// The end of the daemon, of the power or of the room on the disk, at every write of its state.
#include "engine/state_file.hpp"
#include "support/each_write.hpp"

using namespace livepatch;
using engine::Hold;
using engine::State;
using engine::StateFile;

namespace {

State with_holds(std::size_t count) {
    State state;
    for (std::size_t number = 0; number < count; ++number)
        state.put(Hold{
            .sha256 = std::string(64, static_cast<char>('a' + number)),
            .name = "lp",
            .reason = "",
            .since = {}});
    return state;
}

} // namespace

TEST_CASE("ended at any write of a save, the state is the one before or the one after it") {
    support::TemporaryDirectory const directory;
    auto const kept = directory.path() / "kept";
    std::filesystem::create_directory(kept);
    for (std::size_t holds : {1, 2}) // a generation before the present one
        REQUIRE(StateFile(kept).save(with_holds(holds)));
    auto const save = [&] {
        StateFile file(kept);
        (void)file.load();
        (void)file.save(with_holds(3));
    };
    support::at_each_write(kept, save, [&] {
        StateFile file(kept);
        auto const loaded = file.load();
        CHECK_FALSE(loaded.state.lost);
        CHECK(loaded.problem.empty());
        CHECK((loaded.state.holds.size() == 2 || loaded.state.holds.size() == 3));
        CHECK(file.save(with_holds(3)));
        CHECK(StateFile(kept).load().state.holds.size() == 3);
    });
}
