#include <fleet/json.hpp>

#include <limits>
#include <utility>
#include <vector>

namespace fleet {
namespace {

// Builds the value while the text is read, and stops at the first thing that must not be stored. The
// library's own parser keeps the last of two equal keys, turns large integers into floats and recurses
// without limit.
class Builder : public nlohmann::json_sax<Json> {
public:
    bool null() override { return place(nullptr); }
    bool boolean(bool value) override { return place(value); }
    bool number_integer(number_integer_t value) override { return place(value); }

    bool number_unsigned(number_unsigned_t value) override {
        // Postgres' bigint and our structs are signed.
        if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
            return refuse("an integer does not fit in 64 bits");
        return place(static_cast<number_integer_t>(value));
    }

    bool number_float(number_float_t value, string_t const& text) override {
        if (text.find_first_of(".eE") == string_t::npos) return refuse("an integer does not fit in 64 bits");
        return place(value);
    }

    bool string(string_t& value) override {
        if (value.find('\0') != string_t::npos) return refuse("a string has a NUL character");
        return place(std::move(value));
    }

    bool binary(binary_t& /*value*/) override { return refuse("binary values are not JSON"); }
    bool start_object(std::size_t /*count*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*count*/) override { return open(Json::array()); }

    bool key(string_t& name) override {
        auto& top = stack_.back();
        top.key = name;
        if (name.find('\0') != string_t::npos) return refuse("a key has a NUL character");
        if (top.value->contains(name)) return refuse("the key " + name + " stands there twice");
        return true;
    }

    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t position, std::string const& /*token*/,
                     nlohmann::detail::exception const& error) override {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …": the tail is for
        // people.
        std::string text = error.what();
        if (auto const start = text.find("] "); start != std::string::npos) text.erase(0, start + 2);
        if (text.find("invalid UTF-8") != std::string::npos ||
            text.find("ill-formed UTF-8") != std::string::npos)
            text = "invalid UTF-8 at byte " + std::to_string(position);
        problem_ = make_error(ErrorCode::bad_json, text, pointer());
        return false;
    }

    Json take() { return std::move(root_); }
    Error problem() && { return std::move(problem_); }

private:
    struct Level {
        Json* value;
        std::string key{};
    };

    bool refuse(std::string message) {
        problem_ = make_error(ErrorCode::bad_json, std::move(message), pointer());
        return false;
    }

    // Where the next value goes.
    std::string pointer() const {
        std::string text;
        for (auto const& level : stack_) {
            // The container that stands on top of a list is its last item already.
            auto const is_top = &level == &stack_.back();
            auto const index = [&] { return std::to_string(level.value->size() - (is_top ? 0 : 1)); };
            text = json_pointer(text, level.value->is_array() ? index() : level.key);
        }
        return text;
    }

    Json* put(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        auto& top = stack_.back();
        if (top.value->is_array()) {
            top.value->push_back(std::move(value));
            return &top.value->back();
        }
        auto& slot = (*top.value)[top.key];
        slot = std::move(value);
        return &slot;
    }

    bool place(Json value) {
        put(std::move(value));
        return true;
    }

    bool open(Json value) {
        if (stack_.size() >= json_depth_max)
            return refuse("it is nested deeper than " + std::to_string(json_depth_max) + " levels");
        stack_.reserve(json_depth_max);
        auto* placed = put(std::move(value));
        stack_.push_back(Level{.value = placed});
        return true;
    }

    bool close() {
        stack_.pop_back();
        return true;
    }

    Json root_;
    // Pointers stay good: a container on the stack is not touched until everything above it is closed.
    std::vector<Level> stack_;
    Error problem_{};
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
    Builder builder;
    if (Json::sax_parse(text, &builder)) return builder.take();
    return std::move(builder).problem();
}

std::string json_text(Json const& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_pointer(std::string_view parent, std::string_view token) {
    std::string text(parent);
    text += '/';
    for (char const c : token) {
        if (c == '~')
            text += "~0";
        else if (c == '/')
            text += "~1";
        else
            text += c;
    }
    return text;
}

std::string text_or(Json const& object, std::string_view key, std::string_view otherwise) {
    auto const found = object.is_object() ? object.find(key) : object.end();
    if (found == object.end() || !found->is_string()) return std::string(otherwise);
    return found->get<std::string>();
}

std::int64_t number_or(Json const& object, std::string_view key, std::int64_t otherwise) {
    auto const found = object.is_object() ? object.find(key) : object.end();
    if (found == object.end() || !found->is_number_integer()) return otherwise;
    return found->get<std::int64_t>();
}

bool flag_or(Json const& object, std::string_view key, bool otherwise) {
    auto const found = object.is_object() ? object.find(key) : object.end();
    if (found == object.end() || !found->is_boolean()) return otherwise;
    return found->get<bool>();
}

}  // namespace fleet
