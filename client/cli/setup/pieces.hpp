#pragma once
// The things that a setup puts into files of other programs: each knows its file, whether it is there, how it
// gets in and how it gets out again.
#include "cli/setup/json_edit.hpp"
#include "cli/setup/toml_edit.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

enum class PieceState { missing, fine, changed, older };

std::string_view state_words(PieceState state);

class Piece {
public:
    Piece(std::string what, std::filesystem::path file) : what_(std::move(what)), file_(std::move(file)) {}
    virtual ~Piece() = default;
    Piece(Piece const&) = delete;
    Piece& operator=(Piece const&) = delete;

    // "MCP server", "hooks", …
    std::string const& what() const { return what_; }
    std::filesystem::path const& file() const { return file_; }

    virtual Result<PieceState> state(std::string const& text) const = 0;
    // The text with the piece in it as it should be; `text` itself when it is. An absent file is an empty
    // text.
    virtual Result<std::string> add(std::string const& text) const = 0;
    // The text without the piece. `before` is the text from before the first setup, "" when that is not
    // known: what it had stays even when it is empty now. Nothing left: the file may go.
    virtual Result<std::optional<std::string>> take_out(std::string const& text,
                                                        std::string const& before) const = 0;

protected:
    std::string name() const { return file_.string(); }

private:
    std::string what_;
    std::filesystem::path file_;
};

using Pieces = std::vector<std::unique_ptr<Piece>>;

// A member of a JSON object, for example mcpServers.fleet.
std::unique_ptr<Piece> json_server(std::filesystem::path file, JsonPath path, OrderedJson value);

struct WantedHook {
    std::string event;
    std::string matcher;  // "" for every one
    OrderedJson hook;     // type, command, time limit
};
struct HookFile {
    std::string client;        // as in `fleet hook CLIENT`
    bool is_nested = true;     // event → [{matcher, hooks: [hook]}], else event → [hook with a matcher]
    bool has_version = false;  // the file begins with "version": 1
};
std::unique_ptr<Piece> json_hooks(std::filesystem::path file, HookFile how, std::vector<WantedHook> hooks);

std::unique_ptr<Piece> toml_server(std::filesystem::path file, TomlServer server);
std::unique_ptr<Piece> text_block(std::filesystem::path file, std::string body);
// A file that is ours as a whole; `mark` is in its first line.
std::unique_ptr<Piece> own_file(std::filesystem::path file, std::string mark, std::string content);

// The command line of a hook's entry; "" when it has none.
std::string hook_command(Json const& hook);

}  // namespace fleet::cli
