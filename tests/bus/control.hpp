// What a test tells the emulated daemon: a JSON array a line on stdin, answered by a JSON object a
// line on stdout.
#pragma once

#include "scripted_authoriser.hpp"
#include "support/emulated_kernel.hpp"
#include "support/fake_kernel_tree.hpp"
#include "support/patch_repository.hpp"
#include "timed_kernel.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>

namespace livepatch::bus_test {

class Control {
public:
    struct Stage {
        support::FakeKernelTree& tree;
        support::EmulatedKernel& kernel;
        TimedKernel& timed;
        AuthoriserScript& authoriser;
    };

    Control(boost::asio::io_context& io, Stage stage);

    // Commands up to "start": how things are before the daemon begins. False at the end of input.
    bool set_scene();

    // From then on in the loop.
    void listen();

private:
    // A new version of the repository below a directory of the tree.
    void publish(nlohmann::json const& command);

    bool read_line(std::string& line);
    void answer(std::string const& line);
    nlohmann::json run(nlohmann::json const& command);

    boost::asio::posix::stream_descriptor input_;
    Stage stage_;
    std::string buffer_;
    std::map<std::string, support::PatchRepository> repositories_; // by directory
    std::map<std::string, std::string> published_modules_;         // by description
};

} // namespace livepatch::bus_test
