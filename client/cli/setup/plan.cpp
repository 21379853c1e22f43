#include "cli/setup/plan.hpp"

#include "cli/setup/ours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// The pieces of one file, in their order.
std::vector<std::pair<fs::path, std::vector<Piece const*>>> by_file(ClientSetup const& setup) {
    std::vector<std::pair<fs::path, std::vector<Piece const*>>> files;
    for (auto const& piece : setup.pieces) {
        auto const at = std::find_if(files.begin(), files.end(),
                                     [&](auto const& one) { return one.first == piece->file(); });
        if (at == files.end())
            files.push_back({piece->file(), {piece.get()}});
        else
            at->second.push_back(piece.get());
    }
    return files;
}

std::vector<std::string> names_of(std::vector<Piece const*> const& pieces) {
    std::vector<std::string> out;
    for (auto const* piece : pieces) out.push_back(piece->what());
    return out;
}

// None when nothing is left of the file.
Result<std::optional<std::string>> stripped(std::vector<Piece const*> const& pieces, std::string text,
                                            std::string const& before) {
    for (auto const* piece : pieces) {
        auto rest = piece->take_out(text, before);
        if (!rest) return rest.error();
        if (!*rest) return std::optional<std::string>{};
        text = std::move(**rest);
    }
    return std::optional<std::string>(std::move(text));
}

// Deeper ones first: one of them may hold another.
void remove_empty(std::vector<fs::path> folders) {
    std::error_code error;
    std::sort(folders.rbegin(), folders.rend());
    for (auto const& folder : folders)
        if (fs::is_empty(folder, error) && !error) fs::remove(folder, error);
}

Result<void> write_change(FileChange const& change, ClientSetup const& setup, Originals const& originals) {
    auto const& path = change.file.target;
    auto const& content = change.file.content;
    auto kept = originals.of(path).value_or(Originals::Kept{});
    if (!content || kept.after_digest != text_digest(*content)) {
        // Somebody wrote in between, or this is the first time: their text, without what is ours, is the
        // original.
        auto const before = std::exchange(kept.before, std::nullopt);
        if (content) {
            std::vector<Piece const*> pieces;
            for (auto const& piece : setup.pieces)
                if (piece->file() == change.file.path) pieces.push_back(piece.get());
            auto rest = stripped(pieces, *content, before.value_or(""));
            // Nothing of theirs is left: it is what it was, or was not, before the first setup.
            if (!rest)
                kept.before = *content;
            else
                kept.before = *rest ? std::move(*rest) : before;
        }
    }
    kept.after_digest = text_digest(*change.after);
    kept.version = setup_version;
    // The original is safe before the file changes.
    if (auto done = originals.keep(path, kept); !done) return done;
    auto made = write_foreign(change.file, *change.after);
    if (!made) return made.error();
    if (made->empty()) return {};
    kept.folders.insert(kept.folders.end(), made->begin(), made->end());
    return originals.keep(path, kept);
}

Result<void> undo_change(FileChange const& change) {
    if (change.after) {
        auto made = write_foreign(change.file, *change.after);
        return made ? Result<void>() : Result<void>(made.error());
    }
    std::error_code error;
    fs::remove(change.file.target, error);
    if (!error) return {};
    return make_error(ErrorCode::not_configured,
                      fmt::format("{} cannot be removed: {}", change.file.path.string(), error.message()));
}

// Once nothing can fail any more.
void forget(std::vector<FileChange> const& changes, Originals const& originals) {
    std::vector<fs::path> folders;
    for (auto const& change : changes) {
        if (auto const kept = originals.of(change.file.target))
            folders.insert(folders.end(), kept->folders.begin(), kept->folders.end());
        originals.forget(change.file.target);
    }
    remove_empty(std::move(folders));
}

void put_back(FileChange const& change) {
    std::error_code error;
    auto now = change.file;
    now.content = change.after;
    if (change.file.content)
        static_cast<void>(write_foreign(now, *change.file.content));
    else
        fs::remove(change.file.target, error);
}

}  // namespace

Result<std::vector<FileChange>> plan_setup(ClientSetup const& setup) {
    std::vector<FileChange> changes;
    for (auto const& [path, pieces] : by_file(setup)) {
        auto file = read_foreign(path, setup.fence);
        if (!file) return file.error();
        auto text = file->content.value_or("");
        for (auto const* piece : pieces) {
            auto next = piece->add(text);
            if (!next) return next.error();
            text = std::move(*next);
        }
        if (!file->content && !text.ends_with('\n')) text += '\n';
        if (file->content != text) changes.push_back({std::move(*file), std::move(text), names_of(pieces)});
    }
    return changes;
}

Result<std::vector<FileChange>> plan_uninstall(ClientSetup const& setup, Originals const& originals,
                                               std::vector<fs::path> const& kept_paths) {
    std::vector<FileChange> changes;
    for (auto const& [path, pieces] : by_file(setup)) {
        if (std::find(kept_paths.begin(), kept_paths.end(), path) != kept_paths.end()) continue;
        auto file = read_foreign(path, setup.fence);
        if (!file) return file.error();
        if (!file->content) continue;
        auto const kept = originals.of(file->target);
        std::optional<std::string> after;
        if (kept && kept->after_digest == text_digest(*file->content)) {
            after = kept->before;
        } else {
            auto const before = kept ? kept->before.value_or("") : std::string();
            auto rest = stripped(pieces, *file->content, before);
            if (!rest) return rest.error();
            after = std::move(*rest);
            // A file that was there before stays, even with nothing in it.
            if (!after && kept && kept->before) after = *kept->before;
        }
        if (after != file->content) changes.push_back({std::move(*file), std::move(after), names_of(pieces)});
    }
    return changes;
}

Result<void> carry_out(std::vector<FileChange> const& changes, ClientSetup const& setup,
                       Originals const& originals, bool uninstall) {
    for (std::size_t at = 0; at < changes.size(); ++at) {
        auto done = uninstall ? undo_change(changes[at]) : write_change(changes[at], setup, originals);
        if (done) continue;
        while (at-- > 0) put_back(changes[at]);
        return done;
    }
    if (uninstall) forget(changes, originals);
    return {};
}

std::vector<PieceStatus> status_of(ClientSetup const& setup, Originals const& originals) {
    std::vector<PieceStatus> out;
    for (auto const& piece : setup.pieces) {
        PieceStatus one;
        one.piece = piece.get();
        auto const file = read_foreign(piece->file(), setup.fence);
        auto const state = file ? piece->state(file->content.value_or("")) : Result<PieceState>(file.error());
        if (state) {
            one.state = *state;
            auto const kept = file->content ? originals.of(file->target) : std::nullopt;
            if (*state == PieceState::changed && kept && kept->version < setup_version)
                one.state = PieceState::older;
        } else {
            one.problem = state.error();
        }
        out.push_back(std::move(one));
    }
    return out;
}

bool is_set_up(std::vector<PieceStatus> const& pieces) {
    // The instructions are everybody's.
    return std::any_of(pieces.begin(), pieces.end(), [](auto const& one) {
        return one.state != PieceState::missing && one.piece->what() != "instructions";
    });
}

}  // namespace fleet::cli
