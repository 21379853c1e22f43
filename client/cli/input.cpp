#include "cli/input.hpp"

#include "cli/context.hpp"
#include "cli/path_argument.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <sstream>

namespace fleet::cli {

void put(Json& args, char const* name, std::string const& value) {
    if (!value.empty()) args[name] = value;
}

void put(Json& args, char const* name, std::vector<std::string> const& values) {
    if (!values.empty()) args[name] = values;
}

void put_seconds(Json& args, char const* name, std::string const& typed, std::string_view flag) {
    if (!typed.empty()) args[name] = whole_seconds(duration_flag(typed, flag));
}

std::string time_ahead(std::string const& typed, std::string_view flag) {
    if (auto time = parse_time(typed)) return time_text(*time);
    if (auto ahead = parse_duration(std::string_view(typed))) return time_text(clock_now() + *ahead);
    refuse(ErrorCode::usage, fmt::format("{} {} is not a time", flag, typed),
           "Write 2h (from now) or 2026-01-31T12:00:00Z.", std::string(flag));
}

std::vector<std::string> patterns_of(Context& context, std::vector<std::string> const& typed) {
    std::vector<std::string> patterns;
    for (std::string const& one : typed) {
        auto argument = must(pattern_argument(context.place(), one));
        if (!argument.note.empty())
            context.screen().note(context.screen().note_style()(Ink::dim, argument.note));
        patterns.push_back(std::move(argument.pattern));
    }
    return patterns;
}

std::vector<std::string> paths_of(Context& context, std::vector<std::string> const& typed) {
    std::vector<std::string> paths;
    for (std::string const& one : typed) paths.push_back(must(path_argument(context.place(), one)));
    return paths;
}

Json evidence_of(std::vector<std::string> const& typed) {
    Json evidence = Json::array();
    for (std::string const& one : typed) {
        auto const border = one.rfind('=');
        int status = 0;
        auto const* end = one.data() + one.size();
        bool is_number = border != std::string::npos && border > 0;
        if (is_number) {
            auto const [stopped, problem] = std::from_chars(one.data() + border + 1, end, status);
            is_number = problem == std::errc{} && stopped == end;
        }
        if (!is_number) {
            refuse(ErrorCode::usage, fmt::format("--evidence {} has no exit status", one),
                   "Write COMMAND=STATUS, such as --evidence 'make test=0'.", "--evidence");
        }
        evidence.push_back({{"command", one.substr(0, border)}, {"exit_code", status}});
    }
    return evidence;
}

std::string whole_input(std::string const& name) {
    std::ostringstream text;
    if (name == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream file(name);
    if (!file) refuse(ErrorCode::usage, fmt::format("{} cannot be read", name));
    text << file.rdbuf();
    return text.str();
}

std::string text_argument(std::string const& typed) {
    if (typed != "-") return typed;
    auto text = whole_input("-");
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

Json read_json(std::string const& text, std::string_view where) {
    auto value = parse_json(text);
    if (value) return *std::move(value);
    Error error = value.error();
    error.message = fmt::format("{}: {}", where, error.message);
    throw ErrorException(std::move(error));
}

Json json_argument(std::string const& typed, std::string_view flag) {
    if (typed == "-") return read_json(whole_input("-"), flag);
    if (typed.starts_with('@')) return read_json(whole_input(typed.substr(1)), typed.substr(1));
    return read_json(typed, flag);
}

Json json_lines(std::string const& name) {
    auto text = whole_input(name);
    if (auto list = parse_json(text); list && list->is_array()) return *std::move(list);
    Json documents = Json::array();
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        number += 1;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        documents.push_back(read_json(line, fmt::format("{}:{}", name, number)));
    }
    return documents;
}

}  // namespace fleet::cli
