#include "lprepo/passphrases.hpp"

#include "base/file.hpp"
#include "base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace livepatch::lprepo {

namespace {

constexpr auto variable = "LPREPO_PASSPHRASE";
constexpr std::size_t longest = 1024; // what OpenSSL takes

base::Error nobody_to_ask(std::string const& subject) {
    return {
        .code = base::Errc::not_authorized,
        .subject = subject,
        .cause = "needs a passphrase, and there is no terminal to ask on",
        .remedy = "give it in --passphrase-file or in LPREPO_PASSPHRASE; new keys are left "
                  "unencrypted with --no-passphrase"};
}

// Hides what is typed as long as it lives.
class Hidden {
public:
    explicit Hidden(int terminal) : terminal_(terminal) {
        if (::tcgetattr(terminal_, &before_) != 0)
            return;
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
    }

    Hidden(Hidden const&) = delete;
    Hidden& operator=(Hidden const&) = delete;

    ~Hidden() {
        if (changed_)
            ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    }

private:
    int terminal_;
    ::termios before_ = {};
    bool changed_ = false;
};

base::Result<std::string> read_line(int terminal) {
    std::string line;
    for (char c = 0; line.size() < longest;) {
        auto const count = ::read(terminal, &c, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return base::system_error("/dev/tty", "cannot read", errno);
        if (count == 0 || c == '\n')
            break;
        line += c;
    }
    return line;
}

} // namespace

base::Result<std::string> ask_terminal(std::string const& prompt) {
    base::UniqueFd const terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
    if (!terminal)
        return nobody_to_ask(prompt);
    if (auto good = base::write_all(terminal.get(), prompt + ": ", "/dev/tty"); !good)
        return good.error();
    Hidden const hidden(terminal.get());
    auto line = read_line(terminal.get());
    if (auto good = base::write_all(terminal.get(), "\n", "/dev/tty"); !good)
        return good.error();
    return line;
}

base::Result<std::optional<std::string>> Passphrases::told() const {
    if (!file_.empty()) {
        auto text = base::read_file(file_, longest);
        if (!text)
            return text.error();
        return std::optional(text->substr(0, text->find('\n')));
    }
    if (auto const* value = std::getenv(variable); value != nullptr)
        return std::optional<std::string>(value);
    return std::optional<std::string>();
}

base::Result<std::string> Passphrases::of(std::string const& key) const {
    auto known = told();
    if (!known)
        return known.error();
    return *known ? **std::move(known) : context_.ask_secret("Passphrase of " + key);
}

base::Result<std::string> Passphrases::chosen() const {
    auto known = told();
    if (!known)
        return known.error();
    auto first = *known ? base::Result<std::string>(**known)
                        : context_.ask_secret("Passphrase for the new keys");
    if (!first)
        return first;
    if (first->empty())
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = "passphrase",
            .cause = "is empty",
            .remedy = "say --no-passphrase if the keys are to be left unencrypted"};
    if (*known)
        return first;
    auto const again = context_.ask_secret("The same once more");
    if (!again)
        return again;
    if (*again != *first)
        return base::Error{
            .code = base::Errc::invalid_argument,
            .subject = "passphrase",
            .cause = "was not the same twice",
            .remedy = "try again"};
    return first;
}

publish::PrivateKey::AskPassphrase Passphrases::asking() const {
    return [*this](std::string const& key) { return of(key); };
}

} // namespace livepatch::lprepo
