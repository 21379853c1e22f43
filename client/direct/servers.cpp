#include "direct/servers.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace fleet::direct {

namespace {

struct OptionsCloser {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::map<std::string, std::string>;

Options options_of(std::string const& dsn) {
    char* words = nullptr;
    std::unique_ptr<PQconninfoOption, OptionsCloser> const parsed(PQconninfoParse(dsn.c_str(), &words));
    PQfreemem(words);
    Options options;
    for (auto const* option = parsed.get(); option && option->keyword; ++option)
        if (option->val) options[option->keyword] = option->val;
    return options;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (true) {
        auto const comma = list.find(',');
        parts.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        list.remove_prefix(comma + 1);
    }
}

std::string in_quotes(std::string const& value) {
    std::string out = "'";
    for (char const c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace

std::vector<std::string> servers_of(std::string const& dsn) {
    auto options = options_of(dsn);
    std::size_t servers = 1;
    std::map<std::string, std::vector<std::string>> lists;
    for (char const* name : {"host", "hostaddr", "port"}) {
        if (!options.contains(name)) continue;
        auto& list = lists[name] = split(options[name]);
        servers = std::max(servers, list.size());
    }
    if (servers == 1 || options["target_session_attrs"].starts_with("prefer")) return {dsn};
    if (options["target_session_attrs"].empty()) options["target_session_attrs"] = "read-write";
    std::vector<std::string> all;
    for (std::size_t i = 0; i < servers; ++i) {
        std::string text;
        for (auto const& [name, value] : options) {
            auto const list = lists.find(name);
            // One port may stand for all of them; other lists that do not fit are libpq's to refuse.
            if (list == lists.end())
                text += name + "=" + in_quotes(value) + " ";
            else if (list->second.size() == servers)
                text += name + "=" + in_quotes(list->second[i]) + " ";
            else if (list->second.size() == 1)
                text += name + "=" + in_quotes(list->second[0]) + " ";
            else
                return {dsn};
        }
        all.push_back(std::move(text));
    }
    return all;
}

}  // namespace fleet::direct
