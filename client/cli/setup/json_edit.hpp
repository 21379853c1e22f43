#pragma once
// Changing single places of a JSON text that belongs to somebody else.
#include "cli/setup/json_tree.hpp"

#include <variant>

namespace fleet::cli {

// Keeps the order of members as they were put in.
using OrderedJson = nlohmann::ordered_json;
// The way from the root to a part: names of members, numbers of elements.
using JsonPath = std::vector<std::variant<std::string, std::size_t>>;

// Every change leaves all other bytes as they were, is written in the file's own manner (indentation, ends of
// lines, minified or not) and is proven: the text is read again and must say what was meant, nothing else.
// Otherwise the text stays and the error is `internal`. A place inside something that is no object or array
// is refused as not_configured.
class JsonEdit {
public:
    // An empty text is an empty object. Errors: as read_json_tree.
    static Result<JsonEdit> open(std::string text, std::string name);

    std::string const& text() const { return text_; }
    Json value() const;
    JsonPart const* find(JsonPath const& path) const;

    // Sets the value at `path`, which ends with a name; objects on the way are made.
    Result<void> set(JsonPath const& path, OrderedJson const& value);
    // Adds to the end of the array at `path`, which is made when it is not there.
    Result<void> append(JsonPath const& path, OrderedJson const& value);
    // Takes the part out; nothing happens when it is not there.
    Result<void> remove(JsonPath const& path);

private:
    JsonEdit(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {}
    Result<void> read();
    Result<void> take(std::string text, Json const& expected);
    std::string with_item(JsonPart const& box, std::string const& key, OrderedJson const& value) const;
    std::string without_item(JsonPart const& box, std::size_t number) const;
    std::string rendered(OrderedJson const& value, std::string const& indent) const;
    std::string indent_at(std::size_t at) const;
    std::string unit() const;
    std::size_t after_remark(std::size_t at) const;
    bool is_minified() const;

    std::string text_;
    std::string name_;
    JsonPart root_{};
};

}  // namespace fleet::cli
