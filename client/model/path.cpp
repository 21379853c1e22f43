#include <fleet/path.hpp>

#include "model/code_points.hpp"
#include "model/path_segments.hpp"

namespace fleet {

std::optional<std::string> segments_problem(std::string_view text) {
    if (text.front() == '/') return "is absolute; name it from the top of the project";
    std::size_t begin = 0;
    while (begin <= text.size()) {
        auto const end = std::min(text.find('/', begin), text.size());
        auto const segment = text.substr(begin, end - begin);
        if (segment.empty()) return "has an empty segment (two slashes in a row, or one at the end)";
        if (segment == "." || segment == "..") {
            return "has the segment \"" + std::string(segment) + "\"; name it from the top of the project";
        }
        begin = end + 1;
    }
    return std::nullopt;
}

Result<std::string> check_path(std::string_view text, std::string_view field) {
    auto const refuse = [field](std::string_view reason) {
        return make_error(ErrorCode::invalid_field, "the path " + std::string(reason), std::string(field));
    };
    if (text.empty()) return refuse("is empty");
    if (text.size() > path_bytes_max) return refuse("is longer than 4096 bytes");
    if (text.find('\0') != std::string_view::npos) return refuse("holds a NUL character");
    if (!code_points(text)) return refuse("is not valid UTF-8");
    if (auto const problem = segments_problem(text)) return refuse(*problem);
    return std::string(text);
}

}  // namespace fleet
