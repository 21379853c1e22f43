#include "cli/screen/board_tree.hpp"

#include <fleet/json.hpp>

#include <map>

namespace fleet::cli {
namespace {

constexpr std::size_t depth_max = 6;
constexpr std::size_t top = static_cast<std::size_t>(-1);

struct Node {
    std::size_t parent = top;
    std::size_t depth = 0;
    std::vector<std::string> also_after{};
    std::vector<std::size_t> below{};
};

std::string name_of(Json const& sortie) {
    return text_or(sortie, "name", text_or(sortie, "title", "?"));
}

class Tree {
public:
    explicit Tree(Json const& sorties) : sorties_(sorties), nodes_(sorties.size()) {
        for (std::size_t i = 0; i < sorties.size(); ++i) places_[text_or(sorties[i], "sortie_id", "")] = i;
        for (std::size_t i = 0; i < sorties.size(); ++i) join(i);
    }

    std::vector<Branch> branches() {
        for (std::size_t i = 0; i < roots_.size(); ++i) draw(roots_[i], "", i + 1 == roots_.size());
        return std::move(out_);
    }

private:
    // Dependencies stand before what needs them, so the parent's depth is known already.
    void join(std::size_t child) {
        std::vector<std::size_t> found;
        if (sorties_[child].contains("depends_on")) {
            for (Json const& one : sorties_[child].at("depends_on")) {
                auto place = places_.find(text_or(one, "sortie_id", ""));
                if (place != places_.end() && place->second < child) found.push_back(place->second);
            }
        }
        Node& node = nodes_[child];
        for (std::size_t place : found)
            if (node.parent == top || place > node.parent) node.parent = place;
        for (std::size_t place : found)
            if (place != node.parent) node.also_after.push_back(name_of(sorties_[place]));
        // A chain longer than the screen is wide goes on at the same depth.
        while (node.parent != top && nodes_[node.parent].depth + 1 > depth_max) {
            node.also_after.insert(node.also_after.begin(), name_of(sorties_[node.parent]));
            node.parent = nodes_[node.parent].parent;
        }
        if (node.parent == top) return roots_.push_back(child);
        node.depth = nodes_[node.parent].depth + 1;
        nodes_[node.parent].below.push_back(child);
    }

    void draw(std::size_t index, std::string const& before, bool is_last) {
        Node const& node = nodes_[index];
        out_.push_back({index, before + (is_last ? "└─ " : "├─ "), node.also_after});
        for (std::size_t i = 0; i < node.below.size(); ++i)
            draw(node.below[i], before + (is_last ? "   " : "│  "), i + 1 == node.below.size());
    }

    Json const& sorties_;
    std::vector<Node> nodes_;
    std::map<std::string, std::size_t> places_{};
    std::vector<std::size_t> roots_{};
    std::vector<Branch> out_{};
};

}  // namespace

std::vector<Branch> tree_of(Json const& sorties) {
    return Tree(sorties).branches();
}

}  // namespace fleet::cli
