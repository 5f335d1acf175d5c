// Writes seeds into the directory that is named; what was there before is gone.
#include "seeds.hpp"

#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
    if (count != 2)
        return 2;
    try {
        std::filesystem::path const directory = arguments[1];
        std::filesystem::remove_all(directory);
        std::filesystem::create_directories(directory);
        livepatch::fuzz::write_seeds(livepatch::fuzz::Seeds(directory));
    } catch (std::exception const& error) {
        std::fputs(error.what(), stderr);
        return 1;
    }
    return 0;
}
