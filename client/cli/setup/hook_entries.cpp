// The hooks of a client in its JSON file.
#include "cli/setup/ours.hpp"
#include "cli/setup/pieces.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

std::string const hooks_key = "hooks";

// One of our hooks as it stands in the file.
struct Found {
    JsonPath path{};   // of the hook itself
    JsonPath entry{};  // of the list's element it is in
    std::string event{};
    Json hook{};
    std::string matcher{};
    bool is_alone = true;  // in its element
};

class Hooks final : public Piece {
public:
    Hooks(fs::path file, HookFile how, std::vector<WantedHook> wanted)
        : Piece("hooks", std::move(file)), how_(std::move(how)), wanted_(std::move(wanted)) {}

    Result<PieceState> state(std::string const& text) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        auto const found = ours(*edit);
        if (found.empty()) return PieceState::missing;
        if (found.size() != wanted_.size()) return PieceState::changed;
        auto const good = std::all_of(wanted_.begin(), wanted_.end(),
                                      [&](auto const& one) { return is_there(found, one); });
        return good ? PieceState::fine : PieceState::changed;
    }

    Result<std::string> add(std::string const& text) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        // What is right stays where it is; what is not goes, and what is missing comes at the end.
        auto stale = ours(*edit);
        std::vector<WantedHook const*> missing;
        for (auto const& one : wanted_) {
            auto const at =
                std::find_if(stale.begin(), stale.end(), [&](auto const& found) { return same(found, one); });
            if (at == stale.end())
                missing.push_back(&one);
            else
                stale.erase(at);
        }
        if (auto done = remove(*edit, stale, ""); !done) return done.error();
        if (how_.has_version && edit->find({std::string("version")}) == nullptr)
            if (auto done = edit->set({std::string("version")}, 1); !done) return done.error();
        for (auto const* one : missing)
            if (auto done = edit->append({hooks_key, one->event}, element(*one)); !done) return done.error();
        return edit->text();
    }

    Result<std::optional<std::string>> take_out(std::string const& text,
                                                std::string const& before) const override {
        auto edit = JsonEdit::open(text, name());
        if (!edit) return edit.error();
        auto const found = ours(*edit);
        if (found.empty()) return std::optional<std::string>(text);
        if (auto done = remove(*edit, found, before); !done) return done.error();
        auto const rest = edit->value();
        auto const says_nothing =
            rest.empty() || (rest.size() == 1 && how_.has_version && rest.contains("version"));
        return says_nothing ? std::optional<std::string>{} : std::optional<std::string>(edit->text());
    }

private:
    OrderedJson element(WantedHook const& one) const {
        OrderedJson out = OrderedJson::object();
        if (!how_.is_nested) {
            out = one.hook;
            if (!one.matcher.empty()) out["matcher"] = one.matcher;
            return out;
        }
        if (!one.matcher.empty()) out["matcher"] = one.matcher;
        out[hooks_key] = OrderedJson::array({one.hook});
        return out;
    }

    bool is_ours(Json const& hook) const { return is_our_hook(hook_command(hook), how_.client); }

    std::vector<Found> ours(JsonEdit const& edit) const {
        std::vector<Found> found;
        auto const* all = edit.find({hooks_key});
        if (all == nullptr || all->kind != JsonPart::Kind::object) return found;
        for (auto const& event : all->parts) {
            for (std::size_t at = 0; event.kind == JsonPart::Kind::array && at < event.parts.size(); ++at) {
                auto const entry = json_of(edit.text(), event.parts[at]);
                if (!entry.is_object()) continue;
                JsonPath const way{hooks_key, event.key, at};
                auto const matcher = text_or(entry, "matcher", "");
                if (is_ours(entry)) found.push_back({way, way, event.key, entry, matcher});
                if (!entry.contains(hooks_key) || !entry.at(hooks_key).is_array()) continue;
                auto const& inner = entry.at(hooks_key);
                for (std::size_t number = 0; number < inner.size(); ++number) {
                    if (!is_ours(inner[number])) continue;
                    JsonPath path = way;
                    path.emplace_back(hooks_key);
                    path.emplace_back(number);
                    found.push_back({path, way, event.key, inner[number], matcher, inner.size() == 1});
                }
            }
        }
        return found;
    }

    // Whoever added a member to our hook keeps it.
    static bool same(Found const& found, WantedHook const& wanted) {
        if (found.event != wanted.event || found.matcher != wanted.matcher) return false;
        return std::all_of(wanted.hook.items().begin(), wanted.hook.items().end(), [&](auto const& member) {
            return found.hook.contains(member.key()) &&
                   found.hook.at(member.key()) == Json::parse(member.value().dump());
        });
    }
    static bool is_there(std::vector<Found> const& found, WantedHook const& wanted) {
        return std::any_of(found.begin(), found.end(), [&](auto const& one) { return same(one, wanted); });
    }

    Result<void> remove(JsonEdit& edit, std::vector<Found> const& stale, std::string const& before) const {
        // From the back, so that the numbers of those in front stay right.
        for (auto at = stale.rbegin(); at != stale.rend(); ++at)
            if (auto done = edit.remove(at->is_alone ? at->entry : at->path); !done) return done;
        if (stale.empty()) return {};
        auto first = JsonEdit::open(before, name());
        auto const prune = [&](JsonPath const& path) -> Result<void> {
            auto const* box = edit.find(path);
            if (box == nullptr || !box->parts.empty() || (first && first->find(path) != nullptr)) return {};
            return edit.remove(path);
        };
        for (auto const& one : stale)
            if (auto done = prune({hooks_key, one.event}); !done) return done;
        return prune({hooks_key});
    }

    HookFile how_;
    std::vector<WantedHook> wanted_;
};

}  // namespace

std::string hook_command(Json const& hook) {
    for (auto const* key : {"command", "bash"})
        if (auto words = text_or(hook, key, ""); !words.empty()) return words;
    return {};
}

std::unique_ptr<Piece> json_hooks(fs::path file, HookFile how, std::vector<WantedHook> hooks) {
    return std::make_unique<Hooks>(std::move(file), std::move(how), std::move(hooks));
}

}  // namespace fleet::cli
