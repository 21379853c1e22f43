#include "cli/setup/pieces.hpp"

#include "cli/setup/ours.hpp"
#include "cli/setup/text_block.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

class Server final : public Piece {
public:
    Server(fs::path file, JsonPath path, OrderedJson value)
        : Piece("MCP server", std::move(file)), path_(std::move(path)), value_(std::move(value)) {}

    Result<PieceState> state(std::string const& text) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        auto const* there = edit->find(path_);
        if (there == nullptr) return PieceState::missing;
        auto const actual = json_of(edit->text(), *there);
        for (auto const& [key, value] : value_.items())
            if (!actual.is_object() || !actual.contains(key) || actual.at(key) != Json::parse(value.dump()))
                return PieceState::changed;
        return PieceState::fine;
    }

    Result<std::string> add(std::string const& text) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        auto const* there = edit->find(path_);
        if (there == nullptr) {
            if (auto done = edit->set(path_, value_); !done) return done.error();
            return edit->text();
        }
        auto const actual = json_of(edit->text(), *there);
        if (!is_ours(actual)) return taken(name(), std::string(server_name));
        // Member by member: what somebody added to it stays.
        for (auto const& [key, value] : value_.items()) {
            if (actual.is_object() && actual.contains(key) && actual.at(key) == Json::parse(value.dump()))
                continue;
            auto way = path_;
            way.emplace_back(key);
            if (auto done = edit->set(way, value); !done) return done.error();
        }
        return edit->text();
    }

    Result<std::optional<std::string>> take_out(std::string const& text,
                                                std::string const& before) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        auto first = JsonEdit::open(before, name());
        auto const* there = edit->find(path_);
        if (there == nullptr || !is_ours(json_of(edit->text(), *there)))
            return std::optional<std::string>(text);
        if (auto done = edit->remove(path_); !done) return done.error();
        JsonPath const outer(path_.begin(), path_.end() - 1);
        auto const* box = edit->find(outer);
        auto const had_it = first && first->find(outer) != nullptr;
        if (box != nullptr && box->parts.empty() && !had_it)
            if (auto done = edit->remove(outer); !done) return done.error();
        auto const rest = edit->value();
        // What a fresh file of OpenCode begins with says nothing by itself.
        if (rest.empty() || (rest.size() == 1 && rest.contains("$schema")))
            return std::optional<std::string>{};
        return std::optional<std::string>(edit->text());
    }

private:
    static bool is_ours(Json const& actual) {
        if (!actual.is_object() || !actual.contains("command")) return false;
        auto const& command = actual.at("command");
        if (command.is_array())
            return !command.empty() && command[0].is_string() &&
                   is_our_program(command[0].get<std::string>());
        return command.is_string() && is_our_program(command.get<std::string>());
    }

    JsonPath path_;
    OrderedJson value_;
};

class Toml final : public Piece {
public:
    Toml(fs::path file, TomlServer server)
        : Piece("MCP server", std::move(file)), server_(std::move(server)) {}

    Result<PieceState> state(std::string const& text) const override {
        auto state = toml_server_state(text, name(), std::string(server_name), server_);
        if (!state) return state.error();
        if (*state == TomlState::missing) return PieceState::missing;
        return *state == TomlState::same ? PieceState::fine : PieceState::changed;
    }
    Result<std::string> add(std::string const& text) const override {
        return with_toml_server(text, name(), std::string(server_name), server_);
    }
    Result<std::optional<std::string>> take_out(std::string const& text, std::string const&) const override {
        auto state = toml_server_state(text, name(), std::string(server_name), server_);
        if (!state) return state.error();
        if (*state == TomlState::foreign || *state == TomlState::missing)
            return std::optional<std::string>(text);
        auto rest = without_toml_server(text, name(), std::string(server_name));
        if (!rest) return rest.error();
        if (rest->find_first_not_of(" \t\r\n") == std::string::npos) return std::optional<std::string>{};
        return std::optional<std::string>(std::move(*rest));
    }

private:
    TomlServer server_;
};

class Block final : public Piece {
public:
    Block(fs::path file, std::string body) : Piece("instructions", std::move(file)), body_(std::move(body)) {}

    Result<PieceState> state(std::string const& text) const override {
        auto block = read_block(text, name());
        if (!block) return block.error();
        if (!*block) return PieceState::missing;
        if ((*block)->version < setup_version) return PieceState::older;
        return (*block)->body == body_ ? PieceState::fine : PieceState::changed;
    }
    Result<std::string> add(std::string const& text) const override {
        auto now = state(text);
        if (!now) return now.error();
        return *now == PieceState::fine ? Result<std::string>(text) : with_block(text, name(), body_);
    }
    Result<std::optional<std::string>> take_out(std::string const& text, std::string const&) const override {
        auto rest = without_block(text, name());
        if (!rest) return rest.error();
        if (*rest == text) return std::optional<std::string>(text);
        if (rest->find_first_not_of(" \t\r\n") == std::string::npos) return std::optional<std::string>{};
        return std::optional<std::string>(std::move(*rest));
    }

private:
    std::string body_;
};

class OwnFile final : public Piece {
public:
    OwnFile(fs::path file, std::string mark, std::string content)
        : Piece("plugin", std::move(file)), mark_(std::move(mark)), content_(std::move(content)) {}

    Result<PieceState> state(std::string const& text) const override {
        if (text.empty()) return PieceState::missing;
        if (text == content_) return PieceState::fine;
        auto const version = fmt::format("{} v{}", mark_, setup_version);
        return text.find(mark_) != std::string::npos && text.find(version) == std::string::npos
                   ? PieceState::older
                   : PieceState::changed;
    }
    Result<std::string> add(std::string const& text) const override {
        if (text.empty() || is_ours(text)) return content_;
        auto error = make_error(ErrorCode::already_exists, fmt::format("{} is not of FleetTools", name()));
        error.hint = "Give that file another name, then run this again; nothing was changed.";
        return error;
    }
    Result<std::optional<std::string>> take_out(std::string const& text, std::string const&) const override {
        if (is_ours(text)) return std::optional<std::string>{};
        return std::optional<std::string>(text);
    }

private:
    bool is_ours(std::string const& text) const {
        return text.substr(0, text.find('\n')).find(mark_) != std::string::npos;
    }

    std::string mark_;
    std::string content_;
};

}  // namespace

std::string_view state_words(PieceState state) {
    switch (state) {
        case PieceState::missing: return "missing";
        case PieceState::fine: return "fine";
        case PieceState::changed: return "changed";
        case PieceState::older: return "older version";
    }
    return "missing";
}

std::unique_ptr<Piece> json_server(fs::path file, JsonPath path, OrderedJson value) {
    return std::make_unique<Server>(std::move(file), std::move(path), std::move(value));
}
std::unique_ptr<Piece> toml_server(fs::path file, TomlServer server) {
    return std::make_unique<Toml>(std::move(file), std::move(server));
}
std::unique_ptr<Piece> text_block(fs::path file, std::string body) {
    return std::make_unique<Block>(std::move(file), std::move(body));
}
std::unique_ptr<Piece> own_file(fs::path file, std::string mark, std::string content) {
    return std::make_unique<OwnFile>(std::move(file), std::move(mark), std::move(content));
}

}  // namespace fleet::cli
