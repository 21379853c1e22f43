#pragma once
// What a setup would change, file by file, and doing it.
#include "cli/setup/clients.hpp"
#include "cli/setup/files.hpp"

namespace fleet::cli {

struct FileChange {
    ForeignFile file{};
    std::optional<std::string> after{};  // none: the file goes
    std::vector<std::string> what{};     // pieces
};

// Every file is read and every change thought through before the first one is written. Errors: those of
// read_foreign and of the pieces.
Result<std::vector<FileChange>> plan_setup(ClientSetup const& setup);

// Files as they were before the first setup where nobody changed them since; elsewhere what is ours is taken
// out. `kept` are paths that another client still needs.
Result<std::vector<FileChange>> plan_uninstall(ClientSetup const& setup, Originals const& originals,
                                               std::vector<std::filesystem::path> const& kept);

// All or nothing: what was written goes back when one of them fails.
Result<void> carry_out(std::vector<FileChange> const& changes, ClientSetup const& setup,
                       Originals const& originals, bool uninstall);

struct PieceStatus {
    Piece const* piece = nullptr;
    PieceState state = PieceState::missing;
    std::optional<Error> problem{};
};
std::vector<PieceStatus> status_of(ClientSetup const& setup, Originals const& originals);

// Whether anything of it is there.
bool is_set_up(std::vector<PieceStatus> const& pieces);

}  // namespace fleet::cli
