// A web server of one page at a time on the loopback, that answers as a test says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace livepatch::conformance {

class WebServer {
public:
    // Writes to whoever asked; false once he has gone.
    using Write = std::function<bool(std::string_view)>;
    using Script = std::function<void(Write const&)>;

    WebServer();
    ~WebServer();

    WebServer(WebServer const&) = delete;
    WebServer& operator=(WebServer const&) = delete;

    std::string url(std::string const& path = {}) const; // "http://127.0.0.1:PORT/PATH"

    // The pages, by "/KEY".
    void serve(std::map<std::string, std::string> files);

    // Answers for "/PATH" in place of a file.
    void script(std::string const& path, Script script);

    std::vector<std::string> take_requests(); // the paths, percent-encoded as they came

    // What went to and fro since the last time, heads and bodies.
    std::size_t take_bytes();

    // Lines of the newest request, as it came.
    std::string last_head();

    static std::string page(std::string const& status, std::string_view body);

private:
    void work();
    void answer(boost::asio::ip::tcp::socket& caller, std::string const& path);

    Script script_for(std::string const& path);

    std::mutex mutex_; // of these five
    std::map<std::string, std::string> files_;
    std::map<std::string, Script> scripts_;
    std::vector<std::string> requests_;
    std::string last_head_;
    std::size_t bytes_ = 0;

    boost::asio::io_context loop_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::atomic<bool> ends_ = false;
    std::jthread thread_; // the last one, so that it ends before what it works with
};

} // namespace livepatch::conformance
