#pragma once
// Catch2, and how our values are printed when an assertion fails.
#include <fleet/error.hpp>
#include <fleet/event.hpp>
#include <fleet/json.hpp>
#include <fleet/result.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace Catch {

template <>
struct StringMaker<fleet::Json> {
    static std::string convert(fleet::Json const& value) { return fleet::json_text(value); }
};

template <>
struct StringMaker<fleet::ErrorCode> {
    static std::string convert(fleet::ErrorCode code) { return std::string{fleet::error_info(code).text}; }
};

template <>
struct StringMaker<fleet::Error> {
    static std::string convert(fleet::Error const& error) {
        return std::string{fleet::text_code(error)} + ": " + fleet::describe(error);
    }
};

template <>
struct StringMaker<fleet::Position> {
    static std::string convert(fleet::Position const& position) { return fleet::position_text(position); }
};

template <class Rep, class Period>
struct StringMaker<std::chrono::duration<Rep, Period>> {
    static std::string convert(std::chrono::duration<Rep, Period> const& span) {
        return std::to_string(std::chrono::duration<double, std::milli>{span}.count()) + " ms";
    }
};

template <class T>
struct StringMaker<boost::system::result<T, fleet::Error>> {
    static std::string convert(boost::system::result<T, fleet::Error> const& result) {
        if (result.has_error()) return "error " + StringMaker<fleet::Error>::convert(result.error());
        if constexpr (std::is_void_v<T>)
            return "ok";
        else
            return "value " + StringMaker<T>::convert(result.value());
    }
};

}  // namespace Catch

namespace fleet::test {

// The value, or a failed assertion that prints the error. Catch 2 keeps its books without a lock: nothing is
// said to it while all is well, so that other threads than the test's may ask, too.
template <class T>
T must(Result<T> result) {
    if (!result.has_value()) {
        INFO("outcome: " << Catch::StringMaker<Result<T>>::convert(result));
        REQUIRE(result.has_value());
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The text code of the error, or "ok".
template <class T>
std::string code_of(Result<T> const& result) {
    return result.has_error() ? std::string{text_code(result.error())} : std::string{"ok"};
}

}  // namespace fleet::test
