#include "cli/path_argument.hpp"

#include <fleet/pattern.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

Error outside(std::string_view typed, Place const& place, std::string_view why) {
    auto text = fmt::format("{} {} {}", typed, why, place.top.string());
    Error error = make_error(ErrorCode::invalid_field, std::move(text), "/patterns");
    error.hint = "Name files below the project's top level.";
    return error;
}

// "$FILE" of an empty variable: the folder one stands in would be far more than was meant.
Error nothing_named() {
    Error error = make_error(ErrorCode::invalid_field, "an empty path names nothing", "/patterns");
    error.hint = "Write . for the folder you are in, with everything in it.";
    return error;
}

bool has_wildcard(fs::path const& part) {
    return part.native().find_first_of("*?") != std::string::npos;
}

bool is_inside(fs::path const& path, fs::path const& top) {
    auto relative = path.lexically_relative(top);
    return !relative.empty() && *relative.begin() != "..";
}

struct Split {
    fs::path existing;  // the longest part without wildcards that is there, links followed
    fs::path rest{};    // what comes after it
    bool is_link_to_nothing = false;
};

Split split(fs::path const& path) {
    Split out;
    bool following = true;
    std::error_code error;
    for (fs::path const& part : path) {
        if (part.empty()) continue;
        fs::path next = out.existing / part;
        if (following && !has_wildcard(part) && fs::exists(next, error)) {
            out.existing = fs::canonical(next, error);
            continue;
        }
        if (following && fs::is_symlink(fs::symlink_status(next, error))) out.is_link_to_nothing = true;
        following = false;
        out.rest /= part;
    }
    return out;
}

Result<std::string> below_top(Place const& place, std::string_view typed, bool& is_directory) {
    if (typed.empty()) return nothing_named();
    fs::path absolute = (place.cwd / fs::path(typed)).lexically_normal();
    if (!is_inside(absolute, place.top)) return outside(typed, place, "is not below");
    Split parts = split(absolute);
    if (parts.is_link_to_nothing)
        return outside(typed, place, "is a link to something that is not there; project:");
    if (!is_inside(parts.existing, place.top)) return outside(typed, place, "leads through a link out of");
    std::error_code error;
    is_directory = parts.rest.empty() && fs::is_directory(parts.existing, error);
    fs::path relative = parts.existing.lexically_relative(place.top);
    if (relative == ".") relative.clear();
    if (!parts.rest.empty()) relative /= parts.rest;
    return relative.generic_string();
}

}  // namespace

Result<PatternArgument> pattern_argument(Place const& place, std::string_view typed) {
    bool is_directory = false;
    auto below = below_top(place, typed, is_directory);
    if (!below) return below.error();
    PatternArgument out{*below};
    bool all_below = is_directory || typed.ends_with('/');
    if (all_below) out.pattern += out.pattern.empty() ? "**" : "/**";
    if (out.pattern != typed) {
        auto why = is_directory && !typed.ends_with('/') ? " (a directory: everything in it)" : "";
        out.note = fmt::format("{} means {}{}", typed, out.pattern, why);
    }
    // Who means a directory that comes later would otherwise hold one file of that name.
    std::error_code error;
    bool const is_plain = !all_below && out.pattern.find_first_of("*?") == std::string::npos;
    if (is_plain && fs::path(out.pattern).extension().empty() && !fs::exists(place.top / out.pattern, error))
        out.note = fmt::format("{0} is not there yet and is taken for a file; a directory is {0}/", typed);
    auto parsed = Pattern::parse(out.pattern);
    if (!parsed) return parsed.error();
    return out;
}

Result<std::string> path_argument(Place const& place, std::string_view typed) {
    bool is_directory = false;
    return below_top(place, typed, is_directory);
}

}  // namespace fleet::cli
